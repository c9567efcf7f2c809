// The reader of the topic of models: every partition from its beginning, without a group, so that
// it needs no rights but to read and keeps nothing at the broker. Compacted, the topic holds the
// newest of each device. Owned by the ModelReader and called from its thread alone.
#ifndef VEDETTE_SENSOR_MODELS_KAFKA_MODELS_H_
#define VEDETTE_SENSOR_MODELS_KAFKA_MODELS_H_

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sensor/export/export_config.h"
#include "sensor/models/model_catalogue.h"

namespace vedette {

class KafkaModels {
 public:
  // Called from within Poll. `sort` is one of a few fixed names.
  using Trouble = std::function<void(absl::string_view sort, absl::string_view message)>;
  using Take = std::function<void(const ModelMessage& message)>;

  // Fails where the client cannot be made; a broker that is away is waited for.
  static absl::StatusOr<std::unique_ptr<KafkaModels>> Create(const KafkaConfig& config,
                                                             const std::string& topic,
                                                             Trouble trouble);
  ~KafkaModels();
  KafkaModels(const KafkaModels&) = delete;
  KafkaModels& operator=(const KafkaModels&) = delete;

  // For about `limit`; longer by half a second when the partitions are asked for.
  void Poll(absl::Duration limit, const Take& take);
  // Everything that lay in the topic has been read.
  bool caught_up() const { return !started_.empty() && behind_.empty(); }

 private:
  KafkaModels(std::string topic, Trouble trouble)
      : topic_(std::move(topic)), trouble_(std::move(trouble)) {}
  static void OnError(rd_kafka_t* client, int code, const char* reason, void* self);
  void FindPartitions();
  void StartPartitions(int32_t count);
  void OnMessage(const rd_kafka_message_t& message, const Take& take);
  void Say(rd_kafka_resp_err_t error, absl::string_view text);

  const std::string topic_;
  const Trouble trouble_;
  rd_kafka_t* client_ = nullptr;
  rd_kafka_topic_t* handle_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;
  std::vector<int32_t> started_;                 // partitions
  std::set<int32_t> behind_;                     // of these
  absl::Time next_look_ = absl::InfinitePast();  // for partitions
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_MODELS_KAFKA_MODELS_H_
