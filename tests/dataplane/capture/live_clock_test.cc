// Breaks if the time a live source tells runs backwards, leaves a second out, or stands still while
// the host's does not: windows would be unordered, sources would mark different seconds, a sensor
// would be silent until a clock that was set back has caught up.
#include "dataplane/capture/live_clock.h"

#include <gtest/gtest.h>

#include <random>

namespace vedette {
namespace {

constexpr uint64_t kSecond = 1'000'000;
constexpr uint64_t kHour = 3'600 * kSecond;
constexpr HostTime kStart{.wall_us = 1'700'000'000 * kSecond + 900'000, .steady_us = 5 * kSecond};

// The host `us` later, with a wall clock that is `wrong_us` off.
HostTime After(uint64_t us, int64_t wrong_us = 0) {
  return {kStart.wall_us + us + static_cast<uint64_t>(wrong_us), kStart.steady_us + us};
}

TEST(LiveClockTest, BeginsAtTheStartHoweverLate) {
  LiveClock clock(kStart);
  EXPECT_EQ(clock.Advance(After(30 * kSecond)).us, kStart.wall_us);
  EXPECT_EQ(clock.Advance(After(30 * kSecond)).us, kStart.wall_us + kSecond);
}

TEST(LiveClockTest, IsTheHostsTime) {
  LiveClock clock(kStart);
  clock.Advance(kStart);
  for (uint64_t us = 0; us < 3 * kSecond; us += 77'777) {
    EXPECT_EQ(clock.Advance(After(us)).us, kStart.wall_us + us);
    EXPECT_EQ(clock.offset_us(), 0);
  }
}

TEST(LiveClockTest, EverySecondIsTold) {
  LiveClock clock(kStart);
  clock.Advance(kStart);
  uint64_t second = clock.told().second();
  for (int step = 0; step < 100; ++step) {
    const uint64_t next = clock.Advance(After(90 * kSecond)).second();
    EXPECT_TRUE(next == second || next == second + 1);
    second = next;
  }
  EXPECT_EQ(clock.told().us, kStart.wall_us + 90 * kSecond);
}

TEST(LiveClockTest, AClockSetForwardIsFollowed) {
  LiveClock clock(kStart);
  clock.Advance(kStart);
  for (int step = 0; step < 3'700; ++step) clock.Advance(After(kSecond, kHour));
  EXPECT_EQ(clock.told().us, kStart.wall_us + kSecond + kHour);
  EXPECT_EQ(clock.offset_us(), 0);
}

// A machine that believed in 1970: the sensor must not work through 56 years of seconds.
TEST(LiveClockTest, AClockSetForwardByYearsIsTold) {
  LiveClock clock(kStart);
  clock.Advance(kStart);
  const int64_t years_us = 56LL * 365 * 24 * static_cast<int64_t>(kHour);
  for (uint64_t s = 1; s <= 10; ++s) clock.Advance(After(s * kSecond, years_us));
  EXPECT_EQ(clock.told().us, kStart.wall_us + 10 * kSecond);
  EXPECT_EQ(clock.offset_us(), years_us);
}

TEST(LiveClockTest, AClockSetBackIsWaitedForWithoutStandingStill) {
  LiveClock clock(kStart);
  clock.Advance(kStart);
  const int64_t wrong_us = -10 * static_cast<int64_t>(kSecond);
  uint64_t before = clock.told().us;
  for (uint64_t us = 1'001; us < 79 * kSecond; us += 1'001) {
    const uint64_t told = clock.Advance(After(us, wrong_us)).us;
    ASSERT_GT(told, before);
    before = told;
  }
  EXPECT_GT(clock.offset_us(), -static_cast<int64_t>(kSecond));
  clock.Advance(After(80 * kSecond, wrong_us));
  clock.Advance(After(80 * kSecond + kSecond / 2, wrong_us));
  EXPECT_EQ(clock.Advance(After(81 * kSecond, wrong_us)).us,
            kStart.wall_us + 81 * kSecond + static_cast<uint64_t>(wrong_us));
}

TEST(LiveClockTest, StampsOfPacketsGoWithIt) {
  LiveClock clock(kStart);
  clock.Observe(After(2 * kSecond));
  EXPECT_EQ(clock.OfWall(kStart.wall_us + kSecond).us, kStart.wall_us + kSecond);
  EXPECT_EQ(clock.OfWall(kStart.wall_us + kHour).us, kStart.wall_us + 2 * kSecond) << "the future";
  // Set back by an hour: a packet that comes now is of now.
  const HostTime now = After(3 * kSecond, -static_cast<int64_t>(kHour));
  const uint64_t ours_us = clock.Observe(now).us;
  EXPECT_EQ(clock.OfWall(now.wall_us).us, ours_us);
  EXPECT_EQ(clock.OfWall(now.wall_us - 100).us, ours_us - 100);
}

TEST(LiveClockTest, NeverBackAndNeverFurtherThanASecondWhateverTheHostSays) {
  std::mt19937_64 random(7);
  LiveClock clock(kStart);
  HostTime host = kStart;
  uint64_t before = clock.told().us;
  for (int i = 0; i < 20'000; ++i) {
    host.steady_us += random() % 300'000;
    host.wall_us = random() % 50 == 0 ? kStart.wall_us + random() % (48 * kHour)
                                      : host.wall_us + random() % 300'000;
    clock.Observe(host);
    const uint64_t told = clock.Tell(clock.OfWall(host.wall_us - random() % (3 * kSecond))).us;
    ASSERT_GE(told, before);
    ASSERT_LE(told, before + kSecond);
    before = told;
  }
}

}  // namespace
}  // namespace vedette
