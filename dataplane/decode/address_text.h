// Addresses as people write them: RFC 5952, IPv4 dotted, MACs in lower case with colons. Pure.
#ifndef VEDETTE_DATAPLANE_DECODE_ADDRESS_TEXT_H_
#define VEDETTE_DATAPLANE_DECODE_ADDRESS_TEXT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "dataplane/decode/addresses.h"

namespace vedette {

inline constexpr size_t kIpTextMax = 46;

// Text of at most 15 characters in two words, as it would lie in memory, zeros behind it: sets of
// addresses are built on the packet path, and what was just written byte by byte is slow to read
// as words.
struct PackedText {
  std::array<uint64_t, 2> words{};
  size_t length = 0;
};
PackedText PackIp4(const IpAddress& ip) noexcept;

// Without an ending zero; returns the length, at most kIpTextMax - 1.
size_t FormatIp(const IpAddress& ip, char* out) noexcept;
std::string IpText(const IpAddress& ip);
std::string MacText(const MacAddress& mac);
absl::StatusOr<IpAddress> ParseIp(absl::string_view text);

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_DECODE_ADDRESS_TEXT_H_
