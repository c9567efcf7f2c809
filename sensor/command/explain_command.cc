#include "sensor/command/explain_command.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iostream>
#include <optional>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "detectors/near_name.h"
#include "sensor/command/explain_event.h"
#include "sensor/command/explain_host.h"
#include "sensor/config/policy_settings.h"
#include "sensor/config/yaml_file.h"
#include "sensor/event/text_safety.h"

namespace vedette {
namespace {

uint64_t NowUs() { return static_cast<uint64_t>(absl::ToUnixMicros(absl::Now())); }

Explanation ExplainKind(absl::string_view kind, const ConfigReading& reading,
                        const ExplainArguments& arguments) {
  Explanation explanation{.subject = std::string(kind)};
  explanation.kinds.push_back(
      {.kind = "Limits", .limits = LimitsOf(kind, reading, arguments.config_path)});
  static const Policy kNone;
  const Policy& policy =
      reading.config.policy.compiled != nullptr ? *reading.config.policy.compiled : kNone;
  const std::vector<PolicyEntry>& entries = policy.definition().entries;
  for (uint32_t number = 0; number < entries.size(); ++number) {
    const bool fits =
        std::any_of(entries[number].kinds.begin(), entries[number].kinds.end(),
                    [kind](const std::string& pattern) { return KindFit(pattern, kind) >= 0; });
    if (fits) explanation.entries.push_back(Explained(policy, number, NowUs()));
  }
  return explanation;
}

// Addresses, prefixes, MACs and names/NAME; none where it is something else.
std::optional<HostTerm> HostOf(const std::string& subject) {
  const absl::StatusOr<HostTerm> host = ParseHost(subject);
  if (!host.ok()) return std::nullopt;
  const HostTerm::Kind kind = host->kind;
  const bool one = kind == HostTerm::Kind::kPrefix || kind == HostTerm::Kind::kMac ||
                   kind == HostTerm::Kind::kName;
  return one ? std::optional(*host) : std::nullopt;
}

bool IsId(absl::string_view text) {
  return text.size() >= 8 && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(static_cast<unsigned char>(c)) || (c >= 'a' && c <= 'f');
         });
}

absl::StatusOr<std::string> ReadEvents(const std::string& path) {
  constexpr size_t kEventBytesMax = 256 << 20;
  if (path != "-") return ReadTextFile(path, kEventBytesMax);
  std::string text;
  for (std::string line; text.size() < kEventBytesMax && std::getline(std::cin, line);) {
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

void Tell(const Explanation& explanation, const ExplainArguments& arguments,
          const CommandContext& context) {
  context.out << (arguments.json ? JsonOf(explanation) : TextOf(explanation));
}

int ExplainAlerts(const ExplainArguments& arguments, const std::string& path, absl::string_view id,
                  const ConfigReading& reading, const CommandContext& context) {
  const int usage = static_cast<int>(ExitStatus::kUsage);
  const absl::StatusOr<std::string> lines = ReadEvents(path);
  if (!lines.ok()) {
    context.err << lines.status().message() << '\n';
    return usage;
  }
  const absl::StatusOr<std::vector<AlertEvent>> alerts = FindAlerts(*lines, id);
  if (!alerts.ok()) {
    context.err << Printable(path) << ":" << alerts.status().message() << '\n';
    return usage;
  }
  if (alerts->empty()) {
    context.err << Printable(path) << ": found no alert"
                << (id.empty() ? "" : absl::StrCat(" whose id begins with ", Quoted(id))) << '\n';
    return usage;
  }
  for (size_t i = 0; i < alerts->size(); ++i) {
    if (i != 0 && !arguments.json) context.out << '\n';
    Tell(ExplainEvent((*alerts)[i], reading, arguments.config_path, arguments.now ? NowUs() : 0),
         arguments, context);
  }
  return static_cast<int>(ExitStatus::kDone);
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
    Tell(ExplainKind(arguments.subject, *reading, arguments), arguments, context);
    return static_cast<int>(ExitStatus::kDone);
  }
  if (const std::optional<HostTerm> host = HostOf(arguments.subject); host.has_value()) {
    Tell(ExplainHost(*host, *reading, arguments.config_path, NowUs()), arguments, context);
    return static_cast<int>(ExitStatus::kDone);
  }
  std::error_code error;
  if (arguments.subject == "-" || std::filesystem::exists(arguments.subject, error)) {
    return ExplainAlerts(arguments, arguments.subject, "", *reading, context);
  }
  if (IsId(arguments.subject) && !arguments.alerts_path.empty()) {
    return ExplainAlerts(arguments, arguments.alerts_path, arguments.subject, *reading, context);
  }
  context.err << "explain: found " << Quoted(arguments.subject)
              << ", allowed an alert kind, an address, prefix or MAC, name/NAME, a file of alerts, "
                 "- for standard input, or an alert's id with --alerts FILE"
              << DidYouMean(arguments.subject, absl::MakeConstSpan(kinds))
              << "\nKinds: " << absl::StrJoin(kinds, ", ") << '\n';
  return usage;
}

}  // namespace vedette
