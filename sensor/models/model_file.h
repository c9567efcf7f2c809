// Models from a file, an envelope a line, as they are on the topic: for replays. Main thread.
#ifndef VEDETTE_SENSOR_MODELS_MODEL_FILE_H_
#define VEDETTE_SENSOR_MODELS_MODEL_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sensor/models/model_config.h"
#include "sensor/models/models_in_use.h"

namespace vedette {

struct ModelFileReading {
  ModelsInUse models;
  uint64_t taken = 0;
  // Lines that are no models, or damaged, or not believed; not those that were but old.
  uint64_t unusable = 0;
  std::vector<std::string> faults;  // "file:line: reason", the first hundred of all refused
};

// Fails where the file cannot be read, or where nobody's models are believed.
absl::StatusOr<ModelFileReading> ReadModelFile(const std::string& path, const ModelConfig& config);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_MODELS_MODEL_FILE_H_
