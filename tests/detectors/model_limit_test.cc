// A model may move a limit so far and no further, whatever it says.
#include "detectors/model_limit.h"

#include <gtest/gtest.h>

#include <limits>

namespace vedette {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Every pair of figures, odd ones included: between the floor and ten times what is usual.
TEST(LimitByModel, StaysWithinItsBoundsWhateverIsAskedFor) {
  const double figures[] = {-kInf, -1e300, -1, -0.0, 0,   1e-300, 0.5, 1,     9.99, 10,
                            10.01, 49,     50, 99,   500, 501,    1e9, 1e300, kInf, kNan};
  for (const double floor : {1e-3, 1.0, 10.0, 5e7}) {
    for (const double wanted : figures) {
      for (const double local : figures) {
        const double limit = LimitByModel(wanted, floor, local);
        const double usual = std::isfinite(local) && local > floor ? local : floor;
        EXPECT_GE(limit, floor) << wanted << " " << floor << " " << local;
        EXPECT_LE(limit, 10 * usual) << wanted << " " << floor << " " << local;
        if (wanted >= floor && wanted <= 10 * usual) {
          EXPECT_EQ(limit, wanted) << floor << " " << local;
        }
      }
    }
  }
}

TEST(LimitByModel, HasItsBoundsWhereTheyAreSaid) {
  EXPECT_EQ(LimitByModel(0, 50, 200), 50) << "a quiet hour: down to the floor";
  EXPECT_EQ(LimitByModel(700, 50, 200), 700);
  EXPECT_EQ(LimitByModel(1e18, 50, 200), 2'000);
  EXPECT_EQ(LimitByModel(1e18, 50, 0), 500) << "no local baseline yet";
  EXPECT_EQ(LimitByModel(1e18, 50, 3), 500) << "one below the floor";
  EXPECT_EQ(LimitByModel(kNan, 50, 200), 50);
  EXPECT_EQ(LimitByModel(1e18, 50, kInf), 500);
}

TEST(HourOfWeek, BeginsOnMondayMidnight) {
  EXPECT_EQ(HourOfWeek(0), 72U) << "1970 began on a Thursday";
  // 2023-11-13 00:00:00 UTC was a Monday.
  constexpr uint64_t kMondayUs = 1'699'833'600'000'000;
  EXPECT_EQ(HourOfWeek(kMondayUs), 0U);
  EXPECT_EQ(HourOfWeek(kMondayUs - 1), 167U);
  EXPECT_EQ(HourOfWeek(kMondayUs + 25 * kHourUs), 25U);
}

}  // namespace
}  // namespace vedette
