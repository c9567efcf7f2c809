// The sources of a running sensor, opened as configured. Set-up, but for states(), which any thread
// may ask.
#ifndef VEDETTE_SENSOR_PIPELINE_LIVE_SOURCES_H_
#define VEDETTE_SENSOR_PIPELINE_LIVE_SOURCES_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "dataplane/capture/dpdk_environment.h"
#include "dataplane/capture/dpdk_port.h"
#include "dataplane/capture/live_clock.h"
#include "dataplane/capture/live_source.h"
#include "dataplane/capture/pcap_interface.h"
#include "sensor/config/capture_config.h"

namespace vedette {

struct PortState {
  std::string name;
  InterfaceState state;
  SourceLosses losses;
  bool reopens = true;  // when it comes back after it was gone; DPDK's ports do not
};

struct LiveSources {
  // DPDK's, where it is used; they outlive the sources.
  std::unique_ptr<DpdkEnvironment> environment;
  std::unique_ptr<DpdkPorts> ports;
  std::vector<std::unique_ptr<LiveSource>> sources;  // one, or one for each worker
  std::vector<std::string> notes;                    // what was chosen and why: lines for the log
  std::function<std::vector<PortState>()> states;

  std::vector<LiveSource*> pointers() const {
    std::vector<LiveSource*> all;
    for (const auto& source : sources) all.push_back(source.get());
    return all;
  }
};

// What `auto` comes to: dpdk where all ports are named as DPDK names them.
bool UsesDpdk(const CaptureConfig& config);

// Codes that say that the configuration asks for what there is not: InvalidArgument, NotFound,
// PermissionDenied, FailedPrecondition, Unimplemented.
absl::StatusOr<LiveSources> OpenLiveSources(const CaptureConfig& config, const DpdkOptions& dpdk,
                                            HostTime start);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_LIVE_SOURCES_H_
