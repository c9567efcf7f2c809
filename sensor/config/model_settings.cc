#include "sensor/config/model_settings.h"

#include <algorithm>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "sensor/export/kafka_check.h"
#include "sensor/models/model_keys.h"

namespace vedette {
namespace {

// As Kafka takes them.
bool IsTopic(absl::string_view name) {
  constexpr size_t kBytesMax = 249;
  return !name.empty() && name.size() <= kBytesMax && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' ||
                  c == '-';
         });
}

void CheckKeys(Settings& settings, const std::vector<std::string>& texts) {
  if (texts.size() > kModelKeysMax) {
    settings.Fault("public_keys",
                   absl::StrCat("found ", texts.size(), ", allowed up to ", kModelKeysMax));
  }
  absl::flat_hash_set<std::string> seen;
  for (size_t i = 0; i < texts.size(); ++i) {
    const absl::StatusOr<std::string> key = ParseModelKey(texts[i]);
    if (!key.ok()) {
      settings.Fault("public_keys", absl::StrCat("item ", i + 1, ": ", key.status().message()));
    } else if (!seen.insert(*key).second) {
      settings.Fault("public_keys", absl::StrCat("item ", i + 1, ": stands here already"));
    }
  }
}

void CheckBrokers(Settings& settings, const ModelConfig& models, KafkaConfig kafka) {
  if (models.brokers.empty()) return;
  kafka.brokers = models.brokers;
  for (const KafkaFault& fault : CheckKafka(kafka)) {
    settings.Fault("brokers", fault.key == "brokers"
                                  ? fault.message
                                  : absl::StrCat("export.kafka.", fault.key, ": ", fault.message));
  }
}

}  // namespace

ModelConfig ReadModels(Settings settings, const KafkaConfig& kafka) {
  ModelConfig models;
  settings.Flag("enabled", models.enabled);
  settings.TextList("public_keys", models.public_keys);
  CheckKeys(settings, models.public_keys);
  settings.TextList("brokers", models.brokers);
  CheckBrokers(settings, models, kafka);
  std::string topic = models.topic;
  settings.Text("topic", topic);
  if (IsTopic(topic)) {
    models.topic = std::move(topic);
  } else {
    settings.Fault("topic", absl::StrCat("allowed 1 to 249 letters, digits, '.', '_' and '-' "
                                         "(default ",
                                         models.topic, ")"));
  }
  settings.Integer("max", 1, 262'144, models.max);
  settings.Finish();
  return models;
}

}  // namespace vedette
