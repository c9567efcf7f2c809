// Whose models are taken, and from where, as the configuration says it: plain values, immutable
// once read. The defaults are the initial values; conf/vedette.yaml says what each means.
#ifndef VEDETTE_SENSOR_MODELS_MODEL_CONFIG_H_
#define VEDETTE_SENSOR_MODELS_MODEL_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

namespace vedette {

struct ModelConfig {
  bool enabled = true;
  std::vector<std::string> public_keys;  // base64; empty: no model is believed
  std::vector<std::string> brokers;      // host:port; empty: those of export.kafka
  std::string topic = "vedette.models";
  uint32_t max = 16'384;  // devices with a model
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_MODELS_MODEL_CONFIG_H_
