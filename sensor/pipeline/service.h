// The life of `vedette run`, a step a function, in this order: what is given up, engine, outputs,
// sources, what stands beside, the loop, the stop. DPDK's ports are opened before outputs: they
// need rights that are given up before a thread of ours starts. A step that fails ends it. Main
// thread.
#ifndef VEDETTE_SENSOR_PIPELINE_SERVICE_H_
#define VEDETTE_SENSOR_PIPELINE_SERVICE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "dataplane/capture/live_clock.h"
#include "sensor/config/sensor_config.h"
#include "sensor/models/model_reader.h"
#include "sensor/pipeline/core_choice.h"
#include "sensor/pipeline/engine.h"
#include "sensor/pipeline/event_sinks.h"
#include "sensor/pipeline/live_sources.h"
#include "sensor/pipeline/local_view.h"
#include "sensor/pipeline/outputs.h"
#include "sensor/pipeline/reloader.h"
#include "sensor/pipeline/replay_request.h"
#include "sensor/pipeline/run_request.h"
#include "sensor/pipeline/saved_state.h"
#include "sensor/pipeline/state_keeper.h"
#include "sensor/service/confinement.h"
#include "sensor/service/managed_service.h"

namespace vedette {

class Service {
 public:
  // Both outlive the service.
  Service(const SensorConfig& config, const RunRequest& request);
  ~Service();

  // Until it is told to stop. Faults are in the log.
  ExitStatus Run();

 private:
  absl::Status Open();
  absl::Status OpenKernels();
  absl::Status OpenDpdk();
  absl::Status GiveUpRights(absl::Status (Confinement::*step)());
  // Each fault in the log; the first is returned.
  absl::Status OpenOutputs();
  absl::Status LoadState();
  absl::Status MakeEngine();
  absl::Status OpenSources();
  absl::Status OpenLocal();
  absl::Status ReadModels();
  void BelieveModels(const SensorConfig& config);  // the watch's thread
  void LogStart() const;
  void Loop();
  void Reload();  // the watch's thread
  ExitStatus Stop();

  const SensorConfig& config_;
  const RunRequest& request_;
  const HostTime now_;  // at start
  const int64_t boot_ms_;
  std::string reason_;  // why the loop ended
  CoreChoice cores_;
  uint64_t table_bytes_ = 0;
  Confinement confinement_;
  // Sources are closed before the engine goes, the engine before what it writes to.
  std::unique_ptr<Outputs> outputs_;
  EventSinks heard_;  // the engine's: outputs, once they are open, and who stands beside
  std::unique_ptr<Engine> engine_;
  std::optional<LiveSources> live_;
  std::optional<SavedState> state_;
  std::unique_ptr<StateKeeper> keeper_;  // null: no state is kept
  std::unique_ptr<Reloader> reloader_;
  std::vector<std::string> model_keys_;        // those that are believed
  std::unique_ptr<ModelReader> model_reader_;  // null: there are no brokers
  ManagedService observer_;
  std::optional<LocalView> local_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_SERVICE_H_
