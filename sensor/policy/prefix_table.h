// What is known of networks, asked by address, longest prefix first: a hash table and the lengths
// that occur in it, so that an answer costs one look-up for each length and not one for each
// network. IPv4 and IPv6 are apart: ::/0 is all of IPv6 and no IPv4. Filled at set-up, immutable
// after; any thread.
#ifndef VEDETTE_SENSOR_POLICY_PREFIX_TABLE_H_
#define VEDETTE_SENSOR_POLICY_PREFIX_TABLE_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "dataplane/track/home_networks.h"

namespace vedette {

inline constexpr uint8_t kMapped4Bits = 96;  // an IPv4 prefix of n bits is a mapped one of 96 + n

// The first `length` bits of an address, the others zero.
inline IpAddress NetworkOf(IpAddress ip, unsigned length) {
  for (unsigned byte = 0; byte < ip.bytes.size(); ++byte) {
    const unsigned before = byte * 8;
    const unsigned kept = length <= before ? 0 : std::min(length - before, 8U);
    ip.bytes[byte] = static_cast<uint8_t>(ip.bytes[byte] & (0xff00U >> kept));
  }
  return ip;
}

template <typename T>
class PrefixTable {
 public:
  // Made where there was none.
  T& operator[](const Prefix& prefix) {
    const Key key{NetworkOf(prefix.address, prefix.length), prefix.length};
    const auto [at, fresh] = entries_.try_emplace(key);
    if (fresh) NoteLength(prefix);
    return at->second;
  }

  // Calls visit(length, value) for each network that holds the `length` first bits of `ip`, the
  // longest first. Returns the number of look-ups.
  template <typename Visit>
  size_t Covering(const IpAddress& ip, unsigned length, Visit&& visit) const {
    const std::vector<uint8_t>& lengths = ip.is_v4() ? lengths4_ : lengths6_;
    size_t lookups = 0;
    for (const uint8_t known : lengths) {
      if (known > length) continue;
      ++lookups;
      const auto at = entries_.find(Key{NetworkOf(ip, known), known});
      if (at != entries_.end()) visit(known, at->second);
    }
    return lookups;
  }

  size_t size() const { return entries_.size(); }

 private:
  struct Key {
    IpAddress address;
    uint8_t length = 0;
    friend bool operator==(const Key&, const Key&) = default;
    template <typename H>
    friend H AbslHashValue(H state, const Key& key) {
      return H::combine(std::move(state), key.address, key.length);
    }
  };

  void NoteLength(const Prefix& prefix) {
    const bool v4 = prefix.address.is_v4() && prefix.length >= kMapped4Bits;
    std::vector<uint8_t>& lengths = v4 ? lengths4_ : lengths6_;
    const auto at =
        std::lower_bound(lengths.begin(), lengths.end(), prefix.length, std::greater<>());
    if (at == lengths.end() || *at != prefix.length) lengths.insert(at, prefix.length);
  }

  absl::flat_hash_map<Key, T> entries_;
  std::vector<uint8_t> lengths4_, lengths6_;  // those that occur, longest first
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_POLICY_PREFIX_TABLE_H_
