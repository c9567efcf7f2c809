// A device's window as its event tells it, and the model it is to be judged by. Borrowed: valid
// during Evaluate. Control thread.
#ifndef VEDETTE_DETECTORS_DEVICE_WINDOW_H_
#define VEDETTE_DETECTORS_DEVICE_WINDOW_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "dataplane/track/endpoint_row.h"
#include "detectors/device_model.h"

namespace vedette {

struct DeviceWindow {
  absl::string_view device;  // as events name it: one text, however many addresses it has
  EndpointKey key;           // of the address that sent last
  uint64_t begin_us = 0, end_us = 0;
  FeatureVector features{};
  uint64_t packets_in = 0, packets_out = 0, bytes = 0;
  // Of the window: before the source began, after it ended, or while packets were lost or none
  // came.
  double unwatched_share = 0;
  double lost_share = 0;               // of the packets there were, whosever they were
  const DeviceModel* model = nullptr;  // valid at its end; never null
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_DEVICE_WINDOW_H_
