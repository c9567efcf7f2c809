// Reads the section `local` of the configuration. Set-up only.
#ifndef VEDETTE_SENSOR_CONFIG_LOCAL_SETTINGS_H_
#define VEDETTE_SENSOR_CONFIG_LOCAL_SETTINGS_H_

#include "detectors/settings.h"
#include "sensor/local/local_config.h"

namespace vedette {

LocalConfig ReadLocal(Settings settings);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_CONFIG_LOCAL_SETTINGS_H_
