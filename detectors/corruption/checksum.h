// corruption.checksum: a device whose checksums were right begins to send wrong ones. A host whose
// sums are wrong from its first packet is one whose network card computes them behind our back
// (checksum offload, seen on the host itself): an artefact of the capture, not of the device.
// Control thread.
#ifndef VEDETTE_DETECTORS_CORRUPTION_CHECKSUM_H_
#define VEDETTE_DETECTORS_CORRUPTION_CHECKSUM_H_

#include <vector>

#include "detectors/bounded_states.h"
#include "detectors/detector.h"
#include "detectors/irregular_sender.h"

namespace vedette {

class Checksum {
 public:
  static constexpr absl::string_view kName = "corruption.checksum";
  using Hot = NoHotState;

  struct Config {
    // Right sums that must have been seen before wrong ones mean anything.
    uint32_t right_min = 20;
    // Wrong sums within ten minutes, and their share of those verified since the first of them.
    uint32_t wrong_max = 10;
    double wrong_share_min = 0.1;
    static Config Read(Settings& settings);
  };

  explicit Checksum(const Config& config) : config_(config), states_(kStatesMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);
  // See detectors/keep.h.
  template <typename Io>
  void Keep(Io& io) {
    io("states", states_);
  }

 private:
  static constexpr size_t kStatesMax = 8'192;
  struct State {
    uint64_t right = 0;                // before the first wrong one
    uint64_t start_us = 0;             // of the first wrong one
    uint64_t wrong = 0, verified = 0;  // since then
    KindCounts kinds;
    Pauses pauses;

    template <typename Io>
    void Keep(Io& io) {
      io("right", right);
      io("start_us", start_us);
      io("wrong", wrong);
      io("verified", verified);
      io("kinds", kinds);
      io("pauses", pauses);
    }
  };

  Config config_;
  BoundedStates<EndpointKey, State> states_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_CORRUPTION_CHECKSUM_H_
