// Remembers which pairs of addresses have met, in fixed memory: four tags a bucket, the oldest
// gives way. A pair that was pushed out counts as new again; two pairs of one bucket and tag
// (2^-32) count as one. Owned by a shard's tracker.
#ifndef VEDETTE_DATAPLANE_TRACK_PAIR_MEMORY_H_
#define VEDETTE_DATAPLANE_TRACK_PAIR_MEMORY_H_

#include <array>
#include <cstdint>

#include "dataplane/sketch/key_hash.h"
#include "dataplane/sketch/zeroed_array.h"

namespace vedette {

class PairMemory {
 public:
  explicit PairMemory(size_t pairs) : buckets_(BucketsFor(pairs)), mask_(buckets_.size() - 1) {}

  void Prefetch(KeyHash pair) const noexcept { __builtin_prefetch(&buckets_[pair.value & mask_]); }
  // True the first time, and after the pair was forgotten.
  bool Meet(KeyHash pair) noexcept {
    Bucket& bucket = buckets_[pair.value & mask_];
    const auto tag = static_cast<uint32_t>(pair.value >> 32) | 1U;
    for (const uint32_t known : bucket) {
      if (known == tag) return false;
    }
    for (size_t i = bucket.size() - 1; i > 0; --i) bucket[i] = bucket[i - 1];
    bucket[0] = tag;
    return true;
  }

 private:
  using Bucket = std::array<uint32_t, 4>;
  static size_t BucketsFor(size_t pairs) {
    size_t buckets = 1;
    while (buckets * 4 < pairs) buckets *= 2;
    return buckets;
  }

  ZeroedArray<Bucket> buckets_;
  size_t mask_;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_PAIR_MEMORY_H_
