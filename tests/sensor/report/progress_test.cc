#include "sensor/report/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace vedette {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Progress, ShowsShareRateAndTimeLeft) {
  EXPECT_EQ(
      ProgressText({.bytes_done = 25, .bytes_total = 100, .packets = 20'000}, 10, {.width = 80}),
      "[######..................]  25 %  20,000 packets, 2.00 k packets/s, 30 s left");
}

TEST(Progress, OfAPipeOnlyPacketsAndRate) {
  const std::string text = ProgressText({.bytes_done = 25, .packets = 300}, 2, {.width = 80});
  EXPECT_EQ(text, "300 packets, 150 packets/s");
}

TEST(Progress, NeverFillsTheLine) {
  for (const size_t width : {40, 50, 60, 80, 200}) {
    for (const uint64_t done : {0, 1, 50, 100, 150}) {
      const std::string text =
          ProgressText({.bytes_done = done, .bytes_total = 100, .packets = 123'456'789'012}, 1e5,
                       {.width = width});
      EXPECT_LT(text.size(), width) << text;
    }
  }
}

// A file that grew since it was opened.
TEST(Progress, NeverBeyondTheWhole) {
  const std::string text =
      ProgressText({.bytes_done = 150, .bytes_total = 100, .packets = 1}, 1, {.width = 80});
  EXPECT_THAT(text, HasSubstr("100 %"));
  EXPECT_THAT(text, Not(HasSubstr("-")));
}

}  // namespace
}  // namespace vedette
