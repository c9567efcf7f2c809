// dos.amplification: answers nobody asked for, from a service known to reflect, to one target. The
// hot half counts them by (target, service) where packets are; the cold half asks how many, from
// how many reflectors, how large. Source: Rossow 2014, "Amplification Hell"; Kuehrer et al. 2014
// for SYN-ACK reflection.
#ifndef VEDETTE_DETECTORS_DOS_AMPLIFICATION_H_
#define VEDETTE_DETECTORS_DOS_AMPLIFICATION_H_

#include <array>
#include <vector>

#include "dataplane/sketch/distinct_bitmap.h"
#include "dataplane/track/tracked_packet.h"
#include "detectors/bounded_states.h"
#include "detectors/detector.h"

namespace vedette {

class Amplification {
 public:
  static constexpr absl::string_view kName = "dos.amplification";

  struct Count {
    EndpointKey target;
    uint8_t service = 0;  // index + 1 of the service table; 0: free
    uint64_t packets = 0, bytes = 0;
    DistinctBitmap<512> reflectors;
  };
  // One shard's, and merged. A full table counts no further targets: those in it are enough to
  // raise the alarm, and shards merge in their order.
  struct Hot {
    static constexpr size_t kCounts = 64;
    std::array<Count, kCounts> counts;
    size_t used = 0;

    Count* Obtain(const EndpointKey& target, uint8_t service) noexcept;
    void Merge(const Hot& other) noexcept;
    void Clear() noexcept;
  };
  static void OnPacket(Hot& hot, const TrackedPacket& tracked) noexcept;

  struct Config {
    // A resolver behind a one-directional capture hears some hundreds of answers a second.
    double answers_per_second_max = 300;
    // Reflectors are many, an odd server is one.
    double reflectors_min = 10;
    // Of one answer on average; small ones do not amplify. SYN-ACKs are exempt: their number hurts.
    double answer_bytes_min = 100;
    static Config Read(Settings& settings);
  };

  explicit Amplification(const Config& config) : config_(config), starts_(kStatesMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);

 private:
  static constexpr size_t kStatesMax = 4'096;
  Config config_;
  BoundedStates<std::pair<EndpointKey, uint8_t>, uint64_t> starts_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_DOS_AMPLIFICATION_H_
