// Which bytes of a datagram its fragments have brought, to tell an overlap (RFC 5722, RFC 3128: no
// stack sends one) from a fragment delivered twice. A datagram keeps its last sixteen ranges and a
// 16-bit hash of each 8-byte unit of its first 4 KiB; behind that overlaps are seen but their bytes
// not compared. Fixed memory: four datagrams a bucket, the one longest quiet gives way. Owned by a
// shard's tracker.
#ifndef VEDETTE_DATAPLANE_TRACK_FRAGMENT_TRACKER_H_
#define VEDETTE_DATAPLANE_TRACK_FRAGMENT_TRACKER_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/decode/decode.h"
#include "dataplane/sketch/zeroed_array.h"
#include "dataplane/track/keyed_hash.h"

namespace vedette {

enum class FragmentVerdict : uint8_t {
  kPlain,             // new bytes, or the same fragment again
  kOverlapSame,       // other borders, no byte known to differ
  kOverlapDifferent,  // bytes that arrived before arrive changed
};

class FragmentTracker {
 public:
  FragmentTracker(const KeyedHash& hash, size_t datagrams);

  // Of packets whose fragment.is_fragment is set.
  FragmentVerdict OnFragment(const DecodedPacket& packet) noexcept;

 private:
  static constexpr size_t kWays = 4, kRanges = 16, kUnits = 512, kUnitBytes = 8;
  static constexpr uint64_t kForgetAfterUs = 30'000'000;  // as reassembly does, RFC 8200, 4.5
  struct Range {
    uint32_t begin, end;  // bytes of the datagram, end exclusive
    uint64_t hash;
  };
  struct Datagram {
    uint64_t key;  // 0: free
    uint64_t last_us;
    uint32_t ranges_seen;
    std::array<Range, kRanges> ranges;
    std::array<uint16_t, kUnits> units;  // 0: not seen
  };

  Datagram& Obtain(const DecodedPacket& packet) noexcept;
  // True if a unit was known with other bytes.
  bool NoteUnits(Datagram& datagram, uint32_t begin, Bytes data) noexcept;

  KeyedHash hash_;
  ZeroedArray<Datagram> datagrams_;
  size_t mask_;  // of buckets
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_FRAGMENT_TRACKER_H_
