// The sensitive-content patterns of a file (conf/patterns.yaml): they replace the built-in ones as
// a whole, and are compiled once to prove them. Set-up only, one thread.
#ifndef VEDETTE_SENSOR_CONFIG_PATTERN_FILE_H_
#define VEDETTE_SENSOR_CONFIG_PATTERN_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "dataplane/inspect/pattern_matcher.h"
#include "detectors/settings.h"

namespace vedette {

struct PatternReading {
  std::vector<PatternDefinition> patterns;
  std::vector<SettingFault> faults;
};

PatternReading ReadPatternText(absl::string_view text);
absl::StatusOr<PatternReading> ReadPatternFile(const std::string& path);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_CONFIG_PATTERN_FILE_H_
