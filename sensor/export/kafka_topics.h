// The topics of the contract at the brokers: asks for them to be made, and warns of one that is
// there and would lose events. Owned by the producer and called from its thread alone.
#ifndef VEDETTE_SENSOR_EXPORT_KAFKA_TOPICS_H_
#define VEDETTE_SENSOR_EXPORT_KAFKA_TOPICS_H_

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string>

#include "sensor/export/export_config.h"
#include "sensor/export/kafka_listener.h"

namespace vedette {

class KafkaTopics {
 public:
  // `client` and `listener` outlive this.
  KafkaTopics(rd_kafka_t* client, KafkaListener& listener);
  ~KafkaTopics();
  KafkaTopics(const KafkaTopics&) = delete;
  KafkaTopics& operator=(const KafkaTopics&) = delete;

  // Asks for them to be made, where that is wanted. Where no broker is reached it is to be asked
  // again.
  void Ask(const KafkaConfig& config);
  // One was there and is no more.
  void AskAgain(const KafkaConfig& config) { SendRequest(config); }
  bool asked() const { return state_ != State::kNotAsked; }
  bool answered() const { return state_ == State::kAnswered; }

  // To be called often. `reached`: a broker has answered something.
  void TakeAnswers(bool reached);

 private:
  enum class State : uint8_t { kNotAsked, kAsked, kAnswered };
  void SendRequest(const KafkaConfig& config);
  void ReadAnswer(rd_kafka_event_t* event, bool reached);
  void AskForSettings();
  void ReadSettings(rd_kafka_event_t* event);
  void CheckSetting(const std::string& topic, const std::string& name, const std::string& value);

  rd_kafka_t* const client_;
  KafkaListener& listener_;
  rd_kafka_queue_t* const answers_;
  State state_ = State::kNotAsked;
  bool settings_asked_ = false;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_KAFKA_TOPICS_H_
