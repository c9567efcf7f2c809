#include "sensor/command/explain_event.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "dataplane/decode/address_text.h"
#include "detectors/near_name.h"
#include "sensor/command/explain_host.h"
#include "sensor/config/policy_settings.h"
#include "sensor/event/alert_kinds.h"

namespace vedette {
namespace {

using Json = nlohmann::json;

void Get(const Json& from, const char* name, std::string& out) {
  const auto at = from.find(name);
  if (at != from.end() && at->is_string()) out = at->get<std::string>();
}
void Get(const Json& from, const char* name, double& out) {
  const auto at = from.find(name);
  if (at != from.end() && at->is_number()) out = at->get<double>();
}
void Get(const Json& from, const char* name, int64_t& out) {
  const auto at = from.find(name);
  if (at != from.end() && at->is_number_integer()) out = at->get<int64_t>();
}

void GetEvidence(const Json& from, AlertEvidence& evidence) {
  Get(from, "measured", evidence.measured);
  Get(from, "limit", evidence.limit);
  Get(from, "baseline", evidence.baseline);
  Get(from, "unit", evidence.unit);
  Get(from, "window_ms", evidence.window_ms);
  const auto detail = from.find("detail");
  if (detail == from.end() || !detail->is_object()) return;
  for (const auto& [name, value] : detail->items()) {
    if (value.is_string()) evidence.detail[name] = value.get<std::string>();
  }
}

void GetPeers(const Json& from, AlertEvent& alert) {
  const auto peers = from.find("peers");
  if (peers == from.end() || !peers->is_array()) return;
  for (const Json& peer : *peers) {
    if (peer.is_string() && alert.peers.size() < 10) alert.peers.push_back(peer);
  }
}

// Which text is meant; none where it is neither address nor MAC.
PolicyEnd EndOf(const std::string& text, const HomeNetworks& home) {
  PolicyEnd end;
  const absl::StatusOr<HostTerm> host = ParseHost(text);
  if (!host.ok()) return end;
  if (host->kind == HostTerm::Kind::kMac) {
    end.mac = host->text;
    end.home = true;
  } else if (host->kind == HostTerm::Kind::kPrefix) {
    end.ip = host->prefix.address;
    end.prefix_length = host->prefix.length;
    end.home = home.Contains(host->prefix.address);
  }
  return end;
}

PolicyCase CaseOf(const AlertEvent& alert, const HomeNetworks& home, uint64_t at_us) {
  PolicyCase asked{.kind = alert.kind,
                   .role = alert.role == "target"  ? Role::kTarget
                           : alert.role == "owner" ? Role::kOwner
                                                   : Role::kActor,
                   .device = EndOf(alert.device_ip, home),
                   .peer_count = static_cast<uint64_t>(std::max<int64_t>(0, alert.peer_count)),
                   .measured = alert.evidence.measured,
                   .limit = alert.evidence.limit,
                   .scales = HasRatio(alert.kind),
                   .at_us = at_us};
  if (!alert.device_mac.empty()) asked.device.mac = alert.device_mac;
  if (alert.device_ip.empty()) asked.device.home = true;
  asked.device.name = absl::AsciiStrToLower(alert.device_name);
  for (const std::string& peer : alert.peers) asked.peers.emplace_back(EndOf(peer, home), 1);
  return asked;
}

std::string TimeText(int64_t ms) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMillis(ms), absl::UTCTimeZone());
}

