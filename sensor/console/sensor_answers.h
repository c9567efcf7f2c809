// What a running sensor answers, read back from its JSON. Whatever is missing or of another kind is
// zero or empty: the sensor may be another version, the text in it comes from packets. Pure.
#ifndef VEDETTE_SENSOR_CONSOLE_SENSOR_ANSWERS_H_
#define VEDETTE_SENSOR_CONSOLE_SENSOR_ANSWERS_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sensor/event/events.h"

namespace vedette {

struct AlertList {
  std::string sensor, site;
  uint64_t open = 0, matched = 0;
  std::vector<AlertEvent> alerts;  // the fields that are shown
};

struct DeviceFigures {
  std::string device, ip, mac, name, group;
  int64_t first_ms = 0, last_ms = 0, window_ms = 0, alerts_open = 0, destinations = 0;
  int64_t packets = 0, bytes_in = 0, bytes_out = 0, egress_bytes = 0, flows = 0;  // of the window
  int64_t sum_bytes_in = 0, sum_bytes_out = 0;
};

struct DeviceList {
  std::string sensor, site;
  uint64_t known = 0, matched = 0;
  std::vector<DeviceFigures> devices;
};

struct SecondFigures {
  int64_t packets = 0, bytes = 0, lost = 0;
};

struct SensorFigures {
  std::string sensor, site, version, source;
  int64_t generation = 0, uptime_s = 0, received = 0, processed = 0, alerts_open = 0;
  bool ready = false;
  std::vector<std::string> reasons;
  std::vector<std::pair<std::string, bool>> interfaces;  // name, up and captured
  std::vector<SecondFigures> seconds;
  int64_t flows = 0, flows_max = 0, devices = 0, devices_max = 0, memory_bytes = 0;
  EventCounts events;  // of all topics
  int64_t spool_bytes = 0, spool_age_ms = 0, kafka_rtt_ms = 0;
};

absl::StatusOr<AlertList> ReadAlertList(absl::string_view json);
absl::StatusOr<DeviceList> ReadDeviceList(absl::string_view json);
absl::StatusOr<SensorFigures> ReadSensorFigures(absl::string_view json);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_CONSOLE_SENSOR_ANSWERS_H_
