// The heaviest keys of a long stream in bounded memory: the counters of Misra and Gries (1982),
// pruned in batches so that adding costs O(1) on average. Owned and called by one thread; sums and
// total orders only, so that the same stream gives the same table.
//
// Theorem: what is counted for a key is never too much, and too little by at most floor(), which is
// at most N / (kept + 1) for a stream of weight N. Every key heavier than floor() is in the table.
// Proof: a newcomer starts with the floor of its time as what it may have missed. A prune that
// raises the floor by d takes d from each of more than `kept` counters, and they hold at most N.
#ifndef VEDETTE_SENSOR_REPORT_HEAVIEST_H_
#define VEDETTE_SENSOR_REPORT_HEAVIEST_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace vedette {

// `Sums` is what is added up for a key; default-made at zero.
template <typename Key, typename Sums, typename Hasher>
class Heaviest {
 public:
  struct Entry {
    Sums sums;
    uint64_t weight = 0;  // counted
    uint64_t missed = 0;  // at most this much was not counted
  };

  // Never holds more than twice `kept`.
  explicit Heaviest(size_t kept) : kept_(kept) { entries_.reserve(2 * kept); }

  // The sums to add to. Valid until the next call.
  Sums& Add(const Key& key, uint64_t weight) {
    if (entries_.size() >= 2 * kept_ && !entries_.contains(key)) Prune();
    const auto [at, is_new] = entries_.try_emplace(key);
    if (is_new) at->second.missed = floor_;
    at->second.weight += weight;
    return at->second.sums;
  }

  // Heaviest first, then by key.
  std::vector<std::pair<Key, Entry>> Sorted() const {
    std::vector<std::pair<Key, Entry>> sorted(entries_.begin(), entries_.end());
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
      return a.second.weight != b.second.weight ? a.second.weight > b.second.weight
                                                : a.first < b.first;
    });
    return sorted;
  }

  size_t size() const { return entries_.size(); }
  uint64_t floor() const { return floor_; }

 private:
  void Prune() {
    std::vector<std::pair<uint64_t, Key>> bounds;
    bounds.reserve(entries_.size());
    for (const auto& [key, entry] : entries_) bounds.emplace_back(entry.weight + entry.missed, key);
    const auto first_out = bounds.begin() + static_cast<std::ptrdiff_t>(kept_);
    std::nth_element(bounds.begin(), first_out, bounds.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    floor_ = std::max(floor_, first_out->first);
    for (auto out = first_out; out != bounds.end(); ++out) entries_.erase(out->second);
  }

  size_t kept_;
  uint64_t floor_ = 0;
  absl::flat_hash_map<Key, Entry, Hasher> entries_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_REPORT_HEAVIEST_H_
