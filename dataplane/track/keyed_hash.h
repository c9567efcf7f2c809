// Keyed hashes of everything the sensor looks up, so that a sender who does not know the secret
// cannot aim at a bucket. Two 64x64->128 multiplications fold a 16-byte address with the secret
// (the multiply-fold of wyhash and xxh3); a replay uses a fixed secret, a live sensor a random one.
// Immutable; any thread.
#ifndef VEDETTE_DATAPLANE_TRACK_KEYED_HASH_H_
#define VEDETTE_DATAPLANE_TRACK_KEYED_HASH_H_

#include <array>
#include <bit>
#include <cstdint>

#include "dataplane/sketch/key_hash.h"
#include "dataplane/track/endpoint_row.h"
#include "dataplane/track/flow.h"

namespace vedette {

class KeyedHash {
 public:
  explicit KeyedHash(std::array<uint64_t, 2> secret) noexcept
      : a_(secret[0] ^ kMix1), b_(secret[1] ^ kMix2) {}

  KeyHash OfAddress(const IpAddress& ip) const noexcept {
    return {Fold(Fold(ip.high() ^ a_, ip.low() ^ b_) ^ kMix3, a_ ^ kMix4)};
  }
  // All that follows comes from the hashes of the addresses, which a packet's keys hold once.
  KeyHash OfEndpoint(const EndpointKey& key) const noexcept {
    return OfEndpoint(key, OfAddress(key.ip));
  }
  KeyHash OfEndpoint(const EndpointKey& key, KeyHash address) const noexcept {
    // Spread over the word: neighbouring VLANs would leave a pattern in the tag bits.
    const uint64_t rest = (uint64_t{key.vlan} << 1 | (key.is_mac ? 1 : 0)) * kMix1;
    return {Fold(address.value ^ rest, b_ ^ kMix3)};
  }
  // Symmetric.
  KeyHash OfPair(KeyHash a, KeyHash b) const noexcept {
    return {Fold((a.value + b.value) ^ a_, (a.value ^ b.value) + kMix4)};
  }
  KeyHash OfFlow(const FlowKey& key) const noexcept {
    return OfFlow(key, OfAddress(key.low_ip), OfAddress(key.high_ip));
  }
  KeyHash OfFlow(const FlowKey& key, KeyHash low, KeyHash high) const noexcept {
    const uint64_t ports =
        uint64_t{key.low_port} << 32 | uint64_t{key.high_port} << 16 | key.protocol;
    return {Fold(low.value ^ ports ^ kMix3, high.value ^ (ports * kMix1) ^ kMix4)};
  }
  // Of two things at once; a value that is no secret yet must come second.
  static KeyHash Combine(KeyHash key, uint64_t value) noexcept {
    return {Fold(key.value ^ kMix1, value ^ kMix2)};
  }
  // Two words of a sender's bytes with one multiplication. `hash` and `key` are both secret, so
  // that the sender cannot make either factor 0, which would forget all that was hashed before.
  static KeyHash CombineTwo(KeyHash hash, KeyHash key, uint64_t a, uint64_t b) noexcept {
    return {Fold(hash.value ^ a, std::rotl(key.value, 32) ^ b)};
  }

 private:
  static constexpr uint64_t kMix1 = 0xa0761d6478bd642f, kMix2 = 0xe7037ed1a0b428db;
  static constexpr uint64_t kMix3 = 0x8ebc6af09c88c6e3, kMix4 = 0x589965cc75374cc3;

  __extension__ using Wide = unsigned __int128;
  static uint64_t Fold(uint64_t x, uint64_t y) noexcept {
    const Wide product = static_cast<Wide>(x) * y;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }

  uint64_t a_, b_;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_KEYED_HASH_H_
