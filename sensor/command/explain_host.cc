#include "sensor/command/explain_host.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "dataplane/decode/address_text.h"

namespace vedette {
namespace {

constexpr int kHostBits = 128, kSideBits = -1;

PolicyEnd EndOf(const HostTerm& host, const ConfigReading& reading) {
  PolicyEnd end;
  if (host.kind == HostTerm::Kind::kMac) end.mac = host.text;
  if (host.kind == HostTerm::Kind::kName) end.name = host.text;
  end.home = host.kind != HostTerm::Kind::kPrefix;  // MACs and names are known of home alone
  if (host.kind != HostTerm::Kind::kPrefix) return end;
  end.ip = host.prefix.address;
  end.prefix_length = host.prefix.length;
  end.home = HomeNetworks(reading.config.home).Contains(host.prefix.address);
  return end;
}

std::string GroupsText(const Policy& policy, const PolicyEnd& end) {
  std::vector<std::string> texts;
  for (const std::string& name : policy.GroupsOf(end)) {
    const std::vector<HostGroup>& groups = policy.definition().groups;
    const auto at = std::find_if(groups.begin(), groups.end(),
                                 [&name](const HostGroup& group) { return group.name == name; });
    texts.push_back(absl::StrCat(name, " (", policy.definition().PlaceText(at->place), ")"));
  }
  return texts.empty() ? "none" : absl::StrJoin(texts, ", ");
}

ExplainedKind ExplainKindFor(absl::string_view kind, const PolicyEnd& end, const Policy& policy,
                             const ConfigReading& reading, absl::string_view config_name,
                             uint64_t now_us) {
  ExplainedKind explained{.kind = std::string(kind)};
  explained.as_source = OneEndVerdict(policy, kind, end, /*source=*/true, now_us);
  explained.as_target = OneEndVerdict(policy, kind, end, /*source=*/false, now_us);
  for (ExplainedLimit& limit : LimitsOf(kind, reading, config_name)) {
    if (limit.name == "enabled") {
      explained.enabled = limit.value;
      explained.enabled_origin = limit.origin;
    } else {
      explained.limits.push_back(std::move(limit));
    }
  }
  return explained;
}

}  // namespace

std::string FitText(const Policy::Rank& rank, bool v4) {
  if (rank.longest < kSideBits) return "any host";
  if (rank.longest == kSideBits) return "its side of the border";
  const std::string group = rank.named == 0 ? " of a group's member" : "";
  if (rank.longest == kHostBits)
    return absl::StrCat("the host itself", group.empty() ? "" : ",",
                        group.empty() ? "" : " as a group's member");
  return absl::StrCat("a /", v4 ? rank.longest - kMapped4Bits : rank.longest, group);
}

std::string HomeText(const IpAddress& ip, const ConfigReading& reading,
                     absl::string_view config_name) {
  const auto declared = std::find_if(reading.declarations.begin(), reading.declarations.end(),
                                     [](const SettingDeclaration& d) { return d.path == "home"; });
  const std::string origin = declared->present
                                 ? absl::StrCat(OriginOf(*declared, config_name), " (default ",
                                                declared->default_text, ")")
                                 : "default";
  for (const Prefix& prefix : reading.config.home) {
    if (!HomeNetworks({prefix}).Contains(ip)) continue;
    return absl::StrCat(IpText(ip), " is home: in ", prefix.ToText(), "; home networks: ", origin);
  }
  return absl::StrCat(IpText(ip), " is outside: in none of the home networks ",
                      declared->value_text, "; home networks: ", origin);
}

std::string OneEndVerdict(const Policy& policy, absl::string_view kind, const PolicyEnd& host,
                          bool source, uint64_t now_us) {
  for (const Policy::Fit& fit :
       policy.Fits(kind, source ? &host : nullptr, source ? nullptr : &host)) {
    const PolicyEntry& entry = policy.entry(fit.entry);
    if (entry.expired(now_us)) continue;
    return absl::StrCat(TextOf(entry.effect), " (", policy.definition().PlaceText(entry.place),
                        ")");
  }
  return "";
}

Explanation ExplainHost(const HostTerm& host, const ConfigReading& reading,
                        absl::string_view config_name, uint64_t now_us) {
  static const Policy kNone;
  const Policy& policy =
      reading.config.policy.compiled != nullptr ? *reading.config.policy.compiled : kNone;
  const PolicyEnd end = EndOf(host, reading);
  Explanation explanation{.subject = host.ToText()};
  if (end.ip.has_value()) {
    explanation.facts.emplace_back("home", HomeText(*end.ip, reading, config_name));
  } else {
    explanation.facts.emplace_back("home", "its addresses decide; so do entries that name these");
  }
  explanation.facts.emplace_back("groups", GroupsText(policy, end));
  for (const Policy::Fit& fit : policy.EntriesOf(end)) {
    ExplainedEntry entry = Explained(policy, fit.entry, now_us);
    entry.fit = FitText(fit.rank, end.ip.has_value() && end.ip->is_v4());
    explanation.entries.push_back(std::move(entry));
  }
  for (const absl::string_view kind : Detectors::Names()) {
    explanation.kinds.push_back(ExplainKindFor(kind, end, policy, reading, config_name, now_us));
  }
  return explanation;
}

}  // namespace vedette
