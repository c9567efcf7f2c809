#include "detectors/dos/device_silent.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "detectors/finding_text.h"

namespace vedette {
namespace {

constexpr double kSecond = 1e-6;
constexpr double kWeight = 1.0 / 32;  // of the newest gap, once there are that many

double Deviation(double mean, double square) {
  return std::sqrt(std::fmax(0, square - mean * mean));
}

}  // namespace

DeviceSilent::Config DeviceSilent::Config::Read(Settings& settings) {
  Config config;
  settings.Integer("active_seconds_min", 5, 86'400, config.active_seconds_min);
  settings.Number("phi_min", {.min = 1, .max = 300}, config.phi_min);
  settings.Number("variation_max", {.min = 0.01, .max = 10}, config.variation_max);
  settings.Number("silence_seconds_min", {.min = 2, .max = 86'400}, config.silence_seconds_min);
  return config;
}

void DeviceSilent::Hear(State& state, const EndpointInterval& endpoint,
                        const IntervalView& view) const {
  const EndpointCounters& c = endpoint.counters;
  const auto packets = static_cast<double>(c.packets_out);
  if (state.first_us == 0) {
    state.first_us = endpoint.first_us;
  } else {
    const double gap_s = std::max(
        static_cast<double>(view.begin_us - state.last_us / 1'000'000 * 1'000'000) * kSecond, 1.0);
    const double weight = std::max(kWeight, 1.0 / (state.gaps + 1));
    state.gap_mean_s += weight * (gap_s - state.gap_mean_s);
    state.gap_square_s2 += weight * (gap_s * gap_s - state.gap_square_s2);
    state.gap_max_s = std::max(state.gap_max_s, gap_s);
    state.rate_mean += weight * (packets - state.rate_mean);
    state.rate_square += weight * (packets * packets - state.rate_square);
    ++state.gaps;
  }
  ++state.active_seconds;
  state.last_us = endpoint.last_us;
  state.took_leave = c.fin_out + c.fin_in + c.rst_out + c.rst_in != 0;
  state.quiet_intervals = 0;
  state.packets_in = 0;
}

bool DeviceSilent::IsRegular(const State& state) const {
  if (state.active_seconds < config_.active_seconds_min || state.took_leave) return false;
  const bool even =
      Deviation(state.rate_mean, state.rate_square) <= config_.variation_max * state.rate_mean;
  const bool steady = state.gap_max_s <= 3 * state.gap_mean_s + 1;
  return even && steady;
}

// Gaps as a normal distribution whose deviation is never taken for less than a quarter of the mean:
// the clock of intervals is coarse.
double DeviceSilent::Phi(const State& state, double silence_s) const {
  const double deviation =
      std::max({Deviation(state.gap_mean_s, state.gap_square_s2), state.gap_mean_s / 4, 0.25});
  const double z = (silence_s - std::max(state.gap_mean_s, state.gap_max_s)) / deviation;
  if (z <= 0) return 0;
  const double tail = 0.5 * std::erfc(z / std::sqrt(2.0));
  return tail > 0 ? -std::log10(tail) : 300;
}

void DeviceSilent::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  for (const EndpointInterval& endpoint : view.endpoints) {
    if (!endpoint.home || endpoint.key.is_mac) continue;
    if (endpoint.counters.packets_out != 0) {
      Hear(states_.Touch(endpoint.key, view.begin_us), endpoint, view);
    } else if (State* state = states_.Find(endpoint.key)) {
      state->packets_in += endpoint.counters.packets_in;
    }
  }
  if (view.starved) return;
  states_.Each([&](const EndpointKey& key, State& state, uint64_t) {
    if (state.last_us >= view.begin_us) return true;
    ++state.quiet_intervals;
    const double silence_s = static_cast<double>(view.end_us - state.last_us) * kSecond;
    const double heard_s = std::min(silence_s, static_cast<double>(state.quiet_intervals));
    if (heard_s < config_.silence_seconds_min || !IsRegular(state)) return silence_s < 86'400;
    const double phi = Phi(state, heard_s);
    if (phi < config_.phi_min) return true;
    Finding finding{.kind = kName, .subject = key, .role = Role::kTarget};
    finding.severity = Severity::kMedium;
    finding.score = state.packets_in != 0 ? 0.9 : 0.6;
    finding.start_us = state.last_us;
    finding.last_us = view.end_us - 1;
    finding.measured = silence_s;
    finding.limit = std::max(config_.silence_seconds_min, state.gap_max_s);
    finding.baseline = state.gap_mean_s;
    finding.unit = "s";
    finding.window_ms = static_cast<uint64_t>(silence_s * 1'000);
    finding.calm_ms = 2'000;  // it talks again: over
    finding.message = absl::StrCat(
        "has been silent for ", DurationText(static_cast<uint64_t>(silence_s * 1e6)),
        " after it had talked at least every ",
        DurationText(static_cast<uint64_t>(state.gap_max_s * 1e6)), " for ",
        DurationText(state.last_us - state.first_us),
        state.packets_in != 0
            ? absl::StrCat(", while others sent it ", CountText(state.packets_in), " packets")
            : "");
    finding.detail = {{"phi", absl::StrFormat("%.1f", std::fmin(phi, 300))},
                      {"packets_received_in_silence", absl::StrCat(state.packets_in)}};
    findings.push_back(std::move(finding));
    // After an hour nobody waits for it to come back.
    return silence_s < 3'600;
  });
}

}  // namespace vedette
