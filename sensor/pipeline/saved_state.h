// The state of an earlier run, found or refused at start, and its keeper. Set-up only, main thread.
#ifndef VEDETTE_SENSOR_PIPELINE_SAVED_STATE_H_
#define VEDETTE_SENSOR_PIPELINE_SAVED_STATE_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "dataplane/capture/live_clock.h"
#include "sensor/config/sensor_config.h"
#include "sensor/pipeline/engine.h"
#include "sensor/pipeline/run_request.h"
#include "sensor/pipeline/state_keeper.h"
#include "sensor/state/state_file.h"

namespace vedette {

struct SavedState {
  StateFile file;
  std::optional<StateImage> image;  // none: a fresh start, the log says why

  // Nothing where no state is kept. A state that is damaged, another's or of the future is set
  // aside. Fails where the folder is of no use and the configuration says `always`.
  static absl::StatusOr<std::optional<SavedState>> Load(const SensorConfig& config,
                                                        const RunRequest& request, HostTime now);
};

// Gives the engine what was found, and looks after it from here on. The keeper attends the engine.
std::unique_ptr<StateKeeper> KeepState(SavedState state, const SensorConfig& config,
                                       int64_t boot_ms, Engine& engine);

// The host's time, or that of the state where the clock was set back a little since: what is told
// never runs backwards.
HostTime StartTime(const StateKeeper* keeper);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_SAVED_STATE_H_
