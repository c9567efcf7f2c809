#include "detectors/exfil/beacon.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "dataplane/inspect/app_protocol.h"
#include "detectors/finding_text.h"

namespace vedette {
namespace {

constexpr uint8_t kTcp = 6, kUdp = 17;
constexpr double kCallsMany = 20;

// Clocks and resolvers are asked at regular intervals by design.
bool IsInfrastructure(const Contact& contact) {
  return contact.protocol != kTcp &&
         (contact.protocol != kUdp || contact.port == 53 || contact.port == 123);
}

// Their peers ping each other on an idle connection because the protocol says so.
bool KeepsAlive(AppProtocol app) {
  constexpr AppProtocol kApps[] = {AppProtocol::kMqtt, AppProtocol::kSsh,  AppProtocol::kImap,
                                   AppProtocol::kRdp,  AppProtocol::kSip,  AppProtocol::kQuic,
                                   AppProtocol::kRtsp, AppProtocol::kDns,  AppProtocol::kBitTorrent,
                                   AppProtocol::kSmb,  AppProtocol::kLdap, AppProtocol::kTelnet};
  return std::find(std::begin(kApps), std::end(kApps), app) != std::end(kApps);
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
  settings.Integer("calls_in_connection_min", 4, 1'000, config.calls_in_connection_min);
  settings.Number("interval_few_seconds_max", {.min = 1, .max = 86'400},
                  config.interval_few_seconds_max);
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
  if (contact.resumed && KeepsAlive(static_cast<AppProtocol>(contact.app))) return;
  const Pair pair{contact.device, contact.vlan, contact.destination, contact.port,
                  contact.protocol};
  State& state = pairs_.Touch(pair, now_us);
  if (contact.phase == ContactPhase::kEnd) return HearEnd(contact, state);
  // Several connections at once are one call.
  if (state.calls != 0) {
    const uint64_t last_us = state.starts_us[(state.calls - 1) % kCallsKept];
    if (contact.start_us < last_us + 1'000'000) return;
  } else {
    state.first_us = contact.start_us;
  }
  state.starts_us[state.calls++ % kCallsKept] = contact.start_us;
  state.resumed += contact.resumed;
  if (state.calls >= config_.calls_min) called.push_back(pair);
  HearCaller(contact, now_us);
}

// A connection that goes on talking without an answer began before the capture, or its answers take
// another road; of a mere SYN that nobody answers there is nothing to go on.
void Beacon::HearEnd(const Contact& contact, State& state) const {
  const bool accepted = contact.outcome == FlowOutcome::kAccepted;
  ++state.ended;
  state.answered += contact.bytes_in != 0 && accepted;
  state.reached += accepted || (contact.resumed && contact.outcome == FlowOutcome::kPending);
  state.bytes_out += contact.bytes_out;
  state.untold_bytes_out += contact.bytes_out;
  state.bytes_in += contact.bytes_in;
}

void Beacon::HearCaller(const Contact& contact, uint64_t now_us) {
  Callers& callers = destinations_.Touch(contact.destination, now_us);
  if (callers.devices.size() <= config_.devices_max &&
      std::find(callers.devices.begin(), callers.devices.end(), contact.device) ==
          callers.devices.end()) {
    callers.devices.push_back(contact.device);
  }
}

void Beacon::OnAway() {
  pairs_.Each([](const Pair&, State& state, uint64_t) {
    state.away_at = state.calls;
    return true;
  });
}

Beacon::Rhythm Beacon::RhythmOf(const State& state) {
  const size_t kept = std::min<uint64_t>(state.calls, kCallsKept);
  std::vector<double> intervals;
  for (size_t i = state.calls - kept + 1; i < state.calls; ++i) {
    if (i == state.away_at) continue;
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

double Beacon::CallsNeeded(const State& state, double interval_s) const {
  const double few = config_.calls_min;
  const double patience = few * interval_s / config_.interval_few_seconds_max;
  const double needed = std::clamp(std::floor(patience), few, std::max(few, kCallsMany));
  const bool one_connection = 2 * state.resumed > state.calls;
  return one_connection ? std::max<double>(config_.calls_in_connection_min, needed) : needed;
}

double Beacon::DispersionMax(const State& state) const {
  const double few = config_.calls_min;
  const double position = std::clamp(
      (static_cast<double>(state.calls) - few) / std::max(1.0, kCallsMany - few), 0.0, 1.0);
  return config_.dispersion_few_max +
         position * (config_.dispersion_many_max - config_.dispersion_few_max);
}

bool Beacon::IsBeacon(const State& state, const Rhythm& rhythm, uint8_t protocol,
                      double leniency) const {
  const uint64_t last_us = state.starts_us[(state.calls - 1) % kCallsKept];
  const double span_s = static_cast<double>(last_us - state.first_us) * 1e-6;
  if (span_s < config_.span_seconds_min || rhythm.median_s < config_.interval_seconds_min ||
      rhythm.dispersion > leniency * DispersionMax(state) ||
      std::fabs(rhythm.skew) > leniency * config_.skew_max ||
      static_cast<double>(state.calls) < CallsNeeded(state, rhythm.median_s)) {
    return false;
  }
  if (protocol == kTcp) return state.reached != 0;
  // A hole in an address translator is kept open like that (RFC 4787, RFC 5389).
  constexpr uint64_t kSmallBytes = 300;  // a call, either way
  const bool keeps_open = 2 * state.resumed > state.calls && 2 * state.answered > state.ended &&
                          state.bytes_out <= kSmallBytes * state.ended &&
                          state.bytes_in <= kSmallBytes * state.ended;
  return !keeps_open;
}

void Beacon::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  std::vector<Pair> called;
  for (const Contact& contact : view.contacts) Hear(contact, view.begin_us, called);
  std::sort(called.begin(), called.end());
  called.erase(std::unique(called.begin(), called.end()), called.end());
  for (const Pair& pair : called) {
    State* const state = pairs_.Find(pair);  // null: forgotten for others of this interval
    if (state == nullptr || state->calls < config_.calls_min) continue;
    const Callers* callers = destinations_.Find(std::get<2>(pair));
    if (callers != nullptr && callers->devices.size() > config_.devices_max) continue;
    const Rhythm rhythm = RhythmOf(*state);
    const bool clear = IsBeacon(*state, rhythm, std::get<4>(pair), 1);
    // A jitter near the limit is now above and now below it: one that was seen through goes on.
    constexpr double kLeniency = 1.5;
    const bool on =
        clear || (state->alarmed && IsBeacon(*state, rhythm, std::get<4>(pair), kLeniency));
    if (on) {
      findings.push_back(Describe(pair, *state, rhythm, view));
      state->untold_bytes_out = 0;
      findings.back().excess = clear ? static_cast<double>(state->calls) : 0.5;
    }
    state->alarmed = on;
  }
}

Finding Beacon::Describe(const Pair& pair, const State& state, const Rhythm& rhythm,
                         const IntervalView& view) const {
  const auto& [device, vlan, destination, port, protocol] = pair;
  const double limit = DispersionMax(state);
  Finding finding{.kind = kName, .subject = {.ip = device, .vlan = vlan}, .role = Role::kActor};
  finding.severity = Severity::kMedium;
  finding.score = std::clamp(0.9 - 2 * rhythm.dispersion, 0.3, 0.9);
  finding.start_us = state.first_us;
  finding.last_us = view.end_us - 1;
  finding.service = ServiceText(protocol, port);
  finding.peers = {{{.ip = destination, .vlan = vlan}, static_cast<double>(state.calls)}};
  finding.peer_count = 1;
  finding.packets = 1;
  finding.bytes = state.untold_bytes_out;
  finding.measured = rhythm.dispersion;
  finding.limit = limit;
  finding.baseline = rhythm.median_s;
  finding.unit = "dispersion of intervals";
  finding.window_ms = (view.end_us - state.first_us) / 1'000;
  finding.calm_ms = std::max<uint64_t>(60'000, static_cast<uint64_t>(3'000 * rhythm.median_s));
  finding.message =
      absl::StrCat("called one outside address ", CountText(state.calls), " times in ",
                   DurationText(view.end_us - state.first_us), ", every ",
                   DurationText(static_cast<uint64_t>(rhythm.median_s * 1e6)), " give or take ",
                   absl::StrFormat("%.1f", 100 * rhythm.dispersion), " % (limit ",
                   absl::StrFormat("%.0f", 100 * limit), " %)");
  finding.detail = {{"calls", absl::StrCat(state.calls)},
                    {"calls_in_connection", absl::StrCat(state.resumed)},
                    {"interval_s", absl::StrFormat("%.3f", rhythm.median_s)},
                    {"skew", absl::StrFormat("%.2f", rhythm.skew)},
                    {"bytes_out", absl::StrCat(state.bytes_out)},
                    {"bytes_in", absl::StrCat(state.bytes_in)}};
  return finding;
}

}  // namespace vedette
