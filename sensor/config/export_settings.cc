#include "sensor/config/export_settings.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "sensor/export/kafka_check.h"

namespace vedette {
namespace {

constexpr uint64_t kMebibyte = 1 << 20;
constexpr uint64_t kTebibyte = uint64_t{1} << 40;
constexpr absl::string_view kSecurities[] = {"plaintext", "tls", "sasl_plaintext", "sasl_tls"};
constexpr absl::string_view kMechanisms[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"};
constexpr absl::string_view kCompressions[] = {"zstd", "lz4", "snappy", "gzip", "none"};
constexpr absl::string_view kWhen[] = {"without_broker", "always", "never"};

// "" where none is wanted; elsewhere one that means the same whoever starts the sensor where.
void ReadFolder(Settings& settings, absl::string_view key, std::string& out) {
  std::string folder = out;
  settings.Text(key, folder);
  if (!folder.empty() && !absl::StartsWith(folder, "/")) {
    settings.Fault(key, absl::StrCat("allowed an absolute path (default ", out, ")"));
    return;
  }
  out = std::move(folder);
}

void ReadProperties(Settings& properties, KafkaConfig& kafka) {
  for (const std::string& name : properties.Keys()) {
    std::string value;
    properties.Text(name, value);
    kafka.properties.emplace_back(name, value);
  }
  properties.Finish();
}

void ReadSecurity(Settings& settings, KafkaConfig& kafka) {
  settings.Choice("security", kSecurities, kafka.security);
  ReadFolder(settings, "ca_file", kafka.ca_file);
  ReadFolder(settings, "certificate_file", kafka.certificate_file);
  ReadFolder(settings, "key_file", kafka.key_file);
  settings.Text("key_password_file", kafka.key_password_file);
  settings.Choice("mechanism", kMechanisms, kafka.mechanism);
  settings.Text("username", kafka.username);
  settings.Text("password_file", kafka.password_file);
}

KafkaConfig ReadKafka(Settings settings) {
  KafkaConfig kafka;
  settings.TextList("brokers", kafka.brokers);
  ReadSecurity(settings, kafka);
  settings.Choice("compression", kCompressions, kafka.compression);
  settings.Integer("linger_ms", 0, 1'000, kafka.linger_ms);
  settings.Integer("batch_bytes", 16'384, 16'777'216, kafka.batch_bytes);
  settings.Integer("in_flight_bytes_max", kMebibyte, 1'024 * kMebibyte, kafka.in_flight_bytes_max);
  settings.Flag("create_topics", kafka.create_topics);
  settings.Integer("partitions", 1, 1'000, kafka.partitions);
  settings.Integer("replication", 0, 100, kafka.replication);
  Settings properties = settings.Section("properties");
  ReadProperties(properties, kafka);
  settings.Finish();
  if (kafka.brokers.empty()) return kafka;  // nothing of it is used
  for (const KafkaFault& fault : CheckKafka(kafka)) {
    (fault.property ? properties : settings).Fault(fault.key, fault.message);
  }
  return kafka;
}

SpoolConfig ReadSpool(Settings settings) {
  SpoolConfig spool;
  ReadFolder(settings, "folder", spool.folder);
  settings.Integer("bytes_max", 16 * kMebibyte, kTebibyte, spool.bytes_max);
  settings.Finish();
  return spool;
}

FilesConfig ReadFiles(Settings settings) {
  FilesConfig files;
  settings.Choice("when", kWhen, files.when);
  ReadFolder(settings, "folder", files.folder);
  if (files.folder.empty()) settings.Fault("folder", "allowed an absolute path");
  settings.Integer("rotate_bytes", 65'536, 64 * 1'024 * kMebibyte, files.rotate_bytes);
  settings.Integer("rotate_s", 10, 604'800, files.rotate_s);
  settings.Integer("keep_bytes_max", kMebibyte, kTebibyte, files.keep_bytes_max);
  settings.Flag("compress", files.compress);
  settings.Finish();
  return files;
}

}  // namespace

ExportConfig ReadExport(Settings settings) {
  ExportConfig config;
  settings.Flag("flows", config.flows);
  settings.Integer("queue_events", 1'000, 10'000'000, config.queue_events);
  settings.Integer("queue_bytes_max", kMebibyte, 4'096 * kMebibyte, config.queue_bytes_max);
  settings.Integer("stop_wait_s", 0, 600, config.stop_wait_s);
  config.kafka = ReadKafka(settings.Section("kafka"));
  config.spool = ReadSpool(settings.Section("spool"));
  config.files = ReadFiles(settings.Section("files"));
  settings.Finish();
  return config;
}

}  // namespace vedette
