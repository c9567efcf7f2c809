// `vedette run`: interfaces in, events out, until SIGTERM or SIGINT.
#ifndef VEDETTE_SENSOR_PIPELINE_RUN_H_
#define VEDETTE_SENSOR_PIPELINE_RUN_H_

#include "sensor/config/sensor_config.h"
#include "sensor/pipeline/run_request.h"

namespace vedette {

// Logs to standard error. Returns an ExitStatus: kUsage where the configuration asks for what there
// is not (no such interface, no rights), with what to do about it.
int RunLive(const SensorConfig& config, const RunRequest& request);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_RUN_H_
