#include "sensor/doctor/examination.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "dataplane/capture/dpdk_environment.h"
#include "dataplane/track/flow.h"
#include "sensor/doctor/service_examination.h"
#include "sensor/pipeline/live_sources.h"
#include "sensor/service/confinement.h"

namespace vedette {
namespace {

constexpr uint64_t kMiB = 1 << 20;
// Tables of fixed size, windows, the control thread's picture: measured at the defaults.
constexpr uint64_t kFixedBytes = 250 * kMiB;

class Examiner {
 public:
  Examiner(const Machine& machine, const SensorConfig& config)
      : machine_(machine), config_(config), dpdk_(UsesDpdk(config.capture)) {}

  std::vector<DoctorFinding> Run() {
    Rights();
    Memory();
    Processors();
    Clock();
    if (config_.capture.interfaces.empty()) {
      Note("interfaces", "none is configured", "name one with --interface or capture.interfaces");
    }
    for (const std::string& interface : config_.capture.interfaces) Interface(interface);
    Backlog();
    Hugepages();
    if (dpdk_) Dpdk();
    for (DoctorFinding& finding : ExamineService(machine_, config_)) {
      findings_.push_back(std::move(finding));
    }
    return std::move(findings_);
  }

 private:
  void Good(std::string subject, std::string found) {
    findings_.push_back({Health::kGood, std::move(subject), std::move(found), ""});
  }
  void Note(std::string subject, std::string found, std::string advice) {
    findings_.push_back({Health::kNote, std::move(subject), std::move(found), std::move(advice)});
  }
  void Wrong(std::string subject, std::string found, std::string advice) {
    findings_.push_back({Health::kWrong, std::move(subject), std::move(found), std::move(advice)});
  }

  // Bits of linux/capability.h.
  bool Has(int capability) const {
    const std::optional<std::string> status = machine_.Text("/proc/self/status");
    if (!status) return false;
    for (absl::string_view line : absl::StrSplit(*status, '\n')) {
      uint64_t bits = 0;
      if (!absl::ConsumePrefix(&line, "CapEff:")) continue;
      return absl::SimpleHexAtoi(absl::StripAsciiWhitespace(line), &bits) &&
             (bits >> capability & 1) != 0;
    }
    return false;
  }

  void Rights() {
    constexpr int kNetRaw = 13, kIpcLock = 14;
    if (Has(kNetRaw)) {
      Good("rights", "CAP_NET_RAW: may capture");
    } else {
      Wrong("rights", "no CAP_NET_RAW: may not capture",
            "run as root, 'setcap cap_net_raw=ep' on the program's file, or "
            "AmbientCapabilities=CAP_NET_RAW in its systemd unit");
    }
    CapabilityList missing;
    for (const int capability : RightsFor(config_.capture).to_open) {
      const bool told = capability == kNetRaw || capability == kIpcLock;
      if (!told && !Has(capability)) missing.push_back(capability);
    }
    if (!missing.empty()) {
      Wrong(
          "rights", absl::StrCat("no ", NamesOf(missing), ": the ports cannot be opened"),
          "start it as root with service.user, or see conf/systemd/vedette-dpdk.service; they are "
          "given up before a packet is parsed");
    }
    if (dpdk_ && !Has(kIpcLock)) {
      Note("rights", "no CAP_IPC_LOCK: a NIC's driver cannot hold its memory in place",
           "give it CAP_IPC_LOCK, or LimitMEMLOCK=infinity in its systemd unit");
    }
  }

  void Memory() {
    const uint64_t wanted = MemoryWantedBytes(config_);
    const std::optional<int64_t> available_kib = machine_.MemoryInfo("MemAvailable");
    if (!available_kib) return Note("memory", "the kernel does not say how much is free", "");
    const uint64_t available = static_cast<uint64_t>(*available_kib) << 10;
    const std::string found =
        absl::StrCat("about ", wanted / kMiB, " MiB wanted, ", available / kMiB, " MiB available");
    if (available >= wanted) return Good("memory", found);
    Wrong("memory", found, "lower tables.flows or capture.buffer_mib, or add memory");
  }

  void Processors() {
    const std::vector<std::string> names = machine_.Names("/sys/devices/system/cpu");
    const auto count = std::count_if(names.begin(), names.end(), [](const std::string& name) {
      int number = 0;
      return absl::StartsWith(name, "cpu") && absl::SimpleAtoi(name.substr(3), &number);
    });
    const uint32_t workers = config_.capture.workers;
    const uint32_t polling = workers == 1 ? 1 : workers + 1;
    const std::string found = absl::StrCat(count, " for ", polling,
                                           polling == 1 ? " polling thread" : " polling threads");
    if (count > polling) {
      Good("processors", found);
    } else {
      Note("processors", absl::StrCat(found, " and the rest"),
           "they will not be pinned; lower capture.workers");
    }
    const auto governor = machine_.Text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    if (governor && *governor != "performance") {
      Note("processors", absl::StrCat("the frequency governor is ", *governor),
           "'cpupower frequency-set -g performance' keeps bursts from meeting a slow processor");
    }
  }

