// Options that several commands share and that override the configuration. Each appends what is
// wrong to `faults`, one a line. Set-up only.
#ifndef VEDETTE_SENSOR_COMMAND_SETTING_OPTIONS_H_
#define VEDETTE_SENSOR_COMMAND_SETTING_OPTIONS_H_

#include <string>
#include <vector>

#include "sensor/config/sensor_config.h"

namespace vedette {

// -c, --home and --sensor, as typed; empty: not given.
struct SettingOptions {
  const std::string& config;
  const std::vector<std::string>& home;
  const std::string& sensor;
};
void ApplySettings(const SettingOptions& options, SensorConfig& config,
                   std::vector<std::string>& faults);

// A whole number from 1 to 16; 1 when it is none.
size_t ParseWorkers(const std::string& text, std::vector<std::string>& faults);

// A filter of pcap-filter(7) that compiles for some link type.
void CheckFilter(const std::string& filter, std::vector<std::string>& faults);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_COMMAND_SETTING_OPTIONS_H_
