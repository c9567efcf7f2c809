// Who is told what a Kafka client learns: the sink, on its own thread, from within the client's
// Poll.
#ifndef VEDETTE_SENSOR_EXPORT_KAFKA_LISTENER_H_
#define VEDETTE_SENSOR_EXPORT_KAFKA_LISTENER_H_

#include <cstdint>

#include "absl/strings/string_view.h"

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

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_KAFKA_LISTENER_H_
