// All that a sensor remembers longer than an interval, in one value that can be copied: devices and
// their names, the detectors' baselines, open alerts, the window that is open. The control's; a
// copy may be written to disk by any thread, as it refers to nothing but itself in Keep.
#ifndef VEDETTE_SENSOR_STATE_SENSOR_MEMORY_H_
#define VEDETTE_SENSOR_STATE_SENSOR_MEMORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/track/home_networks.h"
#include "detectors/registry.h"
#include "sensor/config/sensor_config.h"
#include "sensor/event/alert_life.h"
#include "sensor/merge/device_directory.h"
#include "sensor/merge/device_identity.h"
#include "sensor/merge/device_windows.h"
#include "sensor/state/state_image.h"

namespace vedette {

struct SensorMemory {
  // `home`, and what `identify` refers to, outlive this, but for a copy that is only written.
  SensorMemory(const SensorConfig& config, const HomeNetworks& home, IdentityOf identify);

  DeviceDirectory directory;
  Detectors detectors;
  AlertLife alerts;
  DeviceWindows windows;
};

struct WrittenState {
  std::string bytes;
  std::vector<std::string> left_out;  // parts that found no room
};
// The open window is told by nobody else only when the sensor has stopped: it is written with
// `header.at_stop` alone.
WrittenState EncodeMemory(const StateHeader& header, SensorMemory& memory, size_t bytes_max);

// Into a memory that is as new. Returns what could not be taken over, a line each.
std::vector<std::string> RestoreMemory(const StateImage& image, SensorMemory& memory);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_STATE_SENSOR_MEMORY_H_
