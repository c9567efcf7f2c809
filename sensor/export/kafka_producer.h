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
#include "sensor/export/topic.h"

namespace vedette {

// What a broker's answer means for one message.
enum class Fate : uint8_t {
  kDelivered,
  kLater,         // not now: to be sent again
  kTopicMissing,  // likewise, and none of this topic before it exists
  kTooLarge,      // the message, or the batch it was in
  kRefused,       // for good
};

class KafkaListener {
 public:
  virtual ~KafkaListener() = default;
  // `cargo` as it was given to Send; never again used by the producer.
  virtual void OnFate(void* cargo, Fate fate, absl::string_view why) = 0;
  virtual void OnRoundTrip(int64_t ms) = 0;
  virtual void OnTrouble(absl::string_view sort, absl::string_view message) = 0;
};

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

  // Asks for the topics of the contract to be made, where that is wanted. Nothing should be sent
  // before it is answered: a broker that makes topics by itself would make them otherwise. Where
  // no broker is reached it is to be asked again.
  void AskForTopics(const KafkaConfig& config);
  bool topics_asked() const { return topics_ != Topics::kNotAsked; }
  bool topics_answered() const { return topics_ == Topics::kAnswered; }
  // One was there and is no more.
  void AskAgainForTopics(const KafkaConfig& config) { SendTopicRequest(config); }

 private:
  KafkaProducer(KafkaListener& listener) : listener_(listener) {}
  static void OnDelivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* self);
  static void OnError(rd_kafka_t* client, int code, const char* reason, void* self);
  static int OnStatistics(rd_kafka_t* client, char* json, size_t bytes, void* self);
  void SendTopicRequest(const KafkaConfig& config);
  void TakeAnswers();
  void ReadTopicAnswer(rd_kafka_event_t* event);

  KafkaListener& listener_;
  rd_kafka_t* client_ = nullptr;
  std::array<rd_kafka_topic_t*, kTopicCount> handles_{};
  rd_kafka_queue_t* answers_ = nullptr;  // of the topics asked for
  enum class Topics : uint8_t { kNotAsked, kAsked, kAnswered };
  Topics topics_ = Topics::kNotAsked;
  bool reached_ = false;  // a broker has answered something
  bool dead_ = false;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_KAFKA_PRODUCER_H_
