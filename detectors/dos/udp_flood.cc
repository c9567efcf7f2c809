#include "detectors/dos/udp_flood.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "detectors/attempts_on.h"
#include "detectors/finding_text.h"

namespace vedette {

namespace {

// What a busy resolver is asked is unasked until it answers.
uint64_t Unanswered(const EndpointCounters& c) {
  return c.udp_unasked_in - std::min(c.udp_unasked_in, c.udp_answered_in);
}

}  // namespace

UdpFlood::Config UdpFlood::Config::Read(Settings& settings) {
  Config config;
  settings.Number("unasked_per_second_max", {.min = 10, .max = 1e8}, config.unasked_per_second_max);
  settings.Number("unasked_share_min", {.min = 0.1, .max = 1}, config.unasked_share_min);
  settings.Number("sources_few", {.min = 0, .max = 1'000}, config.sources_few);
  settings.Number("stream_factor", {.min = 1, .max = 100}, config.stream_factor);
  settings.Number("group_sources_min", {.min = 0, .max = 3'000}, config.group_sources_min);
  settings.Number("learned_factor_max", {.min = 1, .max = 1'000}, config.learned_factor_max);
  return config;
}

void UdpFlood::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  for (const EndpointInterval& endpoint : view.endpoints) {
    // A few unanswered datagrams are everybody's; their memory would be the attacker's to fill.
    if (Unanswered(endpoint.counters) >= 32) Judge(endpoint, view, findings);
  }
}

void UdpFlood::Judge(const EndpointInterval& endpoint, const IntervalView& view,
                     std::vector<Finding>& findings) {
  const EndpointCounters& c = endpoint.counters;
  const IpAddress& ip = endpoint.key.ip;
  State& state = states_.Touch(endpoint.key, view.begin_us);
  // Sources count when their flows begin; those of a long flood did so some time ago.
  const double sources = state.sources =
      std::max(endpoint.sources_in.Estimate(), state.sources * kSourcesKept);
  const bool group = ip.is_multicast() || ip.is_broadcast();
  if (group && sources < config_.group_sources_min) return;
  const auto unasked = static_cast<double>(Unanswered(c));
  const double rate = unasked;
  const double floor =
      config_.unasked_per_second_max * (sources < config_.sources_few ? config_.stream_factor : 1);
  const double limit = state.unasked.LimitWithin(floor, config_.learned_factor_max);
  if (rate <= limit || unasked < config_.unasked_share_min * static_cast<double>(c.udp_in)) {
    state.unasked.Learn(unasked);
    state.start_us = 0;
    return;
  }
  if (state.start_us == 0) state.start_us = view.begin_us;
  const std::vector<const AttemptPair*> attempts = AttemptsOn(view, ip);
  Finding finding{.kind = kName, .subject = endpoint.key, .role = Role::kTarget};
  finding.severity = rate > 10 * limit ? Severity::kCritical : Severity::kHigh;
  finding.score = std::min(1.0, 0.5 + 0.1 * rate / limit);
  finding.start_us = state.start_us;
  finding.last_us = view.end_us - 1;
  finding.packets = Unanswered(c);
  finding.bytes = c.udp_unasked_bytes_in;
  finding.peers = SourcesOf(attempts);
  finding.peer_count = static_cast<uint64_t>(sources + 0.5);
  if (!attempts.empty()) finding.service = ServiceText(17, attempts.front()->last_port);
  finding.measured = rate;
  finding.limit = limit;
  finding.baseline = state.unasked.mean();
  finding.unit = "packets/s";
  finding.message =
      absl::StrCat("received ", CountText(static_cast<uint64_t>(rate)), " UDP packets a second (",
                   BytesText(c.udp_unasked_bytes_in), ") that it never answered (limit ",
                   CountText(static_cast<uint64_t>(limit)), "), from about ", RoughText(sources),
                   sources < 1.5 ? " source" : " sources");
  finding.detail = {{"udp_packets", absl::StrCat(c.udp_in)},
                    {"unanswered_packets", absl::StrCat(Unanswered(c))}};
  findings.push_back(std::move(finding));
}

}  // namespace vedette
