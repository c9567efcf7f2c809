#include "sensor/export/kafka_conf.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sensor/export/secret_file.h"

namespace vedette {
namespace {

// What our own keys set, and what delivery without loss and the key of the contract hang on.
struct Reserved {
  const char* property;
  const char* instead;
};
constexpr Reserved kReserved[] = {
    {"bootstrap.servers", "export.kafka.brokers"},
    {"metadata.broker.list", "export.kafka.brokers"},
    {"security.protocol", "export.kafka.security"},
    {"ssl.ca.location", "export.kafka.ca_file"},
    {"ssl.certificate.location", "export.kafka.certificate_file"},
    {"ssl.key.location", "export.kafka.key_file"},
    {"ssl.key.password", "export.kafka.key_password_file"},
    {"sasl.mechanism", "export.kafka.mechanism"},
    {"sasl.mechanisms", "export.kafka.mechanism"},
    {"sasl.username", "export.kafka.username"},
    {"sasl.password", "export.kafka.password_file"},
    {"compression.type", "export.kafka.compression"},
    {"compression.codec", "export.kafka.compression"},
    {"linger.ms", "export.kafka.linger_ms"},
    {"queue.buffering.max.ms", "export.kafka.linger_ms"},
    {"batch.size", "export.kafka.batch_bytes"},
    {"queue.buffering.max.messages", "export.kafka.in_flight_bytes_max"},
    {"queue.buffering.max.kbytes", "export.kafka.in_flight_bytes_max"},
    {"acks", nullptr},
    {"request.required.acks", nullptr},
    {"enable.idempotence", nullptr},
    {"partitioner", nullptr},
    {"message.timeout.ms", nullptr},
    {"delivery.timeout.ms", nullptr},
    {"transactional.id", nullptr},
    {"delivery.report.only.error", nullptr},
    {"enable.gapless.guarantee", nullptr},
    {"plugin.library.paths", nullptr},  // code from a configuration
    {"statistics.interval.ms", nullptr},
    {"log.queue", nullptr},
    {"api.version.request", nullptr},      // without it no broker is known to be idempotent
    {"broker.version.fallback", nullptr},  // likewise
    {"topic.blacklist", nullptr},
    {"test.mock.num.brokers", nullptr},   // events to nowhere
    {"ssl.engine.location", nullptr},     // code from a configuration
    {"sasl.kerberos.kinit.cmd", nullptr}  // likewise
};
// A configuration is read by more people than a secret may be.
constexpr const char* kSecrets[] = {"ssl.key.pem", "ssl.keystore.password",
                                    "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config"};

class Builder {
 public:
  Builder(const KafkaConfig& config, std::vector<KafkaFault>& faults)
      : config_(config), faults_(faults), conf_(rd_kafka_conf_new()) {}

  void Set(const char* property, const std::string& value, absl::string_view key,
           bool own_property = false) {
    char error[512] = "";
    if (rd_kafka_conf_set(conf_.get(), property, value.c_str(), error, sizeof(error)) !=
        RD_KAFKA_CONF_OK) {
      faults_.push_back({std::string(key), own_property, error});
    }
  }
  void SetPath(const char* property, const std::string& path, absl::string_view key) {
    if (!path.empty()) Set(property, path, key);
  }
  // The library's words for a bad secret could hold it.
  void SetSecret(const char* property, const std::string& place, absl::string_view key) {
    if (place.empty()) return;
    const absl::StatusOr<std::string> secret = ReadSecret(place);
    if (!secret.ok()) {
      faults_.push_back({std::string(key), false, std::string(secret.status().message())});
    } else if (rd_kafka_conf_set(conf_.get(), property, secret->c_str(), nullptr, 0) !=
               RD_KAFKA_CONF_OK) {
      faults_.push_back({std::string(key), false, "holds something that is no password"});
    }
  }

  void SetConnection();
  void SetDelivery();
  void SetSecurity(bool with_secrets);
  void SetProperties();
  KafkaConf Take() { return std::move(conf_); }

 private:
  void CheckSasl();

