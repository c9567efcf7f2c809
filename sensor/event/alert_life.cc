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

double ExcessOf(const Finding& finding) {
  return finding.limit > 0 ? finding.measured / finding.limit : finding.measured;
}

}  // namespace

AlertLife::AlertLife(const AlertLifeConfig& config, EventIdentity identity, IdentityOf identify)
    : config_(config), identity_(std::move(identity)), identify_(std::move(identify)) {}

AlertLife::Key AlertLife::KeyOf(const Finding& finding, const DeviceIdentity& identity) const {
  const std::string kind(finding.kind);
  if (finding.prefix_length < 128) return {kind, identity.device};
  const auto known = device_of_.find({kind, finding.subject});
  return {kind, known == device_of_.end() ? identity.device : known->second};
}

bool AlertLife::IsFolded(const Key& key) const {
  return std::any_of(alerts_.begin(), alerts_.end(), [&key](const auto& entry) {
    return entry.first.second == key.second && Explains(entry.first.first, key.first);
  });
}

void AlertLife::Observe(std::vector<Finding> findings, uint64_t begin_us, uint64_t end_us,
                        std::vector<AlertEvent>& out) {
  struct Known {
    Key key;
    DeviceIdentity identity;
    const Finding* finding;
  };
  const size_t before = out.size();
  std::vector<Known> known;
  for (const Finding& finding : findings) {
    DeviceIdentity identity = identify_(finding.subject);
    if (finding.prefix_length < 128) {
      const Prefix prefix{finding.subject.ip, finding.prefix_length};
      identity.ip = prefix.ToText();
      identity.mac = identity.name = "";
      identity.device = absl::StrCat(identity_.site, "/", finding.subject.vlan, "/", identity.ip);
    }
    Key key = KeyOf(finding, identity);
    known.push_back({std::move(key), std::move(identity), &finding});
  }
  // What explains comes before what may be explained.
  std::stable_sort(known.begin(), known.end(), [](const Known& a, const Known& b) {
    const bool a_later = IsExplainable(a.key.first), b_later = IsExplainable(b.key.first);
    return std::tie(a_later, a.key, a.finding->subject) <
           std::tie(b_later, b.key, b.finding->subject);
  });
  for (const Known& k : known) {
    if (IsFolded(k.key)) continue;
    const auto at = alerts_.find(k.key);
    if (at != alerts_.end()) {
      Absorb(at->second, *k.finding, k.identity);
    } else if (alerts_.size() < config_.open_max) {
      Open(k.key, *k.finding, k.identity, out);
    } else {
      Summarize(*k.finding, out);
    }
  }
  CloseFolded(out);
  const int64_t now_ms = Ms(end_us);
  for (auto at = alerts_.begin(); at != alerts_.end();) {
    Alert& alert = at->second;
    if (end_us > alert.last_us + alert.calm_us && alert.last_us < begin_us) {
      Tell(alert, "close", out);
      absl::erase_if(device_of_, [&](const auto& entry) {
        return entry.first.first == at->first.first && entry.second == at->first.second;
      });
      at = alerts_.erase(at);
      continue;
    }
    if (alert.changed && now_ms >= alert.told_ms + int64_t{config_.update_every_s} * 1'000) {
      Tell(alert, "update", out);
      alert.told_ms = now_ms;
      alert.changed = false;
    }
    ++at;
  }
  std::stable_sort(out.begin() + static_cast<ptrdiff_t>(before), out.end(),
                   [](const AlertEvent& a, const AlertEvent& b) {
                     return std::tie(a.kind, a.device, a.revision) <
                            std::tie(b.kind, b.device, b.revision);
                   });
}

