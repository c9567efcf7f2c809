// The heaviest keys of a stream in fixed memory: Space-Saving (Metwally, Agrawal, El Abbadi 2005).
// A newcomer to a full table takes the row of the lightest and inherits its weight.
//
// Theorem. With m rows and N the weight of all updates, for every row:
//   weight - error <= true weight <= weight, and error <= N / m;
// and every key whose true weight is above N / m has a row.
// Proof. Each update adds its weight to exactly one row and nothing is taken away, so the rows sum
// to N and the lightest has at most N / m. Row weights only grow, so what a key had when it was
// displaced is at most what any later newcomer inherits; and a key without a row was displaced at a
// weight not above today's lightest.
// Taking the lightest of a few candidates instead of all would be cheaper and wrong: a key that
// comes back might then inherit less than it had.
//
// The lightest is found by a heap of rows that is built when the table is first full and repaired
// only when somebody has to go: an update of a known key costs nothing there. Each update makes at
// most one heap entry old, so repairs cost O(log m) an update in the mean. Four children lie in one
// cache line: five lines from the top to the bottom of a thousand.
// Tables of disjoint keys (shards) merge by putting their rows side by side: each keeps its bound.
// Owned by a window; one thread.
#ifndef VEDETTE_DATAPLANE_SKETCH_HEAVY_HITTERS_H_
#define VEDETTE_DATAPLANE_SKETCH_HEAVY_HITTERS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/sketch/fixed_rows.h"
#include "dataplane/sketch/key_hash.h"
#include "dataplane/sketch/zeroed_array.h"

namespace vedette {

// So that every key above `share` of all weight has a row, and no weight is off by more than that.
constexpr size_t HeavyHitterRowsFor(double share) {
  size_t rows = 1;
  while (1 / static_cast<double>(rows) > share) ++rows;
  return rows;
}

// Row names its weight and error; its other fields are the owner's, zero in a newcomer.
template <typename Row, uint64_t Row::*kWeight, uint64_t Row::*kError>
class HeavyHitters {
 public:
  explicit HeavyHitters(size_t rows) : rows_(rows), heap_(kPadding + rows) {}

  // `is` says whether a row is the key's, `name` writes the key into a fresh one.
  template <typename Is, typename Name>
  Row& Add(KeyHash hash, uint64_t weight, Is&& is, Name&& name) noexcept {
    Row* row = rows_.Find(hash, is);
    if (row == nullptr) {
      row = rows_.full() ? &Displace(hash, weight) : &rows_.Insert(hash);
      name(*row);
    }
    row->*kWeight += weight;
    return *row;
  }

  std::span<const Row> records() const noexcept { return rows_.rows(); }
  uint64_t displaced() const noexcept { return displaced_; }
  void Clear() noexcept {
    rows_.Clear();
    displaced_ = 0;
  }

 private:
  // Equal weights go by row, so that a heap of one content has one top.
  struct Entry {
    uint64_t weight;  // of the row when it was last looked at: never too high
    uint32_t row;
    friend bool operator<(const Entry& a, const Entry& b) noexcept {
      return a.weight != b.weight ? a.weight < b.weight : a.row < b.row;
    }
  };

  static constexpr size_t kChildren = 4;
  static constexpr size_t kPadding = kChildren - 1;  // so that a group of children begins a line

  Row& Displace(KeyHash hash, uint64_t weight) noexcept {
    if (displaced_++ == 0) BuildHeap();
    Entry& top = At(0);
    while (top.weight != rows_[top.row].*kWeight) {
      top.weight = rows_[top.row].*kWeight;
      SiftDown(0);
    }
    const Entry lightest = top;
    Row& row = rows_.Replace(lightest.row, hash);
    row.*kWeight = row.*kError = lightest.weight;
    top.weight += weight;
    SiftDown(0);
    __builtin_prefetch(&rows_[top.row]);  // the next to go, most likely
    return row;
  }
  void BuildHeap() noexcept {
    const size_t count = rows_.capacity();
    for (size_t i = 0; i < count; ++i) At(i) = {rows_[i].*kWeight, static_cast<uint32_t>(i)};
    for (size_t i = (count + kChildren - 2) / kChildren; i-- > 0;) SiftDown(i);
  }
  void SiftDown(size_t at) noexcept {
    const size_t count = rows_.capacity();
    const Entry moved = At(at);
    for (size_t first = kChildren * at + 1; first < count; first = kChildren * at + 1) {
      const size_t end = std::min(first + kChildren, count);
      size_t least = first;
      for (size_t child = first + 1; child < end; ++child) {
        if (At(child) < At(least)) least = child;
      }
      if (!(At(least) < moved)) break;
      At(at) = At(least);
      at = least;
    }
    At(at) = moved;
  }
  Entry& At(size_t place) noexcept { return heap_[kPadding + place]; }

  FixedRows<Row> rows_;
  ZeroedArray<Entry> heap_;  // valid from the first displacement on
  uint64_t displaced_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_SKETCH_HEAVY_HITTERS_H_
