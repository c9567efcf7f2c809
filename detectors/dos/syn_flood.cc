#include "detectors/dos/syn_flood.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "detectors/attempts_on.h"
#include "detectors/finding_text.h"

namespace vedette {

SynFlood::Config SynFlood::Config::Read(Settings& settings) {
  Config config;
  settings.Number("unfinished_per_second_max", {.min = 10, .max = 1e7},
                  config.unfinished_per_second_max);
  settings.Number("unfinished_share_min", {.min = 0.1, .max = 1}, config.unfinished_share_min);
  settings.Number("unfinished_per_minute_max", {.min = 100, .max = 1e8},
                  config.unfinished_per_minute_max);
  settings.Number("learned_factor_max", {.min = 1, .max = 1'000}, config.learned_factor_max);
  return config;
}

void SynFlood::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  for (const EndpointInterval& endpoint : view.endpoints) {
    const EndpointCounters& c = endpoint.counters;
    // A few handshakes a second are everybody's; their memory would be the attacker's to fill.
    if (c.syn_flows_in < 8 && states_.Find(endpoint.key) == nullptr) continue;
    if (c.syn_flows_in != 0) Judge(endpoint, view, findings);
  }
}

SynFlood::Verdict SynFlood::Weigh(State& state, const EndpointCounters& c,
                                  const IntervalView& view) const {
  const auto begun = static_cast<double>(c.syn_flows_in);
  const auto unfinished =
      static_cast<double>(c.syn_flows_in - std::min(c.handshakes_in, c.syn_flows_in));
  const double passed_s = static_cast<double>(view.begin_us - state.minute_us) * 1e-6;
  const double keep = passed_s < kMinuteSeconds ? 1 - passed_s / kMinuteSeconds : 0;
  state.minute_us = view.begin_us;
  state.minute_begun = state.minute_begun * keep + begun;
  state.minute_unfinished = state.minute_unfinished * keep + unfinished;

  const double floor = config_.unfinished_per_second_max;
  Verdict verdict;
  verdict.rate = state.rate.Of(view.begin_us, unfinished);
  verdict.limit = state.unfinished.LimitWithin(floor, config_.learned_factor_max);
  // A second that is enough by itself needs no guess, and what is said is what was counted.
  if (unfinished > verdict.limit) verdict.rate = unfinished;
  verdict.fast = verdict.rate > verdict.limit && unfinished >= config_.unfinished_share_min * begun;
  // The minute remembers a flood that is over: this second must be a part of it.
  constexpr double kSecondShareMin = 0.5;
  verdict.steady =
      state.minute_unfinished > config_.unfinished_per_minute_max &&
      state.minute_unfinished > 0.98 * state.minute_begun &&
      unfinished > kSecondShareMin * config_.unfinished_per_minute_max / kMinuteSeconds;
  if (!verdict.fast && !verdict.steady) {
    state.unfinished.Learn(unfinished);
    state.alarmed = false;
  }
  return verdict;
}

void SynFlood::Judge(const EndpointInterval& endpoint, const IntervalView& view,
                     std::vector<Finding>& findings) {
  const EndpointCounters& c = endpoint.counters;
  State& state = states_.Touch(endpoint.key, view.begin_us);
  const Verdict verdict = Weigh(state, c, view);
  if (!verdict.fast && !verdict.steady) return;
  const std::vector<const AttemptPair*> attempts = AttemptsOn(view, endpoint.key.ip);
  if (LooksLikeScan(attempts, c.syn_flows_in)) return;
  if (!state.alarmed) state.start_us = view.begin_us;
  state.alarmed = true;

  Finding finding{.kind = kName, .subject = endpoint.key, .role = Role::kTarget};
  const bool fast = verdict.fast;
  const double shown_limit = fast ? verdict.limit : config_.unfinished_per_minute_max;
  finding.measured = fast ? verdict.rate : state.minute_unfinished;
  finding.limit = shown_limit;
  finding.baseline = state.unfinished.mean();
  finding.unit = fast ? "handshakes/s" : "handshakes/min";
  finding.window_ms = fast ? 1'000 : 60'000;
  finding.severity = finding.measured > 10 * shown_limit ? Severity::kCritical : Severity::kHigh;
  finding.score = std::min(1.0, 0.6 + 0.1 * finding.measured / shown_limit);
  finding.start_us = state.start_us;
  finding.last_us = view.end_us - 1;
  finding.packets = c.syn_in;
  finding.peers = SourcesOf(attempts);
  const double sources =
      std::min(endpoint.sources_in.Estimate(), static_cast<double>(c.syn_flows_in));
  finding.peer_count = static_cast<uint64_t>(sources + 0.5);
  if (!attempts.empty()) finding.service = ServiceText(6, attempts.front()->last_port);
  finding.message =
      absl::StrCat("was asked for ", CountText(static_cast<uint64_t>(finding.measured)),
                   " connections in ", fast ? "1 s" : "1 min", " that nobody completed (limit ",
                   CountText(static_cast<uint64_t>(shown_limit)), "), from about ",
                   RoughText(sources), sources < 1.5 ? " source" : " sources");
  finding.detail = {{"begun", absl::StrCat(c.syn_flows_in)},
                    {"completed", absl::StrCat(std::min(c.handshakes_in, c.syn_flows_in))},
                    {"refused", absl::StrCat(c.flows_refused_in)}};
  findings.push_back(std::move(finding));
}

}  // namespace vedette
