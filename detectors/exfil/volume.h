// exfil.volume: a home device sends out far more than it usually does, and far more than it
// fetches. Only what crosses the home border counts: backups and software distribution inside are
// nobody's loss, downloads have the other sign. What a server answers to outside clients is its
// purpose and does not count. Sums over ten minutes, moved on by five, against the device's own
// past and a floor; what is above the limit is not learned, so that a long theft does not make
// itself usual. Where a model knows what the device sends in that hour of the week, that takes the
// place of its own past. Control thread.
#ifndef VEDETTE_DETECTORS_EXFIL_VOLUME_H_
#define VEDETTE_DETECTORS_EXFIL_VOLUME_H_

#include <vector>

#include "detectors/baseline.h"
#include "detectors/bounded_states.h"
#include "detectors/detector.h"

namespace vedette {

class Volume {
 public:
  static constexpr absl::string_view kName = "exfil.volume";
  using Hot = NoHotState;

  struct Config {
    // Sent out within the window; a person who mails photographs stays below.
    double bytes_max = 50e6;
    // Sent out for each byte fetched from outside.
    double out_in_ratio_min = 3;
    // Further than so many deviations from the device's own windows.
    double deviations_max = 6;
    uint32_t window_s = 600;
    static Config Read(Settings& settings);
  };

  explicit Volume(const Config& config) : config_(config), states_(kStatesMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);
  // Windows that were half seen teach nothing; what they hold still counts.
  void OnAway();
  // See detectors/keep.h.
  template <typename Io>
  void Keep(Io& io) {
    io("states", states_);
  }

 private:
  static constexpr size_t kStatesMax = 16'384;
  struct Sums {
    uint64_t begin_us = 0;
    uint64_t out_bytes = 0, in_bytes = 0;

    template <typename Io>
    void Keep(Io& io) {
      io("begin_us", begin_us);
      io("out_bytes", out_bytes);
      io("in_bytes", in_bytes);
    }
  };
  struct State {
    Sums earlier, now;  // the halves of the window
    Baseline windows;

    template <typename Io>
    void Keep(Io& io) {
      io("earlier", earlier);
      io("now", now);
      io("windows", windows);
    }
  };
  void MoveOn(uint64_t now_us, const DeviceModel* model, State& state) const;
  // `model` null: by the device's own past.
  double LimitOf(const State& state, const DeviceModel* model, uint64_t now_us) const;
  // Still usual by the model for a window from `begin_us` on.
  double UsualBytes(const DeviceModel& model, uint64_t begin_us, uint64_t end_us) const;
  Finding Describe(const EndpointInterval& endpoint, const State& state, double limit,
                   const DeviceModel* model, const IntervalView& view) const;

  Config config_;
  BoundedStates<EndpointKey, State> states_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_EXFIL_VOLUME_H_
