// Rows of fixed number behind a keyed index: the common ground of the tables of one interval. Rows
// lie densely in the order of their first use, so that handing over and clearing cost what was
// used. Linear probing at a load of at most one half (Knuth 6.4: 2.5 probes for a miss); index
// entries hold 32 bits of the hash, so a stranger costs one cache line. One thread.
#ifndef VEDETTE_DATAPLANE_SKETCH_FIXED_ROWS_H_
#define VEDETTE_DATAPLANE_SKETCH_FIXED_ROWS_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "dataplane/sketch/key_hash.h"
#include "dataplane/sketch/zeroed_array.h"

namespace vedette {

template <typename Row>
class FixedRows {
 public:
  explicit FixedRows(size_t rows)
      : rows_(rows), hashes_(rows), index_(std::bit_ceil(rows * 2)), mask_(index_.size() - 1) {}

  void Prefetch(KeyHash hash) const noexcept { __builtin_prefetch(&index_[hash.value & mask_]); }
  // When the index has come: the row it leads to.
  void PrefetchRow(KeyHash hash) const noexcept {
    const Entry& entry = index_[hash.value & mask_];
    if (entry.row == kEmpty || entry.row == kGone) return;
    // Its beginning: the key, and what is counted most.
    const char* const row = reinterpret_cast<const char*>(&rows_[entry.row - 1]);
    constexpr size_t kBytes = std::min<size_t>(sizeof(Row), 3 * 64);
    for (size_t at = 0; at < kBytes; at += 64) __builtin_prefetch(row + at, 1);
  }
  // `is` compares a row's key, asked only where the hashes agree.
  template <typename Is>
  Row* Find(KeyHash hash, Is&& is) noexcept {
    const uint32_t tag = TagOf(hash);
    for (size_t at = hash.value & mask_;; at = (at + 1) & mask_) {
      const Entry& entry = index_[at];
      if (entry.row == kEmpty) return nullptr;
      if (entry.row != kGone && entry.tag == tag && is(rows_[entry.row - 1])) {
        return &rows_[entry.row - 1];
      }
    }
  }
  // A fresh row; the key must not be there and the table not full.
  Row& Insert(KeyHash hash) noexcept {
    const auto row = static_cast<uint32_t>(used_++);
    hashes_[row] = hash.value;
    Link(hash, row);
    rows_[row] = Row{};
    return rows_[row];
  }
  // The row's key is forgotten and its place given to another.
  Row& Replace(size_t row, KeyHash hash) noexcept {
    for (size_t at = hashes_[row] & mask_;; at = (at + 1) & mask_) {
      if (index_[at].row == row + 1) {
        index_[at].row = kGone;
        break;
      }
    }
    hashes_[row] = hash.value;
    if (++gone_ > index_.size() / 8) {
      Reindex();
    } else {
      Link(hash, static_cast<uint32_t>(row));
    }
    rows_[row] = Row{};
    return rows_[row];
  }

  bool full() const noexcept { return used_ == rows_.size(); }
  size_t size() const noexcept { return used_; }
  size_t capacity() const noexcept { return rows_.size(); }
  Row& operator[](size_t row) noexcept { return rows_[row]; }
  KeyHash HashOf(size_t row) const noexcept { return {hashes_[row]}; }
  std::span<const Row> rows() const noexcept { return {rows_.data(), used_}; }

  void Clear() noexcept {
    if (gone_ != 0 || used_ * 4 > index_.size()) {
      std::memset(static_cast<void*>(index_.data()), 0, index_.bytes());
    } else {
      for (size_t row = 0; row < used_; ++row) Unlink(row);
    }
    used_ = gone_ = 0;
  }

 private:
  static constexpr uint32_t kEmpty = 0, kGone = 0xffffffff;
  struct Entry {
    uint32_t tag;
    uint32_t row;  // + 1
  };
  static uint32_t TagOf(KeyHash hash) noexcept { return static_cast<uint32_t>(hash.value >> 32); }

  void Link(KeyHash hash, uint32_t row) noexcept {
    size_t at = hash.value & mask_;
    while (index_[at].row != kEmpty && index_[at].row != kGone) at = (at + 1) & mask_;
    if (index_[at].row == kGone) --gone_;
    index_[at] = {TagOf(hash), row + 1};
  }
  // All rows go: holes in probe chains do no harm, as every chain is emptied whole.
  void Unlink(size_t row) noexcept {
    for (size_t at = hashes_[row] & mask_;; at = (at + 1) & mask_) {
      if (index_[at].row != row + 1) continue;
      index_[at] = {};
      return;
    }
  }
  void Reindex() noexcept {
    std::memset(static_cast<void*>(index_.data()), 0, index_.bytes());
    gone_ = 0;
    for (size_t row = 0; row < used_; ++row) Link({hashes_[row]}, static_cast<uint32_t>(row));
  }

  ZeroedArray<Row> rows_;
  ZeroedArray<uint64_t> hashes_;
  ZeroedArray<Entry> index_;
  size_t mask_;
  size_t used_ = 0;
  size_t gone_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_SKETCH_FIXED_ROWS_H_
