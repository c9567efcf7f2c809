#include "sensor/report/traffic_series.h"

#include <gtest/gtest.h>

namespace vedette {
namespace {

TEST(TrafficSeries, ABucketIsASecondWhileTheyAreFew) {
  TrafficSeries series;
  series.Add(1'000, 10, 5'000, 700);
  series.Add(1'003, 20, 9'000, 0);
  EXPECT_EQ(series.begin_s(), 1'000U);
  EXPECT_EQ(series.width_s(), 1U);
  ASSERT_EQ(series.buckets().size(), 4U);
  EXPECT_EQ(series.buckets()[0].egress_bytes, 700U);
  EXPECT_EQ(series.buckets()[1].packets, 0U);
  EXPECT_EQ(series.buckets()[3].bytes, 9'000U);
}

// Nothing may be lost or moved when buckets become wider, and the busiest second must stay known.
TEST(TrafficSeries, MonthsFitAndAddUp) {
  TrafficSeries series;
  constexpr uint64_t kSeconds = 90 * 86'400;
  uint64_t seconds = 0;
  for (uint64_t s = 0; s < kSeconds; s += 600) {
    series.Add(50'000 + s, 3, 200 + s % 7, 100);
    ++seconds;
  }
  EXPECT_LE(series.buckets().size(), TrafficSeries::kBucketsMax);
  EXPECT_GE(series.buckets().size(), TrafficSeries::kBucketsMax / 2);
  EXPECT_GE(series.buckets().size() * series.width_s(), kSeconds - 600);
  TrafficBucket sum;
  for (const TrafficBucket& bucket : series.buckets()) {
    sum.packets += bucket.packets;
    sum.egress_bytes += bucket.egress_bytes;
    EXPECT_EQ(bucket.packets_peak, 3U);
  }
  EXPECT_EQ(sum.packets, 3 * seconds);
  EXPECT_EQ(sum.egress_bytes, 100 * seconds);
}

// Time stamps of 1970, then of 2106.
TEST(TrafficSeries, AGapOfAgesFits) {
  TrafficSeries series;
  series.Add(0, 1, 60, 0);
  series.Add(4'294'967'295, 1, 60, 0);
  EXPECT_LE(series.buckets().size(), TrafficSeries::kBucketsMax);
  EXPECT_EQ(series.buckets().front().packets, 1U);
  EXPECT_EQ(series.buckets().back().packets, 1U);
}

}  // namespace
}  // namespace vedette
