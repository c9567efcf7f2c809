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

constexpr int kTopicsTimeoutMs = 10'000;

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
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return "; grant this user Write and Describe on the topics vedette.*";
    default:
      return "";
  }
}

bool IsUnreached(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__TIMED_OUT || error == RD_KAFKA_RESP_ERR__TRANSPORT ||
         error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || error == RD_KAFKA_RESP_ERR__RESOLVE ||
         error == RD_KAFKA_RESP_ERR__AUTHENTICATION || error == RD_KAFKA_RESP_ERR__SSL ||
         error == RD_KAFKA_RESP_ERR_NOT_CONTROLLER;
}

// librdkafka before 2.6.1 repeats its nonce, which brokers from 4.0 on refuse as a wrong password.
absl::string_view AdviceOnScram(int code, absl::string_view text) {
  constexpr int kScramRight = 0x020601ff;
  const bool scram = code == RD_KAFKA_RESP_ERR__AUTHENTICATION && absl::StrContains(text, "SCRAM");
  if (!scram || rd_kafka_version() >= kScramRight) return "";
  return "; brokers from 4.0 on refuse this client library's SCRAM whatever the password: PLAIN "
         "over TLS, or librdkafka 2.6.1";
}

struct WantedTopic {
  absl::string_view name;
  absl::string_view cleanup;
};
constexpr WantedTopic kWantedTopics[] = {{"vedette.alerts", "delete"},
                                         {"vedette.devices", "delete"},
                                         {"vedette.flows", "delete"},
                                         {"vedette.health", "delete"},
                                         {"vedette.models", "compact"}};

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
  producer->answers_ = rd_kafka_queue_new(producer->client_);
  return producer;
}

KafkaProducer::~KafkaProducer() {
  if (client_ == nullptr) return;
  GiveUp();
  for (rd_kafka_topic_t* topic : handles_) {
    if (topic != nullptr) rd_kafka_topic_destroy(topic);
  }
  rd_kafka_queue_destroy(answers_);
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
    rd_kafka_fatal_error(client, why, sizeof(why));
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
  TakeAnswers();
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

void KafkaProducer::AskForTopics(const KafkaConfig& config) {
  topics_ = config.create_topics ? Topics::kAsked : Topics::kAnswered;
  if (config.create_topics) SendTopicRequest(config);
}

void KafkaProducer::SendTopicRequest(const KafkaConfig& config) {
  char error[256] = "";
  std::vector<rd_kafka_NewTopic_t*> topics;
  for (const WantedTopic& wanted : kWantedTopics) {
    rd_kafka_NewTopic_t* const topic = rd_kafka_NewTopic_new(
        std::string(wanted.name).c_str(), static_cast<int>(config.partitions),
        config.replication == 0 ? -1 : static_cast<int>(config.replication), error, sizeof(error));
    if (topic == nullptr) continue;
    rd_kafka_NewTopic_set_config(topic, "message.timestamp.type", "LogAppendTime");
    rd_kafka_NewTopic_set_config(topic, "cleanup.policy", std::string(wanted.cleanup).c_str());
    topics.push_back(topic);
  }
  rd_kafka_AdminOptions_t* const options =
      rd_kafka_AdminOptions_new(client_, RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_AdminOptions_set_request_timeout(options, kTopicsTimeoutMs, error, sizeof(error));
  rd_kafka_CreateTopics(client_, topics.data(), topics.size(), options, answers_);
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_NewTopic_destroy_array(topics.data(), topics.size());
}

void KafkaProducer::TakeAnswers() {
  rd_kafka_event_t* const event = rd_kafka_queue_poll(answers_, 0);
  if (event == nullptr) return;
  if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATETOPICS_RESULT) ReadTopicAnswer(event);
  rd_kafka_event_destroy(event);
}

void KafkaProducer::ReadTopicAnswer(rd_kafka_event_t* event) {
  constexpr absl::string_view kAdvice =
      "; make it by hand, with message.timestamp.type=LogAppendTime, or grant this user Create";
  const rd_kafka_resp_err_t failure = rd_kafka_event_error(event);
  if (topics_ == Topics::kAsked) {
    // A broker that answers all but this will not make topics.
    topics_ = IsUnreached(failure) && !reached_ ? Topics::kNotAsked : Topics::kAnswered;
  }
  if (failure != RD_KAFKA_RESP_ERR_NO_ERROR) {
    listener_.OnTrouble("kafka_topics", absl::StrCat("Kafka: the topics could not be asked for: ",
                                                     rd_kafka_event_error_string(event)));
    return;
  }
  size_t count = 0;
  const auto* const result = rd_kafka_event_CreateTopics_result(event);
  const rd_kafka_topic_result_t** const topics =
      rd_kafka_CreateTopics_result_topics(result, &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(topics[i]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      continue;
    }
    const char* const why = rd_kafka_topic_result_error_string(topics[i]);
    const std::string name = rd_kafka_topic_result_name(topics[i]);
    listener_.OnTrouble(absl::StrCat("kafka_topic_", name),
                        absl::StrCat("Kafka: topic ", name, " was not made: ",
                                     why != nullptr ? why : rd_kafka_err2str(error), kAdvice));
  }
}

}  // namespace vedette
