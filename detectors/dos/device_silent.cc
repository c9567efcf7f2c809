#include "detectors/dos/device_silent.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "detectors/finding_text.h"
#include "detectors/model_limit.h"

namespace vedette {
namespace {

constexpr double kSecond = 1e-6;
constexpr double kWeight = 1.0 / 32;  // of the newest gap, once there are that many
constexpr double kClosingUsual = 0.1;
constexpr double kAccusedMaxS = 3'600;  // after an hour nobody waits for it to come back
constexpr double kRememberedMaxS = 86'400;

double Deviation(double mean, double square) {
  return std::sqrt(std::fmax(0, square - mean * mean));
}

// -log10 of the chance that a normal figure lies so many deviations above its mean.
double PhiOf(double deviations) {
  if (deviations <= 0) return 0;
  const double tail = 0.5 * std::erfc(deviations / std::sqrt(2.0));
  return tail > 0 ? -std::log10(tail) : 300;
}

double DeviationsOf(double phi) {
  double low = 0, high = 40;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (PhiOf(middle) < phi ? low : high) = middle;
  }
  return high;
}

}  // namespace

DeviceSilent::DeviceSilent(const Config& config)
    : config_(config),
      deviations_min_(DeviationsOf(config.phi_min)),
      states_(kStatesMax),
      newcomers_(kStatesMax) {}

