// Why decoding stopped, and what else was irregular. Exactly one ending status a packet, counted
// per shard; kIrregular ones are noted beside it. Inspectors of payloads append their own lines.
#ifndef VEDETTE_DATAPLANE_DECODE_DECODE_STATUS_H_
#define VEDETTE_DATAPLANE_DECODE_DECODE_STATUS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace vedette {

// Whose fault it is. Only kMalformed and kIrregular are evidence against the sender: a short snap
// length is ours, and an unknown protocol is nobody's.
enum class DecodeClass : uint8_t { kOk, kUnsupported, kCutByUs, kMalformed, kIrregular };

enum class DecodeStatus : uint8_t {
#define DECODE_STATUS(name, klass, wire, text) name,
#include "dataplane/decode/decode_status.def"
#undef DECODE_STATUS
};

struct DecodeStatusInfo {
  DecodeClass klass;
  absl::string_view wire_name;
  absl::string_view text;
};

inline constexpr auto kDecodeStatuses = std::to_array<DecodeStatusInfo>({
#define DECODE_STATUS(name, klass, wire, text) {DecodeClass::klass, wire, text},
#include "dataplane/decode/decode_status.def"
#undef DECODE_STATUS
});
inline constexpr size_t kDecodeStatusCount = kDecodeStatuses.size();
static_assert(kDecodeStatusCount <= 256, "DecodeStatus is one byte");

constexpr const DecodeStatusInfo& Describe(DecodeStatus status) noexcept {
  return kDecodeStatuses[static_cast<size_t>(status)];
}
constexpr bool IsMalformed(DecodeStatus status) noexcept {
  return Describe(status).klass == DecodeClass::kMalformed;
}
// True for what appears in `irregularities` of health and `errors` of devices.
constexpr bool IsIrregularity(DecodeStatus status) noexcept {
  return Describe(status).klass == DecodeClass::kMalformed ||
         Describe(status).klass == DecodeClass::kIrregular;
}

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_DECODE_DECODE_STATUS_H_
