// The DPDK source: what the EAL is told, what ports are asked for, and what comes from virtual
// ones. The environment is started once, with ordinary memory, so that no rights are needed. Breaks
// if a clash reaches the EAL, if a port's claims are believed unasked, if a frame in several
// buffers is read wrongly, if a packet lost for want of a buffer is not counted, or if time jumps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rte_thash.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/capture/dpdk_abilities.h"
#include "dataplane/capture/dpdk_device.h"
#include "dataplane/capture/dpdk_environment.h"
#include "dataplane/capture/dpdk_port.h"
#include "dataplane/capture/dpdk_processors.h"
#include "dataplane/capture/dpdk_source.h"
#include "tests/dataplane/capture/capture_writer.h"

namespace vedette {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string FaultOf(std::vector<std::string> arguments, bool hugepages = false) {
  return std::string(
      DpdkArguments({.arguments = std::move(arguments)}, hugepages).status().message());
}

TEST(DpdkArguments, ThoseThatAreOursAreRefused) {
  EXPECT_THAT(FaultOf({"-l", "0-3"}), HasSubstr("-l: not yours to give"));
  EXPECT_THAT(FaultOf({"--vdev=net_null0"}), HasSubstr("--vdev: not yours to give: name the port"));
  EXPECT_THAT(FaultOf({"--no-huge", "--huge-dir", "/mnt"}),
              AllOf(HasSubstr("--no-huge: not yours to give: set dpdk.hugepages"),
                    HasSubstr("\n--huge-dir: not yours")));
}

TEST(DpdkArguments, ClashesAndSlipsAreNamedAtOnce) {
  EXPECT_THAT(FaultOf({"-n", "4", "-n2", "--bogus", "--iova-mode", "-r", "stray"}),
              AllOf(HasSubstr("-n: given twice"), HasSubstr("--bogus: unknown, allowed"),
                    HasSubstr("--iova-mode: needs a value")));
  EXPECT_THAT(FaultOf({"stray"}), HasSubstr("found 'stray'"));
  EXPECT_THAT(FaultOf({"--no-hpet=1"}), HasSubstr("--no-hpet: takes no value"));
  EXPECT_THAT(FaultOf({"--socket-mem", "64"}), HasSubstr("with hugepages only"));
  EXPECT_EQ(FaultOf({"--socket-mem", "64"}, true), "");
}

TEST(DpdkArguments, UserArgumentsReplaceOurDefaults) {
  const auto plain = *DpdkArguments({.memory_mib = 96, .file_prefix = "a"}, true);
  EXPECT_THAT(plain, AllOf(Contains("--in-memory"), Contains("--iova-mode=va"), Contains("96"),
                           Contains("--file-prefix=a"), Contains("--no-pci")));
  const auto changed = *DpdkArguments(
      {.arguments = {"--iova-mode=pa", "--socket-mem=64,64"}, .devices = {"0000:81:00.0,x=1"}},
      true);
  EXPECT_THAT(changed, AllOf(Not(Contains("--iova-mode=va")), Not(Contains("-m")),
                             Contains("0000:81:00.0,x=1"), Not(Contains("--no-pci"))));
  EXPECT_THAT(*DpdkArguments({}, false),
              AllOf(Contains("--no-huge"), Not(Contains("--in-memory"))));
}

TEST(DpdkArguments, PciAddresses) {
  for (const char* yes : {"0000:81:00.0", "81:00.1", "10000:e1:1f.7"})
    EXPECT_TRUE(IsPciAddress(yes));
  for (const char* no :
       {"", "net_null0", "81:00", "81:00.8", "0:0:0:0.1", "xx:00.0", "af_packet:eth0"})
    EXPECT_FALSE(IsPciAddress(no)) << no;
}

// A NIC that can all that is asked for.
rte_eth_dev_info GoodNic() {
  rte_eth_dev_info info = {};
  info.max_rx_queues = 64;
  info.max_mtu = 9'600;
  info.min_mtu = 68;
  info.max_rx_pktlen = 9'622;
  info.reta_size = 128;
  info.hash_key_size = 40;
  info.flow_type_rss_offloads =
      RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_TCP;
  info.rx_offload_capa = RTE_ETH_RX_OFFLOAD_RSS_HASH | RTE_ETH_RX_OFFLOAD_SCATTER |
                         RTE_ETH_RX_OFFLOAD_TIMESTAMP | RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
  return info;
}

TEST(DpdkAbilities, WhatIsOfferedIsAskedFor) {
  const RxPlan plan = PlanRx(GoodNic(), {.frame_bytes_max = 9'018}, 4);
  EXPECT_EQ(plan.queues, 4U);
  EXPECT_THAT(plan.missing, IsEmpty());
  EXPECT_EQ(plan.rss_types & (RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP), 0U) << "fragments have no ports";
  EXPECT_NE(plan.rss_types & RTE_ETH_RSS_FRAG_IPV4, 0U);
  EXPECT_EQ(plan.offloads & RTE_ETH_RX_OFFLOAD_VLAN_STRIP, 0U) << "tags are decoded";
  EXPECT_TRUE(plan.scatter);
  EXPECT_TRUE(plan.time_stamps);
  EXPECT_EQ(plan.segment_bytes, kSegmentBytes);
  EXPECT_EQ(plan.mtu, 9'018 - 22);
}

TEST(DpdkAbilities, WhatIsMissingIsDoneInSoftwareAndSaid) {
  const auto told = [](rte_eth_dev_info info) {
    const RxPlan plan = PlanRx(info, {}, 4);
    EXPECT_EQ(plan.queues, 1U);
    EXPECT_EQ(plan.rss_types, 0U);
    return plan.missing.empty() ? "" : plan.missing.front();
  };
  rte_eth_dev_info info = GoodNic();
  info.max_rx_queues = 2;
  EXPECT_THAT(told(info), AllOf(HasSubstr("2 queue(s) for 4"), HasSubstr("in software")));
  info = GoodNic();
  info.flow_type_rss_offloads = RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP;
  EXPECT_THAT(told(info), HasSubstr("cannot hash by the pair"));
  info = GoodNic();
  info.rx_offload_capa &= ~uint64_t{RTE_ETH_RX_OFFLOAD_RSS_HASH};
  EXPECT_THAT(told(info), HasSubstr("does not give its hash"));
  info = GoodNic();
  info.reta_size = 100;
  EXPECT_THAT(told(info), HasSubstr("redirection table of 100"));
  info = GoodNic();
  info.hash_key_size = 0;
  EXPECT_THAT(told(info), HasSubstr("no key"));
}

TEST(DpdkAbilities, FramesThatDoNotFitAreSaid) {
  rte_eth_dev_info info = GoodNic();
  info.max_mtu = 1'500;
  info.max_rx_pktlen = 1'518;
  info.rx_offload_capa = 0;
  const RxPlan plan = PlanRx(info, {.frame_bytes_max = 9'018}, 1);
  EXPECT_EQ(plan.mtu, 1'500);
  EXPECT_THAT(plan.missing, Contains(HasSubstr("frames of up to 1518 bytes, 9018 were asked")));
  EXPECT_THAT(plan.missing, Contains(HasSubstr("no time stamps")));
  // Jumbo frames without scatter lie in one buffer.
  info = GoodNic();
  info.rx_offload_capa = 0;
  EXPECT_GE(PlanRx(info, {.frame_bytes_max = 9'018}, 1).segment_bytes, 9'018);
}

// The hash that the NIC will compute: both directions of a pair, one shard, one queue.
TEST(DpdkAbilities, BothDirectionsHaveOneHashAndOneQueue) {
  const std::vector<uint8_t> key = SymmetricKey(40);
  const std::vector<uint16_t> table = RedirectionTable(128, 3);
  std::set<uint16_t> queues;
  for (uint32_t i = 0; i < 5'000; ++i) {
    uint32_t there[2] = {i * 2'654'435'761U, i * 40'503U + 7};
    uint32_t back[2] = {there[1], there[0]};
    const uint32_t hash = rte_softrss(there, 2, key.data());
    ASSERT_EQ(hash, rte_softrss(back, 2, key.data()));
    const uint16_t queue = table[hash % table.size()];
    ASSERT_EQ(queue, hash % kHashShards % 3) << "as workers own shards";
    queues.insert(queue);
  }
  EXPECT_THAT(queues, ElementsAre(0, 1, 2));
}

TEST(DpdkAbilities, PoolHoldsWhatQueuesAndPollersHold) {
  EXPECT_GE(PoolSize(4'096, 4, 1), 4U * (4'096 + 64));
  EXPECT_GE(PoolSize(32, 1, 33), 64U * 33);
  EXPECT_EQ((PoolSize(1'000, 3, 5) + 1) & PoolSize(1'000, 3, 5), 0U) << "a power of two less one";
}

TEST(DpdkProcessors, NearOnesFirstAndOneLeftOver) {
  EXPECT_THAT(ChooseProcessors({0, 1, 2, 3, 4, 5}, {4, 5}, 3, 3), ElementsAre(4, 5, 1));
  EXPECT_THAT(ChooseProcessors({0, 1}, {0, 1}, 1, 1), ElementsAre(1));
  EXPECT_THAT(ChooseProcessors({0, 1}, {0, 1}, 2, 2), IsEmpty()) << "nothing left for the rest";
  EXPECT_THAT(ChooseProcessors({0, 1}, {0, 1}, 1, 3), IsEmpty());
  EXPECT_THAT(ParseProcessorList("0-2,8,x,10-9,3-"), ElementsAre(0, 1, 2, 8, 3));
}

TEST(LossReconciler, WhatNobodyReceivedIsLost) {
  LossReconciler both("lo", true, {.received = 1'000, .transmitted = 500});
  EXPECT_EQ(both.Finish({.received = 1'100, .transmitted = 520}, 90, 10), 20U);
  EXPECT_EQ(both.Finish({.received = 1'100, .transmitted = 520}, 120, 10), 20U) << "never less";
  LossReconciler one("lo", false, {.received = 1'000, .transmitted = 500});
  EXPECT_EQ(one.Finish({.received = 1'100, .transmitted = 520}, 100, 0), 0U);
}

TEST(LossReconciler, WhatIsStillInTheRingIsNoLoss) {
  const auto now = ReadInterfaceCounters("lo");
  if (!now.ok() || now->received < 100) GTEST_SKIP() << "the loopback interface is not in use";
  LossReconciler reconciler("lo", false, {.received = now->received - 100});
  std::atomic<uint64_t> received{0}, emptied{7};
  EXPECT_EQ(reconciler.Update(received, emptied, 0), 0U);
  EXPECT_EQ(reconciler.Update(received, emptied, 0), 0U) << "the ring was not empty since";
  emptied = 8;
  EXPECT_EQ(reconciler.Update(received, emptied, 0), 0U) << "that poll may have begun before";
  received = 60;
  emptied = 9;
  EXPECT_GE(reconciler.Update(received, emptied, 0), 40U);
}

TEST(InterfaceCounters, MissingOneNamesThoseThereAre) {
  EXPECT_THAT(std::string(ReadInterfaceCounters("nosuch0").status().message()),
              HasSubstr("no interface nosuch0; found are"));
  EXPECT_FALSE(ReadInterfaceCounters("../net/lo").ok());
  EXPECT_FALSE(ReadInterfaceCounters("").ok());
}

// One environment for all that follow: a process has no second one.
class DpdkPortTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = DpdkEnvironment::Start({.hugepages = DpdkHugepages::kOff, .memory_mib = 96});
    ASSERT_TRUE(started.ok()) << started.status();
    environment_ = started->release();
  }
  static void TearDownTestSuite() { delete environment_; }

  static std::string Capture(const std::string& name, const std::vector<std::string>& packets) {
    PcapWriter writer;
    for (size_t i = 0; i < packets.size(); ++i) writer.Record(1'000, i, packets[i]);
    const std::string path = (std::filesystem::path(::testing::TempDir()) / name).string();
    std::ofstream(path, std::ios::binary) << writer.file();
    return path;
  }
  static absl::Status Opened(const std::string& device) {
    const DpdkPortOptions options{.device = device};
    return DpdkPorts::Open(*environment_, {&options, 1}, 1).status();
  }

  static DpdkEnvironment* environment_;
};
DpdkEnvironment* DpdkPortTest::environment_ = nullptr;

TEST_F(DpdkPortTest, EnvironmentStartsOnceAndKeepsTheProcessors) {
  EXPECT_THAT(
      std::string(DpdkEnvironment::Start({.hugepages = DpdkHugepages::kOff}).status().message()),
      HasSubstr("can be started once"));
  EXPECT_EQ(AllowedProcessors().size(), std::thread::hardware_concurrency());
  EXPECT_THAT(environment_->notes(), Contains(HasSubstr("ordinary memory")));
}

TEST_F(DpdkPortTest, PortsThatAreNotThereSayWhatToDo) {
  EXPECT_THAT(std::string(Opened("af_packet:nosuch0").message()), HasSubstr("found are"));
  EXPECT_EQ(Opened("af_packet:nosuch0").code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(Opened("net_af_xdp0,iface=nosuch0").message()),
              HasSubstr("no interface"));
  EXPECT_THAT(std::string(Opened("eth0").message()), HasSubstr("allowed a PCI address"));
  EXPECT_THAT(std::string(Opened("ffff:7f:1f.7").message()), HasSubstr("no such PCI device"));
  EXPECT_THAT(std::string(Opened("net_nosuch0").message()), HasSubstr("cannot make it"));
  EXPECT_THAT(std::string(Opened("net_pcap9,rx_pcap=/nosuch").message()),
              HasSubstr("No such file"));
  const std::vector<DpdkPortOptions> twice(2, {.device = "net_null7"});
  EXPECT_THAT(std::string(DpdkPorts::Open(*environment_, twice, 1).status().message()),
              HasSubstr("named twice"));
}

// net_null says that it hashes all kinds and has 1024 queues; it does neither key nor hash.
TEST_F(DpdkPortTest, ClaimsAreNotBelieved) {
  const DpdkPortOptions options{.device = "net_null0", .descriptors = 64};
  const auto ports = DpdkPorts::Open(*environment_, {&options, 1}, 2);
  ASSERT_TRUE(ports.ok()) << ports.status();
  EXPECT_EQ((*ports)->queues(), 1U);
  EXPECT_THAT((*ports)->notes(), Contains(HasSubstr("shared out in software")));
  EXPECT_THAT((*ports)->States().front().driver, "net_null");
}

TEST_F(DpdkPortTest, TimeBeginsAtTheStartAndMovesByAtMostASecond) {
  const DpdkPortOptions options{.device = "net_null1", .descriptors = 64};
  auto ports = DpdkPorts::Open(*environment_, {&options, 1}, 1);
  ASSERT_TRUE(ports.ok()) << ports.status();
  // Behind the host's clock by years: it catches up second by second.
  auto sources = (*ports)->OpenSources({1'600'000'000'000'000});
  PacketBurst burst;
  EXPECT_EQ(sources[0]->Receive(burst), SourceState::kOpen);
  EXPECT_EQ(burst.now.us, 1'600'000'000'000'000U);
  uint64_t second = burst.now.second(), packets = 0;
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_EQ(sources[0]->Receive(burst), SourceState::kOpen);
    ASSERT_EQ(burst.now.second(), second + 1);
    ++second;
    for (const PacketView& view : burst.views()) {
      ASSERT_EQ(view.arrival.second(), second);
      ASSERT_EQ(view.bytes.size(), 64U);
      ASSERT_FALSE(view.has_rss_hash);
    }
    packets += burst.count;
    sources[0]->Release(burst);
  }
  EXPECT_EQ(packets, 32'000U) << "buffers come back";
  EXPECT_EQ((*ports)->States()[0].packets_by_queue[0], packets);
}

TEST_F(DpdkPortTest, FramesInSeveralBuffersAreWholeAndAllArriveBeforeTheEnd) {
  std::vector<std::string> packets;
  for (const size_t size : {60, 2'047, 2'048, 2'049, 4'096, 9'000, 14, 65'535, 1}) {
    std::string packet(size, 'x');
    for (size_t i = 0; i < size; ++i) packet[i] = static_cast<char>(i * 31 + size);
    packets.push_back(packet);
  }
  const DpdkPortOptions options[] = {
      {.device = "net_pcap0,rx_pcap=" + Capture("dpdk_jumbo.pcap", packets), .descriptors = 64},
      {.device = "net_pcap1,rx_pcap=" + Capture("dpdk_one.pcap", {"0123456789abcdef"}),
       .descriptors = 64}};
  auto ports = DpdkPorts::Open(*environment_, options, 1);
  ASSERT_TRUE(ports.ok()) << ports.status();
  auto sources = (*ports)->OpenSources({1'600'000'000'000'000});
  std::vector<std::string> got;
  PacketBurst burst;
  SourceState state = sources[0]->Receive(burst);
  sources[0]->Stop();  // what is there comes first
  while (state == SourceState::kOpen) {
    state = sources[0]->Receive(burst);
    for (const PacketView& view : burst.views()) {
      EXPECT_EQ(view.wire_length, view.bytes.size());
      got.emplace_back(reinterpret_cast<const char*>(view.bytes.data()), view.bytes.size());
    }
    sources[0]->Release(burst);
  }
  packets.emplace_back("0123456789abcdef");
  EXPECT_EQ(got, packets);
  EXPECT_EQ(sources[0]->losses(), SourceLosses{});
}

TEST_F(DpdkPortTest, PacketsLostForWantOfBuffersAreCounted) {
  const std::string path = Capture("dpdk_starved.pcap", std::vector<std::string>(40, "starved"));
  const DpdkPortOptions options{.device = "net_pcap2,rx_pcap=" + path, .descriptors = 8};
  auto device = DpdkDevice::Attach(options);
  ASSERT_TRUE(device.ok()) << device.status();
  ASSERT_TRUE((*device)->Configure(PlanRx((*device)->info(), options, 1), 15).ok());
  ASSERT_TRUE((*device)->Start().ok());
  std::vector<rte_mbuf*> held;
  std::atomic<uint64_t> received{0}, emptied{0};
  rte_mbuf* frames[kBurstMax];
  for (int polls = 0; polls < 100; ++polls) {
    const uint16_t count = rte_eth_rx_burst((*device)->port(), 0, frames, kBurstMax);
    held.insert(held.end(), frames, frames + count);
    received += count;
  }
  EXPECT_EQ(received.load(), 15U);
  EXPECT_EQ((*device)->Losses(received, emptied).no_mbuf, 25U) << "40 packets, 15 buffers";
  rte_pktmbuf_free_bulk(held.data(), static_cast<unsigned>(held.size()));
}

}  // namespace
}  // namespace vedette
