#include "sensor/event/alert_life.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "dataplane/track/community_id.h"
#include "dataplane/track/home_networks.h"
#include "sensor/event/alert_kinds.h"
#include "sensor/event/text_safety.h"

namespace vedette {
namespace {

constexpr size_t kPeersShown = 10, kPeersKept = 64;
constexpr size_t kFlowsShown = 10;
constexpr size_t kMessageBytesMax = 1'024;
constexpr size_t kDetailsMax = 64, kDetailNameBytesMax = 64, kDetailBytesMax = 1'024;

const char* TextOf(Severity severity) {
  static constexpr const char* kTexts[] = {"low", "medium", "high", "critical"};
  return kTexts[static_cast<size_t>(severity)];
}
const char* TextOf(Role role) {
  static constexpr const char* kTexts[] = {"target", "actor", "owner"};
  return kTexts[static_cast<size_t>(role)];
}

int64_t Ms(uint64_t us) { return static_cast<int64_t>(us / 1'000); }
int64_t Signed(uint64_t count) { return static_cast<int64_t>(count); }

// What a person calls it: its name with its address, else the address.
std::string LabelOf(const DeviceIdentity& identity) {
  const std::string& address = identity.ip.empty() ? identity.mac : identity.ip;
  if (identity.name.empty()) return address;
  return absl::StrCat(Printable(identity.name, 64), " (", address, ")");
}

TextMap DetailOf(const Finding& finding) {
  TextMap detail;
  for (const auto& [name, text] : finding.detail) {
    if (detail.size() == kDetailsMax) break;
    detail.emplace(Cut(name, kDetailNameBytesMax), Cut(text, kDetailBytesMax));
  }
  return detail;
}

// Of findings of one kind about one endpoint.
auto OrderOf(const Finding& f) {
  return std::tie(f.start_us, f.last_us, f.service, f.message, f.packets, f.bytes, f.detail);
}

double ExcessOf(const Finding& finding) {
  if (finding.excess != 0) return finding.excess;
  return finding.limit > 0 ? finding.measured / finding.limit : finding.measured;
}

}  // namespace

AlertLife::AlertLife(const AlertLifeConfig& config, EventIdentity identity, IdentityOf identify,
                     std::shared_ptr<const Policy> policy)
    : config_(config),
      identity_(std::move(identity)),
      identify_(std::move(identify)),
      policy_(std::move(policy), config.open_max) {}

AlertLife::Known AlertLife::Identified(const Finding& finding) const {
  DeviceIdentity identity = identify_(finding.subject);
  if (finding.prefix_length < 128) {
    const Prefix prefix{finding.subject.ip, finding.prefix_length};
    identity.ip = prefix.ToText();
    identity.mac = identity.name = "";
    identity.device = absl::StrCat(identity_.site, "/", finding.subject.vlan, "/", identity.ip);
  }
  Key key(finding.kind, identity.device);
  if (finding.prefix_length == 128) {
    const auto known = device_of_.find({key.first, finding.subject});
    if (known != device_of_.end()) key.second = known->second;
  }
  const bool explainable = !ExplainersOf(finding.kind).empty();
  return {.key = std::move(key),
          .identity = std::move(identity),
          .finding = &finding,
          .explainable = explainable};
}

bool AlertLife::IsFolded(const Key& key) const {
  const std::vector<absl::string_view> explainers = ExplainersOf(key.first);
  return std::any_of(explainers.begin(), explainers.end(), [&](absl::string_view by) {
    const Key explainer(by, key.second);
    return alerts_.contains(explainer) || policy_.Suppresses(explainer);
  });
}

PolicyVerdict AlertLife::Judge(const Known& known) {
  if (policy_.policy().empty()) return {};
  const Finding& finding = *known.finding;
  PolicyCase asked{.kind = finding.kind,
                   .role = finding.role,
                   .device = PolicyEndOf(finding.subject, finding.prefix_length, known.identity),
                   .peer_count = finding.peer_count,
                   .measured = finding.measured,
                   .limit = finding.limit,
                   .scales = HasRatio(finding.kind),
                   .at_us = finding.last_us};
  for (const FindingPeer& peer : finding.peers) {
    asked.peers.emplace_back(PolicyEndOf(peer.endpoint, 128, identify_(peer.endpoint)),
                             peer.weight);
  }
  return policy_.Judge(known.key, asked, CalmUs(finding));
}

bool AlertLife::MayTell(const Known& known, PolicyVerdict& verdict, std::vector<AlertEvent>& out) {
  const auto at = alerts_.find(known.key);
  if (at != alerts_.end() && at->second.judged == policy_.generation()) return true;
  verdict = Judge(known);
  if (verdict.tells()) {
    if (at != alerts_.end()) Adjust(at->second, verdict);
    return true;
  }
  if (at != alerts_.end()) {
    at->second.event.suppressed = true;
    Close(at, out);
  }
  return false;
}

void AlertLife::Adjust(Alert& alert, const PolicyVerdict& verdict) {
  alert.judged = policy_.generation();
  alert.severity_by_policy.reset();
  alert.policy_comment.clear();
  if (!verdict.entry.has_value() || alert.summary) return;
  const PolicyEntry& entry = policy_.policy().entry(*verdict.entry);
  alert.severity_by_policy = entry.severity;
  alert.policy_comment = entry.comment;
}

void AlertLife::Observe(std::vector<Finding> findings, uint64_t begin_us, uint64_t end_us,
                        std::vector<AlertEvent>& out) {
  const size_t before = out.size();
  // An attack that pauses for longer than its calm is two, also where nothing else went on.
  CloseCalm(begin_us, begin_us, out);
  policy_.CloseCalm(begin_us, begin_us);
  std::vector<Known> known;
  known.reserve(findings.size());
  for (const Finding& finding : findings) known.push_back(Identified(finding));
  // What explains comes before what may be explained.
  std::stable_sort(known.begin(), known.end(), [](const Known& a, const Known& b) {
    const auto a_place = std::tie(a.explainable, a.key, a.finding->subject);
    const auto b_place = std::tie(b.explainable, b.key, b.finding->subject);
    return a_place != b_place ? a_place < b_place : OrderOf(*a.finding) < OrderOf(*b.finding);
  });
  const int64_t now_ms = Ms(end_us);
  for (const Known& k : known) Take(k, now_ms, out);
  CloseFolded(out);
  CloseCalm(begin_us, end_us, out);
  policy_.CloseCalm(begin_us, end_us);
  TellChanges(now_ms, out);
  std::stable_sort(out.begin() + static_cast<ptrdiff_t>(before), out.end(),
                   [](const AlertEvent& a, const AlertEvent& b) {
                     return std::tie(a.kind, a.device, a.start_ms, a.revision) <
                            std::tie(b.kind, b.device, b.start_ms, b.revision);
                   });
}

void AlertLife::Take(const Known& known, int64_t now_ms, std::vector<AlertEvent>& out) {
  if (IsFolded(known.key)) return;
  PolicyVerdict verdict;
  if (!MayTell(known, verdict, out)) return;
  if (const auto at = alerts_.find(known.key); at != alerts_.end()) {
    Absorb(at->second, known);
  } else if (alerts_.size() - summaries_ < config_.open_max) {
    Open(known, /*summary=*/false, verdict, now_ms, out);
  } else {
    Known many{.key = {known.key.first, absl::StrCat(identity_.site, "/0/many")},
               .identity = {},
               .finding = known.finding};
    many.identity.device = many.key.second;
    if (const auto summary = alerts_.find(many.key); summary != alerts_.end()) {
      Absorb(summary->second, many);
    } else {
      Open(many, /*summary=*/true, verdict, now_ms, out);
    }
  }
}

int64_t AlertLife::StartOf(const Key& key, const Finding& finding) const {
  const auto past = past_.find(key);
  const int64_t taken_ms = past == past_.end() ? forgotten_ms_ : past->second.last_ms;
  return std::max(Ms(finding.start_us), taken_ms + 1);
}

void AlertLife::Open(const Known& known, bool summary, const PolicyVerdict& verdict, int64_t now_ms,
                     std::vector<AlertEvent>& out) {
  const Finding& finding = *known.finding;
  Alert& alert = alerts_[known.key];
  alert.summary = summary;
  Adjust(alert, verdict);
  if (summary) {
    ++summaries_;
  } else if (finding.prefix_length == 128) {
    device_of_[{known.key.first, finding.subject}] = known.key.second;
    alert.subjects.push_back(finding.subject);
  }
  AlertEvent& event = alert.event;
  event.sensor = identity_.sensor;
  event.site = identity_.site;
  event.kind = known.key.first;
  event.category = known.key.first.substr(0, known.key.first.find('.'));
  event.device = known.key.second;
  event.start_ms = StartOf(known.key, finding);
  event.technique = std::string(TechniqueOf(finding.kind));
  event.role = TextOf(finding.role);
  Absorb(alert, known);
  Tell(alert, "open", out);
  alert.told_ms = now_ms;
  alert.changed = false;
}

uint64_t AlertLife::CalmUs(const Finding& finding) const {
  return finding.calm_ms != 0 ? finding.calm_ms * uint64_t{1'000}
                              : config_.calm_s * uint64_t{1'000'000};
}

void AlertLife::Absorb(Alert& alert, const Known& known) {
  const Finding& finding = *known.finding;
  AlertEvent& event = alert.event;
  alert.changed = true;
  alert.last_us = std::max(alert.last_us, finding.last_us);
  alert.calm_from_us = std::max(alert.calm_from_us, alert.last_us);
  alert.calm_us = CalmUs(finding);
  event.last_ms = std::max(event.start_ms, Ms(alert.last_us));
  event.packets += Signed(finding.packets);
  event.bytes += Signed(finding.bytes);
  event.peer_count = std::max(event.peer_count, Signed(finding.peer_count));
  AbsorbPeers(alert, finding);
  AbsorbFlows(alert, finding);
  if (event.device_name.empty()) event.device_name = known.identity.name;
  AbsorbEvidence(alert, known);
}

// What is shown is the evidence of the worst interval.
void AlertLife::AbsorbEvidence(Alert& alert, const Known& known) {
  const Finding& finding = *known.finding;
  AlertEvent& event = alert.event;
  const bool first = event.severity.empty();
  const bool worse = first || finding.severity > alert.severity;
  if (worse) alert.severity = finding.severity;
  event.severity = TextOf(alert.severity_by_policy.value_or(alert.severity));
  event.score = std::max(event.score, std::clamp(finding.score, 0.0, 1.0));
  if (!worse && ExcessOf(finding) <= alert.excess) return;
  alert.excess = ExcessOf(finding);
  event.device_ip = known.identity.ip;
  event.device_mac = known.identity.mac;
  event.vlan = known.identity.vlan;
  event.service = finding.service;
  event.model_id = finding.model_id;
  event.message =
      alert.summary
          ? absl::StrCat("further devices: more than ", config_.open_max,
                         " alerts are open, this one stands for the rest of its kind")
          : Cut(absl::StrCat(LabelOf(known.identity), " ", finding.message), kMessageBytesMax);
  event.evidence = {.measured = finding.measured,
                    .limit = finding.limit,
                    .baseline = finding.baseline,
                    .unit = finding.unit,
                    .window_ms = Signed(finding.window_ms),
                    .detail = DetailOf(finding)};
  if (!alert.policy_comment.empty()) event.evidence.detail["policy"] = alert.policy_comment;
}

void AlertLife::AbsorbPeers(Alert& alert, const Finding& finding) {
  for (const FindingPeer& peer : finding.peers) {
    const DeviceIdentity identity = identify_(peer.endpoint);
    alert.peers[identity.ip.empty() ? identity.mac : identity.ip] += peer.weight;
  }
  std::vector<std::pair<std::string, double>> by_weight(alert.peers.begin(), alert.peers.end());
  std::sort(by_weight.begin(), by_weight.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (by_weight.size() > kPeersKept) {
    by_weight.resize(kPeersKept);
    alert.peers = {by_weight.begin(), by_weight.end()};
  }
  alert.event.peers.clear();
  for (size_t i = 0; i < std::min(by_weight.size(), kPeersShown); ++i) {
    alert.event.peers.push_back(by_weight[i].first);
  }
  alert.event.peer_count = std::max(alert.event.peer_count, Signed(alert.peers.size()));
}

void AlertLife::AbsorbFlows(Alert& alert, const Finding& finding) {
  for (const FlowKey& flow : finding.flows) {
    if (alert.flows.size() == kFlowsShown) return;
    if (std::find(alert.flows.begin(), alert.flows.end(), flow) != alert.flows.end()) continue;
    alert.flows.push_back(flow);
    alert.event.flows.push_back(CommunityId(flow));
  }
}

void AlertLife::CloseCalm(uint64_t begin_us, uint64_t end_us, std::vector<AlertEvent>& out) {
  for (auto at = alerts_.begin(); at != alerts_.end();) {
    const Alert& alert = at->second;
    const bool calm = alert.calm_from_us < begin_us && end_us > alert.calm_from_us + alert.calm_us;
    at = calm ? Close(at, out) : std::next(at);
  }
}

// A kind that was told before the one that explains it arrived.
void AlertLife::CloseFolded(std::vector<AlertEvent>& out) {
  for (auto at = alerts_.begin(); at != alerts_.end();) {
    if (!IsFolded(at->first)) {
      ++at;
      continue;
    }
    at->second.event.suppressed = true;
    at = Close(at, out);
  }
}

void AlertLife::TellChanges(int64_t now_ms, std::vector<AlertEvent>& out) {
  for (auto& [key, alert] : alerts_) {
    if (!alert.changed || now_ms < alert.told_ms + int64_t{config_.update_every_s} * 1'000) {
      continue;
    }
    Tell(alert, "update", out);
    alert.told_ms = now_ms;
    alert.changed = false;
  }
}

AlertLife::Alerts::iterator AlertLife::Close(Alerts::iterator at, std::vector<AlertEvent>& out) {
  Alert& alert = at->second;
  Tell(alert, "close", out);
  for (const EndpointKey& subject : alert.subjects) device_of_.erase({at->first.first, subject});
  if (alert.summary) --summaries_;
  Remember(at->first, alert.event.last_ms);
  return alerts_.erase(at);
}

void AlertLife::Tell(Alert& alert, const char* state, std::vector<AlertEvent>& out) {
  alert.event.state = state;
  Seal(alert.event);
  out.push_back(alert.event);
  ++alert.event.revision;
}

// As many as may be open; of those forgotten only how late they were.
void AlertLife::Remember(const Key& key, int64_t last_ms) {
  const auto [past, first] = past_.try_emplace(key);
  if (!first) past_by_number_.erase(past->second.number);
  past->second = {.last_ms = last_ms, .number = ++closings_};
  past_by_number_.emplace(closings_, key);
  while (past_.size() > config_.open_max) {
    const auto oldest = past_by_number_.begin();
    const auto forgotten = past_.find(oldest->second);
    forgotten_ms_ = std::max(forgotten_ms_, forgotten->second.last_ms);
    past_.erase(forgotten);
    past_by_number_.erase(oldest);
  }
}

void AlertLife::OnRestored() {
  summaries_ = 0;
  device_of_.clear();
  for (auto& [key, alert] : alerts_) {
    summaries_ += alert.summary;
    for (const EndpointKey& subject : alert.subjects) device_of_[{key.first, subject}] = key.second;
  }
  past_by_number_.clear();
  for (const auto& [key, past] : past_) past_by_number_.emplace(past.number, key);
}

void AlertLife::SkipRevisions(int32_t count) {
  for (auto& [key, alert] : alerts_) alert.event.revision += count;
}

void AlertLife::OnAway(uint64_t away_us) {
  for (auto& [key, alert] : alerts_) alert.calm_from_us += away_us;
}

void AlertLife::EndOfSource(std::vector<AlertEvent>& out) {
  for (auto at = alerts_.begin(); at != alerts_.end();) at = Close(at, out);
}

}  // namespace vedette
