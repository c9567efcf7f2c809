#include "sensor/models/flat_json.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sensor/event/text_safety.h"

namespace vedette {
namespace {

using Kind = FlatField::Kind;
using Fields = absl::flat_hash_map<std::string, FlatField>;

// U+FFFD stands for what is no UTF-8, and for itself.
bool IsUtf8(absl::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const bool itself = absl::StartsWith(text.substr(begin), "\xef\xbf\xbd");
    if (NextCodePoint(text, at) == kReplacementCharacter && !itself) return false;
  }
  return true;
}

// What the parser finds, in the order of the text. False ends the reading.
class Filler {
 public:
  Filler(absl::string_view text, Fields& fields) : text_(text), fields_(fields) {}

  bool null() { return Unusable(); }
  bool boolean(bool) { return Unusable(); }
  bool number_integer(int64_t value) { return Number(static_cast<double>(value), value); }
  bool number_unsigned(uint64_t value) {
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return Number(static_cast<double>(value), std::nullopt);
    }
    return Number(static_cast<double>(value), static_cast<int64_t>(value));
  }
  bool number_float(double value, const std::string&) { return Number(value, std::nullopt); }
  bool string(std::string& value) {
    if (depth_ != 1) return Unusable();
    field_->kind = Kind::kText;
    field_->text = std::move(value);
    return true;
  }
  bool binary(std::vector<uint8_t>&) { return Unusable(); }
  bool start_object(size_t) {
    if (depth_ != 0) Unusable();
    return Deeper();
  }
  bool end_object() { return Shallower(); }
  bool key(std::string& name);
  bool start_array(size_t);
  bool end_array();
  bool parse_error(size_t position, const std::string& token,
                   const nlohmann::detail::exception& fault);

  const std::optional<ModelFault>& fault() const { return fault_; }

 private:
  bool Fail(ModelRefusal why, std::string detail) {
    fault_ = {why, std::move(detail)};
    return false;
  }
  bool Number(double value, std::optional<int64_t> integer);
  // Not a field that anybody could want.
  bool Unusable() {
    if (depth_ == 0) return Fail(ModelRefusal::kNotJson, "no object");
    field_->kind = Kind::kOther;
    spoilt_ = true;
    return true;
  }
  bool Deeper() {
    if (++depth_ > FlatJson::kDepthMax) {
      return Fail(ModelRefusal::kTooDeep, absl::StrCat("more than ", FlatJson::kDepthMax));
    }
    return true;
  }
  bool Shallower() {
    --depth_;
    return true;
  }

  absl::string_view text_;
  Fields& fields_;
  FlatField* field_ = nullptr;  // of the key read last, at depth 1
  size_t depth_ = 0;
  bool spoilt_ = false;  // the list holds what is no number
  std::optional<ModelFault> fault_;
};

bool Filler::key(std::string& name) {
  if (depth_ != 1) return true;
  const auto [at, fresh] = fields_.try_emplace(std::move(name));
  if (!fresh) return Fail(ModelRefusal::kRepeatedField, at->first);
  field_ = &at->second;
  spoilt_ = false;
  return true;
}

bool Filler::Number(double value, std::optional<int64_t> integer) {
  if (depth_ == 0) return Unusable();
  if (depth_ == 1) {
    field_->kind = integer ? Kind::kInteger : Kind::kNumber;
    field_->integer = integer.value_or(0);
    field_->number = value;
    return true;
  }
  // A number beside rows, or deeper than these.
  const bool in_row = depth_ == 3;
  if (depth_ > 3 || in_row != (field_->kind == Kind::kRows)) return Unusable();
  if (!spoilt_) field_->numbers.push_back(value);
  return true;
}

bool Filler::start_array(size_t) {
  if (depth_ == 0) return Unusable();
  if (depth_ == 1) {
    field_->kind = Kind::kNumbers;
  } else if (depth_ == 2 && field_->numbers.empty() && !spoilt_) {
    field_->kind = Kind::kRows;
  } else if (depth_ != 2 || field_->kind != Kind::kRows) {
    Unusable();
  }
  return Deeper();
}

bool Filler::end_array() {
  if (depth_ == 3 && !spoilt_) field_->row_ends.push_back(field_->numbers.size());
  return Shallower();
}

bool Filler::parse_error(size_t position, const std::string&,
                         const nlohmann::detail::exception& fault) {
  constexpr int kBeyondDoubles = 406;
  // What other writers call a number. `position` is behind the first byte of what is none.
  const absl::string_view rest = text_.substr(std::min(text_.size(), position - (position != 0)));
  const bool named = absl::StartsWith(rest, "NaN") || absl::StartsWith(rest, "Infinity");
  const bool not_finite = fault.id == kBeyondDoubles || named;
  return Fail(not_finite ? ModelRefusal::kNotFinite : ModelRefusal::kNotJson,
              absl::StrCat("at byte ", position));
}

}  // namespace

std::optional<ModelFault> FlatJson::Read(absl::string_view text) {
  fields_.clear();
  if (!IsUtf8(text)) return ModelFault{ModelRefusal::kNotUtf8, ""};
  Filler filler(text, fields_);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &filler) && !filler.fault()) {
    return ModelFault{ModelRefusal::kNotJson, ""};
  }
  return filler.fault();
}

const FlatField* FlatJson::Find(absl::string_view name) const {
  const auto at = fields_.find(name);
  return at != fields_.end() ? &at->second : nullptr;
}

}  // namespace vedette
