#include "sensor/command/explanation.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "sensor/event/json_writer.h"

namespace vedette {
namespace {

constexpr size_t kEntriesShown = 50;

std::string EndsOf(const PolicyEntry& entry) {
  std::vector<std::string> ends;
  const auto add = [&ends](absl::string_view name, const HostTerm& host) {
    if (host.kind != HostTerm::Kind::kNone) ends.push_back(absl::StrCat(name, " ", host.ToText()));
  };
  add("host", entry.host);
  add("source", entry.source);
  add("target", entry.target);
  return absl::StrJoin(ends, ", ");
}

std::string AdjustsOf(const PolicyEntry& entry) {
  static constexpr absl::string_view kSeverities[] = {"low", "medium", "high", "critical"};
  std::vector<std::string> parts;
  if (entry.severity.has_value()) {
    parts.push_back(absl::StrCat("severity ", kSeverities[static_cast<size_t>(*entry.severity)]));
  }
  if (entry.limit_factor != 1) parts.push_back(absl::StrCat("limits x ", entry.limit_factor));
  return absl::StrJoin(parts, ", ");
}

std::string UntilText(uint64_t until_us) {
  if (until_us == 0) return "";
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ",
                          absl::FromUnixMicros(static_cast<int64_t>(until_us)),
                          absl::UTCTimeZone());
}

void AppendEntry(const ExplainedEntry& entry, size_t number, std::string& out) {
  absl::StrAppendFormat(&out, "  %2d. %s %s of %s%s%s\n", number, entry.effect, entry.kinds,
                        entry.ends, entry.adjusts.empty() ? "" : ": ", entry.adjusts);
  const std::string until = entry.until.empty() ? "" : absl::StrCat("; until ", entry.until);
  absl::StrAppend(&out, "      ", entry.place, until, entry.expired ? ", EXPIRED" : "",
                  entry.fit.empty() ? "" : "; by ", entry.fit, entry.wins ? "; decides" : "",
                  "\n      \"", Printable(entry.comment, 512), "\"\n");
}

void AppendEntries(const std::vector<ExplainedEntry>& entries, std::string& out) {
  if (entries.empty()) {
    absl::StrAppend(&out, "Policy: no entry names it\n");
    return;
  }
  absl::StrAppend(&out, "Policy: ", entries.size(), entries.size() == 1 ? " entry" : " entries",
                  ", the best first\n");
  for (size_t i = 0; i < std::min(entries.size(), kEntriesShown); ++i) {
    AppendEntry(entries[i], i + 1, out);
  }
  if (entries.size() > kEntriesShown) {
    absl::StrAppend(&out, "  and ", entries.size() - kEntriesShown, " more; all with --json\n");
  }
}

void AppendKind(const ExplainedKind& kind, std::string& out) {
  absl::StrAppend(&out, kind.kind);
  if (kind.enabled == "false") absl::StrAppend(&out, ": off, ", kind.enabled_origin);
  absl::StrAppend(&out, "\n");
  if (!kind.as_source.empty()) absl::StrAppend(&out, "  as source: ", kind.as_source, "\n");
  if (!kind.as_target.empty()) absl::StrAppend(&out, "  as target: ", kind.as_target, "\n");
  size_t name_width = 0, value_width = 0;
  for (const ExplainedLimit& limit : kind.limits) {
    name_width = std::max(name_width, limit.name.size());
    value_width = std::max(value_width, limit.value.size());
  }
  for (const ExplainedLimit& limit : kind.limits) {
    const bool set = limit.origin != "default";
    absl::StrAppendFormat(&out, "  %-*s  %-*s  allowed %s; %s%s\n", static_cast<int>(name_width),
                          limit.name, static_cast<int>(value_width), limit.value, limit.allowed,
                          limit.origin,
                          set ? absl::StrCat(" (default ", limit.default_text, ")") : "");
  }
}

}  // namespace

void WriteFields(const ExplainedLimit& limit, JsonWriter& writer) {
  writer.Field("name", limit.name);
  writer.Field("value", limit.value);
  writer.Field("allowed", limit.allowed);
  writer.Field("origin", limit.origin);
  writer.Field("default", limit.default_text);
}

void WriteFields(const ExplainedEntry& entry, JsonWriter& writer) {
  writer.Field("effect", entry.effect);
  writer.Field("kinds", entry.kinds);
  writer.Field("ends", entry.ends);
  writer.Field("adjusts", entry.adjusts);
  writer.Field("until", entry.until);
  writer.Field("expired", entry.expired);
  writer.Field("comment", entry.comment);
  writer.Field("place", entry.place);
  writer.Field("fit", entry.fit);
  writer.Field("decides", entry.wins);
}

void WriteFields(const ExplainedKind& kind, JsonWriter& writer) {
  writer.Field("kind", kind.kind);
  writer.Field("enabled", kind.enabled != "false");
  writer.Field("enabled_origin", kind.enabled_origin);
  writer.Field("as_source", kind.as_source);
  writer.Field("as_target", kind.as_target);
  writer.Field("limits", kind.limits);
}

std::string OriginOf(const SettingDeclaration& declared, absl::string_view config_name) {
  if (!declared.present) return "default";
  return absl::StrCat(config_name, ":", declared.place.line, ":", declared.place.column);
}

std::vector<ExplainedLimit> LimitsOf(absl::string_view kind, const ConfigReading& reading,
                                     absl::string_view config_name) {
  const std::string prefix = absl::StrCat("detectors.", kind, ".");
  std::vector<ExplainedLimit> limits;
  for (const SettingDeclaration& declared : reading.declarations) {
    if (!absl::StartsWith(declared.path, prefix)) continue;
    limits.push_back({.name = declared.path.substr(prefix.size()),
                      .value = declared.value_text,
                      .allowed = declared.range,
                      .origin = OriginOf(declared, config_name),
                      .default_text = declared.default_text});
  }
  return limits;
}

ExplainedEntry Explained(const Policy& policy, uint32_t number, uint64_t now_us) {
  const PolicyEntry& entry = policy.entry(number);
  return {.effect = std::string(TextOf(entry.effect)),
          .kinds = absl::StrJoin(entry.kinds, ", "),
          .ends = EndsOf(entry),
          .adjusts = AdjustsOf(entry),
          .until = UntilText(entry.until_us),
          .comment = entry.comment,
          .place = policy.definition().PlaceText(entry.place),
          .expired = entry.expired(now_us)};
}

std::string TextOf(const Explanation& explanation) {
  std::string out = absl::StrCat(explanation.subject, "\n");
  for (const auto& [name, text] : explanation.facts) {
    absl::StrAppendFormat(&out, "  %-10s %s\n", name, Printable(text, 1'024));
  }
  AppendEntries(explanation.entries, out);
  if (!explanation.verdict.empty()) absl::StrAppend(&out, "Verdict: ", explanation.verdict, "\n");
  for (const ExplainedKind& kind : explanation.kinds) AppendKind(kind, out);
  return out;
}

std::string JsonOf(const Explanation& explanation) {
  std::map<std::string, std::string> facts(explanation.facts.begin(), explanation.facts.end());
  std::string out;
  JsonWriter writer(out);
  writer.Field("subject", explanation.subject);
  writer.Field("facts", facts);
  writer.Field("entries", explanation.entries);
  writer.Field("verdict", explanation.verdict);
  writer.Field("kinds", explanation.kinds);
  writer.End();
  out += "\n";
  return out;
}

}  // namespace vedette
