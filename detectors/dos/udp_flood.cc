#include "detectors/dos/udp_flood.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "detectors/attempts_on.h"
#include "detectors/finding_text.h"

namespace vedette {

UdpFlood::Config UdpFlood::Config::Read(Settings& settings) {
  Config config;
  settings.Number("unasked_per_second_max", {.min = 10, .max = 1e8}, config.unasked_per_second_max);
  settings.Number("unasked_share_min", {.min = 0.1, .max = 1}, config.unasked_share_min);
  settings.Number("sources_few", {.min = 0, .max = 1'000}, config.sources_few);
  settings.Number("stream_factor", {.min = 1, .max = 100}, config.stream_factor);
  return config;
}

void UdpFlood::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  for (const EndpointInterval& endpoint : view.endpoints) {
    const EndpointCounters& c = endpoint.counters;
    const IpAddress& ip = endpoint.key.ip;
    // What a busy resolver is asked is unasked until it answers.
    const uint64_t unanswered = c.udp_unasked_in - std::min(c.udp_unasked_in, c.udp_answered_in);
    if (unanswered < 32 || ip.is_multicast() || ip.is_broadcast()) continue;
    State& state = states_.Touch(endpoint.key, view.begin_us);
    const auto unasked = static_cast<double>(unanswered);
    const double sources = endpoint.sources_in.Estimate();
    const double floor = config_.unasked_per_second_max *
                         (sources < config_.sources_few ? config_.stream_factor : 1);
    const double limit = state.unasked.Limit(floor);
    if (unasked <= limit || unasked < config_.unasked_share_min * static_cast<double>(c.udp_in)) {
      state.unasked.Learn(unasked);
      state.start_us = 0;
      continue;
    }
    if (state.start_us == 0) state.start_us = view.begin_us;
    const std::vector<const AttemptPair*> attempts = AttemptsOn(view, ip);
    Finding finding{.kind = kName, .subject = endpoint.key, .role = Role::kTarget};
    finding.severity = unasked > 10 * limit ? Severity::kCritical : Severity::kHigh;
    finding.score = std::min(1.0, 0.5 + 0.1 * unasked / limit);
    finding.start_us = state.start_us;
    finding.last_us = view.end_us - 1;
    finding.packets = unanswered;
    finding.bytes = c.udp_unasked_bytes_in;
    finding.peers = SourcesOf(attempts);
    finding.peer_count = static_cast<uint64_t>(sources + 0.5);
    if (!attempts.empty()) finding.service = ServiceText(17, attempts.front()->last_port);
    finding.measured = unasked;
    finding.limit = limit;
    finding.baseline = state.unasked.mean();
    finding.unit = "packets/s";
    finding.message = absl::StrCat(
        "received ", CountText(unanswered), " UDP packets (", BytesText(c.udp_unasked_bytes_in),
        ") in 1 s that it never answered (limit ", CountText(static_cast<uint64_t>(limit)),
        "), from about ", RoughText(sources), sources < 1.5 ? " source" : " sources");
    finding.detail = {{"udp_packets", absl::StrCat(c.udp_in)}};
    findings.push_back(std::move(finding));
  }
}

}  // namespace vedette
