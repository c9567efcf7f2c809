// The sensor's own accounts, one event per window of ten seconds of the source's time; in a replay
// the windows together cover the whole capture. Control thread.
#ifndef VEDETTE_SENSOR_PIPELINE_HEALTH_WINDOWS_H_
#define VEDETTE_SENSOR_PIPELINE_HEALTH_WINDOWS_H_

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "dataplane/capture/live_source.h"
#include "dataplane/worker/shard_window.h"
#include "detectors/interval_view.h"
#include "sensor/event/events.h"
#include "sensor/policy/policy_gate.h"

namespace vedette {

struct HealthGauges {
  uint64_t flows = 0, devices = 0, devices_max = 0, devices_evicted = 0, alerts_open = 0;
  int64_t clock_offset_us = 0;
  PolicyTotals policy;
  uint64_t models = 0;
  std::string model_set;
  CountMap models_refused;  // since the start
  int32_t generation = 0;   // of the configuration
};

// Where packets and times come from.
struct SourceTold {
  std::string source = "libpcap", clock = "capture";
  int64_t boot_ms = 0;  // when a live sensor was started; 0 in a replay
  // Queues between which packets are divided, for the skew. In a replay the shards, so that it is
  // the same for any number of workers.
  size_t queues = kShards;
};

class HealthWindows {
 public:
  HealthWindows(EventIdentity identity, SourceTold told, size_t flows_max)
      : identity_(std::move(identity)), told_(std::move(told)), flows_max_(flows_max) {}

  // Appends the windows that lie wholly before the interval. `lost`: since the interval before.
  void Observe(const IntervalView& view, absl::Span<const ShardWindow* const> windows,
               const SourceLosses& lost, const HealthGauges& gauges, std::vector<HealthEvent>& out);
  // Lost behind the last interval.
  void AddLost(const SourceLosses& lost) { lost_ += lost; }
  void Finish(std::vector<HealthEvent>& out);

 private:
  static constexpr uint64_t kWindowUs = 10'000'000;

  double QueueSkew() const;

  EventIdentity identity_;
  SourceTold told_;
  size_t flows_max_;
  bool open_ = false;
  uint64_t begin_us_ = 0;
  ShardCounters totals_;
  SourceLosses lost_;
  std::array<uint64_t, kShards> shard_packets_{};
  HealthGauges gauges_;
  uint64_t devices_evicted_before_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_HEALTH_WINDOWS_H_