  void Clock() {
    const std::optional<ClockState> clock =
        machine_.ask_clock ? machine_.ask_clock() : std::nullopt;
    if (!clock) {
      Note("clock", "not asked", "");
    } else if (clock->synchronised) {
      Good("clock", absl::StrCat("synchronised, to ", clock->error_us_max, " us at worst"));
    } else {
      Wrong("clock", "not synchronised: events of several sensors cannot be put together",
            "run chrony or systemd-timesyncd, and let the sensor start after time-sync.target");
    }
    const auto source =
        machine_.Text("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    if (source && (*source == "hpet" || *source == "acpi_pm")) {
      Note("clock", absl::StrCat("the kernel reads ", *source, ", which is slow to read"),
           "see why the kernel distrusts tsc: 'dmesg | grep -i tsc'");
    }
  }

  // An interface of the system behind a configured name; empty: a port of DPDK's own.
  static std::string SystemNameOf(const std::string& configured) {
    for (const absl::string_view prefix : {"af_packet:", "af_xdp:"}) {
      if (absl::StartsWith(configured, prefix)) return configured.substr(prefix.size());
    }
    const size_t iface = configured.find("iface=");
    if (iface != std::string::npos) {
      return configured.substr(iface + 6, configured.find(',', iface) - iface - 6);
    }
    return IsPciAddress(configured) || absl::StartsWith(configured, "net_") ? "" : configured;
  }

  void Interface(const std::string& configured) {
    if (IsPciAddress(configured)) return PciPort(configured);
    const std::string name = SystemNameOf(configured);
    const std::string subject = absl::StrCat("interface ", configured);
    const std::string folder = absl::StrCat("/sys/class/net/", name);
    if (name.empty()) return Good(subject, "a virtual port of DPDK");
    if (absl::StrContains(name, '/') || !machine_.Exists(folder)) {
      return Wrong(
          subject, "does not exist",
          absl::StrCat("there are: ", absl::StrJoin(machine_.Names("/sys/class/net"), ", ")));
    }
    constexpr int kIffUp = 1;
    int64_t flags = 0;
    const auto text = machine_.Text(folder + "/flags");
    if (text && absl::SimpleHexAtoi(*text, &flags) && (flags & kIffUp) == 0) {
      Wrong(subject, "is down", absl::StrCat("'ip link set ", name, " up'"));
    } else {
      Good(subject, absl::StrCat("is up", NodeText(folder)));
    }
    Drops(subject, name, folder);
    Abilities(subject, name);
  }

  std::string NodeText(const std::string& folder) const {
    const auto node = machine_.Number(folder + "/device/numa_node");
    return node && *node >= 0 ? absl::StrCat(", NUMA node ", *node) : "";
  }

  void Drops(const std::string& subject, const std::string& name, const std::string& folder) {
    int64_t lost = 0;
    for (const char* counter : {"rx_missed_errors", "rx_fifo_errors", "rx_over_errors"}) {
      lost += machine_.Number(absl::StrCat(folder, "/statistics/", counter)).value_or(0);
    }
    if (lost == 0) return;
    Note(subject, absl::StrCat("the card has lost ", lost, " packets since it came up"),
         absl::StrCat("'ethtool -G ", name, " rx N' makes its ring larger"));
  }

  void Abilities(const std::string& subject, const std::string& name) {
    if (!machine_.ask_nic) return;
    const NicAbilities nic = machine_.ask_nic(name);
    if (nic.ring && *nic.ring < *nic.ring_max) {
      Note(subject, absl::StrCat("receive ring of ", *nic.ring, ", could be ", *nic.ring_max),
           absl::StrCat("'ethtool -G ", name, " rx ", *nic.ring_max, "'"));
    }
    if (nic.gro.value_or(false) || nic.lro.value_or(false)) {
      Note(subject,
           "joins packets before they are seen (GRO or LRO): counts and sizes are not the "
           "wire's",
           absl::StrCat("'ethtool -K ", name, " gro off lro off'"));
    }
    const std::string spread =
        nic.spread_entries.value_or(0) > 0 ? "shares packets out by hash" : "has no RSS";
    if (nic.queues) {
      Good(subject, absl::StrCat("driver ", nic.driver, ", ", *nic.queues, " of ",
                                 nic.queues_max.value_or(0), " receive queues, ", spread));
    } else if (!nic.driver.empty()) {
      Good(subject, absl::StrCat("driver ", nic.driver, ", one receive queue"));
    }
  }

