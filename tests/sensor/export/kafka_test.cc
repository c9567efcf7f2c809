// The Kafka sink against librdkafka's own mock cluster, which speaks the protocol over sockets. A
// real broker: tests/system/kafka_test.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sensor/export/exporter.h"
#include "sensor/export/kafka_check.h"

namespace vedette {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kProduce = 0;  // the protocol's number of that request
constexpr StopLimits kPatient = {.quiet = absl::Seconds(20), .total = absl::Seconds(60)};

class Cluster {
 public:
  Cluster() {
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0);
    cluster_ = rd_kafka_mock_cluster_new(client_, 1);
    for (const absl::string_view name : kTopicNames) {
      rd_kafka_mock_topic_create(cluster_, std::string(name).c_str(), kPartitions, 1);
    }
  }
  ~Cluster() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(client_);
  }
  std::string brokers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  void SetDown(bool down) {
    (down ? rd_kafka_mock_broker_set_down : rd_kafka_mock_broker_set_up)(cluster_, 1);
  }
  void RefuseProduce(rd_kafka_resp_err_t error, int times) {
    const std::vector<rd_kafka_resp_err_t> errors(times, error);
    rd_kafka_mock_push_request_errors_array(cluster_, kProduce, errors.size(), errors.data());
  }

  struct Message {
    int partition;
    std::string key;
    nlohmann::json event;
  };
  // Everything that lies in a topic.
  std::vector<Message> Read(Topic topic) const;

 private:
  static constexpr int kPartitions = 3;
  rd_kafka_t* client_;
  rd_kafka_mock_cluster_t* cluster_;
};

std::vector<Cluster::Message> Cluster::Read(Topic topic) const {
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", brokers().c_str(), nullptr, 0);
  rd_kafka_conf_set(conf, "group.id", "reader", nullptr, 0);
  rd_kafka_conf_set(conf, "enable.partition.eof", "true", nullptr, 0);
  rd_kafka_t* const reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, nullptr, 0);
  rd_kafka_topic_partition_list_t* const all = rd_kafka_topic_partition_list_new(kPartitions);
  const std::string name(kTopicNames[Index(topic)]);
  for (int i = 0; i < kPartitions; ++i) {
    rd_kafka_topic_partition_list_add(all, name.c_str(), i)->offset = 0;
  }
  rd_kafka_assign(reader, all);
  rd_kafka_topic_partition_list_destroy(all);
  std::vector<Message> messages;
  std::set<int> ended;
  const absl::Time end = absl::Now() + absl::Seconds(20);
  while (ended.size() < kPartitions && absl::Now() < end) {
    rd_kafka_message_t* const message = rd_kafka_consumer_poll(reader, 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      ended.insert(message->partition);
    } else if (message->err == 0) {
      const char* const text = static_cast<const char*>(message->payload);
      messages.push_back({message->partition,
                          std::string(static_cast<const char*>(message->key), message->key_len),
                          nlohmann::json::parse(text, text + message->len)});
    }
    rd_kafka_message_destroy(message);
  }
  EXPECT_EQ(ended.size(), size_t{kPartitions});
  rd_kafka_consumer_close(reader);
  rd_kafka_destroy(reader);
  return messages;
}

