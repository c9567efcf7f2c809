#include "sensor/models/kafka_models.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sensor/export/kafka_conf.h"

namespace vedette {
namespace {

constexpr absl::Duration kLookAgain = absl::Seconds(2);     // where there are no partitions yet
constexpr absl::Duration kLookForMore = absl::Seconds(60);  // where there are
constexpr int kLookWaitMs = 500;
// Partitions beyond this are nobody's for models.
constexpr int32_t kPartitionsMax = 1'024;

// What is fetched waits in memory: a few megabytes, whatever lies in the topic.
constexpr std::pair<const char*, const char*> kReading[] = {
    {"enable.partition.eof", "true"},
    {"enable.auto.commit", "false"},
    {"auto.commit.enable", "false"},
    {"enable.auto.offset.store", "false"},
    {"allow.auto.create.topics", "false"},
    {"auto.offset.reset", "earliest"},
    {"check.crcs", "true"},
    {"fetch.wait.max.ms", "500"},
    {"fetch.message.max.bytes", "1048576"},
    {"fetch.max.bytes", "4194304"},
    {"queued.max.messages.kbytes", "4096"},
    {"queued.min.messages", "1000"},
};

absl::string_view AdviceFor(int code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return "; grant this user Read and Describe on the topic";
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return "; waiting for it: who sends models makes it, with cleanup.policy=compact";
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return "; check export.kafka.mechanism, username and password_file";
    case RD_KAFKA_RESP_ERR__SSL:
      return "; check export.kafka.ca_file, and that the broker's certificate is for its name";
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return "; check the brokers' names";
    default:
      return "";
  }
}

absl::string_view TextOf(const void* bytes, size_t size) {
  return {static_cast<const char*>(bytes), size};
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaModels>> KafkaModels::Create(const KafkaConfig& config,
                                                                 const std::string& topic,
                                                                 Trouble trouble) {
  std::vector<KafkaFault> faults;
  KafkaConf conf = MakeKafkaReaderConf(config, faults);
  if (!faults.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("export.kafka.", faults.front().key, ": ", faults.front().message));
  }
  char error[512] = "";
  for (const auto& [property, value] : kReading) {
    if (rd_kafka_conf_set(conf.get(), property, value, error, sizeof(error)) != RD_KAFKA_CONF_OK) {
      return absl::InternalError(absl::StrCat("models: ", error));
    }
  }
  std::unique_ptr<KafkaModels> models(new KafkaModels(topic, std::move(trouble)));
  rd_kafka_conf_set_opaque(conf.get(), models.get());
  rd_kafka_conf_set_error_cb(conf.get(), OnError);
  rd_kafka_conf_set_log_cb(conf.get(), nullptr);  // what matters comes as an error
  models->client_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), error, sizeof(error));
  if (models->client_ == nullptr) return absl::UnavailableError(absl::StrCat("models: ", error));
  static_cast<void>(conf.release());
  models->queue_ = rd_kafka_queue_new(models->client_);
  models->handle_ = rd_kafka_topic_new(models->client_, topic.c_str(), nullptr);
  if (models->handle_ == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("models: ", topic, ": ", rd_kafka_err2str(rd_kafka_last_error())));
  }
  return models;
}

KafkaModels::~KafkaModels() {
  if (client_ == nullptr) return;
  for (const int32_t partition : started_) rd_kafka_consume_stop(handle_, partition);
  if (handle_ != nullptr) rd_kafka_topic_destroy(handle_);
  if (queue_ != nullptr) rd_kafka_queue_destroy(queue_);
  rd_kafka_destroy(client_);
}

void KafkaModels::Say(rd_kafka_resp_err_t error, absl::string_view text) {
  trouble_(absl::StrCat("models_", rd_kafka_err2name(error)),
           absl::StrCat("models: ", topic_, ": ", text, AdviceFor(error)));
}

void KafkaModels::OnError(rd_kafka_t*, int code, const char* reason, void* self) {
  static_cast<KafkaModels*>(self)->Say(static_cast<rd_kafka_resp_err_t>(code), reason);
}

void KafkaModels::FindPartitions() {
  const absl::Time now = absl::Now();
  if (now < next_look_) return;
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_metadata(client_, 0, handle_, &metadata, kLookWaitMs);
  next_look_ = absl::Now() + (started_.empty() ? kLookAgain : kLookForMore);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return;  // a broker that is away is told by OnError
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    if (topic_ != topic.topic) continue;
    if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      Say(topic.err, rd_kafka_err2str(topic.err));
    } else {
      StartPartitions(std::min<int32_t>(topic.partition_cnt, kPartitionsMax));
    }
  }
  rd_kafka_metadata_destroy(metadata);
}

void KafkaModels::StartPartitions(int32_t count) {
  for (auto partition = static_cast<int32_t>(started_.size()); partition < count; ++partition) {
    if (rd_kafka_consume_start_queue(handle_, partition, RD_KAFKA_OFFSET_BEGINNING, queue_) != 0) {
      Say(rd_kafka_last_error(), rd_kafka_err2str(rd_kafka_last_error()));
      return;
    }
    started_.push_back(partition);
    behind_.insert(partition);
    next_look_ = absl::Now() + kLookForMore;
  }
}

void KafkaModels::OnMessage(const rd_kafka_message_t& message, const Take& take) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    behind_.erase(message.partition);
    return;
  }
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    Say(message.err, rd_kafka_message_errstr(&message));
    return;
  }
  // A message without a key is nobody's: it has the empty one, which no model has.
  ModelMessage model{.key = TextOf(message.key, message.key == nullptr ? 0 : message.key_len),
                     .value = std::nullopt};
  if (message.payload != nullptr) model.value = TextOf(message.payload, message.len);
  take(model);
}

void KafkaModels::Poll(absl::Duration limit, const Take& take) {
  constexpr int kStepMs = 100;
  const absl::Time end = absl::Now() + limit;
  FindPartitions();
  do {
    rd_kafka_poll(client_, 0);
    rd_kafka_message_t* const message = rd_kafka_consume_queue(queue_, kStepMs);
    if (message == nullptr) continue;
    OnMessage(*message, take);
    rd_kafka_message_destroy(message);
  } while (absl::Now() < end);
}

}  // namespace vedette
