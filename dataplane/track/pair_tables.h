// What one shard saw of pairs in one interval: who sent how much to whom outside, who tried what on
// whom, which endpoint sent what irregularity. Fixed, keyed tables; each counts what it had no room
// for. Owned by a window.
#ifndef VEDETTE_DATAPLANE_TRACK_PAIR_TABLES_H_
#define VEDETTE_DATAPLANE_TRACK_PAIR_TABLES_H_

#include <cstdint>
#include <span>

#include "dataplane/decode/decode_status.h"
#include "dataplane/sketch/distinct_bitmap.h"
#include "dataplane/sketch/fixed_rows.h"
#include "dataplane/sketch/heavy_hitters.h"
#include "dataplane/sketch/key_hash.h"
#include "dataplane/track/endpoint_row.h"

namespace vedette {

// Bytes from one endpoint to one address outside home.
struct EgressPair {
  EndpointKey device;
  IpAddress destination;
  uint64_t bytes = 0;
  uint64_t packets = 0;      // since the pair has its row
  uint64_t error_bytes = 0;  // bytes may be too high by this much, never too low
};

// What one source tried on one target in the interval; flow beginnings only.
struct AttemptPair {
  EndpointKey source;
  IpAddress target;
  KeyHash target_hash;  // salted, to count distinct targets
  uint64_t flows = 0, accepted = 0, refused = 0;
  uint64_t probes = 0;  // packets no stack opens with (ACK, FIN, NULL, XMAS to nothing)
  uint64_t last_us = 0;
  DistinctBitmap<512> ports;  // salted
  uint16_t last_port = 0;
  uint8_t protocol = 0;
};

// Irregularities an endpoint sent, by kind.
struct IrregularityCount {
  EndpointKey sender;
  IpAddress last_target;
  DecodeStatus kind = DecodeStatus::kOk;
  uint64_t packets = 0;
  uint64_t first_us = 0, last_us = 0;
};

// The heaviest pairs; what is promised of them stands in heavy_hitters.h.
class EgressTable {
 public:
  static constexpr double kShare = 1e-3;  // of the shard's egress in the interval
  static constexpr size_t kPairs = 1'024;
  static_assert(kPairs >= HeavyHitterRowsFor(kShare));
  explicit EgressTable(size_t pairs = kPairs) : pairs_(pairs) {}

  void Add(const EndpointKey& device, const IpAddress& destination, KeyHash pair,
           uint64_t bytes) noexcept {
    EgressPair& found = pairs_.Add(
        pair, bytes,
        [&](const EgressPair& other) {
          return other.destination == destination && other.device == device;
        },
        [&](EgressPair& fresh) {
          fresh.device = device;
          fresh.destination = destination;
        });
    ++found.packets;
  }
  std::span<const EgressPair> records() const noexcept { return pairs_.records(); }
  uint64_t displaced() const noexcept { return pairs_.displaced(); }
  void Clear() noexcept { pairs_.Clear(); }

 private:
  HeavyHitters<EgressPair, &EgressPair::bytes, &EgressPair::error_bytes> pairs_;
};

class AttemptTable {
 public:
  static constexpr size_t kPairs = 1'024;
  explicit AttemptTable(size_t pairs = kPairs) : pairs_(pairs) {}

  // Null, and counted, when there is no room.
  AttemptPair* Obtain(const EndpointKey& source, const IpAddress& target, KeyHash pair) noexcept;
  // Of somebody of whom there is no row.
  void Refuse() noexcept { ++refused_; }
  std::span<const AttemptPair> records() const noexcept { return pairs_.rows(); }
  uint64_t refused() const noexcept { return refused_; }
  void Clear() noexcept;

 private:
  FixedRows<AttemptPair> pairs_;
  uint64_t refused_ = 0;
};

class IrregularityTable {
 public:
  static constexpr size_t kCounts = 512;
  explicit IrregularityTable(size_t counts = kCounts) : counts_(counts) {}

  void Note(const EndpointKey& sender, KeyHash sender_key, const IpAddress& target,
            DecodeStatus kind, uint64_t now_us) noexcept;
  std::span<const IrregularityCount> records() const noexcept { return counts_.rows(); }
  uint64_t refused() const noexcept { return refused_; }
  void Clear() noexcept;

 private:
  FixedRows<IrregularityCount> counts_;
  uint64_t refused_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_PAIR_TABLES_H_
