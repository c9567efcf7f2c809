#include "detectors/exfil/volume.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "detectors/finding_text.h"
#include "detectors/model_limit.h"

namespace vedette {

Volume::Config Volume::Config::Read(Settings& settings) {
  Config config;
  settings.Number("bytes_max", {.min = 1e3, .max = 1e15}, config.bytes_max);
  settings.Number("out_in_ratio_min", {.min = 0, .max = 1e6}, config.out_in_ratio_min);
  settings.Number("deviations_max", {.min = 1, .max = 100}, config.deviations_max);
  settings.Integer("window_s", 10, 86'400, config.window_s);
  return config;
}

// Past the half, the window moves on by it; after a longer pause it starts over.
void Volume::MoveOn(uint64_t now_us, const DeviceModel* model, State& state) const {
  const uint64_t half_us = config_.window_s * uint64_t{500'000};
  if (state.now.begin_us == 0) state.now.begin_us = now_us;
  if (now_us < state.now.begin_us + half_us) return;
  if (state.earlier.begin_us != 0) {
    // By both limits: a model that raises its own must not raise what it may be raised to.
    const double limit = std::min(LimitOf(state, nullptr, now_us), LimitOf(state, model, now_us));
    const auto out = static_cast<double>(state.earlier.out_bytes + state.now.out_bytes);
    if (out <= limit) state.windows.Learn(out, 1.0 / 8);
  }
  state.earlier = now_us < state.now.begin_us + 2 * half_us ? state.now : Sums{};
  state.now = {.begin_us = now_us};
}

// What a device sends in an hour it may send in ten minutes of it, as backups and reports are sent
// at once: the hour's bytes are not divided among its windows. A window is allowed as many hours'
// as it is long, at least one, the heaviest of those it lies in: half a window in an hour of backup
// is enough for all of it.
double Volume::UsualBytes(const DeviceModel& model, uint64_t begin_us, uint64_t end_us) const {
  std::vector<double> hours;
  for (uint64_t us = begin_us - begin_us % kHourUs; us < end_us; us += kHourUs) {
    const size_t hour = HourOfWeek(us);
    hours.push_back(model.egress_median[hour] + config_.deviations_max * model.egress_mad[hour]);
  }
  std::sort(hours.begin(), hours.end(), std::greater<>());
  hours.resize(std::min<size_t>(hours.size(), (config_.window_s + 3'599) / 3'600));
  return std::accumulate(hours.begin(), hours.end(), 0.0);
}

double Volume::LimitOf(const State& state, const DeviceModel* model, uint64_t now_us) const {
  if (model == nullptr) return state.windows.Limit(config_.bytes_max, config_.deviations_max);
  const uint64_t begin_us =
      state.earlier.begin_us != 0 ? state.earlier.begin_us : state.now.begin_us;
  const uint64_t end_us = std::min(now_us, begin_us + config_.window_s * uint64_t{1'000'000});
  return LimitByModel(UsualBytes(*model, begin_us, end_us), config_.bytes_max,
                      state.windows.mean());
}

void Volume::OnAway() {
  states_.Each([](const EndpointKey&, State& state, uint64_t) {
    state.earlier = {.out_bytes = state.earlier.out_bytes + state.now.out_bytes,
                     .in_bytes = state.earlier.in_bytes + state.now.in_bytes};
    state.now = {};
    return true;
  });
}

void Volume::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  for (const EndpointInterval& endpoint : view.endpoints) {
    const EndpointCounters& c = endpoint.counters;
    if (!endpoint.home || c.egress_bytes + c.ingress_bytes == 0) continue;
    State& state = states_.Touch(endpoint.key, view.begin_us);
    const DeviceModel* const model = view.ModelOf(endpoint.key);
    MoveOn(view.begin_us, model, state);
    const uint64_t sent_bytes = c.egress_bytes - std::min(c.egress_bytes, c.served_bytes);
    state.now.out_bytes += sent_bytes;
    state.now.in_bytes += c.ingress_bytes;
    const auto out = static_cast<double>(state.earlier.out_bytes + state.now.out_bytes);
    const auto in = static_cast<double>(state.earlier.in_bytes + state.now.in_bytes);
    const double limit = LimitOf(state, model, view.end_us);
    if (sent_bytes == 0 || out <= limit || out < config_.out_in_ratio_min * in) continue;
    findings.push_back(Describe(endpoint, state, limit, model, view));
  }
}

Finding Volume::Describe(const EndpointInterval& endpoint, const State& state, double limit,
                         const DeviceModel* model, const IntervalView& view) const {
  constexpr double kMuch = 10;  // times the limit
  const uint64_t out_bytes = state.earlier.out_bytes + state.now.out_bytes;
  const uint64_t in_bytes = state.earlier.in_bytes + state.now.in_bytes;
  const auto out = static_cast<double>(out_bytes);
  const double ratio = out / static_cast<double>(std::max<uint64_t>(1, in_bytes));
  Finding finding{.kind = kName, .subject = endpoint.key, .role = Role::kActor};
  finding.severity = out > kMuch * limit ? Severity::kHigh : Severity::kMedium;
  finding.score = std::min(1.0, 0.4 + 0.1 * out / limit);
  finding.start_us = state.earlier.begin_us != 0 ? state.earlier.begin_us : state.now.begin_us;
  finding.last_us = view.end_us - 1;
  for (const EgressPair& pair : view.egress) {
    if (pair.device != endpoint.key) continue;
    finding.peers.push_back(
        {{.ip = pair.destination, .vlan = endpoint.key.vlan}, static_cast<double>(pair.bytes)});
  }
  finding.peer_count = finding.peers.size();
  KeepHeaviest(finding.peers);
  finding.packets = endpoint.counters.egress_packets;
  finding.bytes = endpoint.counters.egress_bytes;
  finding.measured = out;
  finding.limit = limit;
  finding.baseline = state.windows.mean();
  finding.unit = "bytes";
  finding.window_ms = (view.end_us - finding.start_us) / 1'000;
  finding.calm_ms = config_.window_s * uint64_t{1'000};
  finding.message =
      absl::StrCat("sent ", BytesText(out_bytes), " out of the network in ",
                   DurationText(view.end_us - finding.start_us), " (limit ",
                   BytesText(static_cast<uint64_t>(limit)), "), ",
                   ratio > 1'000 ? "and fetched next to nothing"
                                 : absl::StrFormat("%.1f times what it fetched", ratio));
  finding.detail = {{"bytes_in", absl::StrCat(in_bytes)},
                    {"windows_known", absl::StrCat(state.windows.samples())}};
  if (model != nullptr) {
    const size_t hour = HourOfWeek(view.begin_us);
    finding.model_id = model->model_id;
    finding.detail.emplace_back("usual_bytes_in_this_hour",
                                absl::StrFormat("%.0f", model->egress_median[hour]));
  }
  return finding;
}

}  // namespace vedette
