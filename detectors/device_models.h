// Which devices have a model (device_model.h). Detectors know endpoints, models are named by
// device: sensor/pipeline stands between the two. Asked by detectors' cold halves, on the control
// thread.
#ifndef VEDETTE_DETECTORS_DEVICE_MODELS_H_
#define VEDETTE_DETECTORS_DEVICE_MODELS_H_

#include <cstdint>

#include "dataplane/track/endpoint_row.h"
#include "detectors/device_model.h"

namespace vedette {

class DeviceModels {
 public:
  virtual ~DeviceModels() = default;
  // The endpoint's own, else its group's; null: there is none that is valid at that time. Borrowed:
  // valid during Evaluate.
  virtual const DeviceModel* ModelOf(const EndpointKey& key, uint64_t at_us) = 0;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_DEVICE_MODELS_H_
