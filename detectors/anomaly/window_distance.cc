#include "detectors/anomaly/window_distance.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vedette {
namespace {

// The floors of central: what never moved may move a little. They are in the model already; one
// that was made otherwise must not divide by zero.
constexpr double kShareOfMedianMin = 0.05, kDeviationMin = 0.001;

std::optional<FeatureVector> Scaled(const FeatureVector& features, const DeviceModel& model) {
  FeatureVector scaled;
  for (size_t i = 0; i < kFeatureCount; ++i) {
    const double median = model.feature_median[i];
    const double deviation =
        std::max({model.feature_mad[i], std::fabs(median) * kShareOfMedianMin, kDeviationMin});
    const double away = (features[i] - median) / deviation;
    if (!std::isfinite(features[i]) || std::isnan(away)) return std::nullopt;
    scaled[i] = std::clamp(away, -kClip, kClip);
  }
  return scaled;
}

}  // namespace

std::optional<WindowDistance> DistanceOf(const FeatureVector& features, const DeviceModel& model) {
  const std::optional<FeatureVector> scaled = Scaled(features, model);
  if (!scaled.has_value()) return std::nullopt;
  WindowDistance nearest;
  double least = std::numeric_limits<double>::infinity();
  for (const ModelCentre& centre : model.centres) {
    FeatureVector squares;
    double sum = 0;
    for (size_t i = 0; i < kFeatureCount; ++i) {
      const double away = (*scaled)[i] - centre.at[i];
      squares[i] = away * away;
      sum += squares[i];
    }
    if (!(sum < least)) continue;  // one that is no number is no centre
    least = sum;
    nearest = {.centre = &centre, .distance = std::sqrt(sum), .squares = squares};
  }
  if (nearest.centre == nullptr) return std::nullopt;
  return nearest;
}

}  // namespace vedette
