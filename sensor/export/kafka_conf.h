// The configuration of the Kafka client, made from ours and checked by the client library itself:
// its own names, its own ranges. Set-up only.
#ifndef VEDETTE_SENSOR_EXPORT_KAFKA_CONF_H_
#define VEDETTE_SENSOR_EXPORT_KAFKA_CONF_H_

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sensor/export/export_config.h"
#include "sensor/export/kafka_check.h"

namespace vedette {

struct KafkaConfDelete {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using KafkaConf = std::unique_ptr<rd_kafka_conf_t, KafkaConfDelete>;

// Faults are appended; what has one is left out. Passwords are read when `with_secrets`.
KafkaConf MakeKafkaConf(const KafkaConfig& config, bool with_secrets,
                        std::vector<KafkaFault>& faults);

// For a client that reads: how brokers are reached, and the properties, of which those that only a
// sender has do nothing. Secrets are read.
KafkaConf MakeKafkaReaderConf(const KafkaConfig& config, std::vector<KafkaFault>& faults);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_KAFKA_CONF_H_
