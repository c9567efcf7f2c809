// The sensor's configuration: plain values, read and checked once, immutable after. Every default
// is the initial value of its member; conf/vedette.yaml documents them and a test holds the two
// equal. Set-up only, one thread.
#ifndef VEDETTE_SENSOR_CONFIG_SENSOR_CONFIG_H_
#define VEDETTE_SENSOR_CONFIG_SENSOR_CONFIG_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "dataplane/capture/dpdk_environment.h"
#include "dataplane/inspect/inspector.h"
#include "dataplane/inspect/pattern_matcher.h"
#include "dataplane/track/home_networks.h"
#include "dataplane/track/tracker.h"
#include "detectors/registry.h"
#include "detectors/settings.h"
#include "sensor/config/capture_config.h"
#include "sensor/config/service_config.h"
#include "sensor/event/alert_life.h"
#include "sensor/export/export_config.h"
#include "sensor/local/local_config.h"
#include "sensor/models/model_config.h"
#include "sensor/policy/alert_pcap_config.h"
#include "sensor/policy/policy.h"

namespace vedette {

// One device event per active device and window.
struct DeviceWindowConfig {
  uint32_t window_s = 10;
  uint32_t devices_max = 16'384;  // the merged picture's; beyond it the least recently active go
};

// What is not to be told, or told otherwise: in the main file, in files of its own, or both.
struct PolicyConfig {
  std::vector<std::string> files;          // as written
  std::shared_ptr<const Policy> compiled;  // of the main file and of these; null: no entries
};

// What the sensor remembers over a restart.
struct StateConfig {
  std::string when = "without_files";  // named on the command line; or always, never
  std::string folder = "/var/lib/vedette/state";
  uint32_t every_s = 300;
  uint32_t alert_age_max_s = 600;  // older alerts are closed
  uint32_t mib_max = 256;
};
inline bool KeepsState(const StateConfig& state, bool files_are_named) {
  return state.when == "always" || (state.when != "never" && !files_are_named);
}

struct SensorConfig {
  std::string sensor = "replay";  // [A-Za-z0-9._-], 1 to 64: part of every event's identity
  std::string site = "default";   // as above: part of every device's name
  std::vector<Prefix> home = HomeNetworks::Default().prefixes();
  CaptureConfig capture;       // `run` only, as is export
  TrackerOptions tracker;      // sizes per shard; the file gives those of the whole sensor
  InspectorOptions inspector;  // likewise
  AlertLifeConfig alerts;
  DeviceWindowConfig device_windows;
  DpdkOptions dpdk;    // its devices are those of the command or of the ports
  ExportConfig sinks;  // the section `export`
  ServiceConfig service;
  ModelConfig models;
  LocalConfig local;          // `run` only
  StateConfig state;          // `run` only
  std::string patterns_file;  // as written; empty: the built-in patterns
  std::vector<PatternDefinition> patterns = BuiltInPatterns();
  PolicyConfig policy;
  // The key of the HMACs in evidence of exfil.sensitive_content: an absolute path, or the name of a
  // systemd credential. Empty: none.
  std::string evidence_key_file;
  AlertPcapConfig alert_pcaps;
  Detectors::Configs detectors;

  // The brokers that hold models; without any, none are read.
  KafkaConfig model_brokers() const {
    KafkaConfig kafka = sinks.kafka;
    if (!models.brokers.empty()) kafka.brokers = models.brokers;
    if (!models.enabled) kafka.brokers.clear();
    return kafka;
  }

  // Everything but the patterns and the policy, whose files are read in a folder.
  static SensorConfig Read(Settings& settings);
};

// What reading found, good or bad: for `check`, `explain` and the tests.
struct ConfigReading {
  SensorConfig config;
  std::vector<SettingDeclaration> declarations;  // in reading order, of the main file
  std::vector<std::string> faults;               // "file:line:column: path: what"
};

// "The pattern file" is patterns_file, relative to the folder of `path`.
absl::StatusOr<ConfigReading> ReadConfig(const std::string& path);

// The same from text; `name` stands for the file in messages, `folder` is where patterns_file is
// looked for.
ConfigReading ReadConfigText(absl::string_view text, const std::string& name,
                             const std::string& folder);

// The configuration, or every fault at once, one a line.
absl::StatusOr<SensorConfig> LoadConfig(const std::string& path);

// As a sensor or site may be called.
bool IsIdentifier(absl::string_view text);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_CONFIG_SENSOR_CONFIG_H_
