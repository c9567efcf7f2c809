// Where events go, as the configuration says it: plain values, immutable once read. The defaults
// are the initial values; conf/vedette.yaml says what each means.
#ifndef VEDETTE_SENSOR_EXPORT_EXPORT_CONFIG_H_
#define VEDETTE_SENSOR_EXPORT_EXPORT_CONFIG_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace vedette {

// A secret is never a value of the configuration: it is read from where `place` says.
struct KafkaConfig {
  std::vector<std::string> brokers;  // host:port; empty: no Kafka
  std::string security = "plaintext";
  std::string ca_file, certificate_file, key_file;
  std::string key_password_file;
  std::string mechanism = "PLAIN";
  std::string username;
  std::string password_file;  // a path, or the name of a systemd credential
  std::string compression = "zstd";
  uint32_t linger_ms = 20;
  uint32_t batch_bytes = 1'000'000;
  uint64_t in_flight_bytes_max = 64 << 20;
  bool create_topics = true;
  uint32_t partitions = 6;
  uint32_t replication = 0;  // the broker's default
  // Of librdkafka, passed through; checked with the configuration.
  std::vector<std::pair<std::string, std::string>> properties;
};

struct SpoolConfig {
  std::string folder = "/var/lib/vedette/spool";  // empty: no spool
  uint64_t bytes_max = uint64_t{4} << 30;
};

struct FilesConfig {
  std::string when = "without_broker";  // or always, never
  std::string folder = "/var/lib/vedette/events";
  uint64_t rotate_bytes = 128 << 20;
  uint32_t rotate_s = 3'600;
  uint64_t keep_bytes_max = uint64_t{4} << 30;
  bool compress = true;
};

struct ExportConfig {
  bool flows = false;
  uint32_t queue_events = 200'000;
  uint64_t queue_bytes_max = 128 << 20;
  uint32_t stop_wait_s = 3;
  KafkaConfig kafka;
  SpoolConfig spool;
  FilesConfig files;

  bool to_kafka() const { return !kafka.brokers.empty(); }
  bool to_files() const {
    return files.when == "always" || (files.when == "without_broker" && !to_kafka());
  }
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_EXPORT_CONFIG_H_
