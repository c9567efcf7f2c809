#include "dataplane/capture/dpdk_device.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace vedette {
namespace {

namespace fs = std::filesystem;

// What DPDK logged about the step that failed, for the end of a sentence.
std::string Said() {
  const std::string log = DpdkEnvironment::TakeLog();
  return log.empty() ? "" : absl::StrCat("; DPDK says: ", absl::StrReplaceAll(log, {{"\n", "; "}}));
}

absl::Status Failed(const std::string& device, absl::string_view what, int error) {
  return absl::FailedPreconditionError(absl::StrCat(
      "port ", device, ": ", what, ": ", rte_strerror(error < 0 ? -error : error), Said()));
}

absl::Status NoPciPort(const DpdkDeviceName& device) {
  std::error_code error;
  const fs::path folder = fs::path("/sys/bus/pci/devices") / device.name;
  if (!fs::exists(folder, error)) {
    return absl::NotFoundError(absl::StrCat("port ", device.name,
                                            ": this machine has no such PCI device; "
                                            "dpdk-devbind.py --status-dev net lists those it has"));
  }
  const fs::path driver = fs::read_symlink(folder / "driver", error).filename();
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("port ", device.name, ": has no driver; give it to DPDK with: ",
                     "dpdk-devbind.py --bind vfio-pci ", device.name));
  }
  if (driver != "vfio-pci" && driver != "uio_pci_generic" && driver != "igb_uio") {
    return absl::FailedPreconditionError(absl::StrCat(
        "port ", device.name, ": the kernel's driver ", driver.string(),
        " holds it; take it down and give it to DPDK with: dpdk-devbind.py --bind vfio-pci ",
        device.name, ", or capture its interface with af_packet:INTERFACE", Said()));
  }
  return absl::FailedPreconditionError(
      absl::StrCat("port ", device.name, ": DPDK has no driver for it, this user may not open ",
                   "/dev/vfio, or another process has it", Said(), "; see docs/dpdk.md"));
}

absl::Status NoVirtualPort(const DpdkDeviceName& device, int error) {
  std::string hint;
  if (!device.interface.empty() && geteuid() != 0) {
    hint = absl::StrCat("; reading interface ", device.interface,
                        " needs rights: run as root or with the capabilities that docs/dpdk.md "
                        "names");
  }
  const std::string text =
      absl::StrCat("port ", device.name, ": DPDK cannot make it from '", device.arguments,
                   "': ", rte_strerror(error < 0 ? -error : error), Said(), hint);
  return hint.empty() ? absl::FailedPreconditionError(text) : absl::PermissionDeniedError(text);
}

}  // namespace

DpdkDevice::DpdkDevice(DpdkDeviceName name, const DpdkPortOptions& options)
    : name_(std::move(name)), options_(options) {
  // The kernel's ring, not the buffers, is what such a driver waits with.
  constexpr uint32_t kCopyingDescriptors = 256;
  if (name_.ring_frame_bytes != 0) {
    options_.descriptors = std::min(options_.descriptors, kCopyingDescriptors);
  }
  if (name_.frame_bytes_max != 0) {
    options_.frame_bytes_max = std::min(options_.frame_bytes_max, name_.frame_bytes_max);
  }
}

absl::StatusOr<std::unique_ptr<DpdkDevice>> DpdkDevice::Attach(const DpdkPortOptions& options) {
  absl::StatusOr<DpdkDeviceName> name = ParseDpdkDevice(options.device, options.frame_bytes_max);
  if (!name.ok()) return name.status();
  std::unique_ptr<DpdkDevice> device(new DpdkDevice(*std::move(name), options));
  uint16_t port = RTE_MAX_ETHPORTS;
  DpdkEnvironment::TakeLog();
  if (device->name_.pci) {
    // The EAL has probed what it was allowed to.
    if (rte_eth_dev_get_port_by_name(device->name_.name.c_str(), &port) != 0) {
      return NoPciPort(device->name_);
    }
  } else {
    if (rte_eth_dev_get_port_by_name(device->name_.name.c_str(), &port) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("port ", device->name_.name, ": named twice, allowed once"));
    }
    const int error = rte_dev_probe(device->name_.arguments.c_str());
    if (error != 0 || rte_eth_dev_get_port_by_name(device->name_.name.c_str(), &port) != 0) {
      return NoVirtualPort(device->name_, error);
    }
  }
  device->port_ = port;
  const int error = rte_eth_dev_info_get(port, &device->info_);
  if (error != 0) return Failed(device->name(), "says nothing about itself", error);
  if (device->name_.ring_frame_bytes != 0) {
    // The driver names the usual length, and copies whatever fits into its ring.
    uint32_t& frame_bytes_max = device->options_.frame_bytes_max;
    frame_bytes_max = std::min(frame_bytes_max, device->info_.max_rx_pktlen);
  }
  rte_eth_dev_callback_register(port, RTE_ETH_EVENT_INTR_RMV, OnRemoved, device.get());
  return device;
}

