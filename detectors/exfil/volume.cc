#include "detectors/exfil/volume.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "detectors/finding_text.h"

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
void Volume::MoveOn(uint64_t now_us, State& state) const {
  const uint64_t half_us = config_.window_s * uint64_t{500'000};
  if (state.now.begin_us == 0) state.now.begin_us = now_us;
  if (now_us < state.now.begin_us + half_us) return;
  if (state.earlier.begin_us != 0) {
    const double limit = state.windows.Limit(config_.bytes_max, config_.deviations_max);
    const auto out = static_cast<double>(state.earlier.out_bytes + state.now.out_bytes);
    if (out <= limit) state.windows.Learn(out, 1.0 / 8);
  }
  state.earlier = now_us < state.now.begin_us + 2 * half_us ? state.now : Sums{};
  state.now = {.begin_us = now_us};
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
    MoveOn(view.begin_us, state);
    const uint64_t sent_bytes = c.egress_bytes - std::min(c.egress_bytes, c.served_bytes);
    state.now.out_bytes += sent_bytes;
    state.now.in_bytes += c.ingress_bytes;
    const auto out = static_cast<double>(state.earlier.out_bytes + state.now.out_bytes);
    const auto in = static_cast<double>(state.earlier.in_bytes + state.now.in_bytes);
    const double limit = state.windows.Limit(config_.bytes_max, config_.deviations_max);
    if (sent_bytes == 0 || out <= limit || out < config_.out_in_ratio_min * in) continue;
    findings.push_back(Describe(endpoint, state, limit, view));
  }
}

Finding Volume::Describe(const EndpointInterval& endpoint, const State& state, double limit,
                         const IntervalView& view) const {
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
  return finding;
}

}  // namespace vedette
