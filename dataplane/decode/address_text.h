// Addresses as people write them: RFC 5952, IPv4 dotted, MACs in lower case with colons. Pure.
#ifndef VEDETTE_DATAPLANE_DECODE_ADDRESS_TEXT_H_
#define VEDETTE_DATAPLANE_DECODE_ADDRESS_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "dataplane/decode/addresses.h"

namespace vedette {

inline constexpr size_t kIpTextMax = 46;

// Without an ending zero; returns the length, at most kIpTextMax - 1.
size_t FormatIp(const IpAddress& ip, char* out) noexcept;
std::string IpText(const IpAddress& ip);
std::string MacText(const MacAddress& mac);
absl::StatusOr<IpAddress> ParseIp(absl::string_view text);

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_DECODE_ADDRESS_TEXT_H_
