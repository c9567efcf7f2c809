// Which addresses are ours: a handful of prefixes, asked for every packet, compared as words.
// Immutable after set-up; any thread.
#ifndef VEDETTE_DATAPLANE_TRACK_HOME_NETWORKS_H_
#define VEDETTE_DATAPLANE_TRACK_HOME_NETWORKS_H_

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

class HomeNetworks {
 public:
  explicit HomeNetworks(std::vector<Prefix> prefixes);
  // RFC 1918, RFC 6598, 169.254/16, fc00::/7, fe80::/10.
  static HomeNetworks Default();

  bool Contains(const IpAddress& ip) const noexcept {
    if (ip.is_v4()) {
      const auto host = static_cast<uint32_t>(ip.low() >> 32);  // as it lies in memory
      for (const Mask4& mask : masks4_) {
        if ((host & mask.mask) == mask.want) return true;
      }
      return false;
    }
    for (const Mask& mask : masks_) {
      if ((ip.high() & mask.high) == mask.want_high && (ip.low() & mask.low) == mask.want_low) {
        return true;
      }
    }
    return false;
  }
  const std::vector<Prefix>& prefixes() const noexcept { return prefixes_; }

 private:
  struct Mask {
    uint64_t high, low, want_high, want_low;
  };
  struct Mask4 {
    uint32_t mask, want;
  };
  static Mask MaskOf(const Prefix& prefix);

  std::vector<Prefix> prefixes_;
  std::vector<Mask> masks_;
  std::vector<Mask4> masks4_;  // of those that hold IPv4 addresses
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_HOME_NETWORKS_H_
