#include "sensor/command/check_command.h"

#include <algorithm>
#include <ostream>

#include "absl/status/statusor.h"

namespace vedette {

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
  const auto set = std::count_if(reading->declarations.begin(), reading->declarations.end(),
                                 [](const SettingDeclaration& d) { return d.present; });
  context.out << config_path << ": good; sets " << set << " of " << reading->declarations.size()
              << " keys, the others keep their defaults; "
              << std::count_if(reading->config.patterns.begin(), reading->config.patterns.end(),
                               [](const PatternDefinition& p) { return p.enabled; })
              << " patterns\n";
  return static_cast<int>(ExitStatus::kDone);
}

}  // namespace vedette
