// What `vedette run` was asked to do beside its configuration: plain values, made by
// sensor/command, read by the pipeline on the main thread. Options that override the configuration
// have been written into the SensorConfig.
#ifndef VEDETTE_SENSOR_PIPELINE_RUN_REQUEST_H_
#define VEDETTE_SENSOR_PIPELINE_RUN_REQUEST_H_

#include <string>

namespace vedette {

struct RunRequest {
  std::string config_file;  // empty: the defaults and the command line alone
  // Newline-delimited JSON, one file a topic, appended to. Empty: not asked for; "-": standard
  // output.
  std::string alerts, devices, flows, health;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_RUN_REQUEST_H_
