#include "dataplane/track/fragment_tracker.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace vedette {
namespace {

uint64_t WordAt(Bytes bytes, size_t at) {
  uint64_t word = 0;
  std::memcpy(&word, bytes.data() + at, std::min<size_t>(sizeof(word), bytes.size() - at));
  return word;
}

uint64_t HashOf(Bytes bytes) {
  KeyHash hash{bytes.size()};
  for (size_t at = 0; at < bytes.size(); at += 8) {
    hash = KeyedHash::Combine(hash, WordAt(bytes, at));
  }
  return hash.value;
}

}  // namespace

FragmentTracker::FragmentTracker(const KeyedHash& hash, size_t datagrams)
    : hash_(hash),
      datagrams_(std::bit_ceil(std::max(datagrams, kWays))),
      mask_(datagrams_.size() / kWays - 1) {}

FragmentTracker::Datagram& FragmentTracker::Obtain(const DecodedPacket& packet) noexcept {
  KeyHash hash = KeyedHash::Combine(hash_.OfAddress(packet.source_ip),
                                    hash_.OfAddress(packet.target_ip).value);
  hash = KeyedHash::Combine(hash, uint64_t{packet.protocol} << 32 | packet.fragment.id);
  const uint64_t key = hash.value | 1;
  Datagram* const bucket = &datagrams_[(hash.value >> 8 & mask_) * kWays];
  Datagram* place = bucket;
  for (Datagram* way = bucket; way != bucket + kWays; ++way) {
    if (way->key == key && packet.arrival.us - way->last_us <= kForgetAfterUs) return *way;
    if (way->key == key || way->last_us < place->last_us) place = way;
  }
  *place = Datagram{};
  place->key = key;
  return *place;
}

bool FragmentTracker::NoteUnits(Datagram& datagram, uint32_t begin, Bytes data) noexcept {
  bool differs = false;
  for (size_t at = 0; at + kUnitBytes <= data.size(); at += kUnitBytes) {
    const size_t unit = (begin + at) / kUnitBytes;
    if (unit >= kUnits) break;
    const auto hash =
        static_cast<uint16_t>(KeyedHash::Combine({unit}, WordAt(data, at)).value >> 48 | 1);
    differs |= datagram.units[unit] != 0 && datagram.units[unit] != hash;
    datagram.units[unit] = hash;
  }
  return differs;
}

FragmentVerdict FragmentTracker::OnFragment(const DecodedPacket& packet) noexcept {
  if (packet.ip_total_length <= packet.ip_header_length) return FragmentVerdict::kPlain;
  const uint32_t begin = packet.fragment.offset_bytes;
  const uint32_t end = begin + packet.ip_total_length - packet.ip_header_length;
  const Bytes data = packet.ip_bytes.size() > packet.ip_header_length
                         ? packet.ip_bytes.subspan(packet.ip_header_length)
                         : Bytes{};
  Datagram& datagram = Obtain(packet);
  datagram.last_us = packet.arrival.us;
  const uint64_t hash = HashOf(data);
  bool overlaps = false, same_borders_differ = false;
  const size_t known = std::min<size_t>(datagram.ranges_seen, kRanges);
  for (size_t i = 0; i < known; ++i) {
    const Range& range = datagram.ranges[i];
    if (range.begin == begin && range.end == end) {
      if (range.hash == hash) return FragmentVerdict::kPlain;
      same_borders_differ = true;
    }
    overlaps |= begin < range.end && range.begin < end;
  }
  datagram.ranges[datagram.ranges_seen++ % kRanges] = {begin, end, hash};
  const bool differs = NoteUnits(datagram, begin, data);
  if (same_borders_differ || (overlaps && differs)) return FragmentVerdict::kOverlapDifferent;
  return overlaps ? FragmentVerdict::kOverlapSame : FragmentVerdict::kPlain;
}

}  // namespace vedette