class KafkaSinkTest : public ::testing::Test {
 protected:
  KafkaSinkTest()
      : folder_(absl::StrCat(::testing::TempDir(), "/vedette_kafka_", getpid(), "_",
                             ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(folder_);
    config_.kafka.brokers = {cluster_.brokers()};
    config_.kafka.create_topics = false;  // the mock cluster knows no such request
    config_.kafka.linger_ms = 5;
    config_.spool.folder = folder_;
  }
  ~KafkaSinkTest() override { fs::remove_all(folder_); }

  void Start() {
    auto created = Exporter::Create(
        config_,
        {.boot_ms = ++boot_, .wait_for_room = true, .tell = [this](const std::string& line) {
           const std::lock_guard lock(mutex_);
           said_.push_back(line);
         }});
    ASSERT_TRUE(created.ok()) << created.status();
    exporter_ = *std::move(created);
  }
  void WriteFlows(int count, size_t name_bytes = 10) {
    for (int i = 0; i < count; ++i) {
      exporter_->Write(FlowEvent{.id = absl::StrCat("f", next_),
                                 .part = next_,
                                 .device = absl::StrCat("site/0/10.0.0.", next_ % 50),
                                 .server_name = std::string(name_bytes, 'n')});
      ++next_;
    }
  }
  bool WaitFor(const std::function<bool()>& met) {
    const absl::Time end = absl::Now() + absl::Seconds(30);
    while (!met() && absl::Now() < end) absl::SleepFor(absl::Milliseconds(10));
    return met();
  }
  const Sink& sink() const { return *exporter_->sinks()[0]; }
  EventCounts Flows() const { return sink().accounts().Of(Topic::kFlows); }
  std::vector<std::string> Said() {
    const std::lock_guard lock(mutex_);
    return said_;
  }
  // Each flow that was written lies there, in the partition of its device; once, unless it may be
  // there again: then as the same event.
  void ExpectAllOnce(bool may_repeat = false) {
    std::map<int, int> seen;
    std::map<std::string, int> partition_of;
    for (const Cluster::Message& message : cluster_.Read(Topic::kFlows)) {
      ++seen[message.event["part"].get<int>()];
      EXPECT_EQ(message.event["id"], absl::StrCat("f", message.event["part"].get<int>()));
      EXPECT_EQ(message.key, message.event["device"].get<std::string>());
      const auto [known, first] = partition_of.emplace(message.key, message.partition);
      EXPECT_EQ(known->second, message.partition) << message.key;
    }
    EXPECT_EQ(seen.size(), static_cast<size_t>(next_));
    for (const auto& [part, times] : seen) ASSERT_TRUE(times == 1 || may_repeat) << part;
  }

  Cluster cluster_;
  const std::string folder_;
  ExportConfig config_;
  std::unique_ptr<Exporter> exporter_;
  int next_ = 0;
  int64_t boot_ = 0;
  std::mutex mutex_;
  std::vector<std::string> said_;
};

TEST_F(KafkaSinkTest, DeliversAllOnce) {
  Start();
  WriteFlows(20'000);
  ASSERT_TRUE(exporter_->Stop(kPatient).ok());
  EXPECT_EQ(Flows().made, 20'000);
  EXPECT_EQ(Flows().delivered, 20'000);
  EXPECT_EQ(Flows().spooled, 0);
  EXPECT_EQ(sink().gauges().from_made.count(), 20'000U);
  ExpectAllOnce();
}

TEST_F(KafkaSinkTest, WhatABrokerAwayCannotTakeWaitsOnDiskAndComes) {
  cluster_.SetDown(true);
  Start();
  WriteFlows(5'000);
  ASSERT_TRUE(WaitFor([this] { return sink().gauges().spool_events == 5'000; }));
  EXPECT_EQ(Flows().spooled, 5'000);
  EXPECT_GT(sink().gauges().spool_bytes, 1'000'000);
  EXPECT_GT(sink().gauges().spool_oldest_ms, 0);
  cluster_.SetDown(false);
  WriteFlows(1'000);
  ASSERT_TRUE(exporter_->Stop(kPatient).ok());
  EXPECT_EQ(Flows().delivered, 6'000);
  EXPECT_EQ(sink().gauges().spool_events, 0);
  ExpectAllOnce();
}

TEST_F(KafkaSinkTest, WhatWasLeftAtTheStopComesWithTheNextStart) {
  cluster_.SetDown(true);
  Start();
  WriteFlows(3'000);
  EXPECT_TRUE(exporter_->Stop({.quiet = absl::Milliseconds(300), .total = absl::Seconds(1)}).ok());
  EXPECT_EQ(Flows().delivered, 0);
  EXPECT_EQ(Flows().spooled, 3'000);
  EXPECT_THAT(Said(), Contains(HasSubstr("3000 events wait in the spool")));
  cluster_.SetDown(false);
  Start();
  WriteFlows(10);
  ASSERT_TRUE(exporter_->Stop(kPatient).ok());
  EXPECT_EQ(Flows().made, 10);  // of this boot
  EXPECT_EQ(Flows().delivered, 10);
  EXPECT_EQ(sink().accounts().inherited_delivered(), 3'000U);
  ExpectAllOnce();
}

TEST_F(KafkaSinkTest, WithoutASpoolWhatIsLeftAtTheStopIsDroppedAndCounted) {
  cluster_.SetDown(true);
  config_.spool.folder.clear();
  Start();
  WriteFlows(100);
  const absl::Status stopped =
      exporter_->Stop({.quiet = absl::Milliseconds(200), .total = absl::Milliseconds(400)});
  EXPECT_THAT(std::string(stopped.message()), HasSubstr("kafka: 100 events were dropped"));
  EXPECT_EQ(Flows().dropped, 100);
  EXPECT_EQ(sink().accounts().DroppedBy(DropReason::kStopped), 100U);
}

// The broker refuses a batch, not its messages: smaller batches are what it takes.
TEST_F(KafkaSinkTest, ABatchTooLargeIsSentInSmallerOnes) {
  config_.kafka.batch_bytes = 32'768;
  Start();
  cluster_.RefuseProduce(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 1);
  WriteFlows(2'000);
  ASSERT_TRUE(exporter_->Stop(kPatient).ok());
  EXPECT_EQ(Flows().delivered, 2'000);
  EXPECT_EQ(Flows().dropped, 0);
  EXPECT_THAT(Said(), Contains(HasSubstr("the broker refuses batches of 32768 bytes")));
  EXPECT_EQ(sink().gauges().producers_made, 2);
  ExpectAllOnce();
}

TEST_F(KafkaSinkTest, AMessageTooLargeIsDroppedAndSaid) {
  config_.kafka.properties = {{"message.max.bytes", "20000"}};
  Start();
  WriteFlows(10);
  WriteFlows(1, 30'000);
  WriteFlows(10);
  EXPECT_FALSE(exporter_->Stop(kPatient).ok());
  EXPECT_EQ(Flows().delivered, 20);
  EXPECT_EQ(Flows().dropped, 1);
  EXPECT_EQ(sink().accounts().DroppedBy(DropReason::kTooLarge), 1U);
}

TEST_F(KafkaSinkTest, AFatalErrorMakesTheClientAnew) {
  Start();
  WriteFlows(100);
  ASSERT_TRUE(WaitFor([this] { return Flows().delivered == 100; }));
  cluster_.RefuseProduce(RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, 1);
  WriteFlows(500);
  ASSERT_TRUE(exporter_->Stop(kPatient).ok());
  EXPECT_EQ(Flows().delivered, 600);
  EXPECT_EQ(sink().gauges().producers_made, 2);
  ExpectAllOnce(/*may_repeat=*/true);  // the old client does not know what the broker has
}

TEST(KafkaCheck, SaysWhatTheClientLibrarySays) {
  KafkaConfig config;
  config.brokers = {"broker:9092"};
  EXPECT_THAT(CheckKafka(config), IsEmpty());
  config.properties = {{"socket.timeout.ms", "1"},
                       {"no.such.thing", "1"},
                       {"enable.idempotence", "false"},
                       {"linger.ms", "5"},
                       {"ssl.key.pem", "x"}};
  std::vector<std::string> faults;
  for (const KafkaFault& fault : CheckKafka(config)) {
    EXPECT_TRUE(fault.property);
    faults.push_back(absl::StrCat(fault.key, ": ", fault.message));
  }
  EXPECT_THAT(faults, Contains(HasSubstr("socket.timeout.ms: Configuration property")));
  EXPECT_THAT(faults, Contains(HasSubstr("no.such.thing: No such configuration property")));
  EXPECT_THAT(faults, Contains(HasSubstr("enable.idempotence: is not for choice")));
  EXPECT_THAT(faults, Contains(HasSubstr("linger.ms: is set by export.kafka.linger_ms")));
  EXPECT_THAT(faults, Contains(HasSubstr("ssl.key.pem: is a secret")));
  EXPECT_EQ(faults.size(), 5U);
}

// What would take back a promise, load code, or send events elsewhere.
TEST(KafkaCheck, RefusesWhatDeliveryHangsOn) {
  KafkaConfig config;
  config.brokers = {"broker:9092"};
  for (const char* const name :
       {"acks", "request.required.acks", "message.timeout.ms", "partitioner", "api.version.request",
        "test.mock.num.brokers", "ssl.engine.location", "plugin.library.paths",
        "sasl.kerberos.kinit.cmd", "delivery.report.only.error", "topic.blacklist"}) {
    config.properties = {{name, "1"}};
    const std::vector<KafkaFault> faults = CheckKafka(config);
    ASSERT_EQ(faults.size(), 1U) << name;
    EXPECT_EQ(faults[0].key, name);
    EXPECT_THAT(faults[0].message, HasSubstr("is not for choice"));
  }
}

// Rules between properties, which the library knows only when a client is made; and what it would
// merely log.
TEST(KafkaCheck, RulesBetweenPropertiesAreFoundAtTheirPlace) {
  KafkaConfig config;
  config.brokers = {"broker:9092"};
  config.properties = {{"client.rack", "a"},
                       {"max.in.flight.requests.per.connection", "100"},
                       {"queuing.strategy", "lifo"}};
  std::vector<KafkaFault> faults = CheckKafka(config);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_TRUE(faults[0].property);
  EXPECT_THAT(faults[0].message, HasSubstr("idempotence"));
  config.properties = {{"session.timeout.ms", "10000"}, {"socket.timeout.ms", "20000"}};
  faults = CheckKafka(config);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].key, "session.timeout.ms");
  EXPECT_THAT(faults[0].message, HasSubstr("not one of a producer's"));
}

TEST(KafkaCheck, WarnsOfScramWhereItWillFail) {
  KafkaConfig config;
  EXPECT_THAT(ScramWarning(config), IsEmpty());
  config.mechanism = "SCRAM-SHA-512";
  EXPECT_THAT(ScramWarning(config), IsEmpty());  // not used
  config.security = "sasl_tls";
  const std::string warning = ScramWarning(config);
  EXPECT_EQ(warning.empty(), rd_kafka_version() >= 0x020601ff) << warning;
}

TEST(KafkaCheck, BrokersAndSecurity) {
  KafkaConfig config;
  config.brokers = {"broker"};
  ASSERT_EQ(CheckKafka(config).size(), 1U);
  EXPECT_THAT(CheckKafka(config)[0].message, HasSubstr("found 'broker', allowed HOST:PORT"));
  config.brokers = {"broker:9092"};
  config.security = "sasl_tls";
  std::set<std::string> keys;
  for (const KafkaFault& fault : CheckKafka(config)) keys.insert(fault.key);
  EXPECT_EQ(keys, (std::set<std::string>{"username", "password_file"}));
  config.security = "tls";
  config.ca_file = "/nonexistent/ca.pem";
  ASSERT_EQ(CheckKafka(config).size(), 1U);
  EXPECT_EQ(CheckKafka(config)[0].key, "ca_file");
}

}  // namespace
}  // namespace vedette
