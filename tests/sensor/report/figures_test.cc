#include "sensor/report/figures.h"

#include <gtest/gtest.h>

namespace vedette {
namespace {

TEST(Figures, SizesKeepThreeDigits) {
  EXPECT_EQ(SizeText(0), "0 B");
  EXPECT_EQ(SizeText(999), "999 B");
  EXPECT_EQ(SizeText(1'000), "1.00 kB");
  EXPECT_EQ(SizeText(12'345), "12.3 kB");
  EXPECT_EQ(SizeText(999'999), "1.00 MB");
  EXPECT_EQ(SizeText(123'456'789'012), "123 GB");
  EXPECT_EQ(RateText(8e9, "bit/s"), "8.00 Gbit/s");
  EXPECT_EQ(RateText(0.5, "/s"), "0.5 /s");
  EXPECT_EQ(PacketRateText(2.92), "2.92 packets/s");
  EXPECT_EQ(PacketRateText(587'123), "587 k packets/s");
}

TEST(Figures, SharesNeverSayNothingForSomething) {
  EXPECT_EQ(ShareText(0, 0), "-");
  EXPECT_EQ(ShareText(0, 10), "0 %");
  EXPECT_EQ(ShareText(1, 1'000'000), "under 0.1 %");
  EXPECT_EQ(ShareText(999'999, 1'000'000), "over 99.9 %");
  EXPECT_EQ(ShareText(10, 10), "100 %");
  EXPECT_EQ(ShareText(1, 3), "33.3 %");
}

TEST(Figures, SpansAreReadable) {
  EXPECT_EQ(SpanText(0), "0 s");
  EXPECT_EQ(SpanText(250'000), "0.25 s");
  EXPECT_EQ(SpanText(43'000'000), "43 s");
  EXPECT_EQ(SpanText(200'000'000), "3 min 20 s");
  EXPECT_EQ(SpanText(7'200'000'000), "2 h");
  EXPECT_EQ(SpanText(187'200'000'000), "2 d 4 h");
  EXPECT_EQ(SpanText(535'244'400'000'000), "6,194 d 23 h");
}

TEST(Figures, NumbersOfAnySize) {
  EXPECT_EQ(NumberText(0), "0");
  EXPECT_EQ(NumberText(0.25), "0.25");
  EXPECT_EQ(NumberText(12'345.6), "12,346");
  EXPECT_EQ(NumberText(17), "17");
  EXPECT_EQ(NumberText(0.0012), "0.0012");
  EXPECT_EQ(NumberText(1e300), "1e+300");
  EXPECT_EQ(NumberText(-3), "-3");
}

TEST(Figures, TimesAreThoseOfTheZone) {
  EXPECT_EQ(TimeText(1'769'860'800'000'000, absl::UTCTimeZone()), "2026-01-31 12:00:00 UTC");
  EXPECT_EQ(TimeText(1'769'860'800'000'000, absl::FixedTimeZone(3'600)), "2026-01-31 13:00:00 +01");
}

}  // namespace
}  // namespace vedette
