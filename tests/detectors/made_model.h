// Models as central learns them, made from what a sensor told of devices, and by hand. Tests only.
#ifndef VEDETTE_TESTS_DETECTORS_MADE_MODEL_H_
#define VEDETTE_TESTS_DETECTORS_MADE_MODEL_H_

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "detectors/anomaly/window_distance.h"
#include "tests/traffic.h"

namespace vedette {

inline std::shared_ptr<const ModelSet> SetOf(std::vector<DeviceModel> models) {
  ModelSet::Models by_device;
  for (DeviceModel& model : models) {
    auto made = std::make_shared<const DeviceModel>(std::move(model));
    by_device[made->device] = made;
  }
  return std::make_shared<const ModelSet>(std::move(by_device));
}

// Always valid; every feature usually 0, give or take 1; one centre.
inline DeviceModel PlainModel(const std::string& device = "lab/0/10.0.0.1", double p999 = 10) {
  DeviceModel model{.device = device, .model_id = "plain-1", .version = 1};
  model.valid_to_us = std::numeric_limits<uint64_t>::max();
  model.feature_mad.fill(1);
  model.centres = {{.p50 = p999 / 2, .p95 = p999 * 0.7, .p99 = p999 * 0.8, .p999 = p999}};
  return model;
}

inline double MedianOf(std::vector<double> figures) {
  std::sort(figures.begin(), figures.end());
  const size_t half = figures.size() / 2;
  return figures.size() % 2 != 0 ? figures[half] : (figures[half - 1] + figures[half]) / 2;
}

// A model of each device from all its windows: its own medians and deviations, one centre where
// these are, the quantiles of its own distances from there.
inline std::vector<DeviceModel> Learned(const std::vector<DeviceEvent>& events) {
  std::map<std::string, std::vector<const DeviceEvent*>> by_device;
  for (const DeviceEvent& event : events) by_device[event.device].push_back(&event);
  std::vector<DeviceModel> models;
  for (const auto& [device, windows] : by_device) {
    DeviceModel& model = models.emplace_back(PlainModel(device));
    model.model_id = "learned-1";
    for (size_t i = 0; i < kFeatureCount; ++i) {
      std::vector<double> figures;
      for (const DeviceEvent* window : windows) figures.push_back(window->features[i]);
      const double median = model.feature_median[i] = MedianOf(figures);
      for (double& figure : figures) figure = std::fabs(figure - median);
      model.feature_mad[i] = std::max({MedianOf(figures), std::fabs(median) * 0.05, 0.001});
    }
    std::vector<double> distances;
    for (const DeviceEvent* window : windows) {
      FeatureVector features;
      std::copy_n(window->features.begin(), kFeatureCount, features.begin());
      distances.push_back(DistanceOf(features, model)->distance);
    }
    std::sort(distances.begin(), distances.end());
    const auto at = [&distances](double share) {
      return distances[static_cast<size_t>(share * static_cast<double>(distances.size() - 1))];
    };
    ModelCentre& centre = model.centres.front();
    centre.p50 = at(0.5);
    centre.p95 = at(0.95);
    centre.p99 = at(0.99);
    centre.p999 = at(0.999);
  }
  return models;
}

}  // namespace vedette
#endif  // VEDETTE_TESTS_DETECTORS_MADE_MODEL_H_
