// The one loop with a scripted source: second marks, idle gaps, ends, hand-overs, fan-out. Breaks
// if a packet is lost or counted in the wrong second, if a window comes back uncleared, if the
// number of workers shows, or if anything under the loop allocates while it runs.
#include "dataplane/worker/worker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "dataplane/worker/fan_out.h"
#include "tests/packet_builder.h"

// Sanitizers bring operators of their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define VEDETTE_COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define VEDETTE_COUNTS_ALLOCATIONS 0
#endif
#endif
#ifndef VEDETTE_COUNTS_ALLOCATIONS
#define VEDETTE_COUNTS_ALLOCATIONS 1
#endif

namespace {
std::atomic<uint64_t> allocations{0};
// Only what threads of the packet path ask for is counted.
thread_local bool on_packet_path = false;
}  // namespace

#if VEDETTE_COUNTS_ALLOCATIONS
namespace {
void* Allocate(size_t bytes) {
  if (on_packet_path) allocations.fetch_add(1, std::memory_order_relaxed);
  void* const place = std::malloc(bytes);
  if (place == nullptr) std::abort();
  return place;
}
void* AllocateAligned(size_t bytes, std::align_val_t alignment) {
  if (on_packet_path) allocations.fetch_add(1, std::memory_order_relaxed);
  const auto align = static_cast<size_t>(alignment);
  void* const place = std::aligned_alloc(align, (bytes + align - 1) / align * align);
  if (place == nullptr) std::abort();
  return place;
}
}  // namespace

void* operator new(size_t bytes) { return Allocate(bytes); }
void* operator new[](size_t bytes) { return Allocate(bytes); }
void* operator new(size_t bytes, std::align_val_t align) { return AllocateAligned(bytes, align); }
void* operator new[](size_t bytes, std::align_val_t align) { return AllocateAligned(bytes, align); }
void operator delete(void* place) noexcept { std::free(place); }
void operator delete[](void* place) noexcept { std::free(place); }
void operator delete(void* place, size_t) noexcept { std::free(place); }
void operator delete[](void* place, size_t) noexcept { std::free(place); }
void operator delete(void* place, std::align_val_t) noexcept { std::free(place); }
void operator delete[](void* place, std::align_val_t) noexcept { std::free(place); }
void operator delete(void* place, size_t, std::align_val_t) noexcept { std::free(place); }
void operator delete[](void* place, size_t, std::align_val_t) noexcept { std::free(place); }
#endif

namespace vedette {
namespace {

constexpr uint64_t kSecond = 1'000'000;

// Stands for the detectors' hot half.
struct Observed {
  static constexpr bool kHearsFlowEnds = true;
  uint64_t packets = 0, ends = 0;
  void OnPacket(const TrackedPacket&) noexcept { ++packets; }
  void OnFlowEnd(const Flow&, FlowEnd) noexcept { ++ends; }
  void Clear() noexcept { packets = ends = 0; }
};

struct Step {
  uint64_t at_us = 0;
  PacketBytes bytes;
  bool tick = false;  // time passes, no packet
};
using Script = std::vector<Step>;

// Bursts of `burst_max`, cut at second borders. Says that it has ended with its last packets, or in
// a burst of its own.
class ScriptedSource final : public PacketSource {
 public:
  ScriptedSource(const Script& script, size_t burst_max, bool ends_apart)
      : script_(script), burst_max_(burst_max), ends_apart_(ends_apart) {}

  SourceState Receive(PacketBurst& burst) noexcept override {
    on_packet_path = true;
    burst.count = 0;
    while (next_ < script_.size() && burst.count < burst_max_) {
      const Step& step = script_[next_];
      const Timestamp at{step.at_us};
      if (burst.count != 0 && (step.tick || at.second() != burst.now.second())) break;
      burst.now = at;
      ++next_;
      if (step.tick) break;
      burst.packets[burst.count++] = ViewOf(step.bytes, step.at_us);
    }
    const bool all = next_ == script_.size() && (!ends_apart_ || burst.count == 0);
    return all ? SourceState::kEnded : SourceState::kOpen;
  }
  void Release(PacketBurst& burst) noexcept override {
    released_ += burst.count;
    burst.count = 0;
  }
  size_t released() const { return released_; }

