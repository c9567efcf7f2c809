#include "sensor/export/kafka_producer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sensor/export/kafka_conf.h"

namespace vedette {
namespace {

Fate FateOf(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return Fate::kDelivered;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return Fate::kTooLarge;
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
      return Fate::kRefused;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return Fate::kTopicMissing;
    default:
      return Fate::kLater;
  }
}

// What an operator can do about it.
absl::string_view AdviceFor(int code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return "; check export.kafka.mechanism, username and password_file";
    case RD_KAFKA_RESP_ERR__SSL:
      return "; check export.kafka.ca_file, and that the broker's certificate is for the name in "
             "export.kafka.brokers";
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return "; check export.kafka.brokers";
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return "; its events wait: make it by hand, with message.timestamp.type=LogAppendTime, or "
             "let "
             "export.kafka.create_topics do so";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return "; grant this user Write and Describe on the topics vedette.*; before Kafka 2.8 also "
             "IdempotentWrite on the cluster";
    default:
      return "";
  }
}

// librdkafka before 2.6.1 repeats its nonce, which brokers from 4.0 on refuse as a wrong password.
absl::string_view AdviceOnScram(int code, absl::string_view text) {
  constexpr int kScramRight = 0x020601ff;
  const bool scram = code == RD_KAFKA_RESP_ERR__AUTHENTICATION && absl::StrContains(text, "SCRAM");
  if (!scram || rd_kafka_version() >= kScramRight) return "";
  return "; brokers from 4.0 on refuse this client library's SCRAM whatever the password: PLAIN "
         "over TLS, or librdkafka 2.6.1";
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaProducer>> KafkaProducer::Create(const KafkaConfig& config,
                                                                     KafkaListener& listener) {
  std::vector<KafkaFault> faults;
  KafkaConf conf = MakeKafkaConf(config, true, faults);
  if (!faults.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("export.kafka.", faults.front().key, ": ", faults.front().message));
  }
  std::unique_ptr<KafkaProducer> producer(new KafkaProducer(listener));
  rd_kafka_conf_set_opaque(conf.get(), producer.get());
  rd_kafka_conf_set_dr_msg_cb(conf.get(), OnDelivery);
  rd_kafka_conf_set_error_cb(conf.get(), OnError);
  rd_kafka_conf_set_stats_cb(conf.get(), OnStatistics);
  rd_kafka_conf_set_log_cb(conf.get(), nullptr);  // what matters comes as an error
  char error[512] = "";
  producer->client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), error, sizeof(error));
  if (producer->client_ == nullptr) {
    return absl::UnavailableError(absl::StrCat("export.kafka: ", error));
  }
  static_cast<void>(conf.release());
  producer->topics_ = std::make_unique<KafkaTopics>(producer->client_, listener);
  return producer;
}

KafkaProducer::~KafkaProducer() {
  if (client_ == nullptr) return;
  GiveUp();
  for (rd_kafka_topic_t* topic : handles_) {
    if (topic != nullptr) rd_kafka_topic_destroy(topic);
  }
  topics_.reset();
  rd_kafka_destroy(client_);
}

Fate KafkaProducer::Send(Topic topic, const std::string& key, const std::string& value,
                         void* cargo) {
  rd_kafka_topic_t*& handle = handles_[Index(topic)];
  // Not before: asking about a topic is enough for some brokers to make it.
  if (handle == nullptr) {
    handle = rd_kafka_topic_new(client_, std::string(kTopicNames[Index(topic)]).c_str(), nullptr);
  }
  // librdkafka only reads the payload, but its interface is older than const.
  void* const payload = const_cast<char*>(value.data());
  if (rd_kafka_produce(handle, RD_KAFKA_PARTITION_UA, 0, payload, value.size(), key.data(),
                       key.size(), cargo) == 0) {
    return Fate::kDelivered;
  }
  const rd_kafka_resp_err_t error = rd_kafka_last_error();
  if (error == RD_KAFKA_RESP_ERR__FATAL) dead_ = true;
  if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) return Fate::kLater;
  listener_.OnTrouble("kafka_produce", absl::StrCat("Kafka: ", kTopicNames[Index(topic)], ": ",
                                                    rd_kafka_err2str(error), AdviceFor(error)));
  return FateOf(error);
}

void KafkaProducer::OnDelivery(rd_kafka_t* /*client*/, const rd_kafka_message_t* message,
                               void* self) {
  auto* const producer = static_cast<KafkaProducer*>(self);
  const Fate fate = FateOf(message->err);
  if (fate == Fate::kDelivered) {
    producer->listener_.OnFate(message->_private, fate, "");
    return;
  }
  if (message->err == RD_KAFKA_RESP_ERR__FATAL) producer->dead_ = true;
  const bool own_doing = message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
                         message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
  const char* const why = rd_kafka_err2str(message->err);
  if (!own_doing && fate != Fate::kTooLarge) {
    producer->listener_.OnTrouble(
        "kafka_delivery", absl::StrCat("Kafka: ", rd_kafka_topic_name(message->rkt), ": ", why,
                                       AdviceFor(message->err)));
  }
  producer->listener_.OnFate(message->_private, fate, why);
}

void KafkaProducer::OnError(rd_kafka_t* client, int code, const char* reason, void* self) {
  auto* const producer = static_cast<KafkaProducer*>(self);
  std::string text = reason;
  if (code == RD_KAFKA_RESP_ERR__FATAL) {
    char why[512] = "";
    code = rd_kafka_fatal_error(client, why, sizeof(why));
    producer->dead_ = true;
    text = why;
  }
  producer->listener_.OnTrouble(
      absl::StrCat("kafka_", rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(code))),
      absl::StrCat("Kafka: ", text, AdviceFor(code), AdviceOnScram(code, text)));
}

// The mean of the brokers' latest round trips, each a mean of its own.
int KafkaProducer::OnStatistics(rd_kafka_t* /*client*/, char* json, size_t bytes, void* self) {
  const nlohmann::json statistics =
      nlohmann::json::parse(json, json + bytes, nullptr, /*allow_exceptions=*/false);
  if (statistics.is_discarded() || !statistics.contains("brokers")) return 0;
  int64_t sum_us = 0, count = 0;
  for (const auto& [name, broker] : statistics["brokers"].items()) {
    const auto rtt = broker.find("rtt");
    if (rtt == broker.end() || rtt->value("cnt", 0) == 0) continue;
    sum_us += rtt->value("avg", int64_t{0});
    ++count;
  }
  if (count != 0) {
    static_cast<KafkaProducer*>(self)->reached_ = true;
    static_cast<KafkaProducer*>(self)->listener_.OnRoundTrip((sum_us / count + 500) / 1'000);
  }
  return 0;  // the library frees the text
}

void KafkaProducer::Poll(absl::Duration limit) {
  rd_kafka_poll(client_, static_cast<int>(absl::ToInt64Milliseconds(limit)));
  topics_->TakeAnswers(reached_);
}

void KafkaProducer::GiveUp() {
  constexpr absl::Duration kPatience = absl::Seconds(5);
  const absl::Time begin = absl::Now();
  // Purging is done by the library's threads; their reports take a moment.
  do {
    rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_poll(client_, 10);
  } while (rd_kafka_outq_len(client_) > 0 && absl::Now() - begin < kPatience);
}

}  // namespace vedette
