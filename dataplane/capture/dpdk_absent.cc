// Takes the place of the DPDK source in a build without DPDK: says so where it is asked for.
#include "dataplane/capture/dpdk_environment.h"
#include "dataplane/capture/dpdk_port.h"
#include "dataplane/capture/dpdk_replay.h"

namespace vedette {
namespace {

absl::Status Absent() {
  return absl::UnimplementedError(
      "this program was built without DPDK; capture with libpcap, or build it with -Ddpdk=enabled");
}

}  // namespace

absl::StatusOr<std::unique_ptr<DpdkEnvironment>> DpdkEnvironment::Start(const DpdkOptions&) {
  return Absent();
}
DpdkEnvironment::~DpdkEnvironment() = default;
DpdkStreamsAside::DpdkStreamsAside() : aside_(-1) {}
DpdkStreamsAside::~DpdkStreamsAside() = default;
std::string DpdkEnvironment::TakeLog() { return ""; }

absl::StatusOr<std::unique_ptr<DpdkPorts>> DpdkPorts::Open(const DpdkEnvironment&,
                                                           absl::Span<const DpdkPortOptions>,
                                                           size_t) {
  return Absent();
}

absl::StatusOr<std::unique_ptr<ReplaySource>> OpenDpdkReplay(absl::Span<const std::string>,
                                                             const ReplayOptions&,
                                                             const DpdkOptions&) {
  return Absent();
}

}  // namespace vedette
