#include "detectors/anomaly/outlier.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "detectors/feature_vector.h"
#include "detectors/finding_text.h"
#include "detectors/model_limit.h"

namespace vedette {
namespace {

constexpr size_t kFeaturesNamed = 5, kFeaturesInSentence = 3;
constexpr double kUnwatchedShareMax = 0.5;  // rates of less than half a window are another thing
constexpr uint64_t kCalmMinMs = 60'000;

uint64_t LengthUs(const DeviceWindow& window) { return window.end_us - window.begin_us; }

// The distance that is left without the feature that adds most to it.
double DistanceOfOthers(const WindowDistance& found) {
  const double most = *std::max_element(found.squares.begin(), found.squares.end());
  return std::sqrt(std::max(0.0, found.distance * found.distance - most));
}

// Those that add most, the most first.
std::vector<size_t> Heaviest(const FeatureVector& squares) {
  std::vector<size_t> places(kFeatureCount);
  std::iota(places.begin(), places.end(), size_t{0});
  std::stable_sort(places.begin(), places.end(),
                   [&squares](size_t a, size_t b) { return squares[a] > squares[b]; });
  places.resize(kFeaturesNamed);
  std::erase_if(places, [&squares](size_t place) { return squares[place] <= 0; });
  return places;
}

}  // namespace

Outlier::Config Outlier::Config::Read(Settings& settings) {
  Config config;
  settings.Number("distance_min", {.min = 1, .max = 1'000}, config.distance_min);
  settings.Number("quantile_factor", {.min = 1, .max = 100}, config.quantile_factor);
  settings.Number("extreme_factor", {.min = 1, .max = 1'000}, config.extreme_factor);
  settings.Integer("windows_min", 1, kWindowsMax, config.windows_min);
  settings.Integer("windows_of", 1, kWindowsMax, config.windows_of);
  settings.Integer("packets_min", 1, 1'000'000, config.packets_min);
  settings.Number("lost_share_max", {.min = 0, .max = 1}, config.lost_share_max);
  if (config.windows_min > config.windows_of) {
    settings.Fault("windows_of", "allowed no less than windows_min");
  }
  return config;
}

void Outlier::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  EvaluateEnd(view, findings);
}

void Outlier::EvaluateEnd(const IntervalView& view, std::vector<Finding>& findings) {
  for (const DeviceWindow& window : view.windows) {
    if (IsWorthJudging(window)) Judge(window, findings);
  }
}

bool Outlier::IsWorthJudging(const DeviceWindow& window) const {
  return window.packets_out != 0 && window.packets_in + window.packets_out >= config_.packets_min &&
         window.lost_share <= config_.lost_share_max &&
         window.unwatched_share <= kUnwatchedShareMax;
}

Outlier::State& Outlier::Obtain(const DeviceWindow& window) {
  State& state = states_.Touch(std::string(window.device), window.begin_us);
  // Windows in between that were not judged count as ordinary ones.
  const bool later = window.begin_us > state.begin_us;
  const uint64_t windows = later ? (window.begin_us - state.begin_us) / LengthUs(window) : 0;
  state.beyond = windows >= 1 && windows < kWindowsMax ? state.beyond << windows : 0;
  state.begin_us = window.begin_us;
  // Distances by another model are another measure.
  if (state.model_id != window.model->model_id) {
    state.model_id = window.model->model_id;
    state.distances = {};
  }
  return state;
}

void Outlier::Judge(const DeviceWindow& window, std::vector<Finding>& findings) {
  const std::optional<WindowDistance> found = DistanceOf(window.features, *window.model);
  if (!found.has_value()) return;
  State& state = Obtain(window);
  const double limit = LimitByModel(found->centre->p999 * config_.quantile_factor,
                                    config_.distance_min, state.distances.mean());
  const double others = DistanceOfOthers(*found);
  if (others <= limit) {
    if (found->distance <= limit) state.distances.Learn(found->distance);
    return;
  }
  state.beyond |= 1;
  const uint32_t last = ~uint32_t{0} >> (kWindowsMax - config_.windows_of);
  const auto beyond = static_cast<uint32_t>(std::popcount(state.beyond & last));
  // The rates of a window that was cut are not the device's doing.
  const bool extreme = window.unwatched_share == 0 && others > config_.extreme_factor * limit;
  if (beyond < config_.windows_min && !extreme) return;
  findings.push_back(Describe({window, *found, limit, beyond, extreme}, state));
}

Finding Outlier::Describe(const Judged& judged, const State& state) const {
  const auto& [window, found, limit, beyond, extreme] = judged;
  const uint64_t length_us = LengthUs(window);
  const uint32_t last = ~uint32_t{0} >> (kWindowsMax - config_.windows_of);
  const auto first = static_cast<uint64_t>(std::bit_width(state.beyond & last)) - 1;
  Finding finding{.kind = kName, .subject = window.key, .role = Role::kActor};
  // Unusual is not yet harmful: never more than this.
  finding.severity = Severity::kMedium;
  finding.score = std::min(0.9, 0.2 + 0.1 * found.distance / limit + 0.1 * beyond);
  finding.start_us = window.begin_us - first * length_us;
  finding.last_us = window.end_us - 1;
  finding.packets = window.packets_in + window.packets_out;
  finding.bytes = window.bytes;
  finding.measured = found.distance;
  finding.limit = limit;
  finding.baseline = found.centre->p50;
  finding.unit = "deviations";
  finding.window_ms = length_us / 1'000;
  finding.calm_ms = std::max<uint64_t>(kCalmMinMs, config_.windows_of * length_us / 1'000);
  finding.model_id = window.model->model_id;
  std::vector<std::string> names, said;
  for (const size_t place : Heaviest(found.squares)) {
    const std::string name(kFeatureNames[place]);
    const std::string values = absl::StrFormat("%.4g, usually %.4g", window.features[place],
                                               window.model->feature_median[place]);
    const double share = found.squares[place] / (found.distance * found.distance);
    finding.detail.emplace_back(
        name, absl::StrFormat("%s, %.0f %% of the distance", values, 100 * share));
    if (said.size() < kFeaturesInSentence) said.push_back(absl::StrCat(name, " ", values));
    names.push_back(name);
  }
  finding.detail.emplace_back("features", absl::StrJoin(names, ", "));
  finding.detail.emplace_back("model_of", window.model->device);
  finding.detail.emplace_back("windows", absl::StrCat(beyond, " of the last ", config_.windows_of));
  finding.message = absl::StrFormat(
      "behaves unlike what is known of it: %.0f deviations away within %s (limit %.0f, usually "
      "%.0f), above all %s",
      found.distance, DurationText(length_us), limit, found.centre->p50, absl::StrJoin(said, "; "));
  return finding;
}

}  // namespace vedette