 private:
  const Script& script_;
  size_t burst_max_, next_ = 0, released_ = 0;
  bool ends_apart_;
};

// What came over, whatever the number of workers: by second and shard, flows in any order.
struct Outcome {
  struct Interval {
    std::array<uint64_t, kShards> packets{}, bytes{}, endpoints{}, active{};
    uint64_t observed = 0, opened = 0, ended = 0, decoded = 0;
    friend bool operator==(const Interval&, const Interval&) = default;
  };
  std::map<uint64_t, Interval> intervals;
  std::vector<std::tuple<FlowKey, uint64_t, uint64_t, uint64_t, FlowEnd>> flows;
  friend bool operator==(const Outcome&, const Outcome&) = default;

  uint64_t Packets() const {
    uint64_t packets = 0;
    for (const auto& [second, interval] : intervals) {
      for (const uint64_t n : interval.packets) packets += n;
    }
    return packets;
  }
};

// Each worker has a bell of its own here: its collector waits for no other.
struct TestHandover {
  HandoverBell bell;
  Handover<Observed> handover{bell};

  HandoverItem<Observed> WaitForItem() {
    for (;;) {
      const uint32_t heard = bell.rung();
      if (const std::optional<HandoverItem<Observed>> item = handover.Receive()) return *item;
      bell.WaitBeyond(heard);
    }
  }
};

// Takes one worker's hand-over to its end, gives everything back, and dirties nothing.
void Collect(TestHandover& from, Outcome& outcome) {
  Handover<Observed>& handover = from.handover;
  std::vector<HandoverItem<Observed>> windows;
  for (;;) {
    const HandoverItem<Observed> item = from.WaitForItem();
    if (item.kind == HandoverKind::kEnd) {
      EXPECT_TRUE(windows.empty()) << "windows without a mark";
      return;
    }
    if (item.kind == HandoverKind::kWindow) windows.push_back(item);
    if (item.kind == HandoverKind::kFlows) {
      for (const FlowRecord& record : item.flows->view()) {
        const Flow& flow = record.flow;
        outcome.flows.emplace_back(flow.key, flow.start_us, flow.packets[0], flow.packets[1],
                                   record.end);
      }
      handover.GiveBack(item.flows);
    }
    if (item.kind != HandoverKind::kMark) continue;
    Outcome::Interval& interval = outcome.intervals[item.second];
    for (const HandoverItem<Observed>& window : windows) {
      const ShardWindow& tables = window.window->tables;
      interval.packets[window.shard] += tables.counters.packets;
      interval.bytes[window.shard] += tables.counters.bytes;
      interval.endpoints[window.shard] += tables.endpoints.rows().size();
      interval.active[window.shard] += tables.flows_active;
      interval.observed += window.window->hot.packets;
      interval.opened += tables.counters.flows_opened;
      interval.ended += tables.counters.flows_ended;
      for (const uint64_t n : tables.counters.decoded) interval.decoded += n;
      window.window->Clear();
      handover.GiveBack(window.shard, window.window);
    }
    windows.clear();
  }
}

ShardSurroundings Surroundings() {
  return {.options = {.tracker = {.flows = 1'024, .duplicates = 256, .datagrams = 32, .pairs = 512},
                      .inspector = {.streams = 2, .server_names = 16},
                      .flow_records = true},
          .hash = KeyedHash({1, 2}),
          .home = HomeNetworks::Default(),
          .patterns = *PatternDatabase::Create({})};
}

Outcome RunLoop(const Script& script, size_t workers, size_t burst_max = kBurstMax,
                bool ends_apart = false) {
  const ShardSurroundings surroundings = Surroundings();
  std::vector<std::unique_ptr<TestHandover>> handovers;
  std::vector<std::unique_ptr<Worker<Observed>>> loops;
  for (size_t i = 0; i < workers; ++i) {
    handovers.push_back(std::make_unique<TestHandover>());
    loops.push_back(
        std::make_unique<Worker<Observed>>(i, workers, surroundings, handovers[i]->handover));
  }
  FanOut fan_out(workers, surroundings.hash);
  ScriptedSource source(script, burst_max, ends_apart);
  std::vector<std::thread> threads;
  if (workers > 1) {
    threads.emplace_back([&] { fan_out.Run(source); });
    for (size_t i = 0; i < workers; ++i) {
      threads.emplace_back([&, i] {
        on_packet_path = true;
        loops[i]->Run(fan_out.port(i));
      });
    }
  } else {
    threads.emplace_back([&] { loops[0]->Run(source); });
  }
  std::vector<Outcome> outcomes(workers);
  for (size_t i = 0; i < workers; ++i) {
    threads.emplace_back([&, i] { Collect(*handovers[i], outcomes[i]); });
  }
  for (std::thread& thread : threads) thread.join();
  size_t packets = 0;
  for (const Step& step : script) packets += !step.tick;
  EXPECT_EQ(source.released(), packets);

  Outcome all;
  for (const Outcome& one : outcomes) {
    EXPECT_EQ(one.intervals.size(), outcomes[0].intervals.size())
        << "marks reach all workers alike";
    for (const auto& [second, interval] : one.intervals) {
      Outcome::Interval& to = all.intervals[second];
      for (size_t s = 0; s < kShards; ++s) {
        to.packets[s] += interval.packets[s];
        to.bytes[s] += interval.bytes[s];
        to.endpoints[s] += interval.endpoints[s];
        to.active[s] += interval.active[s];
      }
      to.observed += interval.observed;
      to.opened += interval.opened;
      to.ended += interval.ended;
      to.decoded += interval.decoded;
    }
    all.flows.insert(all.flows.end(), one.flows.begin(), one.flows.end());
  }
  std::sort(all.flows.begin(), all.flows.end());
  return all;
}

// Connections, datagrams, fragments, ARP, broken packets and idle gaps.
Script Mixed(uint32_t count) {
  Script script;
  uint64_t now_us = 1'700'000'000 * kSecond;
  for (uint32_t i = 0; i < count; ++i) {
    now_us += i % 97 == 0 ? 3 * kSecond + 17 : i % 701 == 0 ? 4'000 * kSecond : 1'300;
    const std::string a = "10.0." + std::to_string(i % 7) + "." + std::to_string(i % 23);
    const std::string b =
        i % 3 == 0 ? "198.51.100." + std::to_string(i % 31) : "10.1.0." + std::to_string(i % 13);
    PacketBuilder builder;
    builder.Ethernet(Mac(static_cast<uint8_t>(i % 23)));
    const auto id = static_cast<uint16_t>(i);
    switch (i % 8) {
      case 0:
        builder.Arp(1, Mac(1), a, MacAddress{}, b);
        break;
      case 1:
        builder.Ip4(a, b).IpId(id).Udp(static_cast<uint16_t>(i % 50), 53).Payload(i % 200);
        break;
      case 2:
        builder.Ip4(a, b).Fragment(id, 64, false).Payload(100);
        break;
      case 3:
        builder.Ip4(b, a).IpId(id).Tcp(443, static_cast<uint16_t>(4'000 + i % 40),
                                       kTcpSyn | kTcpAck);
        break;
      case 4:
        builder.Raw({1, 2, 3});
        break;
      case 5:
        builder.Ip4(a, b).TotalLength(9'000).Tcp(1, 2);
        break;
      default:
        builder.Ip4(a, b).IpId(id).Tcp(static_cast<uint16_t>(4'000 + i % 40), 443,
                                       i % 2 == 0 ? kTcpSyn : kTcpAck | kTcpFin);
        break;
    }
    script.push_back({now_us, builder.Build()});
    if (i % 211 == 0) script.push_back({now_us += 2 * kSecond, {}, true});
  }
  return script;
}

TEST(WorkerTest, EveryPacketOnceInItsSecond) {
  const Script script = Mixed(3'000);
  const Outcome outcome = RunLoop(script, 1);
  std::map<uint64_t, uint64_t> exact;
  for (const Step& step : script) exact[step.at_us / kSecond] += !step.tick;
  uint64_t opened = 0, ended = 0;
  for (const auto& [second, interval] : outcome.intervals) {
    uint64_t packets = 0;
    for (const uint64_t n : interval.packets) packets += n;
    EXPECT_EQ(packets, exact[second]) << second;
    EXPECT_EQ(interval.decoded, packets) << "one status a packet";
    EXPECT_LE(interval.observed, packets);  // but for mirror copies
    opened += interval.opened;
    ended += interval.ended;
  }
  EXPECT_EQ(outcome.Packets(), 3'000U);
  EXPECT_EQ(opened, ended) << "what was opened has ended at the end";
  EXPECT_EQ(outcome.flows.size(), ended);
  EXPECT_GT(outcome.flows.size(), 100U);
}

// A NIC's queue: every packet is for this worker, hashed or not.
class QueueSource final : public PacketSource {
 public:
  explicit QueueSource(std::vector<PacketView> views) : views_(std::move(views)) {}
  SourceState Receive(PacketBurst& burst) noexcept override {
    burst.count = 0;
    while (next_ < views_.size() && burst.count < kBurstMax) {
      burst.packets[burst.count++] = views_[next_++];
    }
    burst.now = {kSecond};
    return next_ == views_.size() ? SourceState::kEnded : SourceState::kOpen;
  }

 private:
  std::vector<PacketView> views_;
  size_t next_ = 0;
};

// Breaks if a worker that is fed by a NIC trusts our own hash (a pair in two shards), or dies of a
// packet that the NIC gave it without a hash or with another queue's.
TEST(WorkerTest, HashOfTheNicChoosesTheShard) {
  constexpr size_t kIndex = 1, kWorkers = 3;
  std::vector<PacketBytes> bytes;
  for (int i = 0; i < 64; ++i) {
    bytes.push_back(PacketBuilder()
                        .Ethernet()
                        .Ip4("10.0.0." + std::to_string(i + 1), "10.1.0.1")
                        .Udp(static_cast<uint16_t>(4'000 + i), 53)
                        .Build());
  }
  std::vector<PacketView> views;
  for (size_t i = 0; i < bytes.size(); ++i) {
    PacketView view = ViewOf(bytes[i], kSecond + i);
    view.has_rss_hash = i < 48;
    view.rss_hash = static_cast<uint32_t>(0xabcde0 + (i < 40 ? 7 : 8));  // 8 is of another queue
    views.push_back(view);
  }
  const ShardSurroundings surroundings = Surroundings();
  TestHandover handover;
  Worker<Observed> worker(kIndex, kWorkers, surroundings, handover.handover);
  QueueSource source(views);
  Outcome outcome;
  std::thread thread([&] { worker.Run(source); });
  Collect(handover, outcome);
  thread.join();
  const Outcome::Interval& interval = outcome.intervals[1];
  EXPECT_GE(interval.packets[7], 48U) << "7 is its own; 8 is not, and 7 stands for it";
  EXPECT_EQ(outcome.Packets(), 64U) << "those without a hash are counted too";
  for (size_t s = 0; s < kShards; ++s) {
    EXPECT_TRUE(s % kWorkers == kIndex || interval.packets[s] == 0U) << s;
  }
}

TEST(WorkerTest, NumberOfWorkersDoesNotShow) {
  const Script script = Mixed(3'000);
  const Outcome one = RunLoop(script, 1);
  for (const size_t workers : {2U, 3U, 8U, 16U}) {
    EXPECT_TRUE(RunLoop(script, workers) == one) << workers << " workers";
  }
}

TEST(WorkerTest, BurstsDoNotShow) {
  const Script script = Mixed(1'000);
  const Outcome one = RunLoop(script, 1);
  for (const size_t burst_max : {1U, 2U, 31U})
    EXPECT_TRUE(RunLoop(script, 1, burst_max) == one) << burst_max;
  EXPECT_TRUE(RunLoop(script, 1, kBurstMax, /*ends_apart=*/true) == one);
  EXPECT_TRUE(RunLoop(script, 3, 5, /*ends_apart=*/true) == one);
}

TEST(WorkerTest, NothingUnderTheLoopAllocates) {
  if (!VEDETTE_COUNTS_ALLOCATIONS) GTEST_SKIP() << "a sanitizer brings its own operator new";
  const Script script = Mixed(3'000);
  for (const size_t workers : {1U, 3U}) {
    allocations = 0;
    RunLoop(script, workers);
    EXPECT_EQ(allocations.load(), 0U) << workers << " workers";
  }
}

// The counter counts: without this the test above would pass with no operator of ours.
TEST(WorkerTest, AllocationsAreSeen) {
  if (!VEDETTE_COUNTS_ALLOCATIONS) GTEST_SKIP() << "a sanitizer brings its own operator new";
  allocations = 0;
  on_packet_path = true;
  delete new int(1);
  on_packet_path = false;
  EXPECT_EQ(allocations.load(), 1U);
}

TEST(WorkerTest, EmptyCapture) {
  for (const size_t workers : {1U, 4U}) {
    const Outcome outcome = RunLoop({}, workers);
    EXPECT_TRUE(outcome.intervals.empty());
    EXPECT_TRUE(outcome.flows.empty());
  }
}

TEST(WorkerTest, OnePacket) {
  const Script script = {
      {5 * kSecond + 1, PacketBuilder().Ethernet().Ip4("10.0.0.1", "10.0.0.2").Udp(1, 2).Build()}};
  for (const size_t workers : {1U, 16U}) {
    const Outcome outcome = RunLoop(script, workers);
    ASSERT_EQ(outcome.intervals.size(), 1U);
    EXPECT_EQ(outcome.intervals.begin()->first, 5U);
    EXPECT_EQ(outcome.Packets(), 1U);
    ASSERT_EQ(outcome.flows.size(), 1U);
    EXPECT_EQ(std::get<4>(outcome.flows[0]), FlowEnd::kForced);
  }
}

// An hour without a packet is one step: two intervals, and the flow ended in between.
TEST(WorkerTest, IdleHourIsOneStep) {
  const auto datagram = [](uint16_t port) {
    return PacketBuilder().Ethernet().Ip4("10.0.0.1", "10.0.0.2").Udp(port, 2).Build();
  };
  const Script script = {{5 * kSecond, datagram(1)}, {3'605 * kSecond, datagram(2)}};
  const Outcome outcome = RunLoop(script, 1);
  EXPECT_EQ(outcome.intervals.size(), 2U);
  EXPECT_EQ(outcome.intervals.at(3'605).ended, 2U) << "the idle one, then the last";
  ASSERT_EQ(outcome.flows.size(), 2U);
  EXPECT_EQ(std::get<4>(outcome.flows[0]), FlowEnd::kIdle);
  EXPECT_EQ(std::get<4>(outcome.flows[1]), FlowEnd::kForced);
}

TEST(WorkerTest, TimeAloneMovesTheMarks) {
  const Script script = {
      {5 * kSecond, PacketBuilder().Ethernet().Ip4("10.0.0.1", "10.0.0.2").Udp(1, 2).Build()},
      {6 * kSecond, {}, true},
      {7 * kSecond, {}, true}};
  for (const size_t workers : {1U, 2U}) {
    const Outcome outcome = RunLoop(script, workers);
    EXPECT_EQ(outcome.intervals.size(), 3U);
    EXPECT_EQ(outcome.Packets(), 1U);
  }
}

// A live source cannot wait: what finds a queue full is dropped and counted, marks are not.
TEST(WorkerTest, FullQueueDropsAndCounts) {
  constexpr uint64_t kPackets = 20'000;
  Script script;
  for (uint64_t i = 0; i < kPackets; ++i) {
    const std::string from = "10.0.0." + std::to_string(i % 200);
    script.push_back(
        {5 * kSecond + i, PacketBuilder().Ethernet().Ip4(from, "10.1.0.1").Udp(1, 2).Build()});
  }
  script.push_back({7 * kSecond, {}, true});
  const ShardSurroundings surroundings = Surroundings();
  FanOut fan_out(2, surroundings.hash, WhenFull::kDrop);
  ScriptedSource source(script, kBurstMax, /*ends_apart=*/false);
  std::thread reader([&] { fan_out.Run(source); });
  while (fan_out.dropped() == 0) std::this_thread::yield();
  std::array<Outcome, 2> outcomes;
  std::array<TestHandover, 2> handovers;
  std::vector<std::unique_ptr<Worker<Observed>>> workers;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < 2; ++i) {
    workers.push_back(
        std::make_unique<Worker<Observed>>(i, 2, surroundings, handovers[i].handover));
    threads.emplace_back([&, i] { workers[i]->Run(fan_out.port(i)); });
    threads.emplace_back([&, i] { Collect(handovers[i], outcomes[i]); });
  }
  reader.join();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(outcomes[0].Packets() + outcomes[1].Packets() + fan_out.dropped(), kPackets);
  for (const Outcome& one : outcomes) EXPECT_EQ(one.intervals.size(), 2U) << "both marks";
}

// As from a NIC's queue, which knows nothing of shards: every packet counts, a pair always in one.
TEST(WorkerTest, PacketsOfOthersShardsAreItsOwn) {
  const Script script = Mixed(500);
  const ShardSurroundings surroundings = Surroundings();
  for (const size_t workers : {2U, 3U, 16U}) {
    TestHandover handover;
    Outcome outcome;
    Worker<Observed> worker(workers - 1, workers, surroundings, handover.handover);
    ScriptedSource source(script, kBurstMax, /*ends_apart=*/false);
    std::thread loop([&] { worker.Run(source); });
    Collect(handover, outcome);
    loop.join();
    EXPECT_EQ(outcome.Packets(), 500U) << workers;
  }
}

TEST(WorkerTest, FanOutAndWorkerAgreeOnTheShard) {
  // A packet in the wrong worker would find no shard there and crash; count what each shard got.
  const Script script = Mixed(2'000);
  std::array<uint64_t, kShards> exact{};
  const KeyedHash hash = Surroundings().hash;
  for (const Step& step : script) {
    if (step.tick) continue;
    DecodedPacket packet;
    Decode(ViewOf(step.bytes, step.at_us), Checksums::kVerify, packet);
    PacketKeys keys;
    KeysOf(packet, hash, keys);
    Decode(ViewOf(step.bytes, step.at_us), Checksums::kSkip, packet);
    ASSERT_EQ(ShardOf(PairHash(packet, hash)), ShardOf(keys.pair_hash));
    ++exact[ShardOf(keys.pair_hash)];
  }
  const Outcome outcome = RunLoop(script, 5);
  std::array<uint64_t, kShards> counted{};
  for (const auto& [second, interval] : outcome.intervals) {
    for (size_t s = 0; s < kShards; ++s) counted[s] += interval.packets[s];
  }
  EXPECT_EQ(counted, exact);
}

TEST(WindowTest, ClearLeavesNothing) {
  Window<Observed> window;
  ShardWindow& tables = window.tables;
  tables.counters.packets = tables.counters.decoded[3] = 7;
  tables.counters.packet_bytes.Add(60);
  tables.flows_active = 9;
  const EndpointKey key{.ip = Ip("10.0.0.1")};
  tables.endpoints.Obtain(key, {1}, true)->counters.packets_in = 5;
  tables.egress.Add(key, Ip("8.8.8.8"), {2}, 100);
  tables.attempts.Obtain(key, Ip("8.8.8.8"), {3})->flows = 4;
  tables.irregularities.Note(key, {4}, Ip("8.8.8.8"), DecodeStatus::kFragOverlap, 1);
  tables.contacts.Append();
  tables.dns.Append();
  tables.names.Append();
  tables.matches.Append();
  window.hot.packets = 3;
  window.Clear();
  EXPECT_EQ(tables.counters.packets + tables.counters.decoded[3] + tables.flows_active, 0U);
  EXPECT_EQ(tables.counters.packet_bytes.total(), 0U);
  EXPECT_TRUE(tables.endpoints.rows().empty());
  EXPECT_TRUE(tables.egress.records().empty());
  EXPECT_TRUE(tables.attempts.records().empty());
  EXPECT_TRUE(tables.irregularities.records().empty());
  EXPECT_TRUE(tables.contacts.records().empty() && tables.dns.records().empty());
  EXPECT_TRUE(tables.names.records().empty() && tables.matches.records().empty());
  EXPECT_EQ(window.hot.packets, 0U);
  EXPECT_EQ(tables.endpoints.Obtain(key, {1}, true)->counters.packets_in, 0U);
  EXPECT_EQ(tables.attempts.Obtain(key, Ip("8.8.8.8"), {3})->flows, 0U);
}

// In order, nothing lost, nothing twice, whoever is ahead.
TEST(SpscRingTest, LikeAQueue) {
  static constexpr uint64_t kItems = 200'000;
  SpscRing<uint64_t, 8> ring;
  std::thread producer([&ring] {
    for (uint64_t i = 0; i < kItems; ++i) {
      ring.WaitForFree() = i * i;
      ring.Publish();
    }
  });
  uint64_t wrong = 0;
  for (uint64_t i = 0; i < kItems; ++i) {
    wrong += ring.WaitForFilled() != i * i;
    ring.Free();
  }
  producer.join();
  EXPECT_EQ(wrong, 0U);
}

// Both sides fall behind in turn and wait; a missed wake-up would leave them waiting for ever.
TEST(SpscRingTest, NobodyIsLeftWaiting) {
  constexpr uint64_t kItems = 200'000;
  SpscRing<uint64_t, 2> ring;
  std::thread producer([&ring] {
    for (uint64_t i = 0; i < kItems; ++i) {
      if (i % 1'000 == 0) std::this_thread::yield();
      ring.WaitForFree() = i;
      ring.Publish();
    }
  });
  uint64_t wrong = 0;
  for (uint64_t i = 0; i < kItems; ++i) {
    if (i % 777 == 0) std::this_thread::yield();
    wrong += ring.WaitForFilled() == i ? 0 : 1;
    ring.Free();
  }
  producer.join();
  EXPECT_EQ(wrong, 0U);
}

TEST(SpscRingTest, HoldsAsManyAsItHasSlots) {
  SpscRing<int, 4> ring;
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 4; ++i) {
      ring.WaitForFree() = round * 4 + i;
      ring.Publish();
    }
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(ring.WaitForFilled(), round * 4 + i);
      ring.Free();
    }
  }
}

}  // namespace
}  // namespace vedette
