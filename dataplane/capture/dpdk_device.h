// One port of DPDK, from its name to its queues. Owned by the DpdkPorts or by a replay; set-up and
// control thread, but for port() and the flags, which are read by the polling threads.
#ifndef VEDETTE_DATAPLANE_CAPTURE_DPDK_DEVICE_H_
#define VEDETTE_DATAPLANE_CAPTURE_DPDK_DEVICE_H_

#include <rte_ethdev.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "dataplane/capture/dpdk_abilities.h"
#include "dataplane/capture/dpdk_port.h"
#include "dataplane/capture/interface_counters.h"

namespace vedette {

// What the EAL is told of a device: short forms written out, rings sized.
struct DpdkDeviceName {
  std::string name;               // as the EAL calls the port
  std::string arguments;          // as rte_dev_probe takes it
  std::string interface;          // of the kernel, for drivers that read one
  uint32_t frame_bytes_max = 0;   // that the port can meet; 0: whatever was asked for
  uint32_t ring_frame_bytes = 0;  // of the driver's own ring, which a buffer must hold; 0: none
  bool pci = false;
};
absl::StatusOr<DpdkDeviceName> ParseDpdkDevice(absl::string_view device, uint32_t frame_bytes_max);

class DpdkDevice {
 public:
  static absl::StatusOr<std::unique_ptr<DpdkDevice>> Attach(const DpdkPortOptions& options);
  ~DpdkDevice();
  DpdkDevice(const DpdkDevice&) = delete;
  DpdkDevice& operator=(const DpdkDevice&) = delete;

  const rte_eth_dev_info& info() const { return info_; }
  uint16_t port() const { return port_; }
  const std::string& name() const { return name_.name; }
  std::string driver() const { return info_.driver_name; }
  bool pci() const { return name_.pci; }
  const RxPlan& plan() const { return plan_; }
  // As asked for, but no more than a driver that copies has a use for.
  const DpdkPortOptions& options() const { return options_; }
  const std::vector<std::string>& notes() const { return notes_; }

  // Queues, buffers, hash; not started. `pool_buffers` 0: as many as the queues want.
  absl::Status Configure(RxPlan plan, uint32_t pool_buffers = 0);
  absl::Status Start();

  // Losses since Start, by the driver's own counters and, for drivers whose are blind, the
  // interface's. `received` and `emptied` are the polling thread's (see LossReconciler).
  SourceLosses Losses(const std::atomic<uint64_t>& received, const std::atomic<uint64_t>& emptied);
  // For the polling thread at its end: read before it empties the ring for the last time.
  absl::StatusOr<InterfaceCounters> ReadInterface() const;
  void FinishLosses(const InterfaceCounters& seen, uint64_t received);
  DpdkPortState State() const;
  bool removed() const noexcept { return removed_.load(std::memory_order_relaxed); }

 private:
  DpdkDevice(DpdkDeviceName name, const DpdkPortOptions& options);
  absl::Status MakePool(uint32_t buffers);
  absl::Status SetUpQueues(uint16_t descriptors, uint16_t transmit_queues);
  // The hash and its table as wanted, and as the port says it has them.
  bool SetUpFanOut();
  void SeeEverything();
  SourceLosses DriverLosses() const;
  static int OnRemoved(uint16_t port, rte_eth_event_type event, void* self, void* unused);

  DpdkDeviceName name_;
  DpdkPortOptions options_;
  uint16_t port_ = RTE_MAX_ETHPORTS;
  rte_eth_dev_info info_{};
  RxPlan plan_;
  rte_mempool* pool_ = nullptr;
  std::vector<std::string> notes_;
  std::unique_ptr<LossReconciler> reconciler_;
  rte_eth_stats at_start_{};
  std::atomic<bool> removed_{false};
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_DPDK_DEVICE_H_
