#include "sensor/state/sensor_memory.h"

#include <utility>

#include "sensor/state/part_io.h"

namespace vedette {
namespace {

// What matters most comes first: where there is no room, the rest is left out.
template <typename IoOf>
void KeepAll(bool with_window, SensorMemory& memory, IoOf io_of) {
  const auto keep = [&io_of](absl::string_view owner, auto& part) {
    auto io = io_of(owner);
    part.Keep(io);
  };
  keep("alerts", memory.alerts);
  keep("devices", memory.directory);
  if (with_window) keep("window", memory.windows);
  memory.detectors.Keep(io_of);
}

}  // namespace

SensorMemory::SensorMemory(const SensorConfig& config, const HomeNetworks& home,
                           IdentityOf identify)
    : directory(config.site, home, config.device_windows.devices_max),
      detectors(config.detectors),
      alerts(config.alerts, {.sensor = config.sensor, .site = config.site}, std::move(identify),
             config.policy.compiled),
      windows({.window_us = config.device_windows.window_s * uint64_t{1'000'000},
               .devices_max = config.device_windows.devices_max}) {}

WrittenState EncodeMemory(const StateHeader& header, SensorMemory& memory, size_t bytes_max) {
  StateImageWriter image(header, bytes_max);
  KeepAll(header.at_stop, memory,
          [&image](absl::string_view owner) { return PartWriter(owner, image); });
  std::vector<std::string> left_out = image.left_out();
  return {.bytes = std::move(image).Finish(), .left_out = std::move(left_out)};
}

std::vector<std::string> RestoreMemory(const StateImage& image, SensorMemory& memory) {
  std::vector<std::string> notes;
  const StateHeader& header = image.header();
  KeepAll(header.at_stop, memory,
          [&image, &notes](absl::string_view owner) { return PartReader(owner, image, notes); });
  memory.alerts.OnRestored();
  memory.windows.OnRestored();
  return notes;
}

}  // namespace vedette
