// Capture files through DPDK: the driver net_pcap reads them, its buffers are what is decoded. For
// trying the DPDK data plane with known traffic; the result is that of OpenReplay. That driver
// keeps neither wire length nor the end or damage of a file, so each file is read beforehand, once
// by us and once by libpcap, and refused where the two differ or a packet is not whole.
#ifndef VEDETTE_DATAPLANE_CAPTURE_DPDK_REPLAY_H_
#define VEDETTE_DATAPLANE_CAPTURE_DPDK_REPLAY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "dataplane/capture/dpdk_environment.h"
#include "dataplane/capture/replay_source.h"

namespace vedette {

// Starts the environment, which the source then owns, with ordinary memory: no rights are needed.
// Of `dpdk` its arguments and file prefix count. Fails as OpenReplay does; FailedPrecondition
// names what libpcap alone can do (refused files, no DPDK).
absl::StatusOr<std::unique_ptr<ReplaySource>> OpenDpdkReplay(absl::Span<const std::string> paths,
                                                             const ReplayOptions& options,
                                                             const DpdkOptions& dpdk);

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_DPDK_REPLAY_H_