DpdkDevice::~DpdkDevice() {
  if (port_ == RTE_MAX_ETHPORTS) return;
  rte_eth_dev_callback_unregister(port_, RTE_ETH_EVENT_INTR_RMV, OnRemoved, this);
  rte_device* const device = info_.device;
  rte_eth_dev_stop(port_);
  rte_eth_dev_close(port_);
  if (!name_.pci && device != nullptr) rte_dev_remove(device);
  rte_mempool_free(pool_);
  DpdkEnvironment::TakeLog();
}

int DpdkDevice::OnRemoved(uint16_t, rte_eth_event_type, void* self, void*) {
  static_cast<DpdkDevice*>(self)->removed_.store(true, std::memory_order_relaxed);
  return 0;
}

absl::Status DpdkDevice::MakePool(uint32_t buffers) {
  static int pools_made = 0;
  const int node = rte_eth_dev_socket_id(port_);
  const auto room = static_cast<uint16_t>(plan_.segment_bytes + RTE_PKTMBUF_HEADROOM);
  pool_ = rte_pktmbuf_pool_create(absl::StrCat("vedette_", ++pools_made).c_str(), buffers,
                                  std::min<uint32_t>(RTE_MEMPOOL_CACHE_MAX_SIZE, buffers * 2 / 3),
                                  0, room, node);
  if (pool_ != nullptr) return absl::OkStatus();
  const uint64_t mib = ((uint64_t{buffers} * (room + sizeof(rte_mbuf) + 64)) >> 20) + 1;
  return absl::ResourceExhaustedError(absl::StrCat(
      "port ", name(), ": no memory for ", buffers, " packet buffers of ", room, " bytes: ", mib,
      " MiB; raise dpdk.memory_mib by as much, or use fewer descriptors or workers", Said()));
}

absl::Status DpdkDevice::Configure(RxPlan plan, uint32_t pool_buffers) {
  plan_ = std::move(plan);
  plan_.segment_bytes =
      static_cast<uint16_t>(std::max<uint32_t>(plan_.segment_bytes, name_.ring_frame_bytes));
  rte_eth_conf conf = {};
  conf.rxmode.mtu = plan_.mtu;
  conf.rxmode.offloads = plan_.offloads;
  if (plan_.rss_types != 0) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf = {.rss_key = plan_.rss_key.data(),
                                 .rss_key_len = static_cast<uint8_t>(plan_.rss_key.size()),
                                 .rss_hf = plan_.rss_types};
  }
  const auto queues = static_cast<uint16_t>(plan_.queues);
  // Nothing is ever sent; some drivers want as many queues to send as to receive all the same.
  uint16_t transmit_queues = 0;
  int error = rte_eth_dev_configure(port_, queues, transmit_queues, &conf);
  if (error != 0 && info_.max_tx_queues >= queues) {
    transmit_queues = queues;
    error = rte_eth_dev_configure(port_, queues, transmit_queues, &conf);
  }
  if (error != 0) {
    return Failed(name(),
                  absl::StrCat("cannot be set up with ", queues, " queue(s) and frames of ",
                               plan_.mtu, " bytes"),
                  error);
  }
  auto descriptors = static_cast<uint16_t>(std::min<uint32_t>(options_.descriptors, UINT16_MAX));
  uint16_t transmit_descriptors = 512;
  error = rte_eth_dev_adjust_nb_rx_tx_desc(port_, &descriptors, &transmit_descriptors);
  if (error != 0) return Failed(name(), "says no number of descriptors", error);
  if (descriptors < options_.descriptors) {
    notes_.push_back(absl::StrCat("port ", name(), ": has ", descriptors, " descriptors a queue, ",
                                  options_.descriptors, " were asked for"));
  }
  const size_t segments = (plan_.mtu + kFrameOverheadBytes) / plan_.segment_bytes + 1;
  rte_mempool* const before = pool_;  // its buffers may still be in the queues
  absl::Status made =
      MakePool(pool_buffers != 0 ? pool_buffers : PoolSize(descriptors, plan_.queues, segments));
  if (!made.ok()) {
    pool_ = before;
    return made;
  }
  absl::Status set_up = SetUpQueues(descriptors, transmit_queues);
  rte_mempool_free(before);
  return set_up;
}

absl::Status DpdkDevice::SetUpQueues(uint16_t descriptors, uint16_t transmit_queues) {
  const auto node = static_cast<unsigned>(rte_eth_dev_socket_id(port_));
  for (uint16_t queue = 0; queue < plan_.queues; ++queue) {
    const int error = rte_eth_rx_queue_setup(port_, queue, descriptors, node, nullptr, pool_);
    if (error != 0) return Failed(name(), absl::StrCat("queue ", queue, " cannot be made"), error);
  }
  for (uint16_t queue = 0; queue < transmit_queues; ++queue) {
    const int error = rte_eth_tx_queue_setup(port_, queue, 512, node, nullptr);
    if (error != 0) return Failed(name(), absl::StrCat("queue ", queue, " cannot be made"), error);
  }
  return absl::OkStatus();
}

