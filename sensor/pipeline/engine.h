// Workers, their hand-overs and the control, put together for one source that ends or for live
// sources that are told to. Made at set-up; Run returns when everything the sources gave has been
// judged and told.
#ifndef VEDETTE_SENSOR_PIPELINE_ENGINE_H_
#define VEDETTE_SENSOR_PIPELINE_ENGINE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "dataplane/capture/live_source.h"
#include "dataplane/capture/packet_source.h"
#include "dataplane/worker/fan_out.h"
#include "dataplane/worker/handover.h"
#include "dataplane/worker/shard.h"
#include "dataplane/worker/turn_count.h"
#include "dataplane/worker/worker.h"
#include "sensor/config/sensor_config.h"
#include "sensor/models/models_in_use.h"
#include "sensor/pipeline/alert_pcaps.h"
#include "sensor/pipeline/control.h"

namespace vedette {

// A replay must give the same result each time: its tables are keyed with a fixed secret.
inline constexpr std::array<uint64_t, 2> kReplaySecret = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b};

// How an engine is put together, beside what is configured.
struct EngineSetup {
  size_t workers = 1;
  bool flow_records = false;  // somebody wants ended flows
  // Tables are keyed with a secret of this run's own and nobody waits for anybody; a replay gives
  // the same result each time and loses nothing.
  bool live = false;
  SourceTold told;
  // Processors, one a polling thread, in the order of the workers; empty: wherever the kernel
  // likes.
  std::vector<int> cores;
  // A line for the log, from any thread; empty: nobody reads it.
  std::function<void(const std::string&)> tell;
  // Of the tables, where a state that is kept was made with it; else a live sensor draws one.
  std::optional<std::array<uint64_t, 2>> secret;
};

// A configuration for a sensor that runs, all made.
struct EngineUpdate {
  ControlSettings control;
  std::unique_ptr<WorkerSettings> workers;  // null: as they are
};

// How often each loop has come round since the start. One that stands still hangs; while sources
// are open, each comes round once a second at least, packets or not.
struct EngineProgress {
  std::vector<uint64_t> workers;
  uint64_t reader = 0;  // that feeds several workers from one source; else 0
  uint64_t control = 0;
  uint64_t models = 0;  // of who reads models, where somebody does; not the engine's
};

class Engine {
 public:
  using Observe = Detectors::Hot;

  // `sink` outlives the engine. Fails if the patterns do not compile.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(const SensorConfig& config,
                                                        EngineSetup setup, EventSink& sink);
  static absl::StatusOr<std::unique_ptr<Engine>> Create(const SensorConfig& config, size_t workers,
                                                        bool flow_records, EventSink& sink) {
    return Create(config, {.workers = workers, .flow_records = flow_records}, sink);
  }

  // One worker polls the source itself; several are fed by a reader thread. The caller's thread
  // becomes the control thread.
  void Run(PacketSource& source);
  // A source for each worker, which holds that worker's packets alone (by `hash`, as a NIC's queues
  // do), marks the seconds that all others mark, and ends when they do.
  void Run(std::span<PacketSource* const> sources);
  // Until all have ended: one source, polled as above, or one for each worker. They were opened
  // with one start, so that they mark the same seconds. What they lost is told with the packets.
  void RunLive(absl::Span<LiveSource* const> sources);

  // Before the run. `visitor`, which may be null, is called at every tick.
  void Attend(TickVisitor* visitor, AtEnd at_end) {
    visitor_ = visitor;
    at_end_ = at_end;
  }
  std::vector<std::string> Restore(const StateImage& image, uint32_t alert_age_max_s) {
    return control_.Restore(image, alert_age_max_s);
  }
  // Any thread: takes effect at a tick. One that still waits is replaced.
  void Offer(std::unique_ptr<EngineUpdate> update);
  // Likewise; before the run it holds from the first packet on.
  void OfferModels(ModelsInUse models);
  // Any thread: for an update of this engine.
  std::unique_ptr<WorkerSettings> MakeWorkerSettings(
      const std::vector<Prefix>& home, std::shared_ptr<const PatternDatabase> patterns) const;
  // Any thread: of the configuration in use, from 0.
  int32_t generation() const { return generation_.load(std::memory_order_relaxed); }

  const std::array<uint64_t, 2>& secret() const { return secret_; }
  const Control& control() const { return control_; }
  const KeyedHash& hash() const { return surroundings_.hash; }
  const MergeLosses& losses() const { return control_.losses(); }
  // Any thread.
  EngineProgress progress() const;
  // The control thread's: after the end, or between its intervals.
  const PolicyGate& policy() const { return control_.policy(); }

 private:
  Engine(const SensorConfig& config, EngineSetup setup, std::array<uint64_t, 2> secret,
         ShardSurroundings surroundings, EvidenceKey key, std::unique_ptr<AlertPcaps> pcaps,
         EventSink& sink);
  // Runs on a thread of its own, on the n-th of the processors.
  void Start(size_t n, std::function<void()> loop);
  void StartFannedOut(PacketSource& source);
  // What the worker polls: the source, taped where packets behind alerts are wanted.
  PacketSource& Polled(size_t worker, PacketSource& source) {
    return pcaps_ != nullptr ? pcaps_->Taped(worker, source) : source;
  }
  void RunControl();
  void ControlLoop();
  SourceLosses NewlyLost();
  void TakeUpdate();
  void TakeModels();
  void FreeOldSettings();
  // Takes what the workers hand over, up to the next mark of each. False: they have ended.
  bool CollectInterval(uint64_t& second);
  enum class Collected { kAll, kMark, kEnd };
  // Takes what one worker has handed over by now, up to its next mark.
  Collected Collect(size_t worker, uint64_t& second);

  EngineSetup setup_;
  std::array<uint64_t, 2> secret_;
  ShardSurroundings surroundings_;
  HandoverBell bell_;
  std::vector<std::unique_ptr<Handover<Observe>>> handovers_;
  std::vector<std::unique_ptr<Worker<Observe>>> workers_;
  std::unique_ptr<FanOut> fan_out_;
  std::atomic<const FanOut*> reader_{nullptr};  // fan_out_, for those beside
  TurnCount turns_;                             // of the control
  std::array<Window<Observe>*, kShards> windows_{};
  std::vector<bool> ended_;  // by worker
  std::vector<std::thread> threads_;
  absl::Span<LiveSource* const> live_;
  SourceLosses lost_before_;
  TickVisitor* visitor_ = nullptr;
  AtEnd at_end_ = AtEnd::kCloseAll;
  std::mutex offered_mutex_;
  std::unique_ptr<EngineUpdate> offered_;
  std::optional<ModelsInUse> offered_models_;
  std::atomic<int32_t> generation_{0};
  std::vector<std::unique_ptr<const WorkerSettings>> worker_settings_;  // oldest first
  uint64_t worker_settings_made_ = 0;
  std::unique_ptr<AlertPcaps> pcaps_;  // null: not wanted
  Control control_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_ENGINE_H_
