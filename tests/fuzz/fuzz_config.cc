#include <algorithm>
#include <set>

#include "sensor/config/sensor_config.h"
#include "sensor/config/yaml_file.h"
#include "sensor/event/text_safety.h"
#include "tests/fuzz/fuzz_targets.h"

namespace vedette {
namespace {

void CheckPlace(const SettingPlace& place, int lines) {
  Require(place.line >= 0 && place.line <= lines + 1);
  Require(place.line == 0 || place.column >= 1);
}

// Every fault has a place in the file and a sentence that can be shown on one line of a terminal.
void CheckFaults(const std::vector<SettingFault>& faults, int lines) {
  for (const SettingFault& fault : faults) {
    CheckPlace(fault.place, lines);
    const std::string text = FaultText("file", fault);
    Require(!fault.message.empty() && Printable(text, text.size()) == text);
  }
}

void CheckTree(const SettingNode& node, size_t depth, int lines) {
  Require(depth <= kYamlDepthMax);
  CheckPlace(node.place, lines);
  Require(node.kind == SettingNode::Kind::kList || node.items.empty());
  Require(node.kind == SettingNode::Kind::kMap || node.entries.empty());
  for (const SettingNode& item : node.items) CheckTree(item, depth + 1, lines);
  std::set<std::string> keys;
  for (const SettingNode::Entry& entry : node.entries) {
    Require(!entry.key.empty() && keys.insert(entry.key).second);
    CheckTree(entry.value, depth + 1, lines);
  }
}

// Whatever stood in the file: what is out of range keeps its default.
void CheckConfig(const SensorConfig& config) {
  Require(IsIdentifier(config.sensor) && IsIdentifier(config.site));
  Require(config.tracker.flows >= 64 && config.tracker.flows <= 16'777'216 / 16);
  Require(config.tracker.idle_timeout_s >= 1 && config.tracker.idle_timeout_s <= 86'400);
  Require(config.inspector.stream_bytes >= 1'024);
  Require(config.alerts.open_max >= 16 && config.alerts.calm_s >= 1);
  Require(config.device_windows.window_s >= 1 && config.device_windows.window_s <= 3'600);
}

}  // namespace

// Without the file of patterns: whose expressions are the operator's own, and compile for seconds.
void FuzzConfig(FuzzInput input) {
  const std::string text(input.begin(), input.end());
  const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
  YamlFile file = ParseYaml(text);
  Require(file.faults.size() <= kFaultsMax + 1);
  CheckFaults(file.faults, lines);
  if (!file.faults.empty()) return;
  CheckTree(file.root, 0, lines);
  SettingLog log;
  Settings settings("", &file.root, &log);
  const SensorConfig config = SensorConfig::Read(settings);
  CheckFaults(log.faults, lines);
  CheckConfig(config);
  if (log.faults.empty()) Require(config.site != "ext");
}

std::vector<std::string> ConfigSeeds() {
  return {
      "sensor: gate-1\nsite: 'plant'\nhome:\n  - 10.0.0.0/8\n  - fc00::/7\n",
      "tables: {flows: 65536, pairs: 0x10, streams: 2_048}\ninspection:\n  stream_bytes: 1e6\n",
      "# comment\nalerts:\n  calm_s: 60 # s\n  open_max: -1\nflow_timeouts: {idle_s: .inf}\n",
      "detectors:\n  dos.syn_flood: {enabled: false}\n  dos.udp_flood:\n    severity: high\n",
      "detectors:\n  exfil.volume:\n    allow:\n      - {to: 192.0.2.0/24, name: \"b\\u00e9\"}\n",
      "---\n? [a, b]\n: c\n...\n--- !!str d\n&x e: *x\n",
      "a: |\n  text\n  more\nb: >-\n  folded\nc: \"x\\\n  y\"\nd: [[[[{e: f}]]]]\n",
      "%YAML 1.2\n---\n\xef\xbb\xbfkey: \xe2\x80\xae\n",
      "sensro: x\nhome: 10.0.0.0/8\nsite: ext\npatterns_file: /none\n",
  };
}

}  // namespace vedette
