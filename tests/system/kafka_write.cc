// Writes messages into a topic and ends when all are on the broker's disk: kafka_write BROKERS
// TOPIC < lines "key TAB value"; a line without a TAB is a tombstone. For tests.
#include <librdkafka/rdkafka.h>

#include <cstdio>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", argv[1], nullptr, 0);
  rd_kafka_conf_set(conf, "enable.idempotence", "true", nullptr, 0);
  rd_kafka_t* const writer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
  if (writer == nullptr) return 1;
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(writer, argv[2], nullptr);
  if (topic == nullptr) return 1;
  for (std::string line; std::getline(std::cin, line);) {
    const size_t tab = line.find('\t');
    std::string key = line.substr(0, tab);
    std::string value = tab == std::string::npos ? "" : line.substr(tab + 1);
    void* const bytes = tab == std::string::npos ? nullptr : value.data();
    if (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, bytes, value.size(),
                         key.data(), key.size(), nullptr) != 0) {
      std::fprintf(stderr, "%s\n", rd_kafka_err2str(rd_kafka_last_error()));
      return 1;
    }
    rd_kafka_poll(writer, 0);
  }
  const rd_kafka_resp_err_t flushed = rd_kafka_flush(writer, 60'000);
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(writer);
  return flushed == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : 1;
}
