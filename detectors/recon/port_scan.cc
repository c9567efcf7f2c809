#include "detectors/recon/port_scan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "detectors/finding_text.h"

namespace vedette {

PortScan::Config PortScan::Config::Read(Settings& settings) {
  Config config;
  settings.Number("ports_max", {.min = 3, .max = 3'000}, config.ports_max);
  settings.Number("failed_share_min", {.min = 0.1, .max = 1}, config.failed_share_min);
  settings.Number("probe_ports_max", {.min = 2, .max = 3'000}, config.probe_ports_max);
  settings.Integer("window_s", 10, 86'400, config.window_s);
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
  size_t newcomers = 0;
  const std::vector<IpAddress> crowded = Crowded(view);
  for (const AttemptPair& attempt : view.attempts) {
    // One accepted connection is everybody's; it must not cost memory.
    const Pair pair{attempt.source, attempt.target};
    if (attempt.protocol == 0 && attempt.probes == 0 && attempt.refused == 0) continue;  // ARP
    if (attempt.target.is_multicast() || attempt.target.is_broadcast()) continue;
    if (attempt.protocol == 17 &&
        std::binary_search(crowded.begin(), crowded.end(), attempt.target)) {
      continue;
    }
    const bool worth = attempt.flows + attempt.probes > attempt.accepted;
    AttemptMemory* known = states_.Find(pair);
    if (known == nullptr && !worth) continue;
    // Spoofed sources try one port each: they may not wash out who tries one a second.
    const bool single = attempt.flows + attempt.probes <= 1;
    if (known == nullptr && single && newcomers++ >= kNewcomersMax) continue;
    AttemptMemory& memory = states_.Touch(pair, view.begin_us);
    memory.Add(attempt, view.begin_us, config_.window_s * uint64_t{1'000'000});
    memory.distinct.Merge(attempt.ports);
    const double ports = memory.distinct.Estimate();
    const bool probing = ports > config_.probe_ports_max && 2 * memory.probes > memory.tried;
    const bool guessing =
        ports > config_.ports_max && memory.failed_share() >= config_.failed_share_min;
    if (!probing && !guessing) continue;
    Finding finding{.kind = kName, .subject = attempt.source, .role = Role::kActor};
    finding.severity = ports > 100 ? Severity::kHigh : Severity::kMedium;
    finding.score = std::min(1.0, 0.5 + 0.5 * memory.failed_share());
    finding.start_us = memory.start_us;
    finding.last_us = view.end_us - 1;
    finding.peers = {{{.ip = attempt.target, .vlan = attempt.source.vlan},
                      static_cast<double>(attempt.flows + attempt.probes)}};
    finding.peer_count = 1;
    finding.packets = attempt.flows + attempt.probes;
    finding.measured = ports;
    finding.limit = probing ? config_.probe_ports_max : config_.ports_max;
    finding.unit = "ports";
    finding.window_ms = std::max<uint64_t>(1'000, (view.end_us - memory.start_us) / 1'000);
    finding.message =
        absl::StrCat("tried about ", RoughText(ports), " ports of one host in ",
                     DurationText(view.end_us - memory.start_us), " (limit ",
                     CountText(static_cast<uint64_t>(finding.limit)), "), ",
                     absl::StrFormat("%.0f", 100 * memory.failed_share()), " % in vain");
    finding.detail = {{"attempts", absl::StrCat(memory.tried)},
                      {"accepted", absl::StrCat(memory.accepted)},
                      {"refused", absl::StrCat(memory.refused)},
                      {"probes", absl::StrCat(memory.probes)}};
    findings.push_back(std::move(finding));
  }
}

}  // namespace vedette
