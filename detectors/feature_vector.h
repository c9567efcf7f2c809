// The 24 numbers by which models know a device, in the order of conf/features.txt. One place, so
// that sensor and central cannot drift apart. Rates per second of the window, 0 where undefined.
#ifndef VEDETTE_DETECTORS_FEATURE_VECTOR_H_
#define VEDETTE_DETECTORS_FEATURE_VECTOR_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "dataplane/track/endpoint_row.h"
#include "detectors/device_model.h"

namespace vedette {

// By place in the vector.
extern const std::array<absl::string_view, kFeatureCount> kFeatureNames;

// Of one device and window, after the merge.
struct FeatureInputs {
  EndpointCounters counters;
  double window_s = 0;
  double peers = 0, destinations = 0, ports = 0;  // distinct
  uint64_t active_seconds = 0;                    // in which it sent
  uint64_t top_destination_bytes = 0;
};

FeatureVector FeaturesOf(const FeatureInputs& inputs);

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_FEATURE_VECTOR_H_
