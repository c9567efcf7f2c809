// What each sketch costs an update, with keys as a network has them: a few heavy ones and a long
// tail, and a flood of keys that never come again.
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <vector>

#include "dataplane/sketch/count_min.h"
#include "dataplane/sketch/distinct_bitmap.h"
#include "dataplane/sketch/heavy_hitters.h"
#include "dataplane/sketch/theta_sketch.h"

namespace vedette {
namespace {

constexpr size_t kKeys = size_t{1} << 20;

uint64_t Mixed(uint64_t value) {  // SplitMix64
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

// Rank r comes about as often as 1 / r.
std::vector<KeyHash> LongTail() {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> uniform(0, std::log(1e6));
  std::vector<KeyHash> keys(kKeys);
  for (KeyHash& key : keys) key = {Mixed(static_cast<uint64_t>(std::exp(uniform(random))))};
  return keys;
}
std::vector<KeyHash> NeverAgain() {
  std::vector<KeyHash> keys(kKeys);
  for (size_t i = 0; i < keys.size(); ++i) keys[i] = {Mixed(i)};
  return keys;
}

template <typename Add>
void EachKey(benchmark::State& state, const std::vector<KeyHash>& keys, Add add) {
  size_t i = 0;
  for (auto unused : state) add(keys[i++ % kKeys]);
  state.SetItemsProcessed(state.iterations());
}

void CountMinAdd(benchmark::State& state) {
  CountMin sketch({.error_share = 1e-4, .doubt = 0.01});
  EachKey(state, LongTail(), [&](KeyHash key) { sketch.Add(key, 1); });
}
void CountMinAddConservative(benchmark::State& state) {
  CountMin sketch({.error_share = 1e-4, .doubt = 0.01});
  EachKey(state, LongTail(),
          [&](KeyHash key) { benchmark::DoNotOptimize(sketch.AddConservative(key, 1)); });
}

struct HeavyRow {
  uint64_t key, weight, error;
};
void RunHeavyHitters(benchmark::State& state, const std::vector<KeyHash>& keys) {
  HeavyHitters<HeavyRow, &HeavyRow::weight, &HeavyRow::error> sketch(1'024);
  EachKey(state, keys, [&](KeyHash key) {
    sketch.Add(
        key, 1, [key](const HeavyRow& row) { return row.key == key.value; },
        [key](HeavyRow& row) { row.key = key.value; });
  });
}
void HeavyHittersLongTail(benchmark::State& state) { RunHeavyHitters(state, LongTail()); }
void HeavyHittersNeverAgain(benchmark::State& state) { RunHeavyHitters(state, NeverAgain()); }

// A thousand sets, as many as endpoints of a shard.
void RunTheta(benchmark::State& state, const std::vector<KeyHash>& keys) {
  constexpr size_t kSets = 1'024;
  ThetaPool pool(kSets);
  std::vector<ThetaHandle> handles(kSets);
  EachKey(state, keys,
          [&](KeyHash key) { pool.Update(handles[key.value % kSets], Mixed(key.value) >> 1); });
}
void ThetaLongTail(benchmark::State& state) { RunTheta(state, LongTail()); }
void ThetaNeverAgain(benchmark::State& state) { RunTheta(state, NeverAgain()); }
void ThetaHashOfAddress(benchmark::State& state) {
  EachKey(state, NeverAgain(), [](KeyHash key) {
    const auto byte = [key](size_t i) { return static_cast<uint8_t>(key.value >> (8 * i)); };
    benchmark::DoNotOptimize(ThetaHashOf(IpAddress::V4(byte(0), byte(1), byte(2), byte(3))));
  });
}

void DistinctBitmapAdd(benchmark::State& state) {
  std::vector<DistinctBitmap<512>> bitmaps(4'096);
  EachKey(state, LongTail(),
          [&](KeyHash key) { bitmaps[key.value >> 52].Add({Mixed(key.value)}); });
}
void DistinctBitmapEstimate(benchmark::State& state) {
  DistinctBitmap<512> bitmap;
  for (uint64_t i = 0; i < 300; ++i) bitmap.Add({Mixed(i)});
  for (auto unused : state) {
    benchmark::DoNotOptimize(bitmap);
    benchmark::DoNotOptimize(bitmap.Estimate());
  }
}

BENCHMARK(CountMinAdd);
BENCHMARK(CountMinAddConservative);
BENCHMARK(HeavyHittersLongTail);
BENCHMARK(HeavyHittersNeverAgain);
BENCHMARK(ThetaLongTail);
BENCHMARK(ThetaNeverAgain);
BENCHMARK(ThetaHashOfAddress);
BENCHMARK(DistinctBitmapAdd);
BENCHMARK(DistinctBitmapEstimate);

}  // namespace
}  // namespace vedette
