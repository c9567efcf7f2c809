// The slow half of the sensor, once per interval: merge, judge, tell. Owns all state that lives
// longer than an interval. Called by one thread; knows neither sources nor workers, so live and
// replay share it.
#ifndef VEDETTE_SENSOR_PIPELINE_CONTROL_H_
#define VEDETTE_SENSOR_PIPELINE_CONTROL_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/types/span.h"
#include "dataplane/capture/live_source.h"
#include "dataplane/track/flow.h"
#include "dataplane/worker/handover.h"
#include "detectors/registry.h"
#include "sensor/config/sensor_config.h"
#include "sensor/event/events.h"
#include "sensor/merge/interval_merge.h"
#include "sensor/models/models_in_use.h"
#include "sensor/pipeline/health_windows.h"
#include "sensor/pipeline/model_lookup.h"
#include "sensor/state/sensor_memory.h"

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

class Control;

std::vector<PatternLabel> LabelsOf(const std::vector<PatternDefinition>& patterns);

// What is done between two intervals: a state is copied, a configuration swapped. Control thread.
class TickVisitor {
 public:
  virtual ~TickVisitor() = default;
  virtual void OnTick(Control& control, uint64_t second) = 0;
};

// What may change while the sensor runs.
struct ControlSettings {
  std::vector<Prefix> home;
  Detectors::Configs detectors;
  AlertLifeConfig alerts;
  std::vector<PatternLabel> patterns;
  std::shared_ptr<const Policy> policy;
  int32_t generation = 0;
};

// When the sensor ends and its memory is kept, alerts stay open and the window goes on later.
enum class AtEnd : uint8_t { kCloseAll, kKeepOpen };

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
  // The sources have ended.
  void OnEnd(const SourceLosses& lost = {}, AtEnd at_end = AtEnd::kCloseAll);

  // Before the first interval: goes on where another run ended. Alerts older than `alert_age_max_s`
  // by then are closed. Returns what could not be taken over, a line each.
  std::vector<std::string> Restore(const StateImage& image, uint32_t alert_age_max_s);
  // As of the last interval.
  SensorMemory CopyMemory() const { return memory_; }
  uint64_t second() const { return second_; }
  // From the next interval on.
  void Reconfigure(ControlSettings settings);

  // Between intervals: what may be told from the next one on.
  void SetPolicy(std::shared_ptr<const Policy> policy) {
    memory_.alerts.SetPolicy(std::move(policy));
    models_.ForgetNames();
  }
  // Between intervals: what is known of devices from the next one on; null: nothing.
  void SetModels(ModelsInUse models) {
    models_.Set(models.set);
    models_in_use_ = std::move(models);
  }
  const PolicyGate& policy() const { return memory_.alerts.policy(); }

  const MergeLosses& losses() const { return merger_.losses(); }

 private:
  DeviceIdentity Identify(const EndpointKey& key) const;
  struct Restored {
    uint64_t second = 0;
    bool at_stop = false;
    uint32_t alert_age_max_s = 0;
  };
  // Long enough without any packet, the tap was dead or the clock was set: nobody was silent.
  void NoteEmpty(const IntervalView& view);
  // What was kept meets the time it is now.
  void Resume(uint64_t second);
  // What the interval's end told of devices' windows.
  void AttachModels(IntervalView& view);
  void JudgeLastWindows();
  void Judge(const IntervalView& view, absl::Span<const SensorWindow* const> windows);
  void SendAlerts();
  void SendDevices();
  void SendHealth();

  EventIdentity identity_;
  EventSink& sink_;
  AlertLifeConfig alert_config_;
  HomeNetworks home_;
  IdentityOf identify_;
  SensorMemory memory_;
  ModelLookup models_;
  IntervalMerger merger_;
  std::unique_ptr<Detectors::Hot> hot_;  // merged; large
  std::optional<Restored> restored_;     // until the first interval
  uint64_t second_ = 0;
  uint64_t empty_intervals_ = 0;  // in a row
  int32_t generation_ = 0;
  ModelsInUse models_in_use_;
  HealthWindows health_windows_;
  std::vector<const ShardWindow*> tables_;
  std::vector<Finding> findings_;
  std::vector<AlertEvent> alerts_;
  std::vector<DeviceEvent> devices_;
  std::vector<HealthEvent> healths_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_CONTROL_H_
