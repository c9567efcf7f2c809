// Linear counting against exact counts: breaks if the error is above the theorem's, if repeats
// count, or if a union depends on order.
#include "dataplane/sketch/distinct_bitmap.h"

#include <gtest/gtest.h>

#include "tests/dataplane/sketch/streams.h"

namespace vedette {
namespace {

constexpr size_t kBits = 512;
using Bitmap = DistinctBitmap<kBits>;

double StandardError(double n) {
  const double m = kBits, t = n / m;
  return std::sqrt(m * (std::exp(t) - t - 1)) / n;
}

// 300 secrets: the root mean square error then lies within 15 % of the true one (3.7 sigma).
TEST(DistinctBitmapTest, ErrorIsThatOfTheTheorem) {
  constexpr int kTrials = 300;
  for (const uint64_t n : {30U, 100U, 256U, 512U, 1'024U}) {
    double squares = 0, sum = 0;
    for (uint64_t seed = 1; seed <= kTrials; ++seed) {
      Bitmap bitmap;
      for (uint64_t key = 0; key < n; ++key) bitmap.Add(HashOf(key, seed));
      const double error = (bitmap.Estimate() - static_cast<double>(n)) / static_cast<double>(n);
      squares += error * error;
      sum += error;
    }
    const double expected = StandardError(static_cast<double>(n));
    EXPECT_LT(std::sqrt(squares / kTrials), 1.15 * expected) << n;
    EXPECT_LT(std::abs(sum / kTrials), 0.3 * expected) << n << ": biased";
    EXPECT_LT(expected, 0.06) << n << ": the header says so";
  }
}

TEST(DistinctBitmapTest, RepeatsDoNotCount) {
  Bitmap once, often;
  for (uint64_t key = 0; key < 200; ++key) {
    once.Add(HashOf(key, 1));
    for (int i = 0; i < 10; ++i) often.Add(HashOf(key, 1));
  }
  EXPECT_EQ(once.Estimate(), often.Estimate());
  EXPECT_LE(once.set_bits(), 200U);
}

TEST(DistinctBitmapTest, UnionIsExactInAnyOrder) {
  Bitmap parts[3], whole;
  for (uint64_t key = 0; key < 600; ++key) {
    parts[key % 3].Add(HashOf(key / 2, 5));  // keys in common
    whole.Add(HashOf(key / 2, 5));
  }
  Bitmap left = parts[0], right = parts[2], inner = parts[1];
  left.Merge(parts[1]);
  left.Merge(parts[2]);
  inner.Merge(parts[0]);
  right.Merge(inner);
  EXPECT_EQ(left.Estimate(), whole.Estimate());
  EXPECT_EQ(right.Estimate(), whole.Estimate());
  left.Merge(left);
  EXPECT_EQ(left.Estimate(), whole.Estimate());
}

TEST(DistinctBitmapTest, SaturatesInsteadOfOverflowing) {
  Bitmap bitmap;
  EXPECT_TRUE(bitmap.empty());
  EXPECT_EQ(bitmap.Estimate(), 0);
  for (uint64_t key = 0; key < 100'000; ++key) bitmap.Add(HashOf(key, 2));
  EXPECT_DOUBLE_EQ(bitmap.Estimate(), kBits * std::log(double{kBits}));
  EXPECT_FALSE(bitmap.empty());
}

}  // namespace
}  // namespace vedette
