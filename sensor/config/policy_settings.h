// The policy as it is written: the section `policy` of the configuration, policy files with the
// same keys, and lists of hosts with one on a line. All faults at once, each with its place. Set-up
// only, one thread.
#ifndef VEDETTE_SENSOR_CONFIG_POLICY_SETTINGS_H_
#define VEDETTE_SENSOR_CONFIG_POLICY_SETTINGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "detectors/settings.h"
#include "sensor/policy/policy.h"

namespace vedette {

inline constexpr size_t kPolicyFileBytesMax = 32 << 20;  // 100,000 entries have a third of it

// "10.0.0.0/8", "2001:db8::7", "00:1b:21:aa:bb:cc", "group/NAME", "name/NAME", "home", "outside",
// "any".
absl::StatusOr<HostTerm> ParseHost(absl::string_view text);

// A day, which is still part of it, or a time in RFC 3339: when it ends, in microseconds since
// 1970.
absl::StatusOr<uint64_t> ParseUntil(absl::string_view text);

// Reads one file's groups and entries after another. Lists of hosts (`members_file`) are looked for
// in the folder of the file that names them.
class PolicyReader {
 public:
  // The keys `groups` and `entries` of a map; leaves Finish() to the caller.
  void ReadSection(Settings& settings, const std::string& file, const std::string& folder);
  // A file of its own, with these two keys.
  void ReadFile(const std::string& path);
  // The same from text.
  void ReadText(absl::string_view text, const std::string& file, const std::string& folder);

  // Then what only shows over all files: groups nobody defined, entries that stand twice.
  PolicyDefinition Finish();

  // "file:line:column: path: what"; those of ReadSection are in its Settings.
  const std::vector<std::string>& faults() const { return faults_; }

 private:
  void ReadGroup(Settings& settings, const std::string& folder);
  void ReadEntry(Settings& settings);
  void ReadMembers(const std::string& path, HostGroup& group);
  void AddFault(const PolicyPlace& place, absl::string_view what);

  PolicyDefinition definition_;
  std::vector<std::string> faults_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_CONFIG_POLICY_SETTINGS_H_