DeviceSilent::Config DeviceSilent::Config::Read(Settings& settings) {
  Config config;
  settings.Integer("active_seconds_min", 5, 86'400, config.active_seconds_min);
  settings.Number("phi_min", {.min = 1, .max = 300}, config.phi_min);
  settings.Number("variation_max", {.min = 0.01, .max = 10}, config.variation_max);
  settings.Number("silence_seconds_min", {.min = 2, .max = 86'400}, config.silence_seconds_min);
  return config;
}

// RFC 2131: option 53 with value 7, from the client's port to the server's.
void DeviceSilent::OnPacket(Hot& hot, const TrackedPacket& tracked) noexcept {
  constexpr size_t kOptionsAt = 240;  // behind the fixed fields and the cookie
  constexpr uint8_t kMessageType = 53, kRelease = 7, kPad = 0, kEnd = 255;
  const DecodedPacket& packet = *tracked.packet;
  if (packet.source_port != 68 || packet.target_port != 67 ||
      packet.protocol != static_cast<uint8_t>(IpProtocol::kUdp)) {
    return;
  }
  const Bytes message = packet.payload;
  const auto at = [&message](size_t i) { return static_cast<uint8_t>(message[i]); };
  for (size_t i = kOptionsAt; i + 2 < message.size() && at(i) != kEnd;) {
    if (at(i) == kPad) {
      ++i;
    } else if (at(i) == kMessageType) {
      if (at(i + 2) == kRelease) hot.Add(tracked.source->key);
      return;
    } else {
      i += size_t{2} + at(i + 1);
    }
  }
}

void DeviceSilent::Learn(State& state, const EndpointInterval& endpoint, const IntervalView& view) {
  const auto packets = static_cast<double>(endpoint.counters.packets_out);
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

void DeviceSilent::Hear(const EndpointInterval& endpoint, const IntervalView& view) {
  if (states_.Find(endpoint.key) == nullptr) {
    uint64_t& first_us = newcomers_.Touch(endpoint.key, view.begin_us);
    if (first_us == 0) {
      first_us = endpoint.first_us;
      return;
    }
    states_.Touch(endpoint.key, view.begin_us) = {
        .first_us = first_us, .last_us = first_us, .active_seconds = 1};
    newcomers_.Forget(endpoint.key);
  }
  State& state = states_.Touch(endpoint.key, view.begin_us);
  const EndpointCounters& c = endpoint.counters;
  if (state.accused) {
    ++state.returns;  // the silence was no gap of its own making
  } else if (!state.unheard) {
    Learn(state, endpoint, view);
  }
  ++state.active_seconds;
  state.last_us = endpoint.last_us;
  // Who closes connections all the time, as who reports over a new one each time, says nothing by
  // it.
  const bool closing = c.fin_out + c.fin_in + c.rst_out + c.rst_in != 0;
  state.took_leave = closing && state.closing_share < kClosingUsual;
  state.closing_share += (closing - state.closing_share) /
                         std::min(static_cast<double>(state.active_seconds), 1 / kWeight);
  state.accused = state.unheard = false;
  state.quiet_intervals = 0;
  state.packets_in = 0;
}

void DeviceSilent::OnAway() {
  states_.Each([](const EndpointKey&, State& state, uint64_t) {
    // Nobody else is to blame for a silence that was noticed before.
    state.unheard = !state.accused;
    return true;
  });
  newcomers_.Each([](const EndpointKey&, uint64_t, uint64_t) { return false; });
}

bool DeviceSilent::IsRegular(const State& state) const {
  if (state.active_seconds < config_.active_seconds_min) return false;
  if (state.took_leave || state.unheard) return false;
  if (state.returns >= kReturnsMax) return false;
  const bool even =
      Deviation(state.rate_mean, state.rate_square) <= config_.variation_max * state.rate_mean;
  const bool steady = state.gap_max_s <= 3 * state.gap_mean_s + 1;
  return even && steady;
}

// Gaps as a normal distribution whose deviation is never taken for less than a quarter of the mean:
// the clock of intervals is coarse.
double DeviceSilent::GapDeviation(const State& state) {
  return std::max({Deviation(state.gap_mean_s, state.gap_square_s2), state.gap_mean_s / 4, 0.25});
}

double DeviceSilent::Phi(const State& state, double silence_s) const {
  return PhiOf((silence_s - std::max(state.gap_mean_s, state.gap_max_s)) / GapDeviation(state));
}

// The model's gap lies between the begins of two windows in which the device was heard: the silence
// in it is up to a window shorter or longer. What lies within says nothing new. Never shorter than
// its longest gap here and a usual one more, and short enough to be told at all.
std::optional<double> DeviceSilent::ToleratedByModel(const State& state, const DeviceModel& model,
                                                     uint64_t window_us) const {
  if (model.gap_p99_us == 0) return std::nullopt;
  const double longest_s = std::max(state.gap_mean_s, state.gap_max_s);
  const double own_s =
      std::max(config_.silence_seconds_min, longest_s + deviations_min_ * GapDeviation(state));
  const double gap_s = static_cast<double>(model.gap_p99_us) * kSecond;
  const double window_s = static_cast<double>(window_us) * kSecond;
  if (own_s >= gap_s - window_s && own_s <= gap_s + window_s) return std::nullopt;
  const double floor_s =
      std::min(own_s, std::max(config_.silence_seconds_min, longest_s + state.gap_mean_s));
  return std::min(LimitByModel(gap_s + window_s, floor_s, own_s),
                  std::max(own_s, kAccusedMaxS / 2));
}

void DeviceSilent::Evaluate(const Hot& hot, const IntervalView& view,
                            std::vector<Finding>& findings) {
  for (const EndpointInterval& endpoint : view.endpoints) {
    if (!endpoint.home || endpoint.key.is_mac) continue;
    if (endpoint.counters.packets_out != 0) {
      Hear(endpoint, view);
    } else if (State* state = states_.Find(endpoint.key)) {
      state->packets_in += endpoint.counters.packets_in;
    }
  }
  for (size_t i = 0; i < hot.used; ++i) {
    if (State* state = states_.Find(hot.leavers[i])) state->took_leave = true;
  }
  if (view.starved) return;
  states_.Each([&](const EndpointKey& key, State& state, uint64_t) {
    return state.last_us >= view.begin_us || Miss(key, state, view, findings);
  });
}

bool DeviceSilent::Miss(const EndpointKey& key, State& state, const IntervalView& view,
                        std::vector<Finding>& findings) const {
  ++state.quiet_intervals;
  const double silence_s = static_cast<double>(view.end_us - state.last_us) * kSecond;
  const double heard_s = std::min(silence_s, static_cast<double>(state.quiet_intervals));
  const bool remembered = silence_s < kRememberedMaxS;
  if (heard_s < config_.silence_seconds_min || silence_s > kAccusedMaxS || !IsRegular(state)) {
    return remembered;
  }
  const double phi = Phi(state, heard_s);
  const DeviceModel* const model = view.ModelOf(key);
  const std::optional<double> tolerated_s =
      model == nullptr ? std::nullopt : ToleratedByModel(state, *model, view.device_window_us);
  if (tolerated_s.has_value() ? heard_s < *tolerated_s : phi < config_.phi_min) return true;
  state.accused = true;
  findings.push_back(Accuse(key, state, phi, silence_s, view));
  if (tolerated_s.has_value()) {
    findings.back().limit = *tolerated_s;
    findings.back().model_id = model->model_id;
  }
  return true;
}

Finding DeviceSilent::Accuse(const EndpointKey& key, const State& state, double phi,
                             double silence_s, const IntervalView& view) const {
  Finding finding{.kind = kName, .subject = key, .role = Role::kTarget};
  finding.severity = Severity::kMedium;
  finding.score = state.packets_in != 0 ? 0.9 : 0.6;
  finding.start_us = state.last_us;
  finding.last_us = view.end_us - 1;
  finding.measured = silence_s;
  finding.limit = std::max(config_.silence_seconds_min, state.gap_max_s);
  finding.baseline = state.gap_mean_s;
  finding.unit = "seconds";
  finding.window_ms = static_cast<uint64_t>(silence_s * 1'000);
  finding.calm_ms = 2'000;  // it talks again: over
  finding.message =
      absl::StrCat("has been silent for ", DurationText(static_cast<uint64_t>(silence_s * 1e6)),
                   " after it had talked at least every ",
                   DurationText(static_cast<uint64_t>(state.gap_max_s * 1e6)), " for ",
                   DurationText(state.last_us - state.first_us));
  if (state.packets_in != 0) {
    absl::StrAppend(&finding.message, ", while others sent it ", CountText(state.packets_in),
                    " packets");
  }
  finding.detail = {{"phi", absl::StrFormat("%.1f", std::fmin(phi, 300))},
                    {"packets_received_in_silence", absl::StrCat(state.packets_in)}};
  return finding;
}

}  // namespace vedette
