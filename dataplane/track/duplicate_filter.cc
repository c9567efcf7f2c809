#include "dataplane/track/duplicate_filter.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace vedette {
namespace {

constexpr uint64_t kCopyWithinUs = 2'000;
constexpr uint64_t kRepeaterForUs = 100'000;
constexpr size_t kHeadBytes = 48, kTailBytes = 16;

uint64_t WordAt(const std::byte* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// What follows the addresses, behind them: the first kHeadBytes and the last kTailBytes. Blocks may
// overlap, and the last word may reach back into the addresses, so that no byte is handled alone.
KeyHash HashRest(KeyHash hash, KeyHash pair, Bytes rest) {
  const std::byte* const end = rest.data() + rest.size();
  if (rest.size() < kTailBytes) {
    const uint64_t first = rest.size() < 8 ? 0 : WordAt(rest.data());
    return KeyedHash::CombineTwo(hash, pair, first, WordAt(end - 8));
  }
  const size_t blocks = std::min(rest.size(), kHeadBytes) / 16;
  for (size_t i = 0; i < blocks; ++i) {
    const std::byte* at = rest.data() + i * 16;
    hash = KeyedHash::CombineTwo(hash, pair, WordAt(at), WordAt(at + 8));
  }
  if (rest.size() == blocks * 16) return hash;
  return KeyedHash::CombineTwo(hash, pair, WordAt(end - 16), WordAt(end - 8));
}

}  // namespace

DuplicateFilter::DuplicateFilter(size_t entries)
    : entries_(std::bit_ceil(entries)), mask_(entries_.size() - 1) {}

uint64_t DuplicateFilter::FingerprintOf(const DecodedPacket& packet, KeyHash pair) noexcept {
  const Bytes bytes = packet.ip_bytes;
  if (!packet.has_ip() || bytes.empty()) return 0;
  // The pair is symmetric: the source says which way. No bit of the protocol meets one of an IPv4
  // source; IPv6 sources differ in their pair.
  const uint64_t way = packet.source_ip.low() ^ packet.source_ip.high() ^ packet.protocol;
  // In front of the addresses only what a router leaves alone: version, length, id, fragment
  // fields.
  const uint64_t shape =
      packet.is_v6 || bytes.size() < 8 ? packet.ip_total_length : WordAt(bytes.data());
  const KeyHash hash = KeyedHash::CombineTwo(pair, pair, way, shape);
  const size_t skipped = packet.is_v6 ? 40 : 20;
  if (bytes.size() <= skipped) return hash.value | 1;
  return HashRest(hash, pair, bytes.subspan(skipped)).value | 1;  // 0 is a free entry
}

bool DuplicateFilter::IsDuplicate(uint64_t fingerprint, uint64_t now_us) noexcept {
  if (fingerprint == 0) return false;
  Entry& entry = entries_[fingerprint >> 20 & mask_];
  const uint64_t passed_us = now_us - entry.seen_us;
  const bool known = entry.fingerprint == fingerprint && passed_us <= kRepeaterForUs;
  const bool copy = known && entry.times == kOnce && passed_us <= kCopyWithinUs;
  entry.times = !known ? kOnce : copy ? kTwice : kRepeated;
  entry.fingerprint = fingerprint;
  entry.seen_us = now_us;
  return copy;
}

}  // namespace vedette
