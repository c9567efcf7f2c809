// One map of the configuration file, read key by key where the values are used. Every read names
// its range, unit and default; every fault is kept with its place; Finish() rejects keys nobody
// read, so that a misspelt threshold cannot pass for its default. Set-up only, one thread.
//
// Knows no YAML: sensor/config turns the file into SettingNodes.
#ifndef VEDETTE_DETECTORS_SETTINGS_H_
#define VEDETTE_DETECTORS_SETTINGS_H_

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "dataplane/track/home_networks.h"

namespace vedette {

// A place in the file, from 1; line 0: not from a file.
struct SettingPlace {
  int line = 0, column = 0;
};

struct SettingNode {
  enum class Kind { kAbsent, kScalar, kList, kMap };
  struct Entry;
  Kind kind = Kind::kAbsent;
  SettingPlace place;
  std::string scalar;
  bool quoted = false;             // "yes" in quotes is text, yes is a fault where a flag is wanted
  std::vector<SettingNode> items;  // kList
  std::vector<Entry> entries;      // kMap, in file order; duplicate keys are a fault of the loader
};
struct SettingNode::Entry {
  std::string key;
  SettingPlace place;
  SettingNode value;
};

struct SettingFault {
  SettingPlace place;
  std::string path;     // detectors.dos.syn_flood.unanswered_per_second_max
  std::string message;  // what was found, what is allowed, did-you-mean
};

// Every key that was read, for the reference in docs and the test that conf/ equals the defaults.
struct SettingDeclaration {
  std::string path, type, range, default_text, value_text;
  bool present = false;  // the file sets it
  SettingPlace place;    // of the key, when present
};

struct SettingLog {
  std::vector<SettingFault> faults;
  std::vector<SettingDeclaration> declarations;
};

struct Range {
  double min = std::numeric_limits<double>::lowest();
  double max = std::numeric_limits<double>::max();
};

class Settings {
 public:
  // `node` may be null or absent: all defaults. Both outlive the Settings.
  Settings(std::string path, const SettingNode* node, SettingLog* log);

  // Each leaves `out` at its default when the key is absent or faulty.
  void Number(absl::string_view key, Range range, double& out);
  void Integer(absl::string_view key, uint64_t min, uint64_t max, uint64_t& out);
  void Integer(absl::string_view key, uint32_t min, uint32_t max, uint32_t& out);
  void Flag(absl::string_view key, bool& out);  // true or false alone
  void Text(absl::string_view key, std::string& out);
  void Choice(absl::string_view key, absl::Span<const absl::string_view> allowed, std::string& out);
  void TextList(absl::string_view key, std::vector<std::string>& out);
  void PrefixList(absl::string_view key, std::vector<Prefix>& out);
  Settings Section(absl::string_view key);
  // What stands in the file, for a section whose keys are another program's.
  std::vector<std::string> Keys() const;
  // The items of a list of maps (patterns, allow rules).
  std::vector<Settings> SectionList(absl::string_view key);
  void Fault(absl::string_view key, std::string message);  // for checks across keys
  // Faults every key that was not read, with the nearest known one.
  void Finish();
  const std::string& path() const { return path_; }
  // Of the map itself; line 0: there is none.
  SettingPlace place() const { return node_ == nullptr ? SettingPlace{} : node_->place; }

 private:
  const SettingNode* Read(absl::string_view key, absl::string_view type, std::string range,
                          std::string default_text);
  void Declare(std::string value_text);
  const SettingNode::Entry* Find(absl::string_view key) const;  // null: absent
  std::string PathOf(absl::string_view key) const;
  // Of the key declared last: what was found, what is allowed, what holds instead.
  void Refuse(const SettingNode& found, absl::string_view key, std::string allowed);

  std::string path_;
  const SettingNode* node_;
  SettingLog* log_;
  std::vector<std::string> read_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_SETTINGS_H_
