// The wall clock is set while the sensor runs, and a sensor that runs for three days of its own
// time. Breaks if a clock that jumps accuses anybody or loses a packet, or if something grows.
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "dataplane/capture/live_clock.h"
#include "tests/sensor/state/made_traffic.h"

namespace vedette {
namespace {

// Five devices that talk at a steady pace, heard under a wall clock that somebody sets: twenty
// minutes ahead after 40 s, ten back after 80 s. Ends after 160 s.
class SetClockSource final : public LiveSource {
 public:
  SetClockSource() : clock_({kStartUs, 0}) {
    for (int i = 0; i < 5; ++i) {
      packets_.push_back(Report("192.168.1." + std::to_string(50 + i), "192.168.1.1"));
    }
  }
  SourceState Receive(PacketBurst& burst) noexcept override {
    burst.count = 0;
    const bool behind = clock_.told().us + kSecond < Host().wall_us - clock_offset_us();
    if (!behind) steady_us_ += 100'000;
    burst.now = clock_.Advance(Host());
    if (!behind && steady_us_ % 500'000 == 0) Give(burst);
    return steady_us_ >= 160 * kSecond ? SourceState::kEnded : SourceState::kOpen;
  }
  SourceLosses losses() const noexcept override { return {}; }
  void Stop() noexcept override {}
  int64_t clock_offset_us() const noexcept override { return clock_.offset_us(); }
  uint64_t given() const { return given_; }

 private:
  HostTime Host() const {
    uint64_t wall_us = kStartUs + steady_us_;
    if (steady_us_ >= 40 * kSecond) wall_us += 1'200 * kSecond;
    if (steady_us_ >= 80 * kSecond) wall_us -= 600 * kSecond;
    return {.wall_us = wall_us, .steady_us = steady_us_};
  }
  void Give(PacketBurst& burst) {
    for (const PacketBytes& packet : packets_) {
      burst.packets[burst.count++] = {.bytes = packet,
                                      .wire_length = static_cast<uint32_t>(packet.size()),
                                      .link = LinkType::kEthernet,
                                      .arrival = burst.now};
    }
    given_ += burst.count;
  }

  LiveClock clock_;
  uint64_t steady_us_ = 0, given_ = 0;
  std::vector<PacketBytes> packets_;
};

TEST(ClockTest, AClockThatIsSetAccusesNobody) {
  SetClockSource source;
  ToldSink sink;
  auto engine = Engine::Create(SmallSensor(), {.workers = 1, .live = true}, sink);
  ASSERT_TRUE(engine.ok());
  LiveSource* const sources[] = {&source};
  (*engine)->RunLive(sources);
  EXPECT_EQ(sink.told.Opened(), std::vector<std::string>{});
  int64_t processed = 0, begin_ms = 0;
  for (const HealthEvent& event : sink.told.healths) {
    processed += event.packets_processed;
    EXPECT_GT(event.window_start_ms, begin_ms) << "time runs on";
    begin_ms = event.window_start_ms;
  }
  EXPECT_EQ(processed, static_cast<int64_t>(source.given()));
  EXPECT_EQ(sink.told.healths.back().clock_offset_us / 1'000'000 / 60, -9)
      << "ten minutes, less the 10 s that 80 s at seven eighths of the pace made up";
}

// A packet a second from one of 60,000 addresses, each to one of 5,000: every table fills, and a
// state is written each virtual five minutes.
class DaysSource final : public PacketSource {
 public:
  explicit DaysSource(uint64_t seconds) : left_(seconds) {}
  SourceState Receive(PacketBurst& burst) noexcept override {
    const auto from = static_cast<uint32_t>(random_() % 60'000);
    const auto to = static_cast<uint32_t>(random_() % 5'000);
    packet_ = PacketBuilder()
                  .Ethernet(Mac(static_cast<uint8_t>(from % 200)))
                  .Ip4("10.1." + std::to_string(from / 250) + "." + std::to_string(from % 250),
                       "198.51." + std::to_string(to / 250) + "." + std::to_string(to % 250))
                  .Tcp(static_cast<uint16_t>(1'024 + from), static_cast<uint16_t>(to), 0x02)
                  .Build();
    now_us_ += kSecond;
    burst.now = {now_us_};
    burst.count = 1;
    burst.packets[0] = {.bytes = packet_,
                        .wire_length = static_cast<uint32_t>(packet_.size()),
                        .link = LinkType::kEthernet,
                        .arrival = burst.now};
    return --left_ == 0 ? SourceState::kEnded : SourceState::kOpen;
  }

 private:
  uint64_t left_;
  uint64_t now_us_ = kStartUs;
  std::mt19937 random_{7};
  PacketBytes packet_;
};

uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t pages = 0, resident = 0;
  statm >> pages >> resident;
  return resident * 4'096;
}

TEST(ClockTest, MemoryIsFlatOverThreeDays) {
  class Watcher final : public TickVisitor {
   public:
    void OnTick(Control& control, uint64_t second) override {
      if (++ticks % 300 != 0) return;
      SensorMemory memory = control.CopyMemory();
      const WrittenState state =
          EncodeMemory({.sensor = "kept", .second = second}, memory, size_t{256} << 20);
      EXPECT_TRUE(state.left_out.empty());
      state_bytes = std::max(state_bytes, state.bytes.size());
      uint64_t& most = ticks < 48 * 3'600 ? first_two_days : last_day;
      most = std::max(most, ResidentBytes());
    }
    uint64_t ticks = 0, first_two_days = 0, last_day = 0;
    size_t state_bytes = 0;
  };
  class Nobody final : public EventSink {
    void OnInterval(const IntervalView&, const IdentityOf&) override {}
    void OnAlert(const AlertEvent&) override {}
    void OnDevice(const DeviceEvent&) override {}
    void OnFlow(const FlowEvent&) override {}
    void OnHealth(const HealthEvent&) override {}
  };
  Nobody nobody;
  Watcher watcher;
  auto engine = Engine::Create(SmallSensor(), 1, /*flow_records=*/true, nobody);
  ASSERT_TRUE(engine.ok());
  (*engine)->Attend(&watcher, AtEnd::kKeepOpen);
  DaysSource source(72 * 3'600);
  (*engine)->Run(source);
  EXPECT_GE(watcher.ticks, 72U * 3'600 - 1);
  EXPECT_LE(watcher.last_day, watcher.first_two_days + (uint64_t{4} << 20));
  EXPECT_LT(watcher.state_bytes, size_t{64} << 20);
  RecordProperty("first_two_days_bytes", static_cast<int>(watcher.first_two_days));
  std::printf("at most %lu bytes in two days, %lu on the third; states of %zu\n",
              static_cast<unsigned long>(watcher.first_two_days),
              static_cast<unsigned long>(watcher.last_day), watcher.state_bytes);
}

}  // namespace
}  // namespace vedette