void AlertLife::Open(const Key& key, const Finding& finding, const DeviceIdentity& identity,
                     std::vector<AlertEvent>& out) {
  Alert& alert = alerts_[key];
  device_of_[{key.first, finding.subject}] = key.second;
  AlertEvent& event = alert.event;
  event.sensor = identity_.sensor;
  event.site = identity_.site;
  event.kind = key.first;
  event.category = key.first.substr(0, key.first.find('.'));
  event.device = key.second;
  event.start_ms = Ms(finding.start_us);
  event.technique = std::string(TechniqueOf(finding.kind));
  event.role = TextOf(finding.role);
  Absorb(alert, finding, identity);
  Tell(alert, "open", out);
  alert.told_ms = event.last_ms;
  alert.changed = false;
}

// The evidence shown is that of the worst interval; sums go on.
void AlertLife::Absorb(Alert& alert, const Finding& finding, const DeviceIdentity& identity) {
  AlertEvent& event = alert.event;
  alert.changed = true;
  alert.last_us = std::max(alert.last_us, finding.last_us);
  alert.calm_us = finding.calm_ms != 0 ? finding.calm_ms * uint64_t{1'000}
                                       : config_.calm_s * uint64_t{1'000'000};
  event.last_ms = std::max(event.start_ms, Ms(alert.last_us));
  event.packets += Signed(finding.packets);
  event.bytes += Signed(finding.bytes);
  event.peer_count = std::max(event.peer_count, Signed(finding.peer_count));
  AbsorbPeers(alert, finding);
  AbsorbFlows(alert, finding);
  if (event.device_name.empty()) event.device_name = identity.name;
  const bool worse = event.severity.empty() || finding.severity > alert.severity;
  if (worse) {
    alert.severity = finding.severity;
    event.severity = TextOf(finding.severity);
  }
  event.score = std::max(event.score, std::clamp(finding.score, 0.0, 1.0));
  if (!event.message.empty() && !worse && ExcessOf(finding) <= alert.excess) return;
  alert.excess = ExcessOf(finding);
  event.device_ip = identity.ip;
  event.device_mac = identity.mac;
  event.vlan = identity.vlan;
  event.service = finding.service;
  event.message = absl::StrCat(LabelOf(identity), " ", finding.message);
  event.evidence = {.measured = finding.measured,
                    .limit = finding.limit,
                    .baseline = finding.baseline,
                    .unit = finding.unit,
                    .window_ms = Signed(finding.window_ms),
                    .detail = TextMap(finding.detail.begin(), finding.detail.end())};
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

void AlertLife::Summarize(const Finding& finding, std::vector<AlertEvent>& out) {
  const DeviceIdentity many{
      .device = absl::StrCat(identity_.site, "/0/many"), .ip = "", .name = ""};
  const Key key{std::string(finding.kind), many.device};
  auto at = alerts_.find(key);
  if (at == alerts_.end()) {
    Open(key, finding, many, out);
    at = alerts_.find(key);
    at->second.summary = true;
    device_of_.erase({key.first, finding.subject});
  } else {
    Absorb(at->second, finding, many);
  }
  AlertEvent& event = at->second.event;
  event.message = absl::StrCat("further devices: more than ", config_.open_max,
                               " alerts are open, this one stands for the rest of its kind");
}

// A kind that was told before the one that explains it arrived.
void AlertLife::CloseFolded(std::vector<AlertEvent>& out) {
  for (auto at = alerts_.begin(); at != alerts_.end();) {
    if (!IsFolded(at->first)) {
      ++at;
      continue;
    }
    at->second.event.suppressed = true;
    Tell(at->second, "close", out);
    at = alerts_.erase(at);
  }
}

void AlertLife::Tell(Alert& alert, const char* state, std::vector<AlertEvent>& out) {
  alert.event.state = state;
  Seal(alert.event);
  out.push_back(alert.event);
  ++alert.event.revision;
}

void AlertLife::EndOfSource(uint64_t, std::vector<AlertEvent>& out) {
  for (auto& [key, alert] : alerts_) Tell(alert, "close", out);
  alerts_.clear();
  device_of_.clear();
}

}  // namespace vedette
