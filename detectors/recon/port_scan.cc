#include "detectors/recon/port_scan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "detectors/finding_text.h"

namespace vedette {
namespace {

// Of the sender's packets with impossible flags in this interval, those to this target as far as
// the view knows: it holds the last target of each kind.
uint64_t StealthPackets(const IntervalView& view, const AttemptPair& attempt) {
  constexpr DecodeStatus kKinds[] = {DecodeStatus::kTcpNullFlags, DecodeStatus::kTcpXmas,
                                     DecodeStatus::kTcpFlagsWithoutAck};
  if (attempt.probes == 0) return 0;
  uint64_t packets = 0;
  for (const IrregularityCount& count : view.irregularities) {
    if (count.sender != attempt.source || count.last_target != attempt.target) continue;
    if (std::find(std::begin(kKinds), std::end(kKinds), count.kind) != std::end(kKinds)) {
      packets += count.packets;
    }
  }
  return std::min(packets, attempt.probes);
}

bool IsJudged(const AttemptPair& attempt) {
  const bool arp = attempt.protocol == 0 && attempt.probes == 0 && attempt.refused == 0;
  return !arp && !attempt.target.is_multicast() && !attempt.target.is_broadcast();
}

}  // namespace

PortScan::Config PortScan::Config::Read(Settings& settings) {
  Config config;
  settings.Number("ports_max", {.min = 3, .max = 3'000}, config.ports_max);
  settings.Number("failed_share_min", {.min = 0.1, .max = 1}, config.failed_share_min);
  settings.Number("probe_ports_max", {.min = 2, .max = 3'000}, config.probe_ports_max);
  settings.Number("stealth_packets_max", {.min = 0, .max = 3'000}, config.stealth_packets_max);
  settings.Integer("window_s", 10, 86'400, config.window_s);
  settings.Number("slow_ports_max", {.min = 3, .max = 3'000}, config.slow_ports_max);
  settings.Number("slow_failed_share_min", {.min = 0.1, .max = 1}, config.slow_failed_share_min);
  settings.Integer("slow_window_s", 60, 604'800, config.slow_window_s);
  return config;
}

// Targets at which a crowd sprays UDP: a flood to any port, in which nobody looks for anything. By
// address, sorted.
std::vector<IpAddress> PortScan::Crowded(const IntervalView& view) {
  std::vector<IpAddress> sprayed, crowded;
  for (const AttemptPair& attempt : view.attempts) {
    const bool udp = attempt.protocol == 17 && attempt.flows > attempt.accepted;
    if (udp && attempt.ports.Estimate() >= kSprayedPorts) sprayed.push_back(attempt.target);
  }
  std::sort(sprayed.begin(), sprayed.end());
  for (size_t begin = 0, end; begin < sprayed.size(); begin = end) {
    for (end = begin; end < sprayed.size() && sprayed[end] == sprayed[begin];) ++end;
    if (end - begin >= kCrowd) crowded.push_back(sprayed[begin]);
  }
  return crowded;
}

void PortScan::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  constexpr uint64_t kSecondUs = 1'000'000;
  size_t newcomers = 0;
  const std::vector<IpAddress> crowded = Crowded(view);
  for (const AttemptPair& attempt : view.attempts) {
    if (!IsJudged(attempt)) continue;
    // One accepted connection is everybody's; it must not cost memory.
    const Pair pair{attempt.source, attempt.target};
    if (attempt.protocol == 17 &&
        std::binary_search(crowded.begin(), crowded.end(), attempt.target)) {
      continue;
    }
    const uint64_t tried = attempt.flows + attempt.probes;
    const bool known = states_.Knows(pair);
    if (!known && tried <= attempt.accepted) continue;
    if (!known && tried <= 1 && newcomers++ >= kNewcomersMax) continue;
    State& state = states_.Touch(pair, view.begin_us);
    if (state.fast.Add(attempt, view.begin_us, config_.window_s * kSecondUs)) state.stealth = 0;
    state.slow.Add(attempt, view.begin_us, config_.slow_window_s * kSecondUs);
    state.fast.distinct.Merge(attempt.ports);
    state.slow.distinct.Merge(attempt.ports);
    state.stealth += StealthPackets(view, attempt);
    const Verdict verdict = Judge(state);
    if (verdict.memory != nullptr && tried != 0) {
      findings.push_back(Describe(attempt, state, verdict, view));
    }
  }
}

PortScan::Verdict PortScan::Judge(const State& state) const {
  const AttemptMemory& fast = state.fast;
  const AttemptMemory& slow = state.slow;
  const double ports = fast.Distinct();
  const double stealth_ports_min = config_.stealth_packets_max + 1;
  if (static_cast<double>(state.stealth) > config_.stealth_packets_max &&
      ports >= stealth_ports_min) {
    return {&fast, config_.stealth_packets_max};
  }
  if (ports > config_.probe_ports_max && 2 * fast.probes > fast.tried) {
    return {&fast, config_.probe_ports_max};
  }
  if (ports > config_.ports_max && fast.failed_share() >= config_.failed_share_min) {
    return {&fast, config_.ports_max};
  }
  if (slow.Distinct() > config_.slow_ports_max &&
      slow.failed_share() >= config_.slow_failed_share_min) {
    return {&slow, config_.slow_ports_max};
  }
  return {};
}

Finding PortScan::Describe(const AttemptPair& attempt, const State& state, const Verdict& verdict,
                           const IntervalView& view) {
  constexpr double kPortsMany = 100;
  const AttemptMemory& memory = *verdict.memory;
  const double ports = memory.Distinct();
  const uint64_t span_us = view.end_us - memory.start_us;
  Finding finding{.kind = kName, .subject = attempt.source, .role = Role::kActor};
  finding.severity = ports > kPortsMany ? Severity::kHigh : Severity::kMedium;
  finding.score = std::min(1.0, 0.5 + 0.5 * memory.failed_share());
  finding.start_us = memory.start_us;
  finding.last_us = view.end_us - 1;
  finding.peers = {{{.ip = attempt.target, .vlan = attempt.source.vlan},
                    static_cast<double>(attempt.flows + attempt.probes)}};
  finding.peer_count = 1;
  finding.packets = attempt.flows + attempt.probes;
  finding.measured = ports;
  finding.limit = verdict.limit;
  finding.unit = "ports";
  finding.window_ms = std::max<uint64_t>(1'000, span_us / 1'000);
  // A slow scan tries a port every few minutes: it goes on until as many gaps have passed.
  finding.calm_ms = memory.tried > 1 && &memory == &state.slow
                        ? std::max<uint64_t>(60'000, 3 * span_us / 1'000 / memory.tried)
                        : 0;
  finding.message = absl::StrCat(
      "tried about ", RoughText(ports), " ports of one host in ", DurationText(span_us), " (limit ",
      CountText(static_cast<uint64_t>(verdict.limit)), "), ",
      absl::StrFormat("%.0f", 100 * memory.failed_share()), " % in vain");
  finding.detail = {{"attempts", absl::StrCat(memory.tried)},
                    {"accepted", absl::StrCat(memory.accepted)},
                    {"refused", absl::StrCat(memory.refused)},
                    {"probes", absl::StrCat(memory.probes)},
                    {"impossible_flags", absl::StrCat(state.stealth)}};
  return finding;
}

}  // namespace vedette
