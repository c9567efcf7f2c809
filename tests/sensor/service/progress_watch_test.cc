// A thread that stands still is found and named; one that has nothing to do is not.
#include "sensor/service/progress_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sensor/service/managed_service.h"

namespace vedette {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr absl::Duration kPatience = absl::Seconds(10);

TEST(ProgressWatch, NamesWhoStandsStillForAsLongAsThePatience) {
  ProgressWatch watch(kPatience);
  for (int second = 0; second < 10; ++second) {
    const auto turns = static_cast<uint64_t>(second);
    EXPECT_THAT(watch.Look({{"worker 0", turns}, {"control", 7}}, absl::Seconds(second)),
                IsEmpty());
  }
  EXPECT_THAT(watch.Look({{"worker 0", 10}, {"control", 7}}, absl::Seconds(10)),
              ElementsAre("control"));
  EXPECT_THAT(watch.Look({{"worker 0", 10}, {"control", 8}}, absl::Seconds(11)), IsEmpty())
      << "one turn is enough";
}

TEST(ProgressWatch, ATimeInWhichItDidNotLookProvesNothing) {
  ProgressWatch watch(kPatience);
  EXPECT_THAT(watch.Look({{"control", 1}}, absl::ZeroDuration()), IsEmpty());
  // The machine was asleep: the others have not run either.
  EXPECT_THAT(watch.Look({{"control", 1}}, absl::Hours(8)), IsEmpty());
  EXPECT_THAT(watch.Look({{"control", 1}}, absl::Hours(8) + absl::Seconds(1)), IsEmpty());
  EXPECT_THAT(watch.Look({{"control", 1}}, absl::Hours(8) + absl::Seconds(2)),
              ElementsAre("control"));
}

TEST(ProgressWatch, OneThatCountsAnewOrIsNewHasGotOn) {
  ProgressWatch watch(kPatience);
  for (int second = 0; second < 10; ++second) {
    watch.Look({{"worker 0", 5}}, absl::Seconds(second));
  }
  EXPECT_THAT(watch.Look({{"worker 0", 0}, {"worker 1", 0}}, absl::Seconds(10)), IsEmpty());
  for (int second = 11; second < 20; ++second) {
    EXPECT_THAT(watch.Look({{"worker 0", 0}, {"worker 1", 0}}, absl::Seconds(second)), IsEmpty());
  }
  EXPECT_THAT(watch.Look({{"worker 1", 0}}, absl::Seconds(20)), ElementsAre("worker 1"));
}

TEST(ManagedService, EveryLoopIsLookedAfter) {
  std::vector<std::string> names;
  for (const ThreadTurns& turns :
       TurnsOf({.workers = {3, 4}, .reader = 9, .control = 2, .models = 5}, nullptr)) {
    names.push_back(turns.name);
  }
  EXPECT_THAT(names, ElementsAre("worker 0", "worker 1", "reader", "control", "models"));
  EXPECT_EQ(TurnsOf({.workers = {3}, .reader = 0, .control = 2}, nullptr).size(), 2u);
}

TEST(ManagedService, TheStatusIsALineForPeople) {
  EXPECT_EQ(StatusText({.packets_per_second = 1200, .lost = 3, .alerts_open = 2}, nullptr),
            "1200 packets/s, 3 lost, 2 alerts open; events to the command line's files");
}

}  // namespace
}  // namespace vedette
