// dos.amplification: answers nobody asked for, from a service known to reflect, to one target. The
// hot half counts them by (target, service) where packets are; the cold half asks how many, from
// how many reflectors, how large. Source: Rossow 2014, "Amplification Hell"; Kuehrer et al. 2014
// for SYN-ACK reflection.
#ifndef VEDETTE_DETECTORS_DOS_AMPLIFICATION_H_
#define VEDETTE_DETECTORS_DOS_AMPLIFICATION_H_

#include <array>
#include <utility>
#include <vector>

#include "dataplane/sketch/distinct_bitmap.h"
#include "dataplane/track/tracked_packet.h"
#include "detectors/baseline.h"
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
    uint64_t inherited = 0;  // packets may be too high by this much, never too low
    DistinctBitmap<512> reflectors;
    DistinctBitmap<512> ports, sizes;  // of the answers, as the target sees them
    struct Named {
      EndpointKey reflector;
      uint64_t packets = 0;
    };
    std::array<Named, 8> named;  // the first ones: who may be asked to close

    void Name(const EndpointKey& reflector, uint64_t packets_sent) noexcept;
  };
  // One shard's, and merged, in the order of shards. Full, a newcomer displaces the lightest of the
  // next few and inherits its count, as Space-Saving does (Metwally, Agrawal, El Abbadi 2005):
  // whoever sprays answers over many targets cannot keep the true one out.
  struct Hot {
    static constexpr size_t kCounts = 64;
    std::array<Count, kCounts> counts;
    std::array<uint64_t, kCounts> tags{};  // found by these, compared by key
    size_t used = 0, hand = 0;

    Count& Obtain(const EndpointKey& target, KeyHash target_key, uint8_t service) noexcept;
    void Merge(const Hot& other) noexcept;
    void Clear() noexcept;

   private:
    static constexpr size_t kCandidates = 8;
    size_t Place() noexcept;
  };
  static void OnPacket(Hot& hot, const TrackedPacket& tracked) noexcept;

  struct Config {
    // A resolver behind a one-directional capture hears some hundreds of answers a second.
    double answers_per_second_max = 300;
    // Reflectors are many, an odd server is one.
    double reflectors_min = 10;
    // Of one answer on average; small ones do not amplify. SYN-ACKs are exempt: their number hurts.
    double answer_bytes_min = 100;
    // A target that is never seen sending may have asked where the capture does not look. Its
    // answers count when they are alike: distinct target ports at most this share of them, or ...
    double ports_share_max = 0.3;
    // ... distinct sizes. A resolver's answers go to ports drawn at random and vary in size.
    double sizes_share_max = 0.1;
    // Unlike ones count above so many times the limit.
    double unlike_factor = 10;
    // Learning may raise the limit so many times: a flood that grows slowly teaches no more.
    double learned_factor_max = 10;
    static Config Read(Settings& settings);
  };

  explicit Amplification(const Config& config) : config_(config), states_(kStatesMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);
  // See detectors/keep.h.
  template <typename Io>
  void Keep(Io& io) {
    io("states", states_);
  }

 private:
  static constexpr size_t kStatesMax = 4'096;
  struct State {
    Baseline answers;
    uint64_t start_us = 0;  // 0: quiet

    template <typename Io>
    void Keep(Io& io) {
      io("answers", answers);
      io("start_us", start_us);
    }
  };
  bool IsUnaskedFor(const Count& count, double packets, const IntervalView& view,
                    double excess) const;
  void Judge(const Count& count, const IntervalView& view, std::vector<Finding>& findings);

  Config config_;
  BoundedStates<std::pair<EndpointKey, uint8_t>, State> states_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_DOS_AMPLIFICATION_H_
