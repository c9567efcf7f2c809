// Reads the `export` section: where events go. Set-up only, one thread.
#ifndef VEDETTE_SENSOR_CONFIG_EXPORT_SETTINGS_H_
#define VEDETTE_SENSOR_CONFIG_EXPORT_SETTINGS_H_

#include "detectors/settings.h"
#include "sensor/export/export_config.h"

namespace vedette {

ExportConfig ReadExport(Settings settings);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_CONFIG_EXPORT_SETTINGS_H_
