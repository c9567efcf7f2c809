// The sources of a running sensor, opened as configured. Set-up, but for states(), which any thread
// may ask.
#ifndef VEDETTE_SENSOR_PIPELINE_LIVE_SOURCES_H_
#define VEDETTE_SENSOR_PIPELINE_LIVE_SOURCES_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "dataplane/capture/live_clock.h"
#include "dataplane/capture/live_source.h"
#include "dataplane/capture/pcap_interface.h"
#include "sensor/config/capture_config.h"

namespace vedette {

struct PortState {
  std::string name;
  InterfaceState state;
  SourceLosses losses;
};

struct LiveSources {
  std::vector<std::unique_ptr<LiveSource>> sources;  // one, or one for each worker
  std::string name;                                  // as health events say it
  std::string why;                                   // it was chosen: one line for the log
  std::function<std::vector<PortState>()> states;

  std::vector<LiveSource*> pointers() const {
    std::vector<LiveSource*> all;
    for (const auto& source : sources) all.push_back(source.get());
    return all;
  }
};

// kInvalidArgument, kNotFound, kPermissionDenied: the configuration asks for what there is not.
absl::StatusOr<LiveSources> OpenLiveSources(const CaptureConfig& config, HostTime start);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_LIVE_SOURCES_H_
