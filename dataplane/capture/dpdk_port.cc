#include "dataplane/capture/dpdk_port.h"

#include <rte_ethdev.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "dataplane/capture/dpdk_abilities.h"
#include "dataplane/capture/dpdk_device.h"
#include "dataplane/capture/dpdk_processors.h"
#include "dataplane/capture/dpdk_source.h"

namespace vedette {
namespace {

using Devices = std::vector<std::unique_ptr<DpdkDevice>>;

class OpenedPorts final : public DpdkPorts {
 public:
  OpenedPorts(Devices devices, size_t queues, size_t workers, std::vector<std::string> notes)
      : devices_(std::move(devices)), queues_(queues), notes_(std::move(notes)) {
    counters_.resize(devices_.size());
    for (auto& counters : counters_) {
      for (size_t i = 0; i < queues_; ++i) {
        counters.push_back(std::make_unique<DpdkQueueCounters>());
      }
    }
    for (const auto& device : devices_) {
      notes_.insert(notes_.end(), device->notes().begin(), device->notes().end());
    }
    PlaceThreads(workers);
  }

  ~OpenedPorts() override {
    const DpdkStreamsAside aside;
    devices_.clear();
  }

  const std::vector<std::string>& notes() const override { return notes_; }
  size_t queues() const override { return queues_; }

  std::vector<std::unique_ptr<LiveSource>> OpenSources(Timestamp start) override {
    std::vector<std::unique_ptr<LiveSource>> sources;
    for (size_t queue = 0; queue < queues_; ++queue) {
      std::vector<DpdkQueue> polled;
      for (size_t i = 0; i < devices_.size(); ++i) {
        polled.push_back({*devices_[i], *counters_[i][queue]});
      }
      sources.push_back(std::make_unique<DpdkSource>(
          std::move(polled),
          DpdkSourceOptions{.queue = static_cast<uint16_t>(queue),
                            .hardware_fan_out = queues_ > 1,
                            .counts_losses = queue == 0,
                            .processor = processors_.empty() ? -1 : processors_[queue],
                            .start = start}));
    }
    return sources;
  }

  std::vector<DpdkPortState> States() const override {
    std::vector<DpdkPortState> states;
    for (size_t i = 0; i < devices_.size(); ++i) {
      DpdkPortState state = devices_[i]->State();
      for (const auto& counters : counters_[i]) {
        state.packets_by_queue.push_back(counters->received.load(std::memory_order_relaxed));
      }
      states.push_back(std::move(state));
    }
    return states;
  }

 private:
  void PlaceThreads(size_t workers) {
    const DpdkDevice& first = *devices_.front();
    const int node = rte_eth_dev_socket_id(first.port());
    const size_t threads = queues_ == 1 && workers > 1 ? workers + 1 : queues_;
    processors_ = ChooseProcessors(AllowedProcessors(), ProcessorsOfNode(node), queues_, threads);
    if (processors_.empty()) {
      notes_.push_back(absl::StrCat("no processor is set aside for polling: there are ",
                                    AllowedProcessors().size(), " for ", threads,
                                    " busy thread(s) and the rest of the sensor"));
    } else {
      notes_.push_back(absl::StrCat("packets are polled on processor(s) ",
                                    absl::StrJoin(processors_, ", "), ", memory node ",
                                    std::max(node, 0), " (that of ", first.name(), ")"));
    }
  }

  // Outlives the sources by contract; devices last, as they are closed in reverse.
  Devices devices_;
  std::vector<std::vector<std::unique_ptr<DpdkQueueCounters>>> counters_;
  size_t queues_;
  std::vector<std::string> notes_;
  std::vector<int> processors_;
};

absl::StatusOr<Devices> AttachAll(absl::Span<const DpdkPortOptions> ports) {
  Devices devices;
  std::vector<std::string> faults;
  absl::Status first;
  for (const DpdkPortOptions& options : ports) {
    absl::StatusOr<std::unique_ptr<DpdkDevice>> device = DpdkDevice::Attach(options);
    if (device.ok()) {
      devices.push_back(*std::move(device));
    } else {
      if (first.ok()) first = device.status();
      faults.emplace_back(device.status().message());
    }
  }
  if (!faults.empty()) return absl::Status(first.code(), absl::StrJoin(faults, "\n"));
  return devices;
}

// All with as many queues as workers, or all with one.
std::vector<RxPlan> PlanAll(const Devices& devices, size_t workers) {
  std::vector<RxPlan> plans;
  bool in_hardware = workers > 1;
  for (size_t i = 0; i < devices.size(); ++i) {
    plans.push_back(PlanRx(devices[i]->info(), devices[i]->options(), workers));
    in_hardware = in_hardware && plans.back().queues == workers;
  }
  for (size_t i = 0; i < devices.size() && !in_hardware; ++i) {
    if (plans[i].queues == 1) continue;
    plans[i] = PlanRx(devices[i]->info(), devices[i]->options(), 1);
    plans[i].missing.emplace_back("has a queue for each worker, which another port has not");
  }
  return plans;
}

absl::Status StartAll(const Devices& devices, const std::vector<RxPlan>& plans) {
  for (size_t i = 0; i < devices.size(); ++i) {
    absl::Status status = devices[i]->Configure(plans[i]);
    if (status.ok()) status = devices[i]->Start();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<DpdkPorts>> DpdkPorts::Open(const DpdkEnvironment& environment,
                                                           absl::Span<const DpdkPortOptions> ports,
                                                           size_t workers) {
  if (ports.empty() || workers == 0) {
    return absl::InvalidArgumentError("no port is named; name a PCI address or a virtual device");
  }
  const DpdkStreamsAside aside;
  absl::StatusOr<Devices> devices = AttachAll(ports);
  if (!devices.ok()) return devices.status();
  std::vector<std::string> notes;
  for (const auto& device : *devices) {
    if (device->pci() && !environment.hugepages()) {
      return absl::FailedPreconditionError(
          absl::StrCat("port ", device->name(), ": a NIC cannot write into ordinary memory; set ",
                       "dpdk.hugepages to true and reserve some: sysctl vm.nr_hugepages=256"));
    }
    notes.push_back(absl::StrCat("port ", device->name(), " has driver ", device->driver()));
  }
  std::vector<RxPlan> plans = PlanAll(*devices, workers);
  absl::Status started = StartAll(*devices, plans);
  if (absl::IsUnimplemented(started) && plans.front().queues > 1) {
    notes.push_back(absl::StrCat(started.message(), ": its packets are shared out in software"));
    for (const auto& device : *devices) rte_eth_dev_stop(device->port());
    plans = PlanAll(*devices, 1);
    started = StartAll(*devices, plans);
  }
  if (!started.ok()) return started;
  const size_t queues = plans.front().queues;
  return std::make_unique<OpenedPorts>(*std::move(devices), queues, workers, std::move(notes));
}

}  // namespace vedette
