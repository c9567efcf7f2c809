// What `vedette run` was asked to do beside its configuration: plain values, made by
// sensor/command, read by the pipeline on the main thread. Options that override the configuration
// have been written into the SensorConfig.
#ifndef VEDETTE_SENSOR_PIPELINE_RUN_REQUEST_H_
#define VEDETTE_SENSOR_PIPELINE_RUN_REQUEST_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "detectors/settings.h"
#include "sensor/config/sensor_config.h"

namespace vedette {

// The configuration file as it is now, with the options of the command line in it.
struct RunReading {
  SensorConfig config;
  std::vector<SettingDeclaration> declarations;  // of the file alone: what each key came to
};

struct RunRequest {
  std::string config_file;  // empty: the defaults and the command line alone
  // Newline-delimited JSON, one file a topic, appended to. Empty: not asked for; "-": standard
  // output.
  std::string alerts, devices, flows, health;

  bool names_files() const {
    return !(alerts.empty() && devices.empty() && flows.empty() && health.empty());
  }

  std::vector<SettingDeclaration> declarations;            // of the configuration at start
  std::function<absl::StatusOr<RunReading>()> read_again;  // null: there is no file to read
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_RUN_REQUEST_H_
