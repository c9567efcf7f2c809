#include "sensor/export/kafka_check.h"

#include <librdkafka/rdkafka.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "sensor/export/kafka_conf.h"
#include "sensor/export/secret_file.h"

namespace vedette {
namespace {

bool IsBroker(absl::string_view text) {
  const size_t colon = text.rfind(':');
  uint32_t port = 0;
  return colon != absl::string_view::npos && colon > 0 && text.find(',') == text.npos &&
         std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return !absl::ascii_isgraph(c); }) &&
         absl::SimpleAtoi(text.substr(colon + 1), &port) && port >= 1 && port <= 65'535;
}

void CheckBrokers(const KafkaConfig& config, std::vector<KafkaFault>& faults) {
  for (const std::string& broker : config.brokers) {
    if (IsBroker(broker)) continue;
    faults.push_back({"brokers", false,
                      absl::StrCat("found '", absl::string_view(broker).substr(0, 80),
                                   "', allowed HOST:PORT in each item")});
  }
}

// Who checks may be somebody else than who runs: a file that only the sensor may read is no fault.
bool CheckSecret(const std::string& place, const char* key, std::vector<KafkaFault>& faults) {
  if (place.empty()) return true;
  const absl::Status status = ReadSecret(place).status();
  const bool credential = place[0] != '/' && status.code() == absl::StatusCode::kNotFound;
  if (status.ok()) return true;
  if (status.code() != absl::StatusCode::kUnavailable && !credential) {
    faults.push_back({key, false, std::string(status.message())});
  }
  return false;
}

void CheckReadable(const std::string& path, const char* key, std::vector<KafkaFault>& faults) {
  if (!path.empty() && access(path.c_str(), F_OK) != 0) {
    faults.push_back({key, false, absl::StrCat("found no file ", path)});
  }
}

// What the library says of a property that would do nothing, such as a consumer's, it only logs:
// "Configuration property NAME is a consumer property and will be ignored by this producer
// instance".
class Ignored {
 public:
  explicit Ignored(rd_kafka_conf_t* conf) {
    rd_kafka_conf_set_opaque(conf, this);
    rd_kafka_conf_set_log_cb(conf, OnLog);
  }
  const std::string& said() const { return said_; }

 private:
  static void OnLog(const rd_kafka_t* client, int /*level*/, const char* facility,
                    const char* text) {
    if (absl::string_view(facility) != "CONFWARN" || !absl::StrContains(text, "will be ignored")) {
      return;
    }
    auto* const self = static_cast<Ignored*>(rd_kafka_opaque(client));
    const std::lock_guard lock(self->mutex_);
    absl::StrAppend(&self->said_, text, "\n");
  }

  std::mutex mutex_;
  std::string said_;
};

void CheckIgnored(const KafkaConfig& config, const std::string& said,
                  std::vector<KafkaFault>& faults) {
  for (const auto& [name, value] : config.properties) {
    if (!absl::StrContains(said, absl::StrCat("property ", name, " "))) continue;
    faults.push_back({name, true, "would do nothing: it is not one of a producer's"});
  }
}

// The library names properties in back quotes, one with an alias by its shorter name.
KafkaFault AtProperty(const KafkaConfig& config, absl::string_view error) {
  const std::vector<absl::string_view> parts = absl::StrSplit(error, '`');
  for (const auto& [name, value] : config.properties) {
    for (size_t i = 1; i < parts.size(); i += 2) {
      if (!parts[i].empty() && absl::StartsWith(name, parts[i])) {
        return {name, true, std::string(error)};
      }
    }
  }
  return {"brokers", false, absl::StrCat("the client refuses this: ", error)};
}

// Some rules hold between properties: the library tells them when a client is made. This one knows
// no broker and says nothing to any.
void CheckTogether(const KafkaConfig& config, bool with_secrets, std::vector<KafkaFault>& faults) {
  KafkaConfig alone = config;
  alone.brokers.clear();
  KafkaConf conf = MakeKafkaConf(alone, with_secrets, faults);
  if (!faults.empty()) return;
  if (!with_secrets) rd_kafka_conf_set(conf.get(), "sasl.password", "-", nullptr, 0);
  char error[512] = "";
  const Ignored ignored(conf.get());
  rd_kafka_t* const client = rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), error, sizeof(error));
  if (client == nullptr) {
    faults.push_back(AtProperty(config, error));
    return;
  }
  static_cast<void>(conf.release());
  rd_kafka_destroy(client);
  CheckIgnored(config, ignored.said(), faults);
}

}  // namespace

std::vector<KafkaFault> CheckKafka(const KafkaConfig& config) {
  std::vector<KafkaFault> faults;
  CheckBrokers(config, faults);
  const bool key_password = CheckSecret(config.key_password_file, "key_password_file", faults);
  const bool password = CheckSecret(config.password_file, "password_file", faults);
  CheckReadable(config.ca_file, "ca_file", faults);
  CheckReadable(config.certificate_file, "certificate_file", faults);
  CheckReadable(config.key_file, "key_file", faults);
  if (faults.empty()) CheckTogether(config, key_password && password, faults);
  return faults;
}

std::string ScramWarning(const KafkaConfig& config) {
  constexpr int kScramRight = 0x020601ff;
  if (!absl::StartsWith(config.security, "sasl") || !absl::StartsWith(config.mechanism, "SCRAM") ||
      rd_kafka_version() >= kScramRight) {
    return "";
  }
  return absl::StrCat(
      "Kafka: export.kafka.mechanism ", config.mechanism, ": librdkafka ", rd_kafka_version_str(),
      " fails SCRAM with brokers from 4.0 on, whatever the password; with such brokers PLAIN over "
      "TLS, a client certificate, or librdkafka 2.6.1");
}

}  // namespace vedette
