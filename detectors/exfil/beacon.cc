#include "detectors/exfil/beacon.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "detectors/finding_text.h"

namespace vedette {
namespace {

constexpr uint8_t kTcp = 6, kUdp = 17;

// Clocks and resolvers are asked at regular intervals by design.
bool IsInfrastructure(const Contact& contact) {
  return contact.protocol != kTcp &&
         (contact.protocol != kUdp || contact.port == 53 || contact.port == 123);
}

double Quantile(const std::vector<double>& sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<size_t>(at);
  const size_t high = std::min(low + 1, sorted.size() - 1);
  const double rest = at - static_cast<double>(low);
  return sorted[low] * (1 - rest) + sorted[high] * rest;
}

}  // namespace

Beacon::Config Beacon::Config::Read(Settings& settings) {
  Config config;
  settings.Integer("calls_min", 4, 32, config.calls_min);
  settings.Number("dispersion_few_max", {.min = 0, .max = 1}, config.dispersion_few_max);
  settings.Number("dispersion_many_max", {.min = 0, .max = 1}, config.dispersion_many_max);
  settings.Number("skew_max", {.min = 0, .max = 1}, config.skew_max);
  settings.Number("interval_seconds_min", {.min = 1, .max = 3'600}, config.interval_seconds_min);
  settings.Number("span_seconds_min", {.min = 5, .max = 86'400}, config.span_seconds_min);
  settings.Integer("devices_max", 1, 1'000, config.devices_max);
  return config;
}

void Beacon::Hear(const Contact& contact, uint64_t now_us, std::vector<Pair>& called) {
  if (IsInfrastructure(contact)) return;
  const Pair pair{contact.device, contact.vlan, contact.destination, contact.port,
                  contact.protocol};
  State& state = pairs_.Touch(pair, now_us);
  if (contact.phase == ContactPhase::kEnd) {
    ++state.ended;
    state.answered += contact.outcome == FlowOutcome::kAccepted || contact.protocol == kUdp;
    state.bytes_out += contact.bytes_out;
    state.bytes_in += contact.bytes_in;
    return;
  }
  // Several connections at once are one call.
  if (state.calls != 0) {
    const uint64_t last_us = state.starts_us[(state.calls - 1) % kCallsKept];
    if (contact.start_us < last_us + 1'000'000) return;
  } else {
    state.first_us = contact.start_us;
  }
  state.starts_us[state.calls++ % kCallsKept] = contact.start_us;
  state.answered += contact.outcome == FlowOutcome::kAccepted;
  called.push_back(pair);
  Callers& callers = destinations_.Touch(contact.destination, now_us);
  if (callers.devices.size() <= config_.devices_max &&
      std::find(callers.devices.begin(), callers.devices.end(), contact.device) ==
          callers.devices.end()) {
    callers.devices.push_back(contact.device);
  }
}

Beacon::Rhythm Beacon::RhythmOf(const State& state) {
  const size_t kept = std::min<uint64_t>(state.calls, kCallsKept);
  std::vector<double> intervals;
  for (size_t i = state.calls - kept + 1; i < state.calls; ++i) {
    intervals.push_back(static_cast<double>(state.starts_us[i % kCallsKept] -
                                            state.starts_us[(i - 1) % kCallsKept]) *
                        1e-6);
  }
  std::sort(intervals.begin(), intervals.end());
  Rhythm rhythm;
  rhythm.median_s = Quantile(intervals, 0.5);
  const double low = Quantile(intervals, 0.25), high = Quantile(intervals, 0.75);
  if (high - low > 0.05 * rhythm.median_s) {
    rhythm.skew = (low + high - 2 * rhythm.median_s) / (high - low);
  }
  std::vector<double> deviations;
  for (const double interval : intervals) {
    deviations.push_back(std::fabs(interval - rhythm.median_s));
  }
  std::sort(deviations.begin(), deviations.end());
  rhythm.dispersion = Quantile(deviations, 0.5) / rhythm.median_s;
  // Few intervals: a single stranger among them is a sign of chance, which the median overlooks.
  if (intervals.size() < 8) {
    rhythm.dispersion = std::max(rhythm.dispersion, deviations.back() / rhythm.median_s / 2);
  }
  return rhythm;
}

bool Beacon::IsBeacon(const State& state, const Rhythm& rhythm) const {
  const uint64_t last_us = state.starts_us[(state.calls - 1) % kCallsKept];
  const double span_s = static_cast<double>(last_us - state.first_us) * 1e-6;
  const double few = config_.calls_min, many = 20;
  const double position =
      std::clamp((static_cast<double>(state.calls) - few) / std::max(1.0, many - few), 0.0, 1.0);
  const double dispersion_max =
      config_.dispersion_few_max +
      position * (config_.dispersion_many_max - config_.dispersion_few_max);
  const bool only_refused = state.ended != 0 && state.answered == 0;
  return span_s >= config_.span_seconds_min && rhythm.median_s >= config_.interval_seconds_min &&
         rhythm.dispersion <= dispersion_max && std::fabs(rhythm.skew) <= config_.skew_max &&
         !only_refused;
}

void Beacon::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  std::vector<Pair> called;
  for (const Contact& contact : view.contacts) Hear(contact, view.begin_us, called);
  std::sort(called.begin(), called.end());
  called.erase(std::unique(called.begin(), called.end()), called.end());
  for (const Pair& pair : called) {
    State* const known = pairs_.Find(pair);  // null: forgotten for others of this interval
    if (known == nullptr || known->calls < config_.calls_min) continue;
    State& state = *known;
    const auto& [device, vlan, destination, port, protocol] = pair;
    const Callers* callers = destinations_.Find(destination);
    if (callers != nullptr && callers->devices.size() > config_.devices_max) continue;
    const Rhythm rhythm = RhythmOf(state);
    if (!IsBeacon(state, rhythm)) continue;
    Finding finding{.kind = kName, .subject = {.ip = device, .vlan = vlan}, .role = Role::kActor};
    finding.severity = Severity::kMedium;
    finding.score = std::clamp(0.9 - 2 * rhythm.dispersion, 0.3, 0.9);
    finding.start_us = state.first_us;
    finding.last_us = view.end_us - 1;
    finding.service = ServiceText(protocol, port);
    finding.peers = {{{.ip = destination, .vlan = vlan}, static_cast<double>(state.calls)}};
    finding.peer_count = 1;
    finding.packets = 1;
    finding.bytes = state.alarmed ? 0 : state.bytes_out;
    state.alarmed = true;
    finding.measured = rhythm.dispersion;
    finding.limit = config_.dispersion_many_max;
    finding.baseline = rhythm.median_s;
    finding.unit = "dispersion of intervals";
    finding.window_ms = (view.end_us - state.first_us) / 1'000;
    finding.calm_ms = std::max<uint64_t>(60'000, static_cast<uint64_t>(3'000 * rhythm.median_s));
    finding.message =
        absl::StrCat("called one outside address ", CountText(state.calls), " times in ",
                     DurationText(view.end_us - state.first_us), ", every ",
                     DurationText(static_cast<uint64_t>(rhythm.median_s * 1e6)), " give or take ",
                     absl::StrFormat("%.1f", 100 * rhythm.dispersion), " % (limit ",
                     absl::StrFormat("%.0f", 100 * config_.dispersion_many_max), " %)");
    finding.detail = {{"interval_s", absl::StrFormat("%.3f", rhythm.median_s)},
                      {"skew", absl::StrFormat("%.2f", rhythm.skew)},
                      {"bytes_out", absl::StrCat(state.bytes_out)},
                      {"bytes_in", absl::StrCat(state.bytes_in)}};
    findings.push_back(std::move(finding));
  }
}

}  // namespace vedette
