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

void Volume::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  const uint64_t window_us = config_.window_s * uint64_t{1'000'000};
  for (const EndpointInterval& endpoint : view.endpoints) {
    const EndpointCounters& c = endpoint.counters;
    if (!endpoint.home || c.egress_bytes + c.ingress_bytes == 0) continue;
    State& state = states_.Touch(endpoint.key, view.begin_us);
    if (state.begin_us == 0) state.begin_us = view.begin_us;
    if (view.begin_us >= state.begin_us + window_us) {
      state.windows.Learn(static_cast<double>(state.out_bytes), 1.0 / 4);
      state.begin_us = view.begin_us;
      state.out_bytes = state.in_bytes = 0;
    }
    state.out_bytes += c.egress_bytes;
    state.in_bytes += c.ingress_bytes;
    const auto out = static_cast<double>(state.out_bytes);
    const double limit = state.windows.Limit(config_.bytes_max, config_.deviations_max);
    const double ratio = out / static_cast<double>(std::max<uint64_t>(1, state.in_bytes));
    if (out <= limit || ratio < config_.out_in_ratio_min || c.egress_bytes == 0) continue;
    Finding finding{.kind = kName, .subject = endpoint.key, .role = Role::kActor};
    finding.severity = out > 10 * limit ? Severity::kHigh : Severity::kMedium;
    finding.score = std::min(1.0, 0.4 + 0.1 * out / limit);
    finding.start_us = state.begin_us;
    finding.last_us = view.end_us - 1;
    for (const EgressPair& pair : view.egress) {
      if (pair.device == endpoint.key) {
        finding.peers.push_back(
            {{.ip = pair.destination, .vlan = endpoint.key.vlan}, static_cast<double>(pair.bytes)});
      }
    }
    finding.peer_count = finding.peers.size();
    KeepHeaviest(finding.peers);
    finding.packets = c.egress_packets;
    finding.bytes = c.egress_bytes;
    finding.measured = out;
    finding.limit = limit;
    finding.baseline = state.windows.mean();
    finding.unit = "bytes";
    finding.window_ms = (view.end_us - state.begin_us) / 1'000;
    finding.calm_ms = window_us / 1'000;
    finding.message =
        absl::StrCat("sent ", BytesText(state.out_bytes), " out of the network in ",
                     DurationText(view.end_us - state.begin_us), " (limit ",
                     BytesText(static_cast<uint64_t>(limit)), "), ",
                     ratio > 1'000 ? "and fetched next to nothing"
                                   : absl::StrFormat("%.1f times what it fetched", ratio));
    finding.detail = {{"bytes_in", absl::StrCat(state.in_bytes)},
                      {"windows_known", absl::StrCat(state.windows.samples())}};
    findings.push_back(std::move(finding));
  }
}

}  // namespace vedette
