#include "sensor/command/explain_command.h"

#include <algorithm>
#include <cstddef>
#include <ostream>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "dataplane/decode/address_text.h"
#include "dataplane/track/home_networks.h"
#include "detectors/near_name.h"

namespace vedette {
namespace {

std::string Origin(const SettingDeclaration& declared, const std::string& config_path) {
  if (!declared.present) return "default";
  return absl::StrCat(config_path, ":", declared.place.line, " (default ", declared.default_text,
                      ")");
}

void ExplainKind(absl::string_view kind, const ConfigReading& reading,
                 const ExplainArguments& arguments, std::ostream& out) {
  const std::string prefix = absl::StrCat("detectors.", kind, ".");
  size_t key_width = 0, value_width = 0;
  std::vector<const SettingDeclaration*> limits;
  for (const SettingDeclaration& declared : reading.declarations) {
    if (!absl::StartsWith(declared.path, prefix)) continue;
    limits.push_back(&declared);
    key_width = std::max(key_width, declared.path.size() - prefix.size());
    value_width = std::max(value_width, declared.value_text.size());
  }
  out << kind << '\n';
  for (const SettingDeclaration* limit : limits) {
    out << absl::StreamFormat("  %-*s  %-*s  allowed %s; %s\n", static_cast<int>(key_width),
                              limit->path.substr(prefix.size()), static_cast<int>(value_width),
                              limit->value_text, limit->range,
                              Origin(*limit, arguments.config_path));
  }
}

void ExplainAddress(const IpAddress& address, const ConfigReading& reading,
                    const ExplainArguments& arguments, std::ostream& out) {
  const auto declared = std::find_if(reading.declarations.begin(), reading.declarations.end(),
                                     [](const SettingDeclaration& d) { return d.path == "home"; });
  const std::string origin = Origin(*declared, arguments.config_path);
  for (const Prefix& prefix : reading.config.home) {
    if (!HomeNetworks({prefix}).Contains(address)) continue;
    out << IpText(address) << " is home: in " << prefix.ToText() << "; home networks: " << origin
        << '\n';
    return;
  }
  out << IpText(address) << " is outside: in none of the home networks " << declared->value_text
      << "; home networks: " << origin << '\n';
}

}  // namespace

int RunExplain(const ExplainArguments& arguments, const CommandContext& context) {
  absl::StatusOr<ConfigReading> reading = arguments.config_path.empty()
                                              ? ReadConfigText("", "built-in defaults", "")
                                              : ReadConfig(arguments.config_path);
  const int usage = static_cast<int>(ExitStatus::kUsage);
  if (!reading.ok()) {
    context.err << reading.status().message() << '\n';
    return usage;
  }
  if (!reading->faults.empty()) {
    context.err << absl::StrJoin(reading->faults, "\n") << '\n';
    return usage;
  }
  const std::vector<absl::string_view> kinds = Detectors::Names();
  if (std::find(kinds.begin(), kinds.end(), arguments.subject) != kinds.end()) {
    ExplainKind(arguments.subject, *reading, arguments, context.out);
    return static_cast<int>(ExitStatus::kDone);
  }
  if (const absl::StatusOr<IpAddress> address = ParseIp(arguments.subject); address.ok()) {
    ExplainAddress(*address, *reading, arguments, context.out);
    return static_cast<int>(ExitStatus::kDone);
  }
  context.err << "explain: found " << Quoted(arguments.subject)
              << ", allowed an IP address or an alert kind"
              << DidYouMean(arguments.subject, absl::MakeConstSpan(kinds))
              << "\nKinds: " << absl::StrJoin(kinds, ", ") << '\n';
  return usage;
}

}  // namespace vedette
