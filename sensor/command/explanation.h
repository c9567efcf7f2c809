// What `vedette explain` found out about an alert or a host, as plain values, and how that looks on
// a terminal and as JSON. Pure; one thread.
#ifndef VEDETTE_SENSOR_COMMAND_EXPLANATION_H_
#define VEDETTE_SENSOR_COMMAND_EXPLANATION_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "sensor/config/sensor_config.h"

namespace vedette {

// A setting that holds, and where it comes from.
struct ExplainedLimit {
  std::string name, value, allowed, origin,
      default_text;  // origin: "default" or "file:line:column"
};

struct ExplainedEntry {
  std::string effect, kinds, ends, adjusts, until, comment, place;
  bool expired = false;
  std::string fit;  // by what it covers the host or alert
  bool wins = false;
};

struct ExplainedKind {
  std::string kind;
  std::string enabled, enabled_origin;
  // What the policy says of it: as source and as target of such an alert.
  std::string as_source, as_target;
  std::vector<ExplainedLimit> limits;
};

using ExplainedFields = std::vector<std::pair<std::string, std::string>>;

struct Explanation {
  std::string subject;
  ExplainedFields facts;
  std::vector<ExplainedEntry> entries;  // the best first
  std::string verdict;                  // of an alert; "": none asked for
  std::vector<ExplainedKind> kinds;
};

// Of a kind with a detector, from what was read; empty for one without.
std::vector<ExplainedLimit> LimitsOf(absl::string_view kind, const ConfigReading& reading,
                                     absl::string_view config_name);
// "default" or "file:line:column".
std::string OriginOf(const SettingDeclaration& declared, absl::string_view config_name);
ExplainedEntry Explained(const Policy& policy, uint32_t number, uint64_t now_us);

std::string TextOf(const Explanation& explanation);
std::string JsonOf(const Explanation& explanation);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_COMMAND_EXPLANATION_H_
