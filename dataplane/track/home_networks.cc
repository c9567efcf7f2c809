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
constexpr unsigned kNetworkBits = kIp4Bits + 16;
const IpAddress kMapped = IpAddress::V4(0, 0, 0, 0);

size_t NetworkOf(const IpAddress& ip) { return size_t{ip.bytes[12]} << 8 | ip.bytes[13]; }

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
  for (const Prefix& prefix : prefixes_) masks_.push_back(MaskOf(prefix));
  SetAnswer(0, kNetworks4, kOutside);
  SetAnswer(127 << 8, (127 << 8) + 256, kNeither);  // loopback
  SetAnswer(224 << 8, 240 << 8, kNeither);          // groups
  SetAnswer(0, 1, kDivided);                        // 0.0.0.0
  SetAnswer(0xffff, 0x10000, kDivided);             // 255.255.255.255
  for (const Prefix& prefix : prefixes_) {
    if (prefix.address.is_v4() && prefix.length > kNetworkBits) {
      const size_t network = NetworkOf(prefix.address);
      SetAnswer(network, network + 1, kDivided);
    }
  }
  for (const Prefix& prefix : prefixes_) {
    if (prefix.address.is_v4() && prefix.length <= kNetworkBits) {
      const size_t network = NetworkOf(prefix.address);
      const unsigned free_bits = kNetworkBits - std::max(prefix.length, kIp4Bits);
      SetAnswer(network, network + (size_t{1} << free_bits), kHome);
    } else if (prefix.length < kIp4Bits && Masked(kMapped, prefix.length) == prefix.address) {
      SetAnswer(0, kNetworks4, kHome);  // ::/0 and the like
    }
  }
}

void HomeNetworks::SetAnswer(size_t begin, size_t end, Answer answer) {
  for (size_t network = begin; network < end; ++network) {
    const size_t shift = network % 4 * 2;
    uint8_t& four = answers4_[network / 4];
    four = static_cast<uint8_t>((four & ~(3U << shift)) | unsigned{answer} << shift);
  }
}

Realm HomeNetworks::CompareRealm(const IpAddress& ip) const noexcept {
  for (const Mask& mask : masks_) {
    if ((ip.high() & mask.high) == mask.want_high && (ip.low() & mask.low) == mask.want_low) {
      return {.home = true};
    }
  }
  const bool nobody = ip.is_multicast() || ip.is_broadcast() || ip.is_zero() || ip.is_loopback();
  return {.outside = !nobody};
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
