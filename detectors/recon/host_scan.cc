#include "detectors/recon/host_scan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "detectors/finding_text.h"

namespace vedette {

HostScan::Config HostScan::Config::Read(Settings& settings) {
  Config config;
  settings.Number("hosts_max", {.min = 3, .max = 3'000}, config.hosts_max);
  settings.Number("failed_share_min", {.min = 0.1, .max = 1}, config.failed_share_min);
  settings.Number("arp_hosts_max", {.min = 3, .max = 3'000}, config.arp_hosts_max);
  settings.Number("one_way_hosts_max", {.min = 3, .max = 3'000}, config.one_way_hosts_max);
  settings.Integer("window_s", 10, 86'400, config.window_s);
  return config;
}

void HostScan::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  const uint64_t window_us = config_.window_s * uint64_t{1'000'000};
  const auto attempts = view.attempts;
  size_t newcomers = 0;
  for (size_t begin = 0, end; begin < attempts.size(); begin = end) {
    const EndpointKey& source = attempts[begin].source;
    end = begin;
    while (end < attempts.size() && attempts[end].source == source) ++end;
    State* known = states_.Find(source);
    // A single target of a source never seen before is no memory worth.
    if (known == nullptr && end - begin == 1 && attempts[begin].accepted != 0) continue;
    // Spoofed sources try one target each: they may not wash out who tries one a second.
    if (known == nullptr && end - begin == 1 && newcomers++ >= kNewcomersMax) continue;
    State& state = states_.Touch(source, view.begin_us);
    bool ip_tried = false, arp_tried = false;
    for (size_t i = begin; i < end; ++i) {
      const AttemptPair& attempt = attempts[i];
      if (attempt.target.is_multicast() || attempt.target.is_broadcast()) continue;
      if (attempt.flows + attempt.probes == 0) {
        (attempt.protocol == 0 ? state.arp : state.ip).accepted += attempt.accepted;
        continue;
      }
      const bool arp = attempt.protocol == 0;
      AttemptMemory& memory = arp ? state.arp : state.ip;
      memory.Add(attempt, view.begin_us, window_us);
      memory.distinct.Add(attempt.target_hash);
      (arp ? arp_tried : ip_tried) = true;
    }
    const EndpointInterval* endpoint = view.Find(source);
    state.answered |= endpoint != nullptr && endpoint->counters.packets_in != 0;
    const double limit = state.answered || state.ip.protocol == 6 ? config_.hosts_max
                         : state.ip.one_service                   ? config_.hosts_max
                                                                  : config_.one_way_hosts_max;
    if (ip_tried && state.ip.distinct.Estimate() > limit &&
        state.ip.failed_share() >= config_.failed_share_min) {
      Report(source, state.ip, limit, view, findings);
    }
    if (arp_tried && state.arp.distinct.Estimate() > config_.arp_hosts_max &&
        state.arp.failed_share() >= config_.failed_share_min) {
      Report(source, state.arp, config_.arp_hosts_max, view, findings);
    }
  }
}

void HostScan::Report(const EndpointKey& source, const AttemptMemory& memory, double limit,
                      const IntervalView& view, std::vector<Finding>& findings) const {
  const double hosts = memory.distinct.Estimate();
  Finding finding{.kind = kName, .subject = source, .role = Role::kActor};
  finding.severity = hosts > 100 && memory.protocol != 0 ? Severity::kHigh : Severity::kMedium;
  finding.score = std::min(1.0, 0.4 + 0.5 * memory.failed_share());
  finding.start_us = memory.start_us;
  finding.last_us = view.end_us - 1;
  if (memory.one_service) finding.service = ServiceText(memory.protocol, memory.port);
  for (const AttemptPair& attempt : view.attempts) {
    if (attempt.source != source) continue;
    finding.peers.push_back({{.ip = attempt.target, .vlan = source.vlan},
                             static_cast<double>(attempt.flows + attempt.probes)});
    finding.packets += attempt.flows + attempt.probes;
  }
  KeepHeaviest(finding.peers);
  finding.peer_count = static_cast<uint64_t>(hosts + 0.5);
  finding.measured = hosts;
  finding.limit = limit;
  finding.unit = "hosts";
  finding.window_ms = std::max<uint64_t>(1'000, (view.end_us - memory.start_us) / 1'000);
  finding.message =
      absl::StrCat(memory.protocol == 0 ? "asked by ARP for about " : "tried about ",
                   RoughText(hosts), " hosts in ", DurationText(view.end_us - memory.start_us),
                   " (limit ", CountText(static_cast<uint64_t>(limit)), "), ",
                   absl::StrFormat("%.0f", 100 * memory.failed_share()), " % in vain");
  finding.detail = {{"attempts", absl::StrCat(memory.tried)},
                    {"accepted", absl::StrCat(memory.accepted)},
                    {"refused", absl::StrCat(memory.refused)}};
  findings.push_back(std::move(finding));
}

}  // namespace vedette
