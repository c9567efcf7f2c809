// Which addresses are ours: a handful of prefixes, asked twice for every packet. For IPv4 a table
// of two bits for each /16 answers at once but where a /16 is divided; IPv6 is compared as words.
// Immutable after set-up; any thread.
#ifndef VEDETTE_DATAPLANE_TRACK_HOME_NETWORKS_H_
#define VEDETTE_DATAPLANE_TRACK_HOME_NETWORKS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "dataplane/decode/addresses.h"

namespace vedette {

struct Prefix {
  IpAddress address;
  uint8_t length = 128;        // of the mapped address: an IPv4 /24 has 96 + 24
  std::string ToText() const;  // "10.0.0.0/8"
  friend bool operator==(const Prefix&, const Prefix&) = default;
};

// "10.0.0.0/8", "2001:db8::/32", or an address alone. Bits behind the length are a fault.
absl::StatusOr<Prefix> ParsePrefix(absl::string_view text);

// On which side of the border an address lies. Neither: a group's address, a loopback one, none.
struct Realm {
  bool home = false, outside = false;
};

class HomeNetworks {
 public:
  explicit HomeNetworks(std::vector<Prefix> prefixes);
  // RFC 1918, RFC 6598, 169.254/16, fc00::/7, fe80::/10.
  static HomeNetworks Default();

  bool Contains(const IpAddress& ip) const noexcept { return RealmOf(ip).home; }
  Realm RealmOf(const IpAddress& ip) const noexcept {
    if (!ip.is_v4()) return CompareRealm(ip);
    const unsigned network = unsigned{ip.bytes[12]} << 8 | ip.bytes[13];
    const unsigned answer = answers4_[network / 4] >> network % 4 * 2 & 3U;
    if (answer == kDivided) return CompareRealm(ip);
    return {.home = answer == kHome, .outside = answer == kOutside};
  }
  const std::vector<Prefix>& prefixes() const noexcept { return prefixes_; }

 private:
  struct Mask {
    uint64_t high, low, want_high, want_low;
  };
  enum Answer : uint8_t { kOutside, kHome, kNeither, kDivided };
  static constexpr size_t kNetworks4 = size_t{1} << 16;

  static Mask MaskOf(const Prefix& prefix);
  Realm CompareRealm(const IpAddress& ip) const noexcept;
  void SetAnswer(size_t begin, size_t end, Answer answer);

  std::vector<Prefix> prefixes_;
  std::vector<Mask> masks_;
  std::array<uint8_t, kNetworks4 / 4> answers4_{};
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_HOME_NETWORKS_H_
