#include "sensor/config/policy_settings.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "dataplane/decode/address_text.h"
#include "detectors/near_name.h"
#include "sensor/config/yaml_file.h"
#include "sensor/event/alert_kinds.h"

namespace vedette {
namespace {

constexpr size_t kEntriesMax = 200'000, kGroupsMax = 10'000, kMembersMax = 2'000'000;
constexpr size_t kNameBytesMax = 64, kCommentBytesMax = 512;
constexpr absl::string_view kEffects[] = {"allow", "suppress", "adjust"};
constexpr absl::string_view kSeverities[] = {"low", "medium", "high", "critical"};
constexpr absl::string_view kHostForms =
    "an address, a prefix such as 10.0.0.0/8, a MAC, group/NAME, name/NAME, home, outside or any";

bool IsGroupName(absl::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' ||
                  c == '-';
         });
}

bool IsMac(absl::string_view text) {
  if (text.size() != 17) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool separator = i % 3 == 2;
    if (separator ? text[i] != ':' : !absl::ascii_isxdigit(static_cast<unsigned char>(text[i]))) {
      return false;
    }
  }
  return true;
}

absl::Status RefuseHost(absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat("found ", Quoted(text), ", allowed ", kHostForms));
}

// Said of "10.0.0.1/8", not of "printers".
bool LooksLikePrefix(absl::string_view text) {
  return ParseIp(text.substr(0, text.find('/'))).ok();
}

// The exact kind, a family "dos.*", or "all".
absl::Status CheckKind(absl::string_view kind) {
  if (kind == kAllKinds || !TechniqueOf(kind).empty()) return absl::OkStatus();
  const std::vector<absl::string_view> kinds = AlertKinds();
  if (absl::ConsumeSuffix(&kind, ".*")) {
    for (const absl::string_view known : kinds) {
      if (absl::StartsWith(known, absl::StrCat(kind, "."))) return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "found ", Quoted(absl::StrCat(kind, ".*")),
        ", allowed dos.*, exfil.*, corruption.*, recon.* or anomaly.* as families of kinds"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("found ", Quoted(kind), ", allowed a kind of alert, a family such as dos.*, or ",
                   kAllKinds, DidYouMean(kind, kinds)));
}

void ReadKinds(Settings& settings, std::vector<std::string>& kinds) {
  settings.TextList("kinds", kinds);
  if (kinds.empty()) {
    settings.Fault("kinds", absl::StrCat("found none, allowed kinds of alerts such as "
                                         "[recon.port_scan, dos.*], or [",
                                         kAllKinds, "]"));
  }
  for (const std::string& kind : kinds) {
    if (const absl::Status checked = CheckKind(kind); !checked.ok()) {
      settings.Fault("kinds", std::string(checked.message()));
    }
  }
}

HostTerm ReadHost(Settings& settings, absl::string_view key) {
  std::string text;
  settings.Text(key, text);
  if (text.empty()) return {};
  absl::StatusOr<HostTerm> host = ParseHost(text);
  if (host.ok()) return *std::move(host);
  settings.Fault(key, std::string(host.status().message()));
  return {.kind = HostTerm::Kind::kAny};  // so that it is not said to be missing, too
}

void ReadEnds(Settings& settings, PolicyEntry& entry) {
  entry.host = ReadHost(settings, "host");
  entry.source = ReadHost(settings, "source");
  entry.target = ReadHost(settings, "target");
  const auto named = [](const HostTerm& host) { return host.kind != HostTerm::Kind::kNone; };
  if (named(entry.host) && (named(entry.source) || named(entry.target))) {
    settings.Fault("host", "stands for either end: allowed host alone, or source and target");
  } else if (!named(entry.host) && !named(entry.source) && !named(entry.target)) {
    settings.Fault("host", absl::StrCat("found none, allowed host (either end), source or target: ",
                                        kHostForms));
  }
}

void ReadAdjustment(Settings& settings, PolicyEntry& entry) {
  std::string severity;
  settings.Text("severity", severity);
  const auto at = std::find(std::begin(kSeverities), std::end(kSeverities), severity);
  if (at != std::end(kSeverities)) {
    entry.severity = static_cast<Severity>(at - std::begin(kSeverities));
  } else if (!severity.empty()) {
    settings.Fault("severity", absl::StrCat("found ", Quoted(severity),
                                            ", allowed low, medium, high or critical",
                                            DidYouMean(severity, kSeverities)));
  }
  settings.Number("limit_factor", {.min = 1, .max = 1'000'000}, entry.limit_factor);
  const bool adjusts = !severity.empty() || entry.limit_factor != 1;
  if (entry.effect == PolicyEffect::kAdjust && !adjusts) {
    settings.Fault("effect", "found adjust without severity or limit_factor, allowed with either");
  } else if (entry.effect != PolicyEffect::kAdjust && adjusts) {
    settings.Fault("effect", "allowed adjust alone where severity or limit_factor is given");
  }
  if (entry.limit_factor == 1) return;
  for (const std::string& kind : entry.kinds) {
    if (TechniqueOf(kind).empty() || HasRatio(kind)) continue;
    settings.Fault("limit_factor",
                   absl::StrCat(kind,
                                " has no limit that can be multiplied: set the limits of "
                                "its stanza under detectors, or suppress it"));
  }
}

void ReadEffect(Settings& settings, PolicyEntry& entry) {
  std::string effect;
  settings.Text("effect", effect);
  const auto at = std::find(std::begin(kEffects), std::end(kEffects), effect);
  if (at == std::end(kEffects)) {
    settings.Fault("effect",
                   absl::StrCat("found ", Quoted(effect), ", allowed allow, suppress or adjust",
                                DidYouMean(effect, kEffects)));
    return;
  }
  entry.effect = static_cast<PolicyEffect>(at - std::begin(kEffects) + 1);
  static_assert(static_cast<int>(PolicyEffect::kAllow) == 1);
}

// Who reads it in a year must know why it is there.
void ReadComment(Settings& settings, bool wanted, std::string& comment) {
  settings.Text("comment", comment);
  if (wanted && comment.empty()) {
    settings.Fault("comment", "found none, allowed a sentence that says why");
  } else if (comment.size() > kCommentBytesMax) {
    settings.Fault("comment",
                   absl::StrCat("found ", comment.size(), " bytes, allowed ", kCommentBytesMax));
  }
}

// A group holds hosts, no other groups.
absl::StatusOr<HostTerm> ParseMember(absl::string_view text) {
  absl::StatusOr<HostTerm> host = ParseHost(text);
  if (!host.ok()) return host;
  if (host->kind == HostTerm::Kind::kPrefix || host->kind == HostTerm::Kind::kMac ||
      host->kind == HostTerm::Kind::kName) {
    return host;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "found ", Quoted(text), ", allowed an address, a prefix, a MAC or name/NAME in a group"));
}

}  // namespace

