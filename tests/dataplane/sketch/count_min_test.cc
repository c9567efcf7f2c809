// Count-Min against exact counts: breaks if an estimate can be too low, if the excess is above what
// the sizes promise, or if merging depends on the order.
#include "dataplane/sketch/count_min.h"

#include <gtest/gtest.h>

#include "tests/dataplane/sketch/streams.h"

namespace vedette {
namespace {

constexpr CountMinPromise kPromise = {.error_share = 0.002, .doubt = 0.05};

std::vector<Stream> Streams(uint64_t seed) {
  return {Zipf(seed, 50'000, 60'000), Uniform(seed, 20'000, 60'000), HeavyFirst(400, 50'000),
          Returning(50'000, 100), InTurn(5'000, 10)};
}

CountMin Filled(const Stream& stream, uint64_t seed) {
  CountMin sketch(kPromise);
  for (const Update& update : stream.updates) sketch.Add(HashOf(update.key, seed), update.weight);
  return sketch;
}

TEST(CountMinTest, SizesFollowFromThePromise) {
  EXPECT_EQ(CountMin(kPromise).lines(), 4096U);  // 1 / (0.002 * 0.05) = 10,000 columns
  EXPECT_EQ(CountMin::LinesFor({.error_share = 1, .doubt = 1}), 1U);
  EXPECT_EQ(CountMin::LinesFor({.error_share = 0.01, .doubt = 0.25}), 128U);
}

TEST(CountMinTest, NeverTooLowAndSeldomTooHigh) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    for (const Stream& stream : Streams(seed)) {
      const CountMin sketch = Filled(stream, seed);
      const double limit = kPromise.error_share * static_cast<double>(stream.Total());
      size_t keys = 0, bad = 0;
      for (const auto& [key, exact] : stream.Exact()) {
        const uint64_t estimate = sketch.Estimate(HashOf(key, seed));
        ASSERT_GE(estimate, exact) << stream.name << ", seed " << seed;
        ++keys;
        bad += static_cast<double>(estimate - exact) >= limit;
      }
      EXPECT_EQ(sketch.total(), stream.Total());
      EXPECT_LE(static_cast<double>(bad), kPromise.doubt * static_cast<double>(keys))
          << stream.name << ", seed " << seed;
    }
  }
}

// The promise is one for every key, seen or not.
TEST(CountMinTest, StrangersSeldomLookFrequent) {
  const Stream stream = Uniform(9, 100'000, 200'000);
  size_t bad = 0;
  const CountMin sketch = Filled(stream, 9);
  for (uint64_t key = 0; key < 10'000; ++key) {
    bad += sketch.Estimate(HashOf(1'000'000'000 + key, 9)) >= 0.002 * 200'000;
  }
  EXPECT_LE(bad, 500U);
}

TEST(CountMinTest, ConservativeUpdatesKeepThePromiseAndAreNoWorse) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    for (const Stream& stream : Streams(seed)) {
      const CountMin plain = Filled(stream, seed);
      CountMin conservative(kPromise);
      uint64_t told = 0;
      for (const Update& update : stream.updates) {
        told = conservative.AddConservative(HashOf(update.key, seed), update.weight);
      }
      EXPECT_EQ(told, conservative.Estimate(HashOf(stream.updates.back().key, seed)));
      for (const auto& [key, exact] : stream.Exact()) {
        const KeyHash hash = HashOf(key, seed);
        ASSERT_GE(conservative.Estimate(hash), exact) << stream.name << ", seed " << seed;
        ASSERT_LE(conservative.Estimate(hash), plain.Estimate(hash));
      }
    }
  }
}

TEST(CountMinTest, MergeIsThatOfTheStreamsInAnyOrder) {
  const uint64_t seed = 3;
  const Stream a = Zipf(1, 5'000, 20'000), b = Uniform(2, 9'000, 20'000), c = HeavyFirst(90, 9'000);
  Stream all = a;
  all.updates.insert(all.updates.end(), b.updates.begin(), b.updates.end());
  all.updates.insert(all.updates.end(), c.updates.begin(), c.updates.end());
  CountMin left = Filled(a, seed);  // (a + b) + c
  left.Merge(Filled(b, seed));
  left.Merge(Filled(c, seed));
  CountMin right = Filled(c, seed);  // (c + b) + a
  right.Merge(Filled(b, seed));
  right.Merge(Filled(a, seed));
  const CountMin whole = Filled(all, seed);
  EXPECT_EQ(left.total(), whole.total());
  for (const auto& [key, exact] : all.Exact()) {
    const KeyHash hash = HashOf(key, seed);
    ASSERT_EQ(left.Estimate(hash), whole.Estimate(hash));
    ASSERT_EQ(right.Estimate(hash), whole.Estimate(hash));
  }
}

TEST(CountMinTest, CountersStopAtTheirEnd) {
  CountMin sketch(kPromise);
  const KeyHash hash = HashOf(1, 1);
  sketch.Add(hash, UINT32_MAX - 1);
  sketch.Add(hash, 5);
  EXPECT_EQ(sketch.Estimate(hash), UINT32_MAX);
  EXPECT_EQ(sketch.AddConservative(hash, 1), UINT32_MAX);
  CountMin other(kPromise);
  other.Add(hash, 5);
  other.Merge(sketch);
  EXPECT_EQ(other.Estimate(hash), UINT32_MAX);
}

TEST(CountMinTest, ClearForgetsAll) {
  CountMin sketch = Filled(Uniform(1, 1'000, 5'000), 1);
  sketch.Clear();
  EXPECT_EQ(sketch.total(), 0U);
  for (uint64_t key = 0; key < 1'000; ++key) EXPECT_EQ(sketch.Estimate(HashOf(key, 1)), 0U);
}

}  // namespace
}  // namespace vedette
