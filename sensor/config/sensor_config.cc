#include "sensor/config/sensor_config.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "dataplane/worker/shard_window.h"
#include "sensor/config/export_settings.h"
#include "sensor/config/local_settings.h"
#include "sensor/config/model_settings.h"
#include "sensor/config/pattern_file.h"
#include "sensor/config/policy_settings.h"
#include "sensor/config/yaml_file.h"

namespace vedette {
namespace {

constexpr size_t kIdentifierBytesMax = 64;
constexpr absl::string_view kOutside = "ext";  // ext/0/192.0.2.1 is no device of a site

void ReadIdentifier(Settings& settings, absl::string_view key, std::string& out) {
  std::string value = out;
  settings.Text(key, value);
  if (IsIdentifier(value)) {
    out = std::move(value);
  } else {
    settings.Fault(key, absl::StrCat("allowed 1 to ", kIdentifierBytesMax,
                                     " letters, digits, '.', '_' and '-' (default ", out, ")"));
  }
}

// The file speaks of the whole sensor, the tracker of one of its shards.
void ReadTableSize(Settings& settings, absl::string_view key, uint32_t max, uint32_t& per_shard) {
  constexpr uint32_t kEntriesMin = 1'024;
  constexpr auto kParts = static_cast<uint32_t>(kShards);
  uint32_t entries = per_shard * kParts;
  settings.Integer(key, kEntriesMin, max, entries);
  per_shard = (entries + kParts - 1) / kParts;
}

void ReadTables(Settings settings, TrackerOptions& tracker, InspectorOptions& inspector) {
  ReadTableSize(settings, "flows", 16'777'216, tracker.flows);
  ReadTableSize(settings, "duplicates", 4'194'304, tracker.duplicates);
  ReadTableSize(settings, "fragmented_datagrams", 1'048'576, tracker.datagrams);
  ReadTableSize(settings, "pairs", 16'777'216, tracker.pairs);
  ReadTableSize(settings, "streams", 524'288, inspector.streams);
  ReadTableSize(settings, "server_names", 524'288, inspector.server_names);
  settings.Finish();
}

void ReadInspection(Settings settings, InspectorOptions& inspector) {
  settings.Integer("stream_bytes", 1'024, 1'073'741'824, inspector.stream_bytes);
  settings.Finish();
}

void ReadFlowTimeouts(Settings settings, TrackerOptions& tracker) {
  settings.Integer("handshake_s", 1, 600, tracker.handshake_timeout_s);
  settings.Integer("tcp_idle_s", 1, 86'400, tracker.tcp_idle_timeout_s);
  settings.Integer("idle_s", 1, 86'400, tracker.idle_timeout_s);
  settings.Integer("closed_linger_s", 1, 600, tracker.closed_linger_s);
  settings.Integer("active_s", 10, 86'400, tracker.active_timeout_s);
  settings.Finish();
}

AlertLifeConfig ReadAlerts(Settings settings) {
  AlertLifeConfig alerts;
  settings.Integer("calm_s", 1, 86'400, alerts.calm_s);
  settings.Integer("update_every_s", 1, 3'600, alerts.update_every_s);
  settings.Integer("open_max", 16, 65'536, alerts.open_max);
  settings.Finish();
  return alerts;
}

DeviceWindowConfig ReadDeviceWindows(Settings settings) {
  DeviceWindowConfig windows;
  settings.Integer("window_s", 1, 3'600, windows.window_s);
  settings.Integer("devices_max", 16, 1'048'576, windows.devices_max);
  settings.Finish();
  return windows;
}

StateConfig ReadStateSection(Settings settings) {
  static constexpr absl::string_view kWhen[] = {"without_files", "always", "never"};
  StateConfig state;
  settings.Choice("when", kWhen, state.when);
  std::string folder = state.folder;
  settings.Text("folder", folder);
  if (absl::StartsWith(folder, "/")) {
    state.folder = std::move(folder);
  } else {
    settings.Fault("folder", absl::StrCat("allowed an absolute path (default ", state.folder, ")"));
  }
  settings.Integer("every_s", 10, 86'400, state.every_s);
  settings.Integer("alert_age_max_s", 0, 86'400, state.alert_age_max_s);
  settings.Integer("mib_max", 1, 4'096, state.mib_max);
  settings.Finish();
  return state;
}

DpdkOptions ReadDpdk(Settings settings) {
  static constexpr absl::string_view kHugepages[] = {"auto", "true", "false"};
  DpdkOptions dpdk;
  std::string hugepages = "auto";
  settings.Choice("hugepages", kHugepages, hugepages);
  if (hugepages != "auto") {
    dpdk.hugepages = hugepages == "true" ? DpdkHugepages::kOn : DpdkHugepages::kOff;
  }
  settings.Integer("memory_mib", 64, 65'536, dpdk.memory_mib);
  settings.Text("file_prefix", dpdk.file_prefix);
  settings.TextList("eal_arguments", dpdk.arguments);
  const auto arguments = DpdkArguments(dpdk, dpdk.hugepages != DpdkHugepages::kOff);
  if (!arguments.ok()) {
    for (const absl::string_view fault : absl::StrSplit(arguments.status().message(), '\n')) {
      settings.Fault("eal_arguments", std::string(fault));
    }
  }
  settings.Finish();
  return dpdk;
}

AlertPcapConfig ReadAlertPcaps(Settings settings) {
  constexpr uint64_t kMebibyte = 1 << 20;
  AlertPcapConfig pcaps;
  settings.Text("folder", pcaps.folder);
  if (!pcaps.folder.empty() && pcaps.folder.front() != '/') {
    settings.Fault("folder", "allowed an absolute path, or \"\" for none");
  }
  settings.Integer("packets", 1, 1'024, pcaps.packets);
  settings.Integer("snap_length_bytes", 64, 65'535, pcaps.snap_length_bytes);
  settings.Integer("file_bytes_max", 4'096, 64 * kMebibyte, pcaps.file_bytes_max);
  settings.Integer("folder_bytes_max", kMebibyte, 1'024 * 1'024 * kMebibyte,
                   pcaps.folder_bytes_max);
  if (pcaps.folder_bytes_max < pcaps.file_bytes_max) {
    settings.Fault("folder_bytes_max", "allowed at least file_bytes_max");
  }
  settings.Integer("memory_mib", 16, 4'096, pcaps.memory_mib);
  settings.Finish();
  return pcaps;
}

void ReadEvidenceKey(Settings& settings, std::string& file) {
  settings.Text("evidence_key_file", file);
  if (!file.empty() && file.front() != '/' && file.find('/') != std::string::npos) {
    settings.Fault("evidence_key_file",
                   "allowed an absolute path, the name of a systemd credential, or \"\" for none");
  }
}

void AppendFaults(const std::string& name, std::vector<SettingFault> faults,
                  std::vector<std::string>& out) {
  std::stable_sort(faults.begin(), faults.end(), [](const SettingFault& a, const SettingFault& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  });
  for (const SettingFault& fault : faults) out.push_back(FaultText(name, fault));
}

void ReadPatterns(const std::string& folder, ConfigReading& reading) {
  const std::filesystem::path path =
      std::filesystem::path(folder) / reading.config.patterns_file;  // absolute stays absolute
  absl::StatusOr<PatternReading> patterns = ReadPatternFile(path.string());
  if (!patterns.ok()) {
    reading.faults.emplace_back(patterns.status().message());
    return;
  }
  AppendFaults(path.string(), std::move(patterns->faults), reading.faults);
  reading.config.patterns = std::move(patterns->patterns);
}

// `section`: that of the main file.
void ReadPolicy(Settings section, const std::string& name, const std::string& folder,
                ConfigReading& reading) {
  PolicyConfig& policy = reading.config.policy;
  PolicyReader reader;
  section.TextList("files", policy.files);
  reader.ReadSection(section, name, folder);
  section.Finish();
  for (const std::string& file : policy.files) {
    reader.ReadFile((std::filesystem::path(folder) / file).string());
  }
  PolicyDefinition definition = reader.Finish();
  reading.faults.insert(reading.faults.end(), reader.faults().begin(), reader.faults().end());
  if (!definition.empty()) policy.compiled = std::make_shared<const Policy>(std::move(definition));
}

}  // namespace

bool IsIdentifier(absl::string_view text) {
  return !text.empty() && text.size() <= kIdentifierBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' ||
                  c == '-';
         });
}

SensorConfig SensorConfig::Read(Settings& settings) {
  SensorConfig config;
  ReadIdentifier(settings, "sensor", config.sensor);
  ReadIdentifier(settings, "site", config.site);
  if (config.site == kOutside) {
    settings.Fault("site",
                   "found \"ext\", which names what is outside in every event: allowed any "
                   "other");
  }
  settings.PrefixList("home", config.home);
  config.capture = CaptureConfig::Read(settings.Section("capture"));
  ReadTables(settings.Section("tables"), config.tracker, config.inspector);
  ReadInspection(settings.Section("inspection"), config.inspector);
  ReadFlowTimeouts(settings.Section("flow_timeouts"), config.tracker);
  config.alerts = ReadAlerts(settings.Section("alerts"));
  config.device_windows = ReadDeviceWindows(settings.Section("device_windows"));
  config.dpdk = ReadDpdk(settings.Section("dpdk"));
  config.sinks = ReadExport(settings.Section("export"));
  config.models = ReadModels(settings.Section("models"), config.sinks.kafka);
  config.service = ServiceConfig::Read(settings.Section("service"));
  config.local = ReadLocal(settings.Section("local"));
  config.state = ReadStateSection(settings.Section("state"));
  settings.Text("patterns_file", config.patterns_file);
  ReadEvidenceKey(settings, config.evidence_key_file);
  config.alert_pcaps = ReadAlertPcaps(settings.Section("alert_pcaps"));
  Settings detectors = settings.Section("detectors");
  config.detectors = Detectors::ReadConfigs(
      [&detectors](absl::string_view name) { return detectors.Section(name); });
  detectors.Finish();
  return config;
}

ConfigReading ReadConfigText(absl::string_view text, const std::string& name,
                             const std::string& folder) {
  ConfigReading reading;
  YamlFile file = ParseYaml(text);
  if (!file.faults.empty()) {
    AppendFaults(name, std::move(file.faults), reading.faults);
    return reading;
  }
  SettingLog log;
  Settings settings("", &file.root, &log);
  reading.config = SensorConfig::Read(settings);
  ReadPolicy(settings.Section("policy"), name, folder, reading);
  settings.Finish();
  std::vector<std::string> policy_faults = std::move(reading.faults);
  reading.faults.clear();
  reading.declarations = std::move(log.declarations);
  AppendFaults(name, std::move(log.faults), reading.faults);
  reading.faults.insert(reading.faults.end(), policy_faults.begin(), policy_faults.end());
  if (!reading.config.patterns_file.empty()) ReadPatterns(folder, reading);
  return reading;
}

absl::StatusOr<ConfigReading> ReadConfig(const std::string& path) {
  absl::StatusOr<std::string> text = ReadTextFile(path);
  if (!text.ok()) return text.status();
  return ReadConfigText(*text, path, std::filesystem::path(path).parent_path().string());
}

absl::StatusOr<SensorConfig> LoadConfig(const std::string& path) {
  absl::StatusOr<ConfigReading> reading = ReadConfig(path);
  if (!reading.ok()) return reading.status();
  if (!reading->faults.empty()) {
    return absl::InvalidArgumentError(absl::StrJoin(reading->faults, "\n"));
  }
  return std::move(reading->config);
}

}  // namespace vedette