absl::StatusOr<HostTerm> ParseHost(absl::string_view text) {
  using Kind = HostTerm::Kind;
  if (text == "any") return HostTerm{.kind = Kind::kAny};
  if (text == "home") return HostTerm{.kind = Kind::kHome};
  if (text == "outside") return HostTerm{.kind = Kind::kOutside};
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "group/")) {
    if (!IsGroupName(rest)) return RefuseHost(text);
    return HostTerm{.kind = Kind::kGroup, .text = std::string(rest)};
  }
  if (absl::ConsumePrefix(&rest, "name/")) {
    if (rest.empty() || rest.size() > 255) return RefuseHost(text);
    return HostTerm{.kind = Kind::kName, .text = absl::AsciiStrToLower(rest)};
  }
  if (IsMac(text)) return HostTerm{.kind = Kind::kMac, .text = absl::AsciiStrToLower(text)};
  const absl::StatusOr<Prefix> prefix = ParsePrefix(text);
  if (prefix.ok()) return HostTerm{.kind = Kind::kPrefix, .prefix = *prefix};
  return LooksLikePrefix(text) ? absl::StatusOr<HostTerm>(prefix.status()) : RefuseHost(text);
}

absl::StatusOr<uint64_t> ParseUntil(absl::string_view text) {
  absl::Time time;
  if (absl::ParseTime("%Y-%m-%d", text, absl::UTCTimeZone(), &time, nullptr)) {
    time = absl::FromCivil(absl::ToCivilDay(time, absl::UTCTimeZone()) + 1, absl::UTCTimeZone());
  } else if (!absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) {
    time = absl::InfinitePast();
  }
  if (time <= absl::UnixEpoch() || time >= absl::FromUnixSeconds(253'402'300'800)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "found ", Quoted(text), ", allowed a day such as 2027-03-31, the last on which it holds ",
        "(UTC), or a time such as 2027-03-31T18:00:00Z"));
  }
  return static_cast<uint64_t>(absl::ToUnixMicros(time));
}

void PolicyReader::AddFault(const PolicyPlace& place, absl::string_view what) {
  if (faults_.size() == kFaultsMax) return;
  faults_.push_back(absl::StrCat(definition_.PlaceText(place), ": ", what));
}

void PolicyReader::ReadSection(Settings& settings, const std::string& file,
                               const std::string& folder) {
  definition_.files.push_back(file);
  for (Settings& group : settings.SectionList("groups")) ReadGroup(group, folder);
  for (Settings& entry : settings.SectionList("entries")) ReadEntry(entry);
}

void PolicyReader::ReadFile(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadTextFile(path, kPolicyFileBytesMax);
  if (!text.ok()) {
    faults_.emplace_back(text.status().message());
    return;
  }
  ReadText(*text, path, std::filesystem::path(path).parent_path().string());
}

void PolicyReader::ReadText(absl::string_view text, const std::string& file,
                            const std::string& folder) {
  YamlFile yaml = ParseYaml(text);
  SettingLog log;
  log.faults = std::move(yaml.faults);
  if (log.faults.empty()) {
    Settings settings("", &yaml.root, &log);
    ReadSection(settings, file, folder);
    settings.Finish();
  }
  std::stable_sort(
      log.faults.begin(), log.faults.end(), [](const SettingFault& a, const SettingFault& b) {
        return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
      });
  for (const SettingFault& fault : log.faults) {
    if (faults_.size() < kFaultsMax) faults_.push_back(FaultText(file, fault));
  }
}

