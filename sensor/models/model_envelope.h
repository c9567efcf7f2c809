// A message of vedette.models, from its bytes on: anybody's who can write to the topic. The
// envelope says who signed what; only what is signed is read as a model. Pure; any thread.
#ifndef VEDETTE_SENSOR_MODELS_MODEL_ENVELOPE_H_
#define VEDETTE_SENSOR_MODELS_MODEL_ENVELOPE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "detectors/device_model.h"
#include "sensor/models/model_keys.h"
#include "sensor/models/model_refusal.h"

namespace vedette {

inline constexpr size_t kModelPayloadBytesMax = 64 << 10;
// With a payload whose every quote is escaped, twice.
inline constexpr size_t kModelEnvelopeBytesMax = 256 << 10;
inline constexpr size_t kModelDeviceBytesMax = 256;
inline constexpr size_t kModelCentresMax = 256;

struct ModelEnvelope {
  std::string device;
  int64_t version = 0;
  std::string key_id;
  std::string payload;  // signed by this key
};

// Null: `out` holds an envelope whose signature is right. `key` is the message's; nullopt where
// there is none, in a file.
std::optional<ModelFault> OpenModelEnvelope(absl::string_view bytes,
                                            std::optional<absl::string_view> key,
                                            const ModelKeys& keys, ModelEnvelope& out);

// Null: every number of `out` is finite and in its range.
std::optional<ModelFault> ReadModelPayload(const ModelEnvelope& envelope, DeviceModel& out);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_MODELS_MODEL_ENVELOPE_H_
