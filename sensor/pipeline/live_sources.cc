#include "sensor/pipeline/live_sources.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "dataplane/capture/pcap_live_source.h"

namespace vedette {
namespace {

absl::Status NoInterface() {
  return absl::InvalidArgumentError(
      absl::StrCat("no interface to capture on: name one with --interface or under "
                   "capture.interfaces; there are: ",
                   absl::StrJoin(InterfaceNames(), ", ")));
}

absl::StatusOr<LiveSources> OpenPcap(const CaptureConfig& config, std::string why, HostTime start) {
  const PcapInterfaceOptions options{.filter = config.bpf,
                                     .snap_length_bytes = config.snap_length_bytes,
                                     .buffer_mib = config.buffer_mib,
                                     .promiscuous = config.promiscuous};
  absl::StatusOr<std::unique_ptr<PcapLiveSource>> opened =
      PcapLiveSource::Open(config.interfaces, options, start);
  if (!opened.ok()) return opened.status();
  LiveSources live{.sources = {}, .name = "libpcap", .why = std::move(why), .states = nullptr};
  const PcapLiveSource* source = opened->get();
  live.states = [source] {
    std::vector<PortState> states;
    for (size_t i = 0; i < source->interfaces(); ++i) {
      const PcapInterface& one = source->interface(i);
      states.push_back({one.name(), one.state(), one.losses()});
    }
    return states;
  };
  live.sources.push_back(*std::move(opened));
  return live;
}

}  // namespace

absl::StatusOr<LiveSources> OpenLiveSources(const CaptureConfig& config, HostTime start) {
  if (config.interfaces.empty()) return NoInterface();
  if (config.source == "dpdk") {
    return absl::InvalidArgumentError(
        "capture.source: this build has no DPDK source; allowed auto or libpcap");
  }
  const bool asked = config.source == "libpcap";
  return OpenPcap(config,
                  asked ? "libpcap, as configured" : "libpcap, as all interfaces are the system's",
                  start);
}

}  // namespace vedette
