// anomaly.outlier: a device's windows lie far from what its model knows of it. The model comes from
// central (detectors/device_model.h), which has seen days; without one nothing is judged. A limit
// is the distance that one window in a thousand had when the model was learned, times a factor,
// held within what is usual here. One odd window is nobody's business: several of the last ones
// have to lie beyond the limit, or one very far; and no feature may decide it alone, as a single
// one that hardly ever moved is past all deviations with its first move. Control thread.
#ifndef VEDETTE_DETECTORS_ANOMALY_OUTLIER_H_
#define VEDETTE_DETECTORS_ANOMALY_OUTLIER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "detectors/anomaly/window_distance.h"
#include "detectors/baseline.h"
#include "detectors/bounded_states.h"
#include "detectors/detector.h"

namespace vedette {

class Outlier {
 public:
  static constexpr absl::string_view kName = "anomaly.outlier";
  using Hot = NoHotState;

  struct Config {
    // Deviations below which no distance means anything: 24 features that each lie as far out as
    // half of all windows do come to 5, as normal noise has them to 7.
    double distance_min = 10;
    // Times the distance of one learned window in a thousand.
    double quantile_factor = 1.5;
    // Times the limit: so far out one window is enough.
    double extreme_factor = 3;
    // So many of the last `windows_of` beyond the limit.
    uint32_t windows_min = 3, windows_of = 5;
    // In and out. The shares of a handful of packets say nothing.
    uint64_t packets_min = 20;
    // Of the sensor's packets in the window: who saw a part judges the sample, not the device.
    double lost_share_max = 0.01;
    static Config Read(Settings& settings);
  };

  explicit Outlier(const Config& config) : config_(config), states_(kStatesMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);
  // The window that the source's end has closed.
  void EvaluateEnd(const IntervalView& view, std::vector<Finding>& findings);
  // See detectors/keep.h.
  template <typename Io>
  void Keep(Io& io) {
    io("states", states_);
  }

 private:
  static constexpr size_t kStatesMax = 16'384;
  static constexpr uint32_t kWindowsMax = 32;  // bits of State::beyond
  struct State {
    uint64_t begin_us = 0;  // of the window judged last
    uint32_t beyond = 0;    // a bit for each window that was, that one's the lowest
    std::string model_id;
    Baseline distances;  // by that model, of windows within the limit

    template <typename Io>
    void Keep(Io& io) {
      io("begin_us", begin_us);
      io("beyond", beyond);
      io("model_id", model_id);
      io("distances", distances);
    }
  };
  // A window with what decides it.
  struct Judged {
    const DeviceWindow& window;
    const WindowDistance& found;
    double limit = 0;
    uint32_t beyond = 0;  // of the last windows
    bool extreme = false;
  };

  bool IsWorthJudging(const DeviceWindow& window) const;
  // The device's state, moved on to the window.
  State& Obtain(const DeviceWindow& window);
  void Judge(const DeviceWindow& window, std::vector<Finding>& findings);
  Finding Describe(const Judged& judged, const State& state) const;

  Config config_;
  BoundedStates<std::string, State> states_;  // by device
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_ANOMALY_OUTLIER_H_
