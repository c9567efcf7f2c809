#include "detectors/recon/host_scan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "detectors/finding_text.h"

namespace vedette {
namespace {

constexpr uint8_t kIcmp = 1, kTcp = 6, kIcmp6 = 58;
constexpr uint64_t kSecondUs = 1'000'000;

bool IsPing(const AttemptMemory& memory) {
  return memory.one_service && (memory.protocol == kIcmp || memory.protocol == kIcmp6);
}

}  // namespace

HostScan::Config HostScan::Config::Read(Settings& settings) {
  Config config;
  settings.Number("hosts_max", {.min = 3, .max = 3'000}, config.hosts_max);
  settings.Number("failed_share_min", {.min = 0.1, .max = 1}, config.failed_share_min);
  settings.Number("ping_failed_share_min", {.min = 0.05, .max = 1}, config.ping_failed_share_min);
  settings.Number("arp_hosts_max", {.min = 3, .max = 3'000}, config.arp_hosts_max);
  settings.Number("one_way_service_hosts_max", {.min = 3, .max = 3'000},
                  config.one_way_service_hosts_max);
  settings.Number("one_way_hosts_max", {.min = 3, .max = 3'000}, config.one_way_hosts_max);
  settings.Integer("window_s", 10, 86'400, config.window_s);
  settings.Number("slow_hosts_max", {.min = 3, .max = 3'000}, config.slow_hosts_max);
  settings.Number("slow_failed_share_min", {.min = 0.1, .max = 1}, config.slow_failed_share_min);
  settings.Integer("slow_window_s", 60, 604'800, config.slow_window_s);
  return config;
}

void HostScan::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  size_t newcomers = 0;
  for (size_t begin = 0, end; begin < view.attempts.size(); begin = end) {
    const EndpointKey& source = view.attempts[begin].source;
    end = begin;
    while (end < view.attempts.size() && view.attempts[end].source == source) ++end;
    const Attempts attempts = view.attempts.subspan(begin, end - begin);
    const bool known = states_.Knows(source);
    // A single target of a source never seen before is no memory worth.
    if (!known && attempts.size() == 1 && attempts[0].accepted != 0) continue;
    if (!known && attempts.size() == 1 && newcomers++ >= kNewcomersMax) continue;
    State& state = states_.Touch(source, view.begin_us);
    const Tried tried = Add(attempts, view.begin_us, state);
    const EndpointInterval* endpoint = view.Find(source);
    state.answered |= endpoint != nullptr && endpoint->counters.packets_in != 0;
    Judge(attempts, tried, state, view, findings);
  }
}

HostScan::Tried HostScan::Add(Attempts attempts, uint64_t now_us, State& state) const {
  const auto add = [&](Memory& memory, const AttemptPair& attempt, uint64_t window_us) {
    if (memory.Add(attempt, now_us, window_us)) memory.services.Clear();
    memory.distinct.Add(attempt.target_hash);
    memory.services.Merge(attempt.ports);
  };
  Tried tried;
  for (const AttemptPair& attempt : attempts) {
    if (attempt.target.is_multicast() || attempt.target.is_broadcast()) continue;
    const bool arp = attempt.protocol == 0;
    if (attempt.flows + attempt.probes == 0) {
      (arp ? state.arp : state.ip).accepted += attempt.accepted;
      if (!arp) state.slow.accepted += attempt.accepted;
    } else if (arp) {
      state.arp.Add(attempt, now_us, config_.window_s * kSecondUs);
      state.arp.distinct.Add(attempt.target_hash);
      tried.arp = true;
    } else {
      add(state.ip, attempt, config_.window_s * kSecondUs);
      add(state.slow, attempt, config_.slow_window_s * kSecondUs);
      tried.ip = true;
    }
  }
  return tried;
}

double HostScan::IpLimit(const State& state) const {
  // TCP is seen to succeed in one direction alone.
  if (state.answered || state.ip.protocol == kTcp) return config_.hosts_max;
  return state.ip.one_service ? config_.one_way_service_hosts_max : config_.one_way_hosts_max;
}

bool HostScan::LooksLikeFileSharing(const Memory& memory) {
  const double hosts = memory.Distinct();
  const double services = memory.services.Estimate();
  return services >= 0.5 * hosts && services <= 2 * hosts &&
         static_cast<double>(memory.tried) < 4 * hosts;
}

void HostScan::Judge(Attempts attempts, const Tried& tried, const State& state,
                     const IntervalView& view, std::vector<Finding>& findings) const {
  const double limit = IpLimit(state);
  const double failed_min =
      IsPing(state.ip) ? config_.ping_failed_share_min : config_.failed_share_min;
  if (tried.ip && state.ip.Distinct() > limit && state.ip.failed_share() >= failed_min &&
      !LooksLikeFileSharing(state.ip)) {
    findings.push_back(Describe(attempts, state.ip, limit, view));
  } else if (const double slow_limit = std::max(limit, config_.slow_hosts_max);
             tried.ip && state.slow.Distinct() > slow_limit &&
             state.slow.failed_share() >= config_.slow_failed_share_min &&
             !LooksLikeFileSharing(state.slow)) {
    findings.push_back(Describe(attempts, state.slow, slow_limit, view));
    findings.back().calm_ms = std::max<uint64_t>(
        60'000, 3 * (view.end_us - state.slow.start_us) / 1'000 / state.slow.tried);
  }
  if (tried.arp && state.arp.Distinct() > config_.arp_hosts_max &&
      state.arp.failed_share() >= config_.failed_share_min) {
    findings.push_back(Describe(attempts, state.arp, config_.arp_hosts_max, view));
  }
}

Finding HostScan::Describe(Attempts attempts, const AttemptMemory& memory, double limit,
                           const IntervalView& view) {
  constexpr double kHostsMany = 100;
  const EndpointKey& source = attempts[0].source;
  const double hosts = memory.Distinct();
  const uint64_t span_us = view.end_us - memory.start_us;
  const bool arp = memory.protocol == 0;
  Finding finding{.kind = kName, .subject = source, .role = Role::kActor};
  finding.severity = hosts > kHostsMany && !arp ? Severity::kHigh : Severity::kMedium;
  finding.score = std::min(1.0, 0.4 + 0.5 * memory.failed_share());
  finding.start_us = memory.start_us;
  finding.last_us = view.end_us - 1;
  if (memory.one_service) finding.service = ServiceText(memory.protocol, memory.port);
  for (const AttemptPair& attempt : attempts) {
    if ((attempt.protocol == 0) != arp || attempt.flows + attempt.probes == 0) continue;
    finding.peers.push_back({{.ip = attempt.target, .vlan = source.vlan},
                             static_cast<double>(attempt.flows + attempt.probes)});
    finding.packets += attempt.flows + attempt.probes;
  }
  KeepHeaviest(finding.peers);
  finding.peer_count = static_cast<uint64_t>(hosts);
  finding.measured = hosts;
  finding.limit = limit;
  finding.unit = "hosts";
  finding.window_ms = std::max<uint64_t>(1'000, span_us / 1'000);
  finding.message =
      absl::StrCat(arp ? "asked by ARP for about " : "tried about ", RoughText(hosts), " hosts in ",
                   DurationText(span_us), " (limit ", CountText(static_cast<uint64_t>(limit)),
                   "), ", absl::StrFormat("%.0f", 100 * memory.failed_share()), " % in vain");
  finding.detail = {{"attempts", absl::StrCat(memory.tried)},
                    {"accepted", absl::StrCat(memory.accepted)},
                    {"refused", absl::StrCat(memory.refused)}};
  return finding;
}

}  // namespace vedette
