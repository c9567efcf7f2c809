#include "sensor/pipeline/live_sources.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "dataplane/capture/interface_counters.h"
#include "dataplane/capture/pcap_live_source.h"

namespace vedette {
namespace {

absl::Status NoInterface() {
  return absl::InvalidArgumentError(
      absl::StrCat("no interface to capture on: name one with --interface or under "
                   "capture.interfaces; there are: ",
                   InterfaceNames()));
}

absl::StatusOr<LiveSources> OpenPcap(const CaptureConfig& config, HostTime start) {
  const PcapInterfaceOptions options{.filter = config.bpf,
                                     .snap_length_bytes = config.snap_length_bytes,
                                     .buffer_mib = config.buffer_mib,
                                     .promiscuous = config.promiscuous};
  absl::StatusOr<std::unique_ptr<PcapLiveSource>> opened =
      PcapLiveSource::Open(config.interfaces, options, start);
  if (!opened.ok()) return opened.status();
  LiveSources live;
  live.notes.emplace_back(config.source == "auto"
                              ? "source libpcap, as the interfaces are the system's"
                              : "source libpcap, as configured");
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

bool NamedForDpdk(const std::string& device) {
  return IsPciAddress(device) || absl::StartsWith(device, "net_") || absl::StrContains(device, ':');
}

// An interface of the system is reached through the kernel.
std::string DeviceOf(const std::string& interface) {
  return NamedForDpdk(interface) ? interface : absl::StrCat("af_packet:", interface);
}

absl::Status CheckForDpdk(const CaptureConfig& config) {
  if (config.bpf.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "capture.bpf: a filter runs in the kernel, which DPDK goes around; remove it, or set "
      "capture.source to libpcap");
}

// A port tells its link, the first source what all of them lost.
std::vector<PortState> StatesOf(const DpdkPorts& ports, const LiveSource& first) {
  std::vector<PortState> states;
  for (const DpdkPortState& port : ports.States()) {
    const InterfaceLink link = port.removed   ? InterfaceLink::kMissing
                               : port.link_up ? InterfaceLink::kUp
                                              : InterfaceLink::kDown;
    states.push_back({.name = port.device,
                      .state = {.link = link, .capturing = !port.removed},
                      .reopens = false});
  }
  if (!states.empty()) states.front().losses = first.losses();
  return states;
}

absl::StatusOr<LiveSources> OpenDpdk(const CaptureConfig& config, DpdkOptions dpdk,
                                     HostTime start) {
  const absl::Status possible = CheckForDpdk(config);
  if (!possible.ok()) return possible;
  std::vector<DpdkPortOptions> wanted;
  for (const std::string& interface : config.interfaces) {
    wanted.push_back({.device = DeviceOf(interface)});
    dpdk.devices.push_back(wanted.back().device);
  }
  LiveSources live;
  absl::StatusOr<std::unique_ptr<DpdkEnvironment>> environment = DpdkEnvironment::Start(dpdk);
  if (!environment.ok()) return environment.status();
  live.environment = *std::move(environment);
  absl::StatusOr<std::unique_ptr<DpdkPorts>> ports =
      DpdkPorts::Open(*live.environment, wanted, config.workers);
  if (!ports.ok()) return ports.status();
  live.ports = *std::move(ports);
  live.notes.emplace_back(config.source == "auto" ? "source dpdk, as the ports are named for it"
                                                  : "source dpdk, as configured");
  for (const auto* notes : {&live.environment->notes(), &live.ports->notes()}) {
    live.notes.insert(live.notes.end(), notes->begin(), notes->end());
  }
  live.sources = live.ports->OpenSources({start.wall_us});
  live.states = [ports = live.ports.get(), first = live.sources.front().get()] {
    return StatesOf(*ports, *first);
  };
  return live;
}

}  // namespace

bool UsesDpdk(const CaptureConfig& config) {
  if (config.source != "auto") return config.source == "dpdk";
  return !config.interfaces.empty() &&
         std::all_of(config.interfaces.begin(), config.interfaces.end(), NamedForDpdk);
}

absl::StatusOr<LiveSources> OpenLiveSources(const CaptureConfig& config, const DpdkOptions& dpdk,
                                            HostTime start) {
  if (config.interfaces.empty()) return NoInterface();
  return UsesDpdk(config) ? OpenDpdk(config, dpdk, start) : OpenPcap(config, start);
}

}  // namespace vedette
