#include "detectors/dos/icmp_flood.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "detectors/attempts_on.h"
#include "detectors/finding_text.h"

namespace vedette {

IcmpFlood::Config IcmpFlood::Config::Read(Settings& settings) {
  Config config;
  settings.Number("packets_per_second_max", {.min = 10, .max = 1e8}, config.packets_per_second_max);
  settings.Number("steady_per_second_max", {.min = 5, .max = 1e8}, config.steady_per_second_max);
  settings.Integer("steady_seconds_min", 2, 60, config.steady_seconds_min);
  return config;
}

void IcmpFlood::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  for (const EndpointInterval& endpoint : view.endpoints) {
    const EndpointCounters& c = endpoint.counters;
    if (c.icmp_in < 5) continue;
    const uint64_t answers =
        c.icmp_in - std::min(c.icmp_in, c.icmp_echo_in + c.icmp_unreachable_in);
    const uint64_t unasked = answers - std::min(answers, c.icmp_echo_out);
    const uint64_t packets = c.icmp_echo_in + unasked;
    const auto rate = static_cast<double>(packets);
    State& state = states_.Touch(endpoint.key, view.begin_us);
    const bool adjacent = state.previous_us + 1'000'000 == view.begin_us;
    state.previous_us = view.begin_us;
    const bool above = rate > config_.steady_per_second_max;
    state.steady_seconds = above ? (adjacent ? state.steady_seconds + 1 : 1) : 0;
    const bool steady = state.steady_seconds >= config_.steady_seconds_min;
    const double fast_limit = state.packets.Limit(config_.packets_per_second_max);
    const bool fast = rate > fast_limit;
    if (!above) {
      state.packets.Learn(rate);
      state.start_us = 0;
    }
    if (!fast && !steady) continue;
    if (state.start_us == 0) {
      state.start_us = view.begin_us - (steady ? (state.steady_seconds - 1) * 1'000'000ULL : 0);
    }
    const double limit = fast ? fast_limit : config_.steady_per_second_max;
    const double sources = endpoint.sources_in.Estimate();
    Finding finding{.kind = kName, .subject = endpoint.key, .role = Role::kTarget};
    finding.severity = fast ? Severity::kHigh : Severity::kMedium;
    finding.score = std::min(1.0, 0.5 + 0.1 * rate / limit);
    finding.start_us = state.start_us;
    finding.last_us = view.end_us - 1;
    finding.service = endpoint.key.ip.is_v4() ? "icmp" : "icmp6";
    finding.packets = packets;
    finding.bytes = c.icmp_bytes_in;
    finding.peers = SourcesOf(AttemptsOn(view, endpoint.key.ip));
    finding.peer_count = static_cast<uint64_t>(sources + 0.5);
    finding.measured = rate;
    finding.limit = limit;
    finding.baseline = state.packets.mean();
    finding.unit = "packets/s";
    finding.message = absl::StrCat(
        "received ", CountText(packets), " ICMP packets in 1 s that were no answers (limit ",
        CountText(static_cast<uint64_t>(limit)),
        fast ? ")" : absl::StrCat("), for ", state.steady_seconds, " s in a row"));
    finding.detail = {{"echo_requests", absl::StrCat(c.icmp_echo_in)},
                      {"unasked_answers", absl::StrCat(unasked)}};
    findings.push_back(std::move(finding));
  }
}

}  // namespace vedette