  void PciPort(const std::string& address) {
    const std::string subject = absl::StrCat("port ", address);
    const bool has_domain = std::count(address.begin(), address.end(), ':') == 2;
    const std::string folder =
        absl::StrCat("/sys/bus/pci/devices/", has_domain ? "" : "0000:", address);
    if (!machine_.Exists(folder)) {
      return Wrong(subject, "no such PCI device", "'lspci | grep -i ethernet' shows what there is");
    }
    const std::string driver = machine_.LinkName(folder + "/driver").value_or("none");
    const auto node = machine_.Number(folder + "/numa_node");
    const std::string where = node && *node >= 0 ? absl::StrCat(", NUMA node ", *node) : "";
    // Mellanox and some others are driven beside the kernel's driver.
    if (driver == "vfio-pci" || driver == "uio_pci_generic" || absl::StartsWith(driver, "mlx")) {
      Good(subject, absl::StrCat("driver ", driver, where));
    } else {
      Wrong(subject, absl::StrCat("driver ", driver, where, ": DPDK cannot have it"),
            absl::StrCat("'dpdk-devbind.py -b vfio-pci ", address, "'"));
    }
    if (driver == "vfio-pci" && !machine_.Exists(folder + "/iommu_group")) {
      Wrong(subject, "in no IOMMU group",
            "boot with intel_iommu=on or amd_iommu=on, or allow vfio without one: "
            "'modprobe vfio enable_unsafe_noiommu_mode=1'");
    }
  }

  // The second column: packets the kernel threw away before any socket saw them.
  void Backlog() {
    const std::optional<std::string> text = machine_.Text("/proc/net/softnet_stat");
    if (!text) return;
    uint64_t lost = 0;
    for (const absl::string_view line : absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
      const std::vector<absl::string_view> columns = absl::StrSplit(line, ' ', absl::SkipEmpty());
      uint64_t dropped = 0;
      if (columns.size() > 1 && absl::SimpleHexAtoi(columns[1], &dropped)) lost += dropped;
    }
    if (lost == 0) return Good("kernel", "no packet was lost in its backlog");
    Note("kernel", absl::StrCat(lost, " packets were lost in its backlog since boot"),
         "'sysctl -w net.core.netdev_max_backlog=16384'");
  }

  void Hugepages() {
    const int64_t total = machine_.MemoryInfo("HugePages_Total").value_or(0);
    const int64_t free = machine_.MemoryInfo("HugePages_Free").value_or(0);
    const int64_t kib = machine_.MemoryInfo("Hugepagesize").value_or(2'048);
    const int64_t free_mib = free * kib / 1'024;
    const std::string found =
        absl::StrCat(free, " of ", total, " pages of ", kib / 1'024, " MiB are free");
    if (!dpdk_) {
      return total == 0 ? Good("hugepages", "none, and none needed: DPDK alone uses them")
                        : Good("hugepages", found);
    }
    if (free_mib >= int64_t{config_.dpdk.memory_mib}) return Good("hugepages", found);
    const int64_t wanted = (int64_t{config_.dpdk.memory_mib} * 1'024 + kib - 1) / kib;
    const std::string advice =
        absl::StrCat("'sysctl -w vm.nr_hugepages=", total - free + wanted, "' reserves ", wanted,
                     " for the sensor; virtual ports also work without");
    config_.dpdk.hugepages == DpdkHugepages::kOn ? Wrong("hugepages", found, advice)
                                                 : Note("hugepages", found, advice);
  }

  void Dpdk() {
    bool drivers = false;
    for (const std::string& machine : machine_.Names("/usr/lib")) {
      for (const std::string& name : machine_.Names(absl::StrCat("/usr/lib/", machine, "/dpdk"))) {
        drivers = drivers || absl::StartsWith(name, "pmds-");
      }
    }
    drivers ? Good("dpdk", "its drivers are installed")
            : Wrong("dpdk", "no drivers are installed", "'apt install dpdk librte-meta-net'");
    const auto& ports = config_.capture.interfaces;
    if (!std::any_of(ports.begin(), ports.end(), IsPciAddress)) return;
    machine_.Exists("/sys/module/vfio_pci")
        ? Good("dpdk", "vfio-pci is loaded")
        : Wrong("dpdk", "vfio-pci is not loaded", "'modprobe vfio-pci'");
    machine_.Names("/sys/class/iommu").empty()
        ? Note("dpdk", "no IOMMU: a card can write anywhere in memory",
               "switch it on in the firmware and boot with intel_iommu=on or amd_iommu=on")
        : Good("dpdk", "an IOMMU keeps cards in their place");
  }

  const Machine& machine_;
  const SensorConfig& config_;
  const bool dpdk_;
  std::vector<DoctorFinding> findings_;
};

}  // namespace

uint64_t MemoryWantedBytes(const SensorConfig& config) {
  const uint64_t flows = kShards * uint64_t{config.tracker.flows} * sizeof(Flow);
  const uint64_t others =
      kShards * 16 * (uint64_t{config.tracker.pairs} + uint64_t{config.tracker.duplicates});
  const uint64_t rings = UsesDpdk(config.capture) ? config.dpdk.memory_mib
                                                  : config.capture.interfaces.size() *
                                                        uint64_t{config.capture.buffer_mib};
  return kFixedBytes + flows + others + rings * kMiB;
}

std::vector<DoctorFinding> Examine(const Machine& machine, const SensorConfig& config) {
  return Examiner(machine, config).Run();
}

}  // namespace vedette
