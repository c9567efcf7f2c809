// `vedette replay`: captures in; events, a report, an exit status out.
#ifndef VEDETTE_SENSOR_PIPELINE_REPLAY_H_
#define VEDETTE_SENSOR_PIPELINE_REPLAY_H_

#include "sensor/config/sensor_config.h"
#include "sensor/pipeline/replay_request.h"

namespace vedette {

// Says what went wrong on standard error. Everything before a damage in a capture is judged and
// reported before ExitStatus::kInputIncomplete is returned.
int RunReplay(const SensorConfig& config, const ReplayRequest& request);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_REPLAY_H_
