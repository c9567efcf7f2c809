#include "sensor/command/check_command.h"

#include <algorithm>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "sensor/event/text_safety.h"
#include "sensor/export/kafka_check.h"

namespace vedette {
namespace {

// No fault: what they excused is told again, as was wanted. Somebody should know.
void TellExpired(const PolicyConfig& policy, const CommandContext& context) {
  constexpr size_t kShown = 20;
  if (policy.compiled == nullptr) return;
  const auto now_us = static_cast<uint64_t>(absl::ToUnixMicros(absl::Now()));
  const PolicyDefinition& definition = policy.compiled->definition();
  size_t expired = 0;
  for (const PolicyEntry& entry : definition.entries) {
    if (!entry.expired(now_us) || ++expired > kShown) continue;
    context.out << definition.PlaceText(entry.place)
                << ": has expired and applies no more: " << Printable(entry.comment) << '\n';
  }
  if (expired > kShown) context.out << "and " << expired - kShown << " more have expired\n";
}

std::string PolicyText(const PolicyConfig& policy) {
  if (policy.compiled == nullptr) return "";
  const PolicyDefinition& definition = policy.compiled->definition();
  const auto now_us = static_cast<uint64_t>(absl::ToUnixMicros(absl::Now()));
  return absl::StrCat("; policy: ", definition.entries.size(), " entries, ",
                      policy.compiled->ExpiredAt(now_us), " expired, ", definition.groups.size(),
                      " host groups");
}

}  // namespace

int RunCheck(const std::string& config_path, const CommandContext& context) {
  const absl::StatusOr<ConfigReading> reading = ReadConfig(config_path);
  if (!reading.ok()) {
    context.err << reading.status().message() << '\n';
    return static_cast<int>(ExitStatus::kUsage);
  }
  for (const std::string& fault : reading->faults) context.err << fault << '\n';
  if (!reading->faults.empty()) {
    context.err << config_path << ": " << reading->faults.size()
                << (reading->faults.size() == 1 ? " fault" : " faults") << ", not usable\n";
    return static_cast<int>(ExitStatus::kUsage);
  }
  TellExpired(reading->config.policy, context);
  if (const std::string warning = ScramWarning(reading->config.sinks.kafka); !warning.empty()) {
    context.err << config_path << ": warning: " << warning << '\n';
  }
  const auto set = std::count_if(reading->declarations.begin(), reading->declarations.end(),
                                 [](const SettingDeclaration& d) { return d.present; });
  context.out << config_path << ": good; sets " << set << " of " << reading->declarations.size()
              << " keys, the others keep their defaults; "
              << std::count_if(reading->config.patterns.begin(), reading->config.patterns.end(),
                               [](const PatternDefinition& p) { return p.enabled; })
              << " patterns" << PolicyText(reading->config.policy) << '\n';
  return static_cast<int>(ExitStatus::kDone);
}

}  // namespace vedette
