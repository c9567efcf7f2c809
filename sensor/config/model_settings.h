// Reads the `models` section: whose models are taken, and from where. Set-up only, one thread.
#ifndef VEDETTE_SENSOR_CONFIG_MODEL_SETTINGS_H_
#define VEDETTE_SENSOR_CONFIG_MODEL_SETTINGS_H_

#include "detectors/settings.h"
#include "sensor/export/export_config.h"
#include "sensor/models/model_config.h"

namespace vedette {

// `kafka`: how brokers are reached, all but their names.
ModelConfig ReadModels(Settings settings, const KafkaConfig& kafka);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_CONFIG_MODEL_SETTINGS_H_