  const KafkaConfig& config_;
  std::vector<KafkaFault>& faults_;
  KafkaConf conf_;
};

void Builder::SetConnection() {
  Set("client.id", "vedette", "brokers");
  Set("bootstrap.servers", absl::StrJoin(config_.brokers, ","), "brokers");
  Set("socket.keepalive.enable", "true", "brokers");
  Set("reconnect.backoff.max.ms", "3000", "brokers");
  Set("topic.metadata.refresh.interval.ms", "30000", "brokers");
  Set("log.connection.close", "false", "brokers");
}

void Builder::SetDelivery() {
  Set("enable.idempotence", "true", "brokers");
  Set("acks", "all", "brokers");
  Set("partitioner", "murmur2_random", "brokers");
  // A message waits for its broker as long as it takes: what bounds it is the spool.
  Set("message.timeout.ms", "0", "brokers");
  Set("compression.type", config_.compression, "compression");
  Set("linger.ms", absl::StrCat(config_.linger_ms), "linger_ms");
  Set("batch.size", absl::StrCat(config_.batch_bytes), "batch_bytes");
  Set("batch.num.messages", "100000", "batch_bytes");  // bytes decide
  // Our own count of what is in flight is the one that binds.
  Set("queue.buffering.max.messages", "2000000", "in_flight_bytes_max");
  Set("queue.buffering.max.kbytes", "2097151", "in_flight_bytes_max");
  Set("statistics.interval.ms", "5000", "brokers");
  // A topic that is not there: said soon, and asked for again by us.
  Set("topic.metadata.propagation.max.ms", "2000", "brokers");
}

void Builder::CheckSasl() {
  if (config_.username.empty()) {
    faults_.push_back({"username", false, "found none, needed with SASL"});
  }
  if (config_.password_file.empty()) {
    faults_.push_back(
        {"password_file", false,
         "found none, needed with SASL: a file that holds the password, or a systemd credential"});
  }
}

void Builder::SetSecurity(bool with_secrets) {
  const bool sasl = absl::StartsWith(config_.security, "sasl");
  const bool tls = absl::EndsWith(config_.security, "tls");
  Set("security.protocol", absl::StrCat(sasl ? "sasl_" : "", tls ? "ssl" : "plaintext"),
      "security");
  if (tls) {
    SetPath("ssl.ca.location", config_.ca_file, "ca_file");
    SetPath("ssl.certificate.location", config_.certificate_file, "certificate_file");
    SetPath("ssl.key.location", config_.key_file, "key_file");
    if (with_secrets) SetSecret("ssl.key.password", config_.key_password_file, "key_password_file");
  }
  if (!sasl) return;
  Set("sasl.mechanism", config_.mechanism, "mechanism");
  CheckSasl();
  if (!config_.username.empty()) Set("sasl.username", config_.username, "username");
  if (with_secrets) SetSecret("sasl.password", config_.password_file, "password_file");
}

void Builder::SetProperties() {
  for (const auto& [name, value] : config_.properties) {
    const auto* const reserved =
        std::find_if(std::begin(kReserved), std::end(kReserved),
                     [&name = name](const Reserved& known) { return name == known.property; });
    if (std::find(std::begin(kSecrets), std::end(kSecrets), name) != std::end(kSecrets)) {
      faults_.push_back({name, true, "is a secret, which no configuration holds"});
    } else if (reserved == std::end(kReserved)) {
      Set(name.c_str(), value, name, true);
    } else if (reserved->instead != nullptr) {
      faults_.push_back({name, true, absl::StrCat("is set by ", reserved->instead)});
    } else {
      faults_.push_back({name, true, "is not for choice: the sensor needs it as it is"});
    }
  }
}

}  // namespace

KafkaConf MakeKafkaConf(const KafkaConfig& config, bool with_secrets,
                        std::vector<KafkaFault>& faults) {
  Builder builder(config, faults);
  builder.SetConnection();
  builder.SetDelivery();
  builder.SetSecurity(with_secrets);
  builder.SetProperties();
  return builder.Take();
}

KafkaConf MakeKafkaReaderConf(const KafkaConfig& config, std::vector<KafkaFault>& faults) {
  Builder builder(config, faults);
  builder.SetConnection();
  builder.SetSecurity(/*with_secrets=*/true);
  builder.SetProperties();
  return builder.Take();
}

}  // namespace vedette
