// A sensor gives up what it does not need, in two steps. The first, before anything is opened,
// leaves what opening takes; the second, before a packet is parsed and before a thread of ours
// starts, leaves what it takes to go on for months. Main thread.
//
//   libpcap   both steps are one: an interface that comes back is opened again with what is left
//   DPDK      ports are opened between them; threads that its environment has started by then are
//             reached by the second
#ifndef VEDETTE_SENSOR_SERVICE_CONFINEMENT_H_
#define VEDETTE_SENSOR_SERVICE_CONFINEMENT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "sensor/config/sensor_config.h"
#include "sensor/service/file_rules.h"
#include "sensor/service/privileges.h"

namespace vedette {

// What a source of this configuration needs to be opened, and to be kept and opened again.
struct RightsNeeded {
  CapabilityList to_open;
  CapabilityList to_go_on;
};
RightsNeeded RightsFor(const CaptureConfig& capture);

class Confinement {
 public:
  // `config` outlives this.
  Confinement(const SensorConfig& config, FilesInUse files);

  // DPDK's ports are opened after this and before Complete; without DPDK Complete comes at once.
  absl::Status Begin();
  absl::Status Complete();

  // What was given up, what the kernel does not offer: lines for the log.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  absl::Status PrepareToLeaveXdp() const;
  absl::Status BecomeServiceUser();
  absl::Status RestrictFilesAndCalls();

  const SensorConfig& config_;
  const FilesInUse files_;
  const RightsNeeded rights_;
  std::optional<UserIds> user_;  // to become
  std::vector<std::string> notes_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_SERVICE_CONFINEMENT_H_
