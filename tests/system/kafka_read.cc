// Prints every message of some topics, one a line, and ends: kafka_read BROKERS TOPIC... For tests,
// which count what has arrived.
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdio>
#include <set>
#include <string>
#include <utility>

namespace {

using Place = std::pair<std::string, int>;

// The partitions there are.
std::set<Place> PlacesOf(rd_kafka_t* reader, int count, char** topics) {
  std::set<Place> places;
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(reader, 1, nullptr, &metadata, 20'000) != 0) return places;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    for (int j = 0; j < count; ++j) {
      if (topics[j] != std::string(topic.topic)) continue;
      for (int k = 0; k < topic.partition_cnt; ++k) {
        places.insert({topic.topic, topic.partitions[k].id});
      }
    }
  }
  rd_kafka_metadata_destroy(metadata);
  return places;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", argv[1], nullptr, 0);
  rd_kafka_conf_set(conf, "group.id", "kafka_read", nullptr, 0);
  rd_kafka_conf_set(conf, "enable.partition.eof", "true", nullptr, 0);
  rd_kafka_t* const reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, nullptr, 0);
  std::set<Place> open = PlacesOf(reader, argc - 2, argv + 2);
  rd_kafka_topic_partition_list_t* const all =
      rd_kafka_topic_partition_list_new(static_cast<int>(open.size()));
  for (const auto& [topic, partition] : open) {
    rd_kafka_topic_partition_list_add(all, topic.c_str(), partition)->offset = 0;
  }
  rd_kafka_assign(reader, all);
  rd_kafka_topic_partition_list_destroy(all);
  const auto begin = std::chrono::steady_clock::now();
  while (!open.empty() && std::chrono::steady_clock::now() - begin < std::chrono::minutes(2)) {
    rd_kafka_message_t* const message = rd_kafka_consumer_poll(reader, 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      open.erase({rd_kafka_topic_name(message->rkt), message->partition});
    } else if (message->err == 0) {
      std::fwrite(message->payload, 1, message->len, stdout);
      std::fputc('\n', stdout);
    }
    rd_kafka_message_destroy(message);
  }
  rd_kafka_consumer_close(reader);
  rd_kafka_destroy(reader);
  return open.empty() ? 0 : 1;
}
