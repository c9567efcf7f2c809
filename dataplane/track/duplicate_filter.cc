#include "dataplane/track/duplicate_filter.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace vedette {
namespace {

constexpr uint64_t kCopyWithinUs = 2'000;
constexpr uint64_t kRepeaterForUs = 100'000;
constexpr size_t kHeadBytes = 48, kTailBytes = 16;

KeyHash HashBytes(KeyHash hash, Bytes bytes) {
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    hash = KeyedHash::Combine(hash, word);
  }
  if (at == bytes.size()) return hash;
  uint64_t word = 0;
  std::memcpy(&word, bytes.data() + at, bytes.size() - at);
  return KeyedHash::Combine(hash, word);
}

}  // namespace

DuplicateFilter::DuplicateFilter(size_t entries)
    : entries_(std::bit_ceil(entries)), mask_(entries_.size() - 1) {}

uint64_t DuplicateFilter::FingerprintOf(const DecodedPacket& packet, KeyHash pair) noexcept {
  if (!packet.has_ip() || packet.ip_bytes.empty()) return 0;
  // The pair is symmetric: the source says which way.
  const uint64_t way = packet.source_ip.low() ^ packet.source_ip.high();
  const uint64_t shape = uint64_t{packet.ip_total_length} << 8 | packet.protocol;
  KeyHash hash = KeyedHash::Combine(KeyedHash::Combine(pair, way), shape);
  const Bytes bytes = packet.ip_bytes;
  // What follows the addresses; in front of them only what a router leaves alone.
  const size_t skipped = packet.is_v6 ? 40 : 20;
  if (!packet.is_v6 && bytes.size() >= 8) {
    uint64_t word;  // version, length, id, fragment fields
    std::memcpy(&word, bytes.data(), sizeof(word));
    hash = KeyedHash::Combine(hash, word);
  }
  if (bytes.size() <= skipped) return hash.value | 1;
  const Bytes rest = bytes.subspan(skipped);
  hash = HashBytes(hash, rest.first(std::min(rest.size(), kHeadBytes)));
  if (rest.size() > kHeadBytes) {
    hash = HashBytes(hash, rest.last(std::min(rest.size() - kHeadBytes, kTailBytes)));
  }
  return hash.value | 1;  // 0 is a free entry
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
