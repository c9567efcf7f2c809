// corruption.fragment_overlap: fragments of one datagram that cover the same bytes, which no stack
// sends (RFC 5722 forbids it for IPv6, RFC 3128 warns of it): teardrop, evasion, or memory going
// bad. The same fragment delivered twice is no overlap. Control thread.
#ifndef VEDETTE_DETECTORS_CORRUPTION_FRAGMENT_OVERLAP_H_
#define VEDETTE_DETECTORS_CORRUPTION_FRAGMENT_OVERLAP_H_

#include <vector>

#include "detectors/bounded_states.h"
#include "detectors/detector.h"
#include "detectors/irregular_sender.h"

namespace vedette {

class FragmentOverlap {
 public:
  static constexpr absl::string_view kName = "corruption.fragment_overlap";
  using Hot = NoHotState;

  struct Config {
    // Overlapping fragments from one sender within ten minutes; those with other bytes count at
    // once.
    uint32_t overlaps_max = 2;
    static Config Read(Settings& settings);
  };

  explicit FragmentOverlap(const Config& config) : config_(config), states_(kStatesMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);
  // See detectors/keep.h.
  template <typename Io>
  void Keep(Io& io) {
    io("states", states_);
  }

 private:
  static constexpr size_t kStatesMax = 8'192;
  struct State {
    uint64_t start_us = 0;
    uint64_t packets = 0, different = 0;
    Pauses pauses;

    template <typename Io>
    void Keep(Io& io) {
      io("start_us", start_us);
      io("packets", packets);
      io("different", different);
      io("pauses", pauses);
    }
  };

  Config config_;
  BoundedStates<EndpointKey, State> states_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_CORRUPTION_FRAGMENT_OVERLAP_H_
