// What is wrong with the Kafka section of a configuration, as far as the client library can tell
// without a broker. Set-up only.
#ifndef VEDETTE_SENSOR_EXPORT_KAFKA_CHECK_H_
#define VEDETTE_SENSOR_EXPORT_KAFKA_CHECK_H_

#include <string>
#include <vector>

#include "sensor/export/export_config.h"

namespace vedette {

struct KafkaFault {
  std::string key;  // of the section, or of `properties`
  bool property = false;
  std::string message;
};

std::vector<KafkaFault> CheckKafka(const KafkaConfig& config);

// Where SCRAM is wanted of a client library that repeats its nonce (before 2.6.1; Debian 12 has
// 2.0.2): brokers from 4.0 on refuse it as a wrong password, older ones let it pass. Else empty.
std::string ScramWarning(const KafkaConfig& config);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_KAFKA_CHECK_H_
