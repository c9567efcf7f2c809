// The doctor on machines made up of files. Breaks if something that is wrong is called good, or is
// told without what to do about it.
#include "sensor/doctor/examination.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace vedette {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A healthy machine with an interface eth1 and a card at 0000:81:00.0; tests make it worse.
class DoctorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    Write("proc/self/status", "Name:\tvedette\nCapEff:\t000001ffffffffff\n");
    Write("proc/meminfo",
          "MemTotal: 16000000 kB\nMemAvailable: 8000000 kB\nHugePages_Total: 512\n"
          "HugePages_Free: 512\nHugepagesize: 2048 kB\n");
    Write("proc/net/softnet_stat", "0001 00000000 0000\n0002 00000000 0000\n");
    for (int i = 0; i < 4; ++i) Make("sys/devices/system/cpu/cpu" + std::to_string(i));
    Write("sys/class/net/eth1/flags", "0x1003\n");
    Write("sys/class/net/eth1/device/numa_node", "1\n");
    for (const char* counter : {"rx_missed_errors", "rx_fifo_errors", "rx_over_errors"}) {
      Write(std::string("sys/class/net/eth1/statistics/") + counter, "0\n");
    }
    Make("sys/bus/pci/drivers/vfio-pci");
    Make("sys/bus/pci/devices/0000:81:00.0/iommu_group");
    Link("sys/bus/pci/devices/0000:81:00.0/driver", "../../drivers/vfio-pci");
    Make("sys/module/vfio_pci");
    Make("sys/class/iommu/dmar0");
    Make("usr/lib/x86_64-linux-gnu/dpdk/pmds-23.0");
    Write("lib/systemd/system/vedette.service", "[Service]\n");
    Write("etc/passwd", "root:x:0:0::/root:/bin/sh\nvedette:x:99:99::/:/usr/sbin/nologin\n");
    config_.capture.interfaces = {"eth1"};
    clock_ = {.synchronised = true, .error_us_max = 500};
  }
  void TearDown() override { fs::remove_all(root_); }

  void Make(const std::string& folder) { fs::create_directories(root_ / folder); }
  void Write(const std::string& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  void Link(const std::string& link, const std::string& target) {
    fs::remove(root_ / link);
    fs::create_symlink(target, root_ / link);
  }

  std::vector<DoctorFinding> Findings() const {
    Machine machine(root_.string());
    machine.ask_nic = [this](const std::string&) { return nic_; };
    machine.ask_clock = [this] { return clock_; };
    machine.ask_restrictions = [this] { return kernel_; };
    return Examine(machine, config_);
  }
  // The finding that says so; a good one named "nothing of the kind" when there is none.
  DoctorFinding Find(const std::string& text) const {
    for (const DoctorFinding& finding : Findings()) {
      if (finding.found.find(text) != std::string::npos) return finding;
    }
    return {Health::kGood, "nothing of the kind", text, ""};
  }
  void ExpectWorse(Health health, const std::string& found, const std::string& advice) const {
    const DoctorFinding finding = Find(found);
    EXPECT_EQ(finding.health, health) << finding.subject << ": " << finding.found;
    EXPECT_THAT(finding.advice, HasSubstr(advice));
  }

  fs::path root_;
  SensorConfig config_;
  NicAbilities nic_{.driver = "ixgbe",
                    .ring = 4'096,
                    .ring_max = 4'096,
                    .queues = 8,
                    .queues_max = 16,
                    .spread_entries = 128,
                    .gro = false,
                    .lro = false};
  std::optional<ClockState> clock_;
  KernelRestrictions kernel_{.landlock_version = 2, .syscall_filter = true};
};

TEST_F(DoctorTest, AHealthyMachine) {
  for (const DoctorFinding& finding : Findings()) {
    EXPECT_EQ(finding.health, Health::kGood) << finding.subject << ": " << finding.found;
    EXPECT_EQ(finding.advice, "");
  }
  EXPECT_EQ(Find("is up, NUMA node 1").subject, "interface eth1");
  EXPECT_EQ(Find("8 of 16 receive queues, shares packets out by hash").subject, "interface eth1");
}

TEST_F(DoctorTest, AHealthyMachineForDpdk) {
  config_.capture.interfaces = {"81:00.0"};
  for (const DoctorFinding& finding : Findings()) {
    EXPECT_EQ(finding.health, Health::kGood) << finding.subject << ": " << finding.found;
  }
  EXPECT_EQ(Find("driver vfio-pci").subject, "port 81:00.0");
}

TEST_F(DoctorTest, Rights) {
  Write("proc/self/status", "CapEff:\t0000000000001000\n");
  ExpectWorse(Health::kWrong, "no CAP_NET_RAW", "setcap cap_net_raw=ep");
  config_.capture.interfaces = {"af_xdp:eth1"};
  Write("proc/self/status", "CapEff:\t0000000000002000\n");
  EXPECT_EQ(Find("CAP_NET_RAW: may capture").health, Health::kGood);
  ExpectWorse(Health::kWrong, "no CAP_NET_ADMIN, CAP_BPF", "service.user");
  ExpectWorse(Health::kNote, "no CAP_IPC_LOCK", "LimitMEMLOCK");
}

TEST_F(DoctorTest, WhatTheKernelOffersToGiveUp) {
  EXPECT_EQ(Find("seccomp and Landlock (version 2)").subject, "sandbox");
  kernel_.landlock_version = 0;
  ExpectWorse(Health::kNote, "no Landlock", "lsm=landlock");
  kernel_.syscall_filter = false;
  ExpectWorse(Health::kWrong, "no seccomp", "service.sandbox");
  config_.service.sandbox = "off";
  ExpectWorse(Health::kNote, "service.sandbox is off", "leave it out");
}

