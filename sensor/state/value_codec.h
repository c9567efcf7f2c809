// Between what the sensor remembers and CBOR (RFC 8949), for every type there is in a state. A
// struct is an array of the fields that its Keep names, in that order; LayoutOf says which these
// are, so that what another version wrote is told apart, not misread. Reading trusts nothing: a
// value of another type, out of range or too long is refused. Any thread.
#ifndef VEDETTE_SENSOR_STATE_VALUE_CODEC_H_
#define VEDETTE_SENSOR_STATE_VALUE_CODEC_H_

#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "dataplane/decode/decode_status.h"
#include "dataplane/inspect/observations.h"
#include "detectors/finding.h"
#include "sensor/event/kept_alert.h"

namespace vedette {

using StateValue = nlohmann::json;

// Of a list or text inside a state: no true one has more.
inline constexpr size_t kStateListMax = 65'536;

template <typename Io>
void Keep(EndpointKey& key, Io& io) {
  io("ip", key.ip);
  io("vlan", key.vlan);
  io("is_mac", key.is_mac);
}
template <typename Io>
void Keep(FlowKey& key, Io& io) {
  io("low_ip", key.low_ip);
  io("high_ip", key.high_ip);
  io("low_port", key.low_port);
  io("high_port", key.high_port);
  io("protocol", key.protocol);
}

// The last value of an enumeration that is kept as a number.
template <typename E>
inline constexpr E kLastOf = E{};
template <>
inline constexpr Severity kLastOf<Severity> = Severity::kCritical;
template <>
inline constexpr NameSource kLastOf<NameSource> = NameSource::kNetbios;

namespace state_types {

template <typename T, typename Io>
concept HasKeep = requires(T& value, Io& io) { value.Keep(io); };

template <typename T>
struct IsArray : std::false_type {};
template <typename T, size_t N>
struct IsArray<std::array<T, N>> : std::true_type {};

template <typename T>
struct IsList : std::false_type {};
template <typename T>
struct IsList<std::vector<T>> : std::true_type {};
template <typename T, size_t N>
struct IsList<absl::InlinedVector<T, N>> : std::true_type {};

template <typename T>
concept Tuple = requires { std::tuple_size<T>::value; } && !IsArray<T>::value;
template <typename T>
concept Map = requires(T& map) {
  typename T::mapped_type;
  map.try_emplace(std::declval<typename T::key_type>());
};
template <typename T>
concept Bytes =
    std::same_as<T, std::string> || std::same_as<T, IpAddress> || std::same_as<T, MacAddress>;

}  // namespace state_types

template <typename T>
StateValue ToValue(T& value);
template <typename T>
bool FromValue(const StateValue& value, T& out);
template <typename T>
std::string LayoutOf();

class FieldsToArray {
 public:
  static constexpr bool kWithinProcess = false;
  explicit FieldsToArray(StateValue& array) : array_(array) {}
  template <typename Field>
  void operator()(absl::string_view, Field& field) {
    array_.push_back(ToValue(field));
  }

 private:
  StateValue& array_;
};

class FieldsFromArray {
 public:
  static constexpr bool kWithinProcess = false;
  explicit FieldsFromArray(const StateValue& array) : array_(array), ok_(array.is_array()) {}
  template <typename Field>
  void operator()(absl::string_view, Field& field) {
    ok_ = ok_ && next_ < array_.size() && FromValue(array_[next_++], field);
  }
  bool ok() const { return ok_ && next_ == array_.size(); }

