// What the sensor listens to, section `capture` of the configuration. Every default is the initial
// value of its member. Set-up only, one thread.
#ifndef VEDETTE_SENSOR_CONFIG_CAPTURE_CONFIG_H_
#define VEDETTE_SENSOR_CONFIG_CAPTURE_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "detectors/settings.h"

namespace vedette {

struct CaptureConfig {
  std::string source = "auto";  // auto, libpcap or dpdk
  std::vector<std::string> interfaces;
  uint32_t snap_length_bytes = 262'144;
  bool promiscuous = true;
  std::string bpf;
  uint32_t buffer_mib = 64;  // the kernel's, of each interface
  uint32_t workers = 1;
  std::string cores = "auto";  // or a list such as 2-5,8

  static CaptureConfig Read(Settings settings);
};

// "2-5,8": each processor once, in the order they were written.
absl::StatusOr<std::vector<int>> ParseCoreList(absl::string_view text);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_CONFIG_CAPTURE_CONFIG_H_
