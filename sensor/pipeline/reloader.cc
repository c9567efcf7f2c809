#include "sensor/pipeline/reloader.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sensor/pipeline/service_log.h"
#include "sensor/pipeline/standard_streams.h"

namespace vedette {
namespace {

// What is swapped while packets pass. All else sizes memory, opens sockets or names the sensor.
bool TakesEffectAtOnce(absl::string_view path) {
  return path == "home" || path == "patterns_file" || absl::StartsWith(path, "detectors.") ||
         absl::StartsWith(path, "alerts.") || absl::StartsWith(path, "policy") ||
         path == "models.public_keys";
}

void LogChanges(const std::vector<ChangedSetting>& changes) {
  for (const ChangedSetting& change : changes) {
    const std::string text =
        Shown(absl::StrCat(change.path, ": ", change.before, " -> ", change.after));
    if (change.at_once) {
      spdlog::info("  {}", text);
    } else {
      spdlog::warn("  {}: with the next start only", text);
    }
  }
}

}  // namespace

std::vector<ChangedSetting> ChangesOf(const std::vector<SettingDeclaration>& before,
                                      const std::vector<SettingDeclaration>& after) {
  std::map<std::string, std::pair<std::string, std::string>> values;
  for (const SettingDeclaration& one : before) values[one.path].first = one.value_text;
  for (const SettingDeclaration& one : after) values[one.path].second = one.value_text;
  std::vector<ChangedSetting> changes;
  for (const auto& [path, value] : values) {
    if (value.first == value.second) continue;
    changes.push_back({path, value.first, value.second, TakesEffectAtOnce(path)});
  }
  return changes;
}

std::vector<PatternDefinition> ArrangedPatterns(const std::vector<PatternDefinition>& running,
                                                const std::vector<PatternDefinition>& wanted) {
  std::vector<PatternDefinition> arranged = running;
  for (PatternDefinition& pattern : arranged) pattern.enabled = false;
  for (const PatternDefinition& pattern : wanted) {
    const auto known =
        std::find_if(arranged.begin(), arranged.end(),
                     [&pattern](const auto& other) { return other.name == pattern.name; });
    if (known != arranged.end()) {
      *known = pattern;
    } else {
      arranged.push_back(pattern);
    }
  }
  return arranged;
}

Reloader::Reloader(const SensorConfig& running, const RunRequest& request, Engine& engine)
    : request_(request),
      engine_(engine),
      home_(running.home),
      patterns_(running.patterns),
      declarations_(request.declarations) {}

void Reloader::Reload() {
  const absl::Status status = Apply();
  if (status.ok()) {
    applied_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  refused_.fetch_add(1, std::memory_order_relaxed);
  LogFault(status);
  spdlog::error("SIGHUP: the configuration is refused; generation {} goes on",
                generation_.load(std::memory_order_relaxed));
}

absl::Status Reloader::Apply() {
  if (request_.read_again == nullptr) {
    return absl::FailedPreconditionError("there is no configuration file: start with -c FILE");
  }
  absl::StatusOr<RunReading> reading = request_.read_again();
  if (!reading.ok()) return reading.status();
  const std::vector<ChangedSetting> changes = ChangesOf(declarations_, reading->declarations);
  if (absl::Status offered = Offer(reading->config); !offered.ok()) return offered;
  spdlog::info("SIGHUP: the configuration is now of generation {}, {} settings differ",
               generation_.load(std::memory_order_relaxed), changes.size());
  LogChanges(changes);
  if (applied_call_) applied_call_(reading->config);
  // What waits for a start is told again each time until then.
  std::map<std::string, std::string> at_once;
  for (const ChangedSetting& change : changes) {
    if (change.at_once) at_once[change.path] = change.after;
  }
  for (SettingDeclaration& declared : declarations_) {
    const auto changed = at_once.find(declared.path);
    if (changed != at_once.end()) declared.value_text = changed->second;
  }
  return absl::OkStatus();
}

absl::Status Reloader::Offer(const SensorConfig& wanted) {
  std::vector<PatternDefinition> patterns = ArrangedPatterns(patterns_, wanted.patterns);
  if (patterns.size() > std::numeric_limits<uint16_t>::max()) {
    return absl::ResourceExhaustedError("too many names of patterns since the start: restart");
  }
  auto update = std::make_unique<EngineUpdate>();
  const bool other_patterns = patterns != patterns_;
  if (other_patterns || wanted.home != home_ || database_ == nullptr) {
    absl::StatusOr<std::shared_ptr<const PatternDatabase>> database = database_;
    if (other_patterns || database_ == nullptr) database = PatternDatabase::Create(patterns);
    if (!database.ok()) return database.status();
    database_ = *std::move(database);
    update->workers = engine_.MakeWorkerSettings(wanted.home, database_);
  }
  const int32_t generation = generation_.load(std::memory_order_relaxed) + 1;
  update->control = {.home = wanted.home,
                     .detectors = wanted.detectors,
                     .alerts = wanted.alerts,
                     .patterns = LabelsOf(patterns),
                     .policy = wanted.policy.compiled,
                     .generation = generation};
  home_ = wanted.home;
  patterns_ = std::move(patterns);
  engine_.Offer(std::move(update));
  generation_.store(generation, std::memory_order_relaxed);
  return absl::OkStatus();
}

ReloadFigures Reloader::figures() const {
  return {.applied = applied_.load(std::memory_order_relaxed),
          .refused = refused_.load(std::memory_order_relaxed),
          .generation = generation_.load(std::memory_order_relaxed)};
}

}  // namespace vedette
