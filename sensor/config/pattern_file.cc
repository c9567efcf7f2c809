#include "sensor/config/pattern_file.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "sensor/config/yaml_file.h"

namespace vedette {
namespace {

constexpr size_t kPatternsMax = 1'024;  // matches name them by 16 bits; a database stays small
constexpr size_t kNameBytesMax = 64;
constexpr uint32_t kMinimumMax = 1'000'000;
constexpr absl::string_view kVerifiers[] = {"none", "luhn", "iban", "pem",
                                            "login"};  // by PatternVerifier
constexpr absl::string_view kSeverities[] = {"low", "medium", "high", "critical"};

bool IsPatternName(absl::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_islower(static_cast<unsigned char>(c)) ||
                  absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '_';
         });
}

PatternDefinition ReadPattern(Settings& settings) {
  PatternDefinition pattern;
  settings.Text("name", pattern.name);
  settings.Text("expression", pattern.expression);
  std::string verifier(kVerifiers[static_cast<size_t>(pattern.verifier)]);
  settings.Choice("verifier", kVerifiers, verifier);
  pattern.verifier = static_cast<PatternVerifier>(
      std::find(std::begin(kVerifiers), std::end(kVerifiers), verifier) - std::begin(kVerifiers));
  settings.Choice("severity", kSeverities, pattern.severity);
  settings.Integer("minimum", 1, kMinimumMax, pattern.minimum);
  settings.Flag("enabled", pattern.enabled);
  settings.Finish();
  return pattern;
}

// One by one, so that each fault has its place.
void CheckPattern(const PatternDefinition& pattern, Settings& settings) {
  if (!IsPatternName(pattern.name)) {
    settings.Fault("name", absl::StrCat("allowed 1 to ", kNameBytesMax,
                                        " lower-case letters, digits and '_'"));
  }
  if (pattern.expression.empty()) {
    settings.Fault("expression", "found nothing, allowed a regular expression");
    return;
  }
  PatternDefinition tried = pattern;
  tried.enabled = true;  // a pattern that is off must still be one
  const auto compiled = PatternDatabase::Create({tried});
  if (!compiled.ok()) settings.Fault("expression", std::string(compiled.status().message()));
}

}  // namespace

PatternReading ReadPatternText(absl::string_view text) {
  PatternReading reading;
  YamlFile file = ParseYaml(text);
  if (!file.faults.empty()) {
    reading.faults = std::move(file.faults);
    return reading;
  }
  SettingLog log;
  Settings root("", &file.root, &log);
  std::vector<Settings> items = root.SectionList("patterns");
  root.Finish();
  if (items.size() > kPatternsMax) {
    root.Fault("patterns", absl::StrCat("found ", items.size(), ", allowed ", kPatternsMax));
    items.resize(kPatternsMax, Settings("", nullptr, &log));
  }
  absl::flat_hash_set<std::string> names;
  for (Settings& item : items) {
    PatternDefinition pattern = ReadPattern(item);
    CheckPattern(pattern, item);
    if (!names.insert(pattern.name).second) {
      item.Fault("name", "stands in the file twice, allowed once");
    }
    reading.patterns.push_back(std::move(pattern));
  }
  reading.faults = std::move(log.faults);
  return reading;
}

absl::StatusOr<PatternReading> ReadPatternFile(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadTextFile(path);
  if (!text.ok()) return text.status();
  return ReadPatternText(*text);
}

}  // namespace vedette
