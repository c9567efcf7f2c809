// Frequencies of any number of keys in fixed memory: Count-Min (Cormode, Muthukrishnan 2005), with
// the counters of a key in one cache line, so that an update costs one miss. The hash names a line
// and one of four columns in each of its four rows.
//
// Theorem. With w = 4 * lines columns a row and N the weight of all updates:
//   Estimate(x) >= f(x), always;
//   P[Estimate(x) >= f(x) + e N] <= 1 / (w e), over the choice of the key.
// Proof. No counter of x misses an update of x. Any other key meets x's counter of the first row
// with probability 1 / w, so the excess there is N / w in the mean; Markov's inequality; the
// minimum over rows is no larger. Rows of one line share their strangers, so their chances do not
// multiply as in the original, which spends a cache miss on each row. Rows still part what fell
// into one line: in practice the excess is well below the bound.
// Counters stop at 2^32 - 1, where estimates may be too low.
//
// AddConservative (Estan, Varghese 2002) raises only what must be raised: the same two promises,
// less excess. Merge adds counters: of sketches of one size under one secret, the promises hold for
// the streams put together. Owned by a window; one thread.
#ifndef VEDETTE_DATAPLANE_SKETCH_COUNT_MIN_H_
#define VEDETTE_DATAPLANE_SKETCH_COUNT_MIN_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "dataplane/sketch/key_hash.h"
#include "dataplane/sketch/zeroed_array.h"

namespace vedette {

// A key's estimate is too high by `error_share` of all weight or more with at most the probability
// `doubt`.
struct CountMinPromise {
  double error_share = 0;
  double doubt = 0;
};

class CountMin {
 public:
  static constexpr size_t kDepth = 4, kColumns = 4;

  static constexpr size_t LinesFor(CountMinPromise promise) {
    const double columns = 1 / (promise.error_share * promise.doubt);
    size_t lines = 1;
    while (static_cast<double>(lines * kColumns) < columns) lines *= 2;
    return lines;
  }

  explicit CountMin(CountMinPromise promise)
      : lines_(LinesFor(promise)), mask_(lines_.size() - 1) {}

  void Prefetch(KeyHash key) const noexcept { __builtin_prefetch(&lines_[LineOf(key)], 1); }

  void Add(KeyHash key, uint32_t weight) noexcept {
    total_ += weight;
    Line& line = lines_[LineOf(key)];
    for (size_t row = 0; row < kDepth; ++row) {
      uint32_t& counter = line.counters[CounterOf(key, row)];
      counter = Sum(counter, weight);
    }
  }
  // The new estimate.
  uint32_t AddConservative(KeyHash key, uint32_t weight) noexcept {
    total_ += weight;
    const uint32_t estimate = Sum(Estimate(key), weight);
    Line& line = lines_[LineOf(key)];
    for (size_t row = 0; row < kDepth; ++row) {
      uint32_t& counter = line.counters[CounterOf(key, row)];
      counter = std::max(counter, estimate);
    }
    return estimate;
  }
  uint32_t Estimate(KeyHash key) const noexcept {
    const Line& line = lines_[LineOf(key)];
    uint32_t least = line.counters[CounterOf(key, 0)];
    for (size_t row = 1; row < kDepth; ++row) {
      least = std::min(least, line.counters[CounterOf(key, row)]);
    }
    return least;
  }

  void Merge(const CountMin& other) noexcept {
    assert(lines_.size() == other.lines_.size());
    total_ += other.total_;
    for (size_t i = 0; i < lines_.size(); ++i) {
      for (size_t k = 0; k < kDepth * kColumns; ++k) {
        uint32_t& counter = lines_[i].counters[k];
        counter = Sum(counter, other.lines_[i].counters[k]);
      }
    }
  }
  // Costs nothing where nothing was added.
  void Clear() noexcept {
    if (total_ == 0) return;
    std::memset(static_cast<void*>(lines_.data()), 0, lines_.bytes());
    total_ = 0;
  }

  // Twice what strangers leave in a counter in the mean: an estimate below says nothing.
  uint32_t Noise() const noexcept {
    const auto columns_bits = static_cast<unsigned>(std::countr_zero(lines_.size() * kColumns));
    return static_cast<uint32_t>(std::min<uint64_t>(total_ >> (columns_bits - 1), UINT32_MAX));
  }
  uint64_t total() const noexcept { return total_; }
  size_t lines() const noexcept { return lines_.size(); }

 private:
  struct alignas(64) Line {
    std::array<uint32_t, kDepth * kColumns> counters;
  };
  static_assert(sizeof(Line) == 64);

  size_t LineOf(KeyHash key) const noexcept { return key.value & mask_; }
  // Two bits a row from the top of the hash, far from those that name the line.
  static size_t CounterOf(KeyHash key, size_t row) noexcept {
    return row * kColumns + (key.value >> (56 + 2 * row) & (kColumns - 1));
  }
  static uint32_t Sum(uint32_t a, uint32_t b) noexcept {
    const uint64_t sum = uint64_t{a} + b;
    return sum > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(sum);
  }

  ZeroedArray<Line> lines_;
  size_t mask_;
  uint64_t total_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_SKETCH_COUNT_MIN_H_
