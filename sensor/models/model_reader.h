// Reads models from Kafka while the sensor runs: a thread of its own, which nobody waits for. What
// came within a second is handed on as one picture. Made and ended on the main thread.
#ifndef VEDETTE_SENSOR_MODELS_MODEL_READER_H_
#define VEDETTE_SENSOR_MODELS_MODEL_READER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "dataplane/worker/turn_count.h"
#include "sensor/export/export_config.h"
#include "sensor/export/message_log.h"
#include "sensor/models/kafka_models.h"
#include "sensor/models/model_catalogue.h"

namespace vedette {

class ModelReader {
 public:
  struct Setup {
    KafkaConfig kafka;  // with the brokers that hold the models
    std::string topic;
    size_t models_max = 0;
    std::shared_ptr<const ModelKeys> keys;
    std::string kept_file;                            // of versions; empty: they are not kept
    std::function<void(ModelsInUse models)> hand_on;  // called on the thread
  };
  // Starts to read.
  explicit ModelReader(Setup setup);
  // Keeps what was taken.
  ~ModelReader();

  // Any thread: whose models are believed from now on. The topic is read again from its beginning.
  void SetKeys(std::shared_ptr<const ModelKeys> keys);
  // Any thread: how often the loop has come round.
  uint64_t turns() const { return turns_.load(); }

 private:
  void Work(const std::stop_token& ended);
  void Restore();
  void TakeKeys();
  // False: there is nothing to poll.
  bool Connect();
  void Poll();
  void Take(const ModelMessage& message);
  void HandOn();
  void Keep();
  void LogModels(absl::Time now);

  const Setup setup_;
  MessageLog log_;
  ModelCatalogue catalogue_;
  std::unique_ptr<KafkaModels> kafka_;
  std::mutex mutex_;
  std::shared_ptr<const ModelKeys> new_keys_;  // null: none since
  std::shared_ptr<const ModelKeys> keys_;      // whose models are believed
  bool restored_ = false;
  absl::Time next_connect_ = absl::InfinitePast(), handed_on_ = absl::InfinitePast();
  absl::Time looked_for_expired_ = absl::InfinitePast();
  std::string name_, logged_;  // of the set that was handed on, of the one the log named last
  absl::Time logged_at_ = absl::InfinitePast();
  bool keep_failed_ = false;
  TurnCount turns_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_MODELS_MODEL_READER_H_
