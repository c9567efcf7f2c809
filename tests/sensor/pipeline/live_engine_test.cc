// The engine with sources that go on, lose packets on purpose and end at different times. Breaks if
// a packet's end is counted twice or not at all, if sources that lag make windows of different
// seconds, or if a source that has ended holds the others up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "dataplane/capture/live_clock.h"
#include "sensor/pipeline/core_choice.h"
#include "sensor/pipeline/engine.h"
#include "sensor/pipeline/event_sinks.h"
#include "tests/packet_builder.h"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kSecond = 1'000'000;
constexpr uint64_t kStartUs = 1'700'000'000 * kSecond + 990'000;

// A machine and its interface, made up: so many packets are offered, some are lost at each of the
// ends there are, the rest is given. Time is its own.
class LossySource final : public LiveSource {
 public:
  LossySource(uint32_t seed, uint64_t offered, uint64_t step_us)
      : random_(seed), left_(offered), step_us_(step_us), clock_({kStartUs, 0}) {
    for (int i = 0; i < 64; ++i) {
      packets_.push_back(PacketBuilder()
                             .Ethernet()
                             .Ip4("10.0.0." + std::to_string(i), "198.51.100." + std::to_string(i))
                             .Udp(static_cast<uint16_t>(1'000 + i), 53)
                             .Payload(20)
                             .Build());
    }
  }

  SourceState Receive(PacketBurst& burst) noexcept override {
    burst.count = 0;
    host_us_ += random_() % (2 * step_us_);
    burst.now = clock_.Advance({kStartUs + host_us_, host_us_});
    const bool catching_up = burst.now.us < kStartUs + host_us_;
    for (uint64_t n = catching_up ? 0 : random_() % kBurstMax; n > 0 && left_ > 0; --n) {
      --left_;
      if (!Lose()) Give(burst);
    }
    const bool ends = left_ == 0 || stopping_.load();
    return ends ? SourceState::kEnded : SourceState::kOpen;
  }
  SourceLosses losses() const noexcept override {
    return {.nic_missed = lost_[0],
            .no_mbuf = lost_[1],
            .nic_errors = lost_[2],
            .kernel = lost_[3],
            .other = lost_[4]};
  }
  void Stop() noexcept override { stopping_ = true; }
  int64_t clock_offset_us() const noexcept override { return -42; }

  uint64_t left() const { return left_; }
  uint64_t given() const { return given_; }

 private:
  bool Lose() {
    const uint64_t dice = random_() % 10;
    if (dice < lost_.size()) ++lost_[dice];
    return dice < lost_.size();
  }
  void Give(PacketBurst& burst) {
    const PacketBytes& packet = packets_[random_() % packets_.size()];
    burst.packets[burst.count++] = ViewOf(packet, burst.now.us);
    ++given_;
  }

  std::mt19937_64 random_;
  std::vector<PacketBytes> packets_;
  uint64_t left_, step_us_, given_ = 0, host_us_ = 0;
  LiveClock clock_;
  std::array<std::atomic<uint64_t>, 5> lost_{};
  std::atomic<bool> stopping_{false};
};

int64_t Sum(const CountMap& counts) {
  return std::accumulate(counts.begin(), counts.end(), int64_t{0},
                         [](int64_t sum, const auto& count) { return sum + count.second; });
}

class Collector final : public EventSink {
 public:
  void OnInterval(const IntervalView& view, const IdentityOf&) override {
    seconds.push_back(view.begin_us / kSecond);
  }
  void OnAlert(const AlertEvent&) override {}
  void OnDevice(const DeviceEvent& event) override {
    lost_told = std::max(lost_told, event.sensor_lost_packets);
  }
  void OnFlow(const FlowEvent&) override {}
  void OnHealth(const HealthEvent& event) override {
    EXPECT_EQ(event.packets_received, event.packets_processed + Sum(event.dropped));
    EXPECT_EQ(event.packets_processed, Sum(event.decoded));
    healths.push_back(event);
  }
  void OnTick() override { ++ticks; }

  int64_t Received() const {
    return std::accumulate(
        healths.begin(), healths.end(), int64_t{0},
        [](int64_t sum, const HealthEvent& event) { return sum + event.packets_received; });
  }
  int64_t Dropped(const std::string& reason) const {
    return std::accumulate(healths.begin(), healths.end(), int64_t{0},
                           [&reason](int64_t sum, const HealthEvent& event) {
                             return sum + event.dropped.at(reason);
                           });
  }

  std::vector<uint64_t> seconds;
  std::vector<HealthEvent> healths;
  int64_t lost_told = 0;
  size_t ticks = 0;
};

SensorConfig SmallConfig() {
  SensorConfig config;
  config.tracker = {.flows = 1'024, .duplicates = 64, .datagrams = 32, .pairs = 512};
  config.inspector = {.streams = 2, .server_names = 16};
  return config;
}

void RunOn(std::vector<std::unique_ptr<LossySource>>& sources, size_t workers, Collector& told) {
  auto engine = Engine::Create(
      SmallConfig(),
      {.workers = workers,
       .live = true,
       .told = {.source = "made up", .clock = "host", .boot_ms = 7, .queues = workers}},
      told);
  ASSERT_TRUE(engine.ok()) << engine.status();
  std::vector<LiveSource*> pointers;
  for (const auto& source : sources) pointers.push_back(source.get());
  (*engine)->RunLive(pointers);
}

void ExpectEveryPacketsEnd(const std::vector<std::unique_ptr<LossySource>>& sources,
                           uint64_t offered, const Collector& told) {
  SourceLosses lost;
  for (const auto& source : sources) lost += source->losses();
  EXPECT_EQ(told.Received(), static_cast<int64_t>(offered));
  EXPECT_EQ(told.Dropped("nic_missed"), static_cast<int64_t>(lost.nic_missed));
  EXPECT_EQ(told.Dropped("no_mbuf"), static_cast<int64_t>(lost.no_mbuf));
  EXPECT_EQ(told.Dropped("nic_errors"), static_cast<int64_t>(lost.nic_errors));
  EXPECT_EQ(told.Dropped("kernel"), static_cast<int64_t>(lost.kernel));
  EXPECT_EQ(told.Dropped("other"), static_cast<int64_t>(lost.other));
  EXPECT_GT(lost.total(), 0U);
  EXPECT_GT(told.lost_told, 0) << "devices are told what the sensor lost";
  for (size_t i = 1; i < told.seconds.size(); ++i) {
    EXPECT_EQ(told.seconds[i], told.seconds[i - 1] + 1) << "no second is left out";
  }
  EXPECT_EQ(told.ticks, told.seconds.size());
}

TEST(LiveEngineTest, OneSourceAndOneWorker) {
  std::vector<std::unique_ptr<LossySource>> sources;
  sources.push_back(std::make_unique<LossySource>(1, 40'000, 20'000));
  Collector told;
  RunOn(sources, 1, told);
  ExpectEveryPacketsEnd(sources, 40'000, told);
  EXPECT_GT(told.healths.size(), 3U);
  EXPECT_EQ(told.healths.front().source, "made up");
  EXPECT_EQ(told.healths.front().clock_source, "host");
  EXPECT_EQ(told.healths.front().clock_offset_us, -42);
  EXPECT_EQ(told.healths.front().queue_skew, 1) << "one queue has all";
  EXPECT_EQ(told.Dropped("ring_full"), 0);
}

// What the workers' queues had no room for is one more end.
TEST(LiveEngineTest, OneSourceAndSeveralWorkers) {
  std::vector<std::unique_ptr<LossySource>> sources;
  sources.push_back(std::make_unique<LossySource>(2, 200'000, 2'000));
  Collector told;
  RunOn(sources, 3, told);
  ExpectEveryPacketsEnd(sources, 200'000, told);
  for (const HealthEvent& health : told.healths) {
    if (health.packets_processed == 0) continue;
    EXPECT_GE(health.queue_skew, 1);
    EXPECT_LE(health.queue_skew, 3) << "one of three has all";
  }
}

// As of a NIC's queues: each worker's source brings pairs of every shard, at a pace of its own, and
// one ends long before the other.
TEST(LiveEngineTest, ASourceForEachWorker) {
  std::vector<std::unique_ptr<LossySource>> sources;
  sources.push_back(std::make_unique<LossySource>(3, 30'000, 9'000));
  sources.push_back(std::make_unique<LossySource>(4, 10'000, 31'000));
  sources.push_back(std::make_unique<LossySource>(5, 50'000, 17'000));
  Collector told;
  RunOn(sources, 3, told);
  ExpectEveryPacketsEnd(sources, 90'000, told);
}

TEST(LiveEngineTest, StopEndsIt) {
  std::vector<std::unique_ptr<LossySource>> sources;
  constexpr uint64_t kEndless = uint64_t{1} << 60;
  sources.push_back(std::make_unique<LossySource>(6, kEndless, 1'000));
  sources.push_back(std::make_unique<LossySource>(7, kEndless, 1'000));
  Collector told;
  std::thread stopper([&sources] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    for (const auto& source : sources) source->Stop();
  });
  RunOn(sources, 2, told);
  stopper.join();
  ExpectEveryPacketsEnd(sources, 2 * kEndless - sources[0]->left() - sources[1]->left(), told);
}

// What a watchdog goes by: each loop of its own, seen from outside while they run.
TEST(LiveEngineTest, EveryLoopShowsThatItComesRound) {
  LossySource source(8, uint64_t{1} << 60, 1'000);
  Collector told;
  auto engine = Engine::Create(SmallConfig(), {.workers = 3, .live = true}, told);
  ASSERT_TRUE(engine.ok()) << engine.status();
  EXPECT_THAT((*engine)->progress().workers, ElementsAre(0, 0, 0));
  std::thread beside([&] {
    const auto all_beyond = [&](const EngineProgress& before) {
      const EngineProgress now = (*engine)->progress();
      bool beyond = now.reader > before.reader && now.control > before.control;
      for (size_t i = 0; i < 3; ++i) beyond &= now.workers[i] > before.workers[i];
      return beyond;
    };
    for (int i = 0; i < 2; ++i) {
      const EngineProgress before = (*engine)->progress();
      while (!all_beyond(before)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    source.Stop();
  });
  LiveSource* const pointers[] = {&source};
  (*engine)->RunLive(pointers);
  beside.join();
  EXPECT_EQ((*engine)->progress().control, told.ticks);
}

TEST(LiveEngineTest, EverySinkIsTold) {
  Collector one, other;
  EventSinks sinks;
  sinks.Add(one);
  sinks.Add(other);
  sinks.OnHealth({});
  sinks.OnTick();
  EXPECT_THAT(one.healths, SizeIs(1));
  EXPECT_THAT(other.healths, SizeIs(1));
  EXPECT_EQ(one.ticks + other.ticks, 2U);
}

constexpr Processor kTwoNodes[] = {{0, 0, true},  {1, 0, true},  {2, 1, true},  {3, 1, true},
                                   {4, 0, false}, {5, 0, false}, {6, 1, false}, {7, 1, false}};

TEST(CoreChoiceTest, StaysOnTheInterfacesNodeAndOffHyperThreads) {
  EXPECT_THAT(ChooseCores(kTwoNodes, 1, 1).cores, ElementsAre(3)) << "the first one is left";
  EXPECT_THAT(ChooseCores(kTwoNodes, 1, 1).why, HasSubstr("all of NUMA node 1"));
  EXPECT_THAT(ChooseCores(kTwoNodes, 3, 1).cores, ElementsAre(3, 6, 7));
  EXPECT_THAT(ChooseCores(kTwoNodes, 3, -1).cores, ElementsAre(1, 2, 3));
  EXPECT_THAT(ChooseCores(kTwoNodes, 5, 1).cores, ElementsAre(3, 6, 7, 0, 1));
  EXPECT_THAT(ChooseCores(kTwoNodes, 5, 1).why, HasSubstr("node 1 has too few"));
}

TEST(CoreChoiceTest, PinsNothingWhereNoneWouldBeLeft) {
  EXPECT_THAT(ChooseCores(kTwoNodes, 8, 0).cores, IsEmpty());
  EXPECT_THAT(ChooseCores(kTwoNodes, 8, 0).why, HasSubstr("not pinned"));
  EXPECT_THAT(ChooseCores({}, 1, -1).cores, IsEmpty());
}

TEST(CoreChoiceTest, ReadsTheMachineBelowARoot) {
  namespace fs = std::filesystem;
  const fs::path root = fs::path(::testing::TempDir()) / "vedette_machine";
  for (const Processor& one : UsableProcessors("/")) {
    const fs::path cpu = root / "sys/devices/system/cpu" / ("cpu" + std::to_string(one.number));
    fs::create_directories(cpu / "topology");
    fs::create_directories(cpu / "node3");
    std::ofstream(cpu / "topology/thread_siblings_list") << "0,1\n";
  }
  fs::create_directories(root / "sys/class/net/eth9/device");
  std::ofstream(root / "sys/class/net/eth9/device/numa_node") << "3\n";
  for (const Processor& one : UsableProcessors(root)) {
    EXPECT_EQ(one.node, 3);
    EXPECT_EQ(one.first_of_core, one.number == 0);
  }
  EXPECT_EQ(NodeOfInterface("eth9", root), 3);
  EXPECT_EQ(NodeOfInterface("eth8", root), -1);
  fs::remove_all(root);
}

}  // namespace
}  // namespace vedette