 private:
  const StateValue& array_;
  size_t next_ = 0;
  bool ok_;
};

class FieldsToLayout {
 public:
  static constexpr bool kWithinProcess = false;
  template <typename Field>
  void operator()(absl::string_view name, Field&) {
    absl::StrAppend(&text_, text_.empty() ? "" : ",", name, ":", LayoutOf<Field>());
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// The struct's own Keep, or the free one beside it.
template <typename T, typename Io>
void KeepFields(T& value, Io& io) {
  if constexpr (state_types::HasKeep<T, Io>) {
    value.Keep(io);
  } else {
    Keep(value, io);
  }
}

template <typename T>
StateValue ToBytes(const T& value) {
  if constexpr (std::same_as<T, std::string>) {
    return StateValue::binary({value.begin(), value.end()});
  } else {
    return StateValue::binary({value.bytes.begin(), value.bytes.end()});
  }
}

template <typename T>
StateValue ToValue(T& value) {
  using state_types::IsArray, state_types::IsList;
  if constexpr (std::same_as<T, DecodeStatus>) {
    return std::string(Describe(value).wire_name);
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<uint64_t>(value);
  } else if constexpr (std::is_arithmetic_v<T>) {
    return value;
  } else if constexpr (state_types::Bytes<T>) {
    return ToBytes(value);
  } else if constexpr (IsArray<T>::value || IsList<T>::value) {
    StateValue array = StateValue::array();
    for (auto& item : value) array.push_back(ToValue(item));
    return array;
  } else if constexpr (state_types::Map<T>) {
    StateValue array = StateValue::array();
    for (auto& [key, item] : value) {
      typename T::key_type name = key;
      array.push_back(ToValue(name));
      array.push_back(ToValue(item));
    }
    return array;
  } else if constexpr (state_types::Tuple<T>) {
    return std::apply([](auto&... parts) { return StateValue::array({ToValue(parts)...}); }, value);
  } else {
    StateValue array = StateValue::array();
    FieldsToArray io(array);
    KeepFields(value, io);
    return array;
  }
}

template <typename T>
bool NumberFrom(const StateValue& value, T& out) {
  if constexpr (std::same_as<T, bool>) {
    if (!value.is_boolean()) return false;
    out = value.get<bool>();
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!value.is_number_float() || !std::isfinite(value.get<double>())) return false;
    out = value.get<double>();
  } else if (value.is_number_unsigned()) {
    const auto number = value.get<uint64_t>();
    if (!std::in_range<T>(number)) return false;
    out = static_cast<T>(number);
  } else {
    if (!value.is_number_integer() || !std::in_range<T>(value.get<int64_t>())) return false;
    out = static_cast<T>(value.get<int64_t>());
  }
  return true;
}

template <typename T>
bool BytesFrom(const StateValue& value, T& out) {
  if (!value.is_binary()) return false;
  const auto& bytes = value.get_binary();
  if constexpr (std::same_as<T, std::string>) {
    if (bytes.size() > kStateListMax) return false;
    out.assign(bytes.begin(), bytes.end());
  } else {
    if (bytes.size() != out.bytes.size()) return false;
    std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  }
  return true;
}

template <typename T>
bool ListFrom(const StateValue& value, T& out) {
  if (!value.is_array() || value.size() > kStateListMax) return false;
  out.clear();
  for (const StateValue& item : value) {
    typename T::value_type read{};
    if (!FromValue(item, read)) return false;
    out.push_back(std::move(read));
  }
  return true;
}

template <typename T>
bool MapFrom(const StateValue& value, T& out) {
  if (!value.is_array() || value.size() % 2 != 0 || value.size() > kStateListMax) return false;
  out.clear();
  for (size_t i = 0; i < value.size(); i += 2) {
    typename T::key_type key{};
    typename T::mapped_type item{};
    if (!FromValue(value[i], key) || !FromValue(value[i + 1], item)) return false;
    out.insert_or_assign(std::move(key), std::move(item));
  }
  return true;
}

template <typename T>
bool TupleFrom(const StateValue& value, T& out) {
  if (!value.is_array() || value.size() != std::tuple_size_v<T>) return false;
  size_t next = 0;
  return std::apply([&](auto&... parts) { return (FromValue(value[next++], parts) && ...); }, out);
}

inline bool StatusFrom(const StateValue& value, DecodeStatus& out) {
  if (!value.is_string()) return false;
  const auto& name = value.get_ref<const std::string&>();
  for (size_t i = 0; i < kDecodeStatusCount; ++i) {
    if (kDecodeStatuses[i].wire_name != absl::string_view(name)) continue;
    out = static_cast<DecodeStatus>(i);
    return true;
  }
  return false;
}

template <typename T>
bool FromValue(const StateValue& value, T& out) {
  using state_types::IsArray, state_types::IsList;
  if constexpr (std::same_as<T, DecodeStatus>) {
    return StatusFrom(value, out);
  } else if constexpr (std::is_enum_v<T>) {
    static_assert(kLastOf<T> != T{}, "say above which value is the last");
    uint64_t number = 0;
    if (!NumberFrom(value, number) || number > static_cast<uint64_t>(kLastOf<T>)) return false;
    out = static_cast<T>(number);
    return true;
  } else if constexpr (std::is_arithmetic_v<T>) {
    return NumberFrom(value, out);
  } else if constexpr (state_types::Bytes<T>) {
    return BytesFrom(value, out);
  } else if constexpr (IsArray<T>::value) {
    if (!value.is_array() || value.size() != out.size()) return false;
    for (size_t i = 0; i < out.size(); ++i) {
      if (!FromValue(value[i], out[i])) return false;
    }
    return true;
  } else if constexpr (IsList<T>::value) {
    return ListFrom(value, out);
  } else if constexpr (state_types::Map<T>) {
    return MapFrom(value, out);
  } else if constexpr (state_types::Tuple<T>) {
    return TupleFrom(value, out);
  } else {
    FieldsFromArray io(value);
    KeepFields(out, io);
    return io.ok();
  }
}

// "{ip:bytes,vlan:int,is_mac:bool}"
template <typename T>
std::string LayoutOf() {
  using state_types::IsArray, state_types::IsList;
  if constexpr (std::same_as<T, DecodeStatus>) {
    return "status";
  } else if constexpr (std::same_as<T, bool>) {
    return "bool";
  } else if constexpr (std::is_floating_point_v<T>) {
    return "float";
  } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    return "int";
  } else if constexpr (state_types::Bytes<T>) {
    return "bytes";
  } else if constexpr (IsArray<T>::value) {
    return absl::StrCat(LayoutOf<typename T::value_type>(), "*", std::tuple_size_v<T>);
  } else if constexpr (IsList<T>::value) {
    return absl::StrCat(LayoutOf<typename T::value_type>(), "*");
  } else if constexpr (state_types::Map<T>) {
    return absl::StrCat("(", LayoutOf<typename T::key_type>(), ">",
                        LayoutOf<typename T::mapped_type>(), ")*");
  } else if constexpr (state_types::Tuple<T>) {
    return []<size_t... I>(std::index_sequence<I...>) {
      std::string text = "(";
      (absl::StrAppend(&text, I == 0 ? "" : ",", LayoutOf<std::tuple_element_t<I, T>>()), ...);
      return text + ")";
    }(std::make_index_sequence<std::tuple_size_v<T>>{});
  } else {
    FieldsToLayout io;
    T value{};
    KeepFields(value, io);
    return absl::StrCat("{", io.text(), "}");
  }
}

}  // namespace vedette
#endif  // VEDETTE_SENSOR_STATE_VALUE_CODEC_H_
