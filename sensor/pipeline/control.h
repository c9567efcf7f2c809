// The slow half of the sensor, once per interval: merge, judge, tell. Owns all state that lives
// longer than an interval. Called by one thread; knows neither sources nor workers, so live and
// replay share it.
#ifndef VEDETTE_SENSOR_PIPELINE_CONTROL_H_
#define VEDETTE_SENSOR_PIPELINE_CONTROL_H_

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/types/span.h"
#include "dataplane/capture/live_source.h"
#include "dataplane/track/flow.h"
#include "dataplane/worker/handover.h"
#include "detectors/registry.h"
#include "sensor/config/sensor_config.h"
#include "sensor/event/alert_life.h"
#include "sensor/event/events.h"
#include "sensor/merge/device_directory.h"
#include "sensor/merge/device_windows.h"
#include "sensor/merge/interval_merge.h"
#include "sensor/pipeline/health_windows.h"

namespace vedette {

// Takes what the control makes. Called on its thread; borrowed arguments.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void OnInterval(const IntervalView& view, const IdentityOf& identify) = 0;
  virtual void OnAlert(const AlertEvent& event) = 0;
  virtual void OnDevice(const DeviceEvent& event) = 0;
  virtual void OnFlow(const FlowEvent& event) = 0;
  virtual void OnHealth(const HealthEvent& event) = 0;
  // After all events of an interval.
  virtual void OnTick() {}
  // Once, after all else: who everybody was as far as it is known by now.
  virtual void OnEnd(const IdentityOf& identify) { static_cast<void>(identify); }
};

// What the sources said of an interval beside its packets.
struct IntervalAccount {
  SourceLosses lost;  // since the interval before
  int64_t clock_offset_us = 0;
};

class Control {
 public:
  using SensorWindow = Window<Detectors::Hot>;

  // `sink` outlives the control.
  Control(const SensorConfig& config, SourceTold told, EventSink& sink, EvidenceKey key = {});

  // One interval, complete: a window of every shard.
  void OnInterval(uint64_t second, absl::Span<const SensorWindow* const> windows,
                  const IntervalAccount& account = {});
  // Flows that ended in the interval before.
  void OnFlows(std::span<const FlowRecord> records);
  // The sources have ended: closes every alert and window.
  void OnEnd(const SourceLosses& lost = {});

  // Between intervals: what may be told from the next one on.
  void SetPolicy(std::shared_ptr<const Policy> policy) { alert_life_.SetPolicy(std::move(policy)); }
  const PolicyGate& policy() const { return alert_life_.policy(); }

  const MergeLosses& losses() const { return merger_.losses(); }

 private:
  DeviceIdentity Identify(const EndpointKey& key) const;
  void Judge(const IntervalView& view, absl::Span<const SensorWindow* const> windows);
  void SendAlerts();
  void SendDevices();
  void SendHealth();

  EventIdentity identity_;
  EventSink& sink_;
  HomeNetworks home_;
  DeviceDirectory directory_;
  IdentityOf identify_;
  IntervalMerger merger_;
  Detectors detectors_;
  std::unique_ptr<Detectors::Hot> hot_;  // merged; large
  AlertLife alert_life_;
  DeviceWindows device_windows_;
  HealthWindows health_windows_;
  std::vector<const ShardWindow*> tables_;
  std::vector<Finding> findings_;
  std::vector<AlertEvent> alerts_;
  std::vector<DeviceEvent> devices_;
  std::vector<HealthEvent> healths_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_CONTROL_H_
