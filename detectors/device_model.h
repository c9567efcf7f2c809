// What central learned of one device (docs/models.md): the payload of a vedette.models message once
// it has been checked, so that every number here is finite and in range. Written once, on the
// thread that read it; read by the control thread. A set of them never changes: a newer one
// replaces it between two intervals.
#ifndef VEDETTE_DETECTORS_DEVICE_MODEL_H_
#define VEDETTE_DETECTORS_DEVICE_MODEL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace vedette {

inline constexpr size_t kFeatureCount = 24;
using FeatureVector = std::array<double, kFeatureCount>;

inline constexpr size_t kHoursOfWeek = 168;  // from Monday 00 UTC
using WeekOfHours = std::array<double, kHoursOfWeek>;

// Where windows like one another lie, in features scaled by the device's own medians, and how far
// from there the windows lay from which it was learned.
struct ModelCentre {
  FeatureVector at{};
  double p50 = 0, p95 = 0, p99 = 0, p999 = 0;  // ascending
};

struct DeviceModel {
  std::string device;    // site/vlan/address, or group/NAME
  std::string model_id;  // safe text
  int64_t version = 0;
  uint64_t valid_from_us = 0, valid_to_us = 0;  // exclusive
  WeekOfHours egress_median{}, egress_mad{};    // bytes sent out in an hour
  FeatureVector feature_median{}, feature_mad{};
  std::vector<ModelCentre> centres;
  uint64_t gap_p99_us = 0;  // of the device's silences; 0: none known

  bool IsValidAt(uint64_t time_us) const {
    return time_us >= valid_from_us && time_us < valid_to_us;
  }
};

// By device. A device without one of its own has that of its group.
class ModelSet {
 public:
  using Models = absl::flat_hash_map<std::string, std::shared_ptr<const DeviceModel>>;

  explicit ModelSet(Models models) : models_(std::move(models)) {}

  // Null: nothing was learned of it.
  const DeviceModel* Find(absl::string_view device) const {
    const auto at = models_.find(device);
    return at != models_.end() ? at->second.get() : nullptr;
  }
  size_t size() const { return models_.size(); }
  const Models& models() const { return models_; }

 private:
  Models models_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_DEVICE_MODEL_H_
