#include "dataplane/track/home_networks.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "dataplane/decode/address_text.h"

namespace vedette {
namespace {

constexpr uint8_t kIp4Bits = 96;  // of the mapped prefix ::ffff:0:0/96

IpAddress Masked(IpAddress ip, unsigned length) {
  for (unsigned bit = length; bit < 128; ++bit) {
    ip.bytes[bit / 8] = static_cast<uint8_t>(ip.bytes[bit / 8] & ~(0x80U >> bit % 8));
  }
  return ip;
}

}  // namespace

std::string Prefix::ToText() const {
  return absl::StrCat(IpText(address), "/", address.is_v4() ? length - kIp4Bits : length);
}

absl::StatusOr<Prefix> ParsePrefix(absl::string_view text) {
  const size_t slash = text.find('/');
  const absl::StatusOr<IpAddress> ip = ParseIp(text.substr(0, slash));
  if (!ip.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "found \"", text, "\", allowed a network such as 10.0.0.0/8 or 2001:db8::/32"));
  }
  const unsigned bits = ip->is_v4() ? 32 : 128;
  unsigned length = bits;
  if (slash != absl::string_view::npos &&
      (!absl::SimpleAtoi(text.substr(slash + 1), &length) || length > bits)) {
    return absl::InvalidArgumentError(
        absl::StrCat("found \"", text, "\", allowed a length of 0 to ", bits, " after the slash"));
  }
  const unsigned mapped = ip->is_v4() ? length + kIp4Bits : length;
  const Prefix prefix{Masked(*ip, mapped), static_cast<uint8_t>(mapped)};
  if (prefix.address != *ip) {
    return absl::InvalidArgumentError(absl::StrCat("found \"", text,
                                                   "\", which has bits behind its ",
                                                   "length; did you mean ", prefix.ToText(), "?"));
  }
  return prefix;
}

HomeNetworks::HomeNetworks(std::vector<Prefix> prefixes) : prefixes_(std::move(prefixes)) {
  const IpAddress mapped = IpAddress::V4(0, 0, 0, 0);
  for (const Prefix& prefix : prefixes_) {
    const Mask mask = MaskOf(prefix);
    masks_.push_back(mask);
    const bool holds_ip4 = (mapped.high() & mask.high) == mask.want_high &&
                           ((mapped.low() & mask.low) & 0xffffffff) == (mask.want_low & 0xffffffff);
    if (holds_ip4) {
      masks4_.push_back(
          {static_cast<uint32_t>(mask.low >> 32), static_cast<uint32_t>(mask.want_low >> 32)});
    }
  }
}

HomeNetworks::Mask HomeNetworks::MaskOf(const Prefix& prefix) {
  IpAddress ones;
  ones.bytes.fill(0xff);
  const IpAddress mask = Masked(ones, prefix.length);
  return {mask.high(), mask.low(), prefix.address.high(), prefix.address.low()};
}

HomeNetworks HomeNetworks::Default() {
  std::vector<Prefix> prefixes;
  for (const char* text : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
                           "169.254.0.0/16", "fc00::/7", "fe80::/10"}) {
    prefixes.push_back(*ParsePrefix(text));
  }
  return HomeNetworks(std::move(prefixes));
}

}  // namespace vedette