bool DpdkDevice::SetUpFanOut() {
  const std::vector<uint16_t> wanted = RedirectionTable(plan_.table_size, plan_.queues);
  std::vector<rte_eth_rss_reta_entry64> table(plan_.table_size / RTE_ETH_RETA_GROUP_SIZE + 1);
  const auto select = [&] {
    for (size_t i = 0; i < wanted.size(); ++i) {
      table[i / RTE_ETH_RETA_GROUP_SIZE].mask |= uint64_t{1} << (i % RTE_ETH_RETA_GROUP_SIZE);
    }
  };
  select();
  for (size_t i = 0; i < wanted.size(); ++i) {
    table[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] = wanted[i];
  }
  if (rte_eth_dev_rss_reta_update(port_, table.data(), plan_.table_size) != 0) return false;
  for (auto& group : table) group = {};
  select();
  if (rte_eth_dev_rss_reta_query(port_, table.data(), plan_.table_size) != 0) return false;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (table[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] != wanted[i]) {
      return false;
    }
  }
  std::vector<uint8_t> key(plan_.rss_key.size());
  rte_eth_rss_conf has = {.rss_key = key.data(), .rss_key_len = static_cast<uint8_t>(key.size())};
  return rte_eth_dev_rss_hash_conf_get(port_, &has) == 0 && key == plan_.rss_key &&
         (has.rss_hf & (RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_SCTP)) == 0;
}

void DpdkDevice::SeeEverything() {
  if (rte_eth_promiscuous_enable(port_) != 0 && rte_eth_promiscuous_get(port_) != 1) {
    // Virtual devices that have no such mode give all they are given.
    if (name_.pci) {
      notes_.push_back(absl::StrCat("port ", name(), ": refuses promiscuous mode, so that packets ",
                                    "for others are not seen"));
    }
  }
  if (rte_eth_allmulticast_enable(port_) != 0 && rte_eth_allmulticast_get(port_) != 1 &&
      name_.pci && rte_eth_promiscuous_get(port_) != 1) {
    notes_.push_back(absl::StrCat("port ", name(), ": refuses to give all multicast packets"));
  }
}

absl::Status DpdkDevice::Start() {
  DpdkEnvironment::TakeLog();
  const int error = rte_eth_dev_start(port_);
  if (error != 0) return Failed(name(), "does not start", error);
  if (plan_.rss_types != 0 && !SetUpFanOut()) {
    return absl::UnimplementedError(
        absl::StrCat("port ", name(), ": does not keep the hash or its table as asked"));
  }
  SeeEverything();
  for (const std::string& missing : plan_.missing) {
    notes_.push_back(absl::StrCat("port ", name(), ": ", missing));
  }
  if (rte_eth_stats_get(port_, &at_start_) != 0) at_start_ = {};
  if (!name_.interface.empty()) {
    absl::StatusOr<InterfaceCounters> counters = ReadInterfaceCounters(name_.interface);
    if (!counters.ok()) return counters.status();
    const bool both_directions = absl::StartsWith(name_.name, "net_af_packet");
    reconciler_ = std::make_unique<LossReconciler>(name_.interface, both_directions, *counters);
  }
  return absl::OkStatus();
}

SourceLosses DpdkDevice::DriverLosses() const {
  rte_eth_stats now = {};
  if (rte_eth_stats_get(port_, &now) != 0) return {};
  const auto since = [](uint64_t a, uint64_t b) { return a >= b ? a - b : 0; };
  return {.nic_missed = since(now.imissed, at_start_.imissed),
          .no_mbuf = since(now.rx_nombuf, at_start_.rx_nombuf),
          .nic_errors = since(now.ierrors, at_start_.ierrors)};
}

SourceLosses DpdkDevice::Losses(const std::atomic<uint64_t>& received,
                                const std::atomic<uint64_t>& emptied) {
  SourceLosses losses = DriverLosses();
  if (reconciler_ != nullptr) {
    losses.other = reconciler_->Update(received, emptied, losses.total());
  }
  return losses;
}

absl::StatusOr<InterfaceCounters> DpdkDevice::ReadInterface() const {
  if (reconciler_ == nullptr) return absl::NotFoundError("reads no interface");
  return reconciler_->Read();
}

void DpdkDevice::FinishLosses(const InterfaceCounters& seen, uint64_t received) {
  if (reconciler_ != nullptr) reconciler_->Finish(seen, received, DriverLosses().total());
}

DpdkPortState DpdkDevice::State() const {
  DpdkPortState state{.device = name(), .driver = driver(), .removed = removed()};
  rte_eth_link link = {};
  if (rte_eth_link_get_nowait(port_, &link) == 0) {
    state.link_up = link.link_status == RTE_ETH_LINK_UP;
    if (link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN) state.link_mbit_per_second = link.link_speed;
  }
  if (reconciler_ != nullptr && !reconciler_->Read().ok()) {
    state.removed = true;
    state.link_up = false;
  }
  return state;
}

}  // namespace vedette