void PolicyReader::ReadGroup(Settings& settings, const std::string& folder) {
  HostGroup group{.place = {static_cast<uint32_t>(definition_.files.size() - 1), settings.place()}};
  settings.Text("name", group.name);
  if (!IsGroupName(group.name)) {
    settings.Fault(
        "name", absl::StrCat("allowed 1 to ", kNameBytesMax, " letters, digits, '.', '_' and '-'"));
  }
  std::vector<std::string> members;
  settings.TextList("members", members);
  for (const std::string& text : members) {
    absl::StatusOr<HostTerm> member = ParseMember(text);
    if (member.ok()) {
      group.members.push_back(*std::move(member));
    } else {
      settings.Fault("members", std::string(member.status().message()));
    }
  }
  std::string members_file;
  settings.Text("members_file", members_file);
  ReadComment(settings, /*wanted=*/false, group.comment);
  settings.Finish();
  if (!members_file.empty()) {
    ReadMembers((std::filesystem::path(folder) / members_file).string(), group);
  } else if (members.empty()) {
    settings.Fault("members", "found none, allowed a list of hosts, or members_file");
  }
  if (definition_.groups.size() == kGroupsMax) {
    AddFault(group.place, absl::StrCat("more than ", kGroupsMax, " groups, the most there can be"));
  }
  if (definition_.groups.size() <= kGroupsMax) definition_.groups.push_back(std::move(group));
}

void PolicyReader::ReadEntry(Settings& settings) {
  PolicyEntry entry;
  entry.place = {static_cast<uint32_t>(definition_.files.size() - 1), settings.place()};
  ReadEffect(settings, entry);
  ReadKinds(settings, entry.kinds);
  ReadEnds(settings, entry);
  ReadAdjustment(settings, entry);
  std::string until;
  settings.Text("until", until);
  if (!until.empty()) {
    const absl::StatusOr<uint64_t> end = ParseUntil(until);
    if (end.ok()) {
      entry.until_us = *end;
    } else {
      settings.Fault("until", std::string(end.status().message()));
    }
  }
  ReadComment(settings, /*wanted=*/true, entry.comment);
  settings.Finish();
  if (definition_.entries.size() == kEntriesMax) {
    AddFault(entry.place, absl::StrCat("more than ", kEntriesMax,
                                       " entries, the most there can be: a group with "
                                       "members_file holds many hosts in one"));
  }
  if (definition_.entries.size() <= kEntriesMax) definition_.entries.push_back(std::move(entry));
}

void PolicyReader::ReadMembers(const std::string& path, HostGroup& group) {
  const absl::StatusOr<std::string> text = ReadTextFile(path, kPolicyFileBytesMax);
  if (!text.ok()) {
    AddFault(group.place, text.status().message());
    return;
  }
  int line = 0;
  for (absl::string_view rest : absl::StrSplit(*text, '\n')) {
    ++line;
    rest = absl::StripAsciiWhitespace(rest.substr(0, rest.find('#')));
    if (rest.empty()) continue;
    absl::StatusOr<HostTerm> member = ParseMember(rest);
    if (member.ok()) {
      group.members.push_back(*std::move(member));
    } else if (faults_.size() < kFaultsMax) {
      faults_.push_back(FaultText(
          path,
          {.place = {line, 1}, .path = "", .message = std::string(member.status().message())}));
    }
  }
}

PolicyDefinition PolicyReader::Finish() {
  absl::flat_hash_map<absl::string_view, const HostGroup*> groups;
  size_t members = 0;
  for (const HostGroup& group : definition_.groups) {
    members += group.members.size();
    const auto [known, fresh] = groups.emplace(group.name, &group);
    if (fresh) continue;
    AddFault(group.place, absl::StrCat("groups: ", Quoted(group.name), " stands at ",
                                       definition_.PlaceText(known->second->place), " too"));
  }
  if (members > kMembersMax) {
    faults_.push_back(
        absl::StrCat("policy: found ", members, " members of groups, allowed ", kMembersMax));
  }
  std::vector<absl::string_view> names;
  for (const auto& [name, group] : groups) names.push_back(name);
  std::sort(names.begin(), names.end());
  absl::flat_hash_map<std::string, const PolicyEntry*> entries;
  for (const PolicyEntry& entry : definition_.entries) {
    for (const HostTerm* host : {&entry.host, &entry.source, &entry.target}) {
      if (host->kind != HostTerm::Kind::kGroup || groups.contains(host->text)) continue;
      AddFault(entry.place, absl::StrCat("no group is called ", Quoted(host->text),
                                         DidYouMean(host->text, names)));
    }
    const auto [known, fresh] = entries.emplace(entry.Identity(), &entry);
    if (fresh) continue;
    AddFault(entry.place,
             absl::StrCat("says the same as ", definition_.PlaceText(known->second->place),
                          ", allowed once"));
  }
  return std::move(definition_);
}

}  // namespace vedette