TEST_F(DoctorTest, UserUnitAndLimits) {
  EXPECT_EQ(Find("/lib/systemd/system/vedette.service").health, Health::kGood);
  Write("etc/systemd/system/vedette.service.d/more.conf", "[Service]\n");
  EXPECT_NE(Find("with more.conf").subject, "nothing of the kind");
  fs::remove(root_ / "lib/systemd/system/vedette.service");
  ExpectWorse(Health::kNote, "no unit is installed", "service.user");
  config_.service.user = "vedette";
  EXPECT_EQ(Find("becomes vedette").subject, "user");
  config_.service.user = "vede";
  ExpectWorse(Health::kWrong, "no user vede", "useradd");
  Write("proc/self/limits", "Max open files            256                  4096       files\n");
  config_.sinks.kafka.brokers = {"broker:9092"};
  ExpectWorse(Health::kNote, "256 open files", "LimitNOFILE");
}

TEST_F(DoctorTest, MemoryAgainstTables) {
  Write("proc/meminfo", "MemAvailable: 100000 kB\n");
  ExpectWorse(Health::kWrong, "97 MiB available", "tables.flows");
  const uint64_t wanted = MemoryWantedBytes(config_);
  config_.tracker.flows *= 4;
  EXPECT_GT(MemoryWantedBytes(config_), wanted);
}

TEST_F(DoctorTest, Processors) {
  config_.capture.workers = 4;
  ExpectWorse(Health::kNote, "4 for 5 polling threads", "capture.workers");
  Write("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
  ExpectWorse(Health::kNote, "governor is powersave", "cpupower");
}

TEST_F(DoctorTest, Clock) {
  clock_->synchronised = false;
  ExpectWorse(Health::kWrong, "not synchronised", "chrony");
  clock_.reset();
  ExpectWorse(Health::kNote, "not asked", "");
  Write("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
  ExpectWorse(Health::kNote, "hpet", "tsc");
}

TEST_F(DoctorTest, Interfaces) {
  config_.capture.interfaces = {"eth7"};
  ExpectWorse(Health::kWrong, "does not exist", "there are: eth1");
  config_.capture.interfaces = {"../../../etc"};
  ExpectWorse(Health::kWrong, "does not exist", "");
  config_.capture.interfaces = {};
  ExpectWorse(Health::kNote, "none is configured", "--interface");
  config_.capture.interfaces = {"af_packet:eth1"};
  Write("sys/class/net/eth1/flags", "0x1002\n");
  ExpectWorse(Health::kWrong, "is down", "ip link set eth1 up");
}

TEST_F(DoctorTest, WhatTheCardLosesAndJoins) {
  Write("sys/class/net/eth1/statistics/rx_missed_errors", "17\n");
  ExpectWorse(Health::kNote, "lost 17 packets", "ethtool -G eth1");
  nic_.ring = 512;
  ExpectWorse(Health::kNote, "ring of 512, could be 4096", "ethtool -G eth1 rx 4096");
  nic_.gro = true;
  ExpectWorse(Health::kNote, "GRO or LRO", "ethtool -K eth1 gro off lro off");
  nic_.spread_entries = 0;
  EXPECT_EQ(Find("has no RSS").subject, "interface eth1");
  Write("proc/net/softnet_stat", "0001 00000010 0000\n0002 00000001 0000\n");
  ExpectWorse(Health::kNote, "17 packets were lost in its backlog", "netdev_max_backlog");
}

TEST_F(DoctorTest, WhatDpdkNeeds) {
  config_.capture.interfaces = {"0000:81:00.0"};
  Write("proc/meminfo", "MemAvailable: 8000000 kB\nHugePages_Total: 8\nHugePages_Free: 3\n");
  ExpectWorse(Health::kNote, "3 of 8 pages", "vm.nr_hugepages=69");
  config_.dpdk.hugepages = DpdkHugepages::kOn;
  ExpectWorse(Health::kWrong, "3 of 8 pages", "vm.nr_hugepages=69");
  Link("sys/bus/pci/devices/0000:81:00.0/driver", "../../drivers/ixgbe");
  ExpectWorse(Health::kWrong, "driver ixgbe", "dpdk-devbind.py -b vfio-pci 0000:81:00.0");
  Link("sys/bus/pci/devices/0000:81:00.0/driver", "../../drivers/vfio-pci");
  fs::remove_all(root_ / "sys/bus/pci/devices/0000:81:00.0/iommu_group");
  ExpectWorse(Health::kWrong, "no IOMMU group", "iommu=on");
  fs::remove_all(root_ / "sys/class/iommu");
  ExpectWorse(Health::kNote, "no IOMMU: ", "iommu=on");
  fs::remove_all(root_ / "sys/module/vfio_pci");
  ExpectWorse(Health::kWrong, "vfio-pci is not loaded", "modprobe");
  fs::remove_all(root_ / "usr/lib");
  ExpectWorse(Health::kWrong, "no drivers are installed", "apt install");
  config_.capture.interfaces = {"0000:82:00.0"};
  ExpectWorse(Health::kWrong, "no such PCI device", "lspci");
}

// A machine that says nothing is no reason to crash, nor good.
TEST_F(DoctorTest, AnEmptyMachine) {
  fs::remove_all(root_);
  Make("");
  config_.capture.interfaces = {"eth1", "81:00.0", "net_null0"};
  ExpectWorse(Health::kWrong, "no CAP_NET_RAW", "root");
  ExpectWorse(Health::kWrong, "does not exist", "");
}

}  // namespace
}  // namespace vedette