void AddFacts(const AlertEvent& alert, const ConfigReading& reading, absl::string_view config_name,
              Explanation& explanation) {
  ExplainedFields& facts = explanation.facts;
  facts.emplace_back("alert", absl::StrCat(alert.alert_id, ", ", alert.state, ", severity ",
                                           alert.severity, alert.suppressed ? ", suppressed" : ""));
  facts.emplace_back("when",
                     absl::StrCat(TimeText(alert.start_ms), " to ", TimeText(alert.last_ms)));
  facts.emplace_back("device", absl::StrCat(alert.device, ", the ", alert.role));
  facts.emplace_back("says", alert.message);
  const AlertEvidence& evidence = alert.evidence;
  facts.emplace_back(
      "evidence", absl::StrFormat("measured %g, limit %g, baseline %g %s over %g s",
                                  evidence.measured, evidence.limit, evidence.baseline,
                                  evidence.unit, static_cast<double>(evidence.window_ms) / 1'000));
  facts.emplace_back("peers",
                     absl::StrCat(alert.peer_count, ": ", absl::StrJoin(alert.peers, ", ")));
  if (const auto ip = ParseIp(alert.device_ip); ip.ok()) {
    facts.emplace_back("home", HomeText(*ip, reading, config_name));
  }
  for (const auto& [name, text] : evidence.detail) facts.emplace_back(name, text);
}

void AddEntries(const PolicyCase& asked, const Policy& policy, const PolicyVerdict& verdict,
                Explanation& explanation) {
  const bool actor = asked.role == Role::kActor;
  absl::flat_hash_map<uint32_t, Policy::Rank> ranks;
  const auto add = [&](const PolicyEnd* peer) {
    for (const Policy::Fit& fit :
         policy.Fits(asked.kind, actor ? &asked.device : peer, actor ? peer : &asked.device)) {
      Policy::Rank& rank = ranks.try_emplace(fit.entry, fit.rank).first->second;
      rank = std::max(rank, fit.rank);
    }
  };
  add(nullptr);
  for (const auto& peer : asked.peers) add(&peer.first);
  std::vector<Policy::Fit> fits;
  for (const auto& [number, rank] : ranks) fits.push_back({number, rank});
  std::sort(fits.begin(), fits.end(),
            [](const Policy::Fit& a, const Policy::Fit& b) { return a.rank > b.rank; });
  const bool v4 = asked.device.ip.has_value() && asked.device.ip->is_v4();
  for (const Policy::Fit& fit : fits) {
    ExplainedEntry entry = Explained(policy, fit.entry, asked.at_us);
    entry.fit = FitText(fit.rank, v4);
    entry.wins = verdict.entry == fit.entry;
    explanation.entries.push_back(std::move(entry));
  }
}

std::string VerdictText(const PolicyVerdict& verdict, size_t entries) {
  if (verdict.effect == PolicyEffect::kAllow) return "allowed: no alert would open";
  if (verdict.effect == PolicyEffect::kSuppress) return "suppressed: counted, not told";
  if (verdict.below_limit) return "not told: below the limit that the entry gives";
  if (verdict.effect == PolicyEffect::kAdjust) return "told, as the entry adjusts it";
  return entries == 0 ? "told: no entry covers it"
                      : "told: the entries cover too little of it, or have expired";
}

}  // namespace

absl::StatusOr<AlertEvent> ParseAlert(absl::string_view json) {
  const Json read = Json::parse(json.begin(), json.end(), nullptr, /*allow_exceptions=*/false);
  if (read.is_discarded() || !read.is_object()) {
    return absl::InvalidArgumentError("found no JSON object, allowed an alert's");
  }
  AlertEvent alert;
  std::string type;
  Get(read, "type", type);
  if (type != "alert") {
    return absl::InvalidArgumentError(
        absl::StrCat("found an event of type ", Quoted(type), ", allowed alert"));
  }
  for (const auto& [name, member] : std::initializer_list<std::pair<const char*, std::string*>>{
           {"id", &alert.id},
           {"alert_id", &alert.alert_id},
           {"state", &alert.state},
           {"kind", &alert.kind},
           {"severity", &alert.severity},
           {"role", &alert.role},
           {"device", &alert.device},
           {"device_ip", &alert.device_ip},
           {"device_mac", &alert.device_mac},
           {"device_name", &alert.device_name},
           {"message", &alert.message}}) {
    Get(read, name, *member);
  }
  Get(read, "start_ms", alert.start_ms);
  Get(read, "last_ms", alert.last_ms);
  Get(read, "peer_count", alert.peer_count);
  if (const auto at = read.find("suppressed"); at != read.end() && at->is_boolean()) {
    alert.suppressed = at->get<bool>();
  }
  GetPeers(read, alert);
  if (const auto at = read.find("evidence"); at != read.end() && at->is_object()) {
    GetEvidence(*at, alert.evidence);
  }
  if (TechniqueOf(alert.kind).empty()) {
    const std::vector<absl::string_view> kinds = AlertKinds();
    return absl::InvalidArgumentError(absl::StrCat("kind: found ", Quoted(alert.kind),
                                                   ", allowed a kind of alert",
                                                   DidYouMean(alert.kind, absl::MakeSpan(kinds))));
  }
  return alert;
}

absl::StatusOr<std::vector<AlertEvent>> FindAlerts(absl::string_view lines, absl::string_view id) {
  std::vector<AlertEvent> found;
  absl::flat_hash_map<std::string, size_t> places;
  int line = 0;
  for (absl::string_view text : absl::StrSplit(lines, '\n')) {
    ++line;
    text = absl::StripAsciiWhitespace(text);
    if (text.empty() || (!id.empty() && !absl::StrContains(text, id))) continue;
    absl::StatusOr<AlertEvent> alert = ParseAlert(text);
    if (!alert.ok()) {
      if (absl::StrContains(alert.status().message(), "event of type")) continue;
      return absl::InvalidArgumentError(absl::StrCat(line, ": ", alert.status().message()));
    }
    if (!id.empty() && !absl::StartsWith(alert->alert_id, id) && !absl::StartsWith(alert->id, id)) {
      continue;
    }
    const auto [place, fresh] = places.emplace(alert->alert_id, found.size());
    if (fresh) {
      found.push_back(*std::move(alert));
    } else {
      found[place->second] = *std::move(alert);
    }
  }
  return found;
}

Explanation ExplainEvent(const AlertEvent& alert, const ConfigReading& reading,
                         absl::string_view config_name, uint64_t at_us) {
  static const Policy kNone;
  const Policy& policy =
      reading.config.policy.compiled != nullptr ? *reading.config.policy.compiled : kNone;
  if (at_us == 0) at_us = static_cast<uint64_t>(std::max<int64_t>(0, alert.last_ms)) * 1'000;
  const PolicyCase asked = CaseOf(alert, HomeNetworks(reading.config.home), at_us);
  Explanation explanation{.subject = alert.kind};
  AddFacts(alert, reading, config_name, explanation);
  const PolicyVerdict verdict = policy.Judge(asked);
  AddEntries(asked, policy, verdict, explanation);
  explanation.verdict = VerdictText(verdict, explanation.entries.size());
  ExplainedKind kind{.kind = absl::StrCat("Limits of ", alert.kind),
                     .limits = LimitsOf(alert.kind, reading, config_name)};
  explanation.kinds.push_back(std::move(kind));
  return explanation;
}

}  // namespace vedette
