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
  settings.Number("learned_factor_max", {.min = 1, .max = 1'000}, config.learned_factor_max);
  return config;
}

void IcmpFlood::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  for (const EndpointInterval& endpoint : view.endpoints) {
    // A few packets a second are everybody's; their memory would be the attacker's to fill.
    if (endpoint.counters.icmp_in >= 5) Judge(endpoint, view, findings);
  }
}

IcmpFlood::Verdict IcmpFlood::Weigh(State& state, double asked, double unasked, bool answers_tell,
                                    uint64_t begin_us) const {
  const bool adjacent = state.previous_us + 1'000'000 == begin_us;
  state.previous_us = begin_us;
  const double steady_rate = asked + (answers_tell ? unasked : 0);
  const bool above = steady_rate > config_.steady_per_second_max;
  state.steady_seconds = above ? (adjacent ? state.steady_seconds + 1 : 1) : 0;

  const double fast_limit =
      state.packets.LimitWithin(config_.packets_per_second_max, config_.learned_factor_max);
  Verdict verdict;
  verdict.rate = asked + unasked;
  verdict.fast = verdict.rate > fast_limit;
  verdict.steady = state.steady_seconds >= config_.steady_seconds_min;
  verdict.limit = verdict.fast ? fast_limit : config_.steady_per_second_max;
  if (!verdict.fast && !above) {
    state.packets.Learn(asked + unasked);
    state.start_us = 0;
  }
  return verdict;
}

void IcmpFlood::Judge(const EndpointInterval& endpoint, const IntervalView& view,
                      std::vector<Finding>& findings) {
  const EndpointCounters& c = endpoint.counters;
  const uint64_t answers = c.icmp_in - std::min(c.icmp_in, c.icmp_echo_in + c.icmp_unreachable_in);
  const uint64_t unasked = answers - std::min(answers, c.icmp_echo_out) + c.icmp_unreachable_in -
                           std::min(c.icmp_unreachable_in, c.packets_out);
  const uint64_t packets = c.icmp_echo_in + unasked;
  State& state = states_.Touch(endpoint.key, view.begin_us);
  // Neighbour discovery is neither asked for nor an answer, and busy routers hear much of it.
  const bool answers_tell = c.packets_out != 0 && endpoint.key.ip.is_v4();
  const Verdict verdict = Weigh(state, static_cast<double>(c.icmp_echo_in),
                                static_cast<double>(unasked), answers_tell, view.begin_us);
  if (!verdict.fast && !verdict.steady) return;
  if (state.start_us == 0) {
    state.start_us =
        view.begin_us - (verdict.steady ? (state.steady_seconds - 1) * 1'000'000ULL : 0);
  }
  const double sources = endpoint.sources_in.Estimate();
  Finding finding{.kind = kName, .subject = endpoint.key, .role = Role::kTarget};
  finding.severity = verdict.fast ? Severity::kHigh : Severity::kMedium;
  finding.score = std::min(1.0, 0.5 + 0.1 * verdict.rate / verdict.limit);
  finding.start_us = state.start_us;
  finding.last_us = view.end_us - 1;
  finding.service = endpoint.key.ip.is_v4() ? "icmp" : "icmp6";
  finding.packets = packets;
  finding.bytes = c.icmp_bytes_in;
  finding.peers = SourcesOf(AttemptsOn(view, endpoint.key.ip));
  finding.peer_count = static_cast<uint64_t>(sources + 0.5);
  finding.measured = verdict.rate;
  finding.limit = verdict.limit;
  finding.baseline = state.packets.mean();
  finding.unit = "packets/s";
  finding.message = absl::StrCat(
      "received ", CountText(static_cast<uint64_t>(verdict.rate)),
      " ICMP packets a second that were no answers (limit ",
      CountText(static_cast<uint64_t>(verdict.limit)),
      verdict.fast ? ")" : absl::StrCat("), for ", state.steady_seconds, " s in a row"));
  finding.detail = {{"echo_requests", absl::StrCat(c.icmp_echo_in)},
                    {"unasked_answers", absl::StrCat(unasked)}};
  findings.push_back(std::move(finding));
}

}  // namespace vedette
