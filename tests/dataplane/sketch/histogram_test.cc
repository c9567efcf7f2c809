// Buckets against their values: breaks if a bucket is wider than promised, if two touch or miss a
// value, or if a quantile is below the true one or too far above it.
#include "dataplane/sketch/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "dataplane/track/shard_counters.h"

namespace vedette {
namespace {

template <typename H>
class HistogramTest : public ::testing::Test {};
using Layouts = ::testing::Types<PacketSizes, FlowSizes, Histogram<1, 20>, Histogram<7, 24>>;
TYPED_TEST_SUITE(HistogramTest, Layouts);

TYPED_TEST(HistogramTest, BucketsFollowEachOtherAndAreNarrowEnough) {
  for (size_t bucket = 0; bucket < TypeParam::kBuckets; ++bucket) {
    const uint64_t low = TypeParam::LowOf(bucket), high = TypeParam::HighOf(bucket);
    ASSERT_LE(low, high);
    EXPECT_EQ(TypeParam::BucketOf(low), bucket);
    EXPECT_EQ(TypeParam::BucketOf(high), bucket);
    if (bucket != 0) {
      EXPECT_EQ(low, TypeParam::HighOf(bucket - 1) + 1);
    }
    EXPECT_LE(static_cast<double>(high - low),
              TypeParam::kRelativeError * static_cast<double>(low));
  }
  EXPECT_EQ(TypeParam::LowOf(0), 0U);
}

TYPED_TEST(HistogramTest, EveryValueIsInsideItsBucket) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t value = random() >> (random() % 64);
    const size_t bucket = TypeParam::BucketOf(value);
    ASSERT_LT(bucket, TypeParam::kBuckets);
    if (bucket == TypeParam::kBuckets - 1) {
      EXPECT_GE(value, TypeParam::LowOf(bucket));
    } else {
      EXPECT_GE(value, TypeParam::LowOf(bucket));
      EXPECT_LE(value, TypeParam::HighOf(bucket));
    }
  }
}

TYPED_TEST(HistogramTest, QuantilesAreNeverTooLowNorFarTooHigh) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    std::mt19937_64 random(seed);
    TypeParam histogram;
    std::vector<uint64_t> values;
    for (int i = 0; i < 5'000; ++i) {
      values.push_back((random() & 0xfffff) >> (random() % 20) & 0xffff);
      histogram.Add(values.back());
    }
    std::sort(values.begin(), values.end());
    for (const double q : {0.0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.9999, 1.0}) {
      const double rank = std::max(1.0, std::ceil(q * static_cast<double>(values.size())));
      const uint64_t exact = values[static_cast<size_t>(rank) - 1];
      const uint64_t told = histogram.Quantile(q);
      EXPECT_GE(told, exact);
      EXPECT_LE(static_cast<double>(told - exact),
                TypeParam::kRelativeError * static_cast<double>(exact));
    }
  }
}

TYPED_TEST(HistogramTest, MergeIsExactInAnyOrder) {
  std::mt19937_64 random(2);
  TypeParam parts[3], whole;
  for (int i = 0; i < 3'000; ++i) {
    const uint64_t value = random() >> (random() % 64);
    parts[i % 3].Add(value);
    whole.Add(value);
  }
  TypeParam left = parts[0], right = parts[2], inner = parts[1];
  left.Merge(parts[1]);
  left.Merge(parts[2]);
  inner.Merge(parts[0]);
  right.Merge(inner);
  EXPECT_EQ(left, whole);
  EXPECT_EQ(right, whole);
  EXPECT_EQ(whole.total(), 3'000U);
}

TYPED_TEST(HistogramTest, EmptyHasNoQuantile) {
  EXPECT_EQ(TypeParam().Quantile(0.5), 0U);
  EXPECT_EQ(TypeParam().total(), 0U);
}

}  // namespace
}  // namespace vedette
