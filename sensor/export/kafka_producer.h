// The Kafka client: hands messages to librdkafka, brings back what became of each. Owned by the
// Kafka sink and called from its thread alone; callbacks come from within Poll.
#ifndef VEDETTE_SENSOR_EXPORT_KAFKA_PRODUCER_H_
#define VEDETTE_SENSOR_EXPORT_KAFKA_PRODUCER_H_

#include <librdkafka/rdkafka.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sensor/export/export_config.h"
#include "sensor/export/kafka_listener.h"
#include "sensor/export/kafka_topics.h"
#include "sensor/export/topic.h"

namespace vedette {

class KafkaProducer {
 public:
  // `listener` outlives the producer.
  static absl::StatusOr<std::unique_ptr<KafkaProducer>> Create(const KafkaConfig& config,
                                                               KafkaListener& listener);
  // What is still under way is reported as kLater.
  ~KafkaProducer();
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;

  // kDelivered here: taken; its fate comes through the listener. Key and value must stay where
  // they are until then. Anything else: not taken.
  Fate Send(Topic topic, const std::string& key, const std::string& value, void* cargo);
  void Poll(absl::Duration limit);
  // Gives up what is under way: each is reported as kLater.
  void GiveUp();
  // Beyond repair: make another.
  bool dead() const { return dead_; }

  // Nothing should be sent before it is answered: a broker that makes topics by itself would make
  // them otherwise.
  KafkaTopics& topics() { return *topics_; }
  const KafkaTopics& topics() const { return *topics_; }

 private:
  KafkaProducer(KafkaListener& listener) : listener_(listener) {}
  static void OnDelivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* self);
  static void OnError(rd_kafka_t* client, int code, const char* reason, void* self);
  static int OnStatistics(rd_kafka_t* client, char* json, size_t bytes, void* self);

  KafkaListener& listener_;
  rd_kafka_t* client_ = nullptr;
  std::array<rd_kafka_topic_t*, kTopicCount> handles_{};
  std::unique_ptr<KafkaTopics> topics_;
  bool reached_ = false;  // a broker has answered something
  bool dead_ = false;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_KAFKA_PRODUCER_H_
