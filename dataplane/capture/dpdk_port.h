// Ports of DPDK: any the EAL offers, physical or virtual. What each can do is asked, never assumed;
// what one lacks is done in software and said once. Owns the ports and their packet buffers; the
// sources it hands out borrow both. Set-up and control thread.
#ifndef VEDETTE_DATAPLANE_CAPTURE_DPDK_PORT_H_
#define VEDETTE_DATAPLANE_CAPTURE_DPDK_PORT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "dataplane/capture/dpdk_environment.h"
#include "dataplane/capture/live_source.h"

namespace vedette {

struct DpdkPortOptions {
  // A PCI address ("0000:81:00.0"), a virtual device with its arguments
  // ("net_af_packet0,iface=eth0"), or short for the latter "af_packet:eth0", "af_xdp:eth0". Ring
  // sizes that are not given are chosen.
  std::string device;
  uint32_t descriptors = 4'096;      // a queue's; fewer where the port has no more
  uint32_t frame_bytes_max = 9'018;  // larger frames are the port's to refuse; 64 to 65,535
};

struct DpdkPortState {
  std::string device;
  std::string driver;
  bool link_up = false;
  bool removed = false;
  uint32_t link_mbit_per_second = 0;       // 0: unknown
  std::vector<uint64_t> packets_by_queue;  // received; their skew is the fan-out's
};

class DpdkPorts {
 public:
  // Opens and starts all or none. `workers` queues a port where every one of them can hold a pair
  // of addresses in one queue, else one queue. NotFound, PermissionDenied, InvalidArgument and so
  // on say what to do.
  static absl::StatusOr<std::unique_ptr<DpdkPorts>> Open(const DpdkEnvironment& environment,
                                                         absl::Span<const DpdkPortOptions> ports,
                                                         size_t workers);
  virtual ~DpdkPorts() = default;

  // What was negotiated and what is missing, in plain sentences for the log.
  virtual const std::vector<std::string>& notes() const = 0;
  // `workers`: one source for each worker, and PacketView::rss_hash chooses the shard. 1: one
  // source, which a fan-out shares out.
  virtual size_t queues() const = 0;
  // Once: one for each queue, which polls that queue of all ports. All of them count their seconds
  // from `start`. The first of them counts what the ports lost. They outlive nothing: end and
  // destroy them first.
  virtual std::vector<std::unique_ptr<LiveSource>> OpenSources(Timestamp start) = 0;
  virtual std::vector<DpdkPortState> States() const = 0;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_DPDK_PORT_H_
