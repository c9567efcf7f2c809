// A YAML file as SettingNodes with places. Strict where YAML is loose: one document, no anchors or
// aliases, no tags, no duplicate keys, no tabs in the indentation, UTF-8 alone, and limits on size
// and depth, so that a hostile file costs milliseconds. Set-up only, one thread; the only code that
// knows yaml-cpp.
#ifndef VEDETTE_SENSOR_CONFIG_YAML_FILE_H_
#define VEDETTE_SENSOR_CONFIG_YAML_FILE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "detectors/settings.h"

namespace vedette {

inline constexpr size_t kYamlBytesMax = 1 << 20;
inline constexpr size_t kYamlDepthMax = 16;
// A file with more faults than this is no slip; the rest is not listed.
inline constexpr size_t kFaultsMax = 100;

struct YamlFile {
  SettingNode root;                  // a map; kAbsent for an empty file
  std::vector<SettingFault> faults;  // of the syntax; the root is not to be used when there are any
};

// The status says why the file could not be read at all: kNotFound, kPermissionDenied,
// kInvalidArgument (a directory, beyond `bytes_max`).
absl::StatusOr<std::string> ReadTextFile(const std::string& path, size_t bytes_max = kYamlBytesMax);

YamlFile ParseYaml(absl::string_view text);

// "file:line:column: path: what".
std::string FaultText(const std::string& name, const SettingFault& fault);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_CONFIG_YAML_FILE_H_
