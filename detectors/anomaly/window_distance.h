// How far a device's window lies from what its model knows. As central works it out when it learns
// (central/spark), or its quantiles would mean nothing here: each feature in the
// device's own deviations from its own median, cut at kClip; Euclid's distance to the nearest
// centre. Pure.
#ifndef VEDETTE_DETECTORS_ANOMALY_WINDOW_DISTANCE_H_
#define VEDETTE_DETECTORS_ANOMALY_WINDOW_DISTANCE_H_

#include <cstddef>
#include <optional>

#include "detectors/device_model.h"

namespace vedette {

struct WindowDistance {
  const ModelCentre* centre = nullptr;  // the nearest, of equal ones the first
  double distance = 0;                  // in deviations
  FeatureVector squares{};              // what each feature adds to the square of it
};

// A feature that hardly ever moved has a deviation next to nothing: any move at all is a million of
// them, and would alone be the distance. Beyond this it is as strange as it can be.
inline constexpr double kClip = 50;

// None: the model has no centres, or a figure is no number.
std::optional<WindowDistance> DistanceOf(const FeatureVector& features, const DeviceModel& model);

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_ANOMALY_WINDOW_DISTANCE_H_
