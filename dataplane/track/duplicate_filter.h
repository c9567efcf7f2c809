// Recognizes a packet that a mirror port delivered twice: the same bytes from the IP header on
// within 2 ms, TTL and header checksum aside (the copy may lie behind a router), MACs and tags not
// looked at. A mirror gives one copy of each packet; a sender that floods identical packets gives
// many, so a fingerprint met again beyond that within 100 ms is a sender's repetition and counted
// each time. Headers and the first and last payload bytes stand for the whole: transport checksums
// cover the rest. A table of fixed size, latest wins. Owned by a shard's tracker.
#ifndef VEDETTE_DATAPLANE_TRACK_DUPLICATE_FILTER_H_
#define VEDETTE_DATAPLANE_TRACK_DUPLICATE_FILTER_H_

#include <cstddef>
#include <cstdint>

#include "dataplane/decode/decode.h"
#include "dataplane/sketch/zeroed_array.h"
#include "dataplane/track/keyed_hash.h"

namespace vedette {

class DuplicateFilter {
 public:
  explicit DuplicateFilter(size_t entries);

  // 0: a packet that is not looked at (no IP header). `pair` is the keyed hash of its addresses.
  static uint64_t FingerprintOf(const DecodedPacket& packet, KeyHash pair) noexcept;
  void Prefetch(uint64_t fingerprint) const noexcept {
    __builtin_prefetch(&entries_[fingerprint >> 20 & mask_]);
  }
  // Remembers the packet. True: it has been seen already and is to be counted as a duplicate.
  bool IsDuplicate(uint64_t fingerprint, uint64_t now_us) noexcept;

 private:
  enum Times : uint8_t { kOnce, kTwice, kRepeated };
  struct Entry {
    uint64_t fingerprint;
    uint64_t seen_us;
    Times times;
  };
  ZeroedArray<Entry> entries_;
  size_t mask_;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_DUPLICATE_FILTER_H_
