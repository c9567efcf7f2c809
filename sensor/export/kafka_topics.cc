#include "sensor/export/kafka_topics.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "sensor/export/topic.h"

namespace vedette {
namespace {

constexpr int kTimeoutMs = 10'000;
constexpr char kTimestampType[] = "message.timestamp.type";
constexpr char kCleanup[] = "cleanup.policy";

struct WantedTopic {
  absl::string_view name;
  absl::string_view cleanup;
};
constexpr WantedTopic kWantedTopics[] = {{"vedette.alerts", "delete"},
                                         {"vedette.devices", "delete"},
                                         {"vedette.flows", "delete"},
                                         {"vedette.health", "delete"},
                                         {"vedette.models", "compact"}};

bool IsUnreached(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__TIMED_OUT || error == RD_KAFKA_RESP_ERR__TRANSPORT ||
         error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || error == RD_KAFKA_RESP_ERR__RESOLVE ||
         error == RD_KAFKA_RESP_ERR__AUTHENTICATION || error == RD_KAFKA_RESP_ERR__SSL ||
         error == RD_KAFKA_RESP_ERR_NOT_CONTROLLER;
}

rd_kafka_AdminOptions_t* OptionsFor(rd_kafka_t* client, rd_kafka_admin_op_t operation) {
  rd_kafka_AdminOptions_t* const options = rd_kafka_AdminOptions_new(client, operation);
  rd_kafka_AdminOptions_set_request_timeout(options, kTimeoutMs, nullptr, 0);
  return options;
}

}  // namespace

KafkaTopics::KafkaTopics(rd_kafka_t* client, KafkaListener& listener)
    : client_(client), listener_(listener), answers_(rd_kafka_queue_new(client)) {}

KafkaTopics::~KafkaTopics() { rd_kafka_queue_destroy(answers_); }

void KafkaTopics::Ask(const KafkaConfig& config) {
  state_ = config.create_topics ? State::kAsked : State::kAnswered;
  if (config.create_topics) SendRequest(config);
}

void KafkaTopics::SendRequest(const KafkaConfig& config) {
  char error[256] = "";
  std::vector<rd_kafka_NewTopic_t*> topics;
  for (const WantedTopic& wanted : kWantedTopics) {
    rd_kafka_NewTopic_t* const topic = rd_kafka_NewTopic_new(
        std::string(wanted.name).c_str(), static_cast<int>(config.partitions),
        config.replication == 0 ? -1 : static_cast<int>(config.replication), error, sizeof(error));
    if (topic == nullptr) continue;
    rd_kafka_NewTopic_set_config(topic, kTimestampType, "LogAppendTime");
    rd_kafka_NewTopic_set_config(topic, kCleanup, std::string(wanted.cleanup).c_str());
    topics.push_back(topic);
  }
  rd_kafka_AdminOptions_t* const options = OptionsFor(client_, RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_CreateTopics(client_, topics.data(), topics.size(), options, answers_);
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_NewTopic_destroy_array(topics.data(), topics.size());
}

void KafkaTopics::TakeAnswers(bool reached) {
  if (answered() && reached && !settings_asked_) AskForSettings();
  rd_kafka_event_t* const event = rd_kafka_queue_poll(answers_, 0);
  if (event == nullptr) return;
  if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATETOPICS_RESULT) {
    ReadAnswer(event, reached);
  } else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT) {
    ReadSettings(event);
  }
  rd_kafka_event_destroy(event);
}

void KafkaTopics::ReadAnswer(rd_kafka_event_t* event, bool reached) {
  constexpr absl::string_view kAdvice =
      "; make it by hand, with message.timestamp.type=LogAppendTime, or grant this user Create";
  const rd_kafka_resp_err_t failure = rd_kafka_event_error(event);
  if (state_ == State::kAsked) {
    // A broker that answers all but this will not make topics.
    state_ = IsUnreached(failure) && !reached ? State::kNotAsked : State::kAnswered;
  }
  if (failure != RD_KAFKA_RESP_ERR_NO_ERROR) {
    listener_.OnTrouble("kafka_topics", absl::StrCat("Kafka: the topics could not be asked for: ",
                                                     rd_kafka_event_error_string(event)));
    return;
  }
  if (!settings_asked_) AskForSettings();
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

// Once for each client. Who may not see settings hears nothing of them.
void KafkaTopics::AskForSettings() {
  settings_asked_ = true;
  std::vector<rd_kafka_ConfigResource_t*> topics;
  for (const absl::string_view name : kTopicNames) {
    topics.push_back(
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, std::string(name).c_str()));
  }
  rd_kafka_AdminOptions_t* const options = OptionsFor(client_, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
  rd_kafka_DescribeConfigs(client_, topics.data(), topics.size(), options, answers_);
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_ConfigResource_destroy_array(topics.data(), topics.size());
}

void KafkaTopics::ReadSettings(rd_kafka_event_t* event) {
  if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  size_t count = 0;
  const rd_kafka_ConfigResource_t** const topics = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event), &count);
  for (size_t i = 0; i < count; ++i) {
    size_t settings = 0;
    const rd_kafka_ConfigEntry_t** const entries =
        rd_kafka_ConfigResource_configs(topics[i], &settings);
    for (size_t j = 0; j < settings; ++j) {
      const char* const value = rd_kafka_ConfigEntry_value(entries[j]);
      if (value == nullptr) continue;
      CheckSetting(rd_kafka_ConfigResource_name(topics[i]), rd_kafka_ConfigEntry_name(entries[j]),
                   value);
    }
  }
}

void KafkaTopics::CheckSetting(const std::string& topic, const std::string& name,
                               const std::string& value) {
  const bool by_packets = name == kTimestampType && value != "LogAppendTime";
  const bool compacted = name == kCleanup && value != "delete";
  if (!by_packets && !compacted) return;
  listener_.OnTrouble(
      absl::StrCat("kafka_setting_", topic, name),
      absl::StrCat("Kafka: topic ", topic, " has ", name, "=", value, ", wanted ",
                   by_packets ? "LogAppendTime: retention goes by the sender's clock"
                              : "delete: of one device's events only the last is kept",
                   "; kafka-configs.sh --alter --entity-type topics --entity-name ", topic,
                   " --add-config ", name, "=", by_packets ? "LogAppendTime" : "delete"));
}

}  // namespace vedette
