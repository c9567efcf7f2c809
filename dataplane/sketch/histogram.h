// How values are distributed, in buckets whose width grows with the value (the log-linear layout of
// HdrHistogram, Tene 2012): values below 2^kLinearBits have a bucket each, every further power of
// two is cut into 2^kLinearBits equal ones.
//
// Bound. A bucket [low, high] above the linear part has high - low + 1 = 2^(e - k) for low >= 2^e,
// k = kLinearBits, so any value in it is off from the bucket's lower end by less than 2^-k of
// itself. Quantile(q) is the upper end of the bucket in which the value of rank ceil(q n) lies:
// never below that value, above it by less than 2^-k of it. Values of kValueBits bits and more are
// counted in the last bucket.
// Merge adds counts: exact, in any order. Fixed size, no allocation; written by one thread.
#ifndef VEDETTE_DATAPLANE_SKETCH_HISTOGRAM_H_
#define VEDETTE_DATAPLANE_SKETCH_HISTOGRAM_H_

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace vedette {

template <unsigned kLinearBits, unsigned kValueBits>
class Histogram {
  static_assert(kLinearBits > 0 && kLinearBits < kValueBits && kValueBits < 64);

 public:
  static constexpr size_t kBuckets = size_t{kValueBits - kLinearBits + 1} << kLinearBits;
  static constexpr double kRelativeError = 1.0 / static_cast<double>(uint64_t{1} << kLinearBits);

  static constexpr size_t BucketOf(uint64_t value) noexcept {
    if (value >> kValueBits != 0) return kBuckets - 1;
    // Below 2^k the value itself; from there on its leading k + 1 bits, power by power.
    const auto bits = static_cast<unsigned>(std::bit_width(value | kLinear));
    const unsigned shift = bits - kLinearBits - 1;
    return (size_t{shift} << kLinearBits) + static_cast<size_t>(value >> shift);
  }
  static constexpr uint64_t LowOf(size_t bucket) noexcept {
    if (bucket < 2 * kLinear) return bucket;
    const size_t shift = (bucket >> kLinearBits) - 1;
    return uint64_t{bucket - (shift << kLinearBits)} << shift;
  }
  static constexpr uint64_t HighOf(size_t bucket) noexcept { return LowOf(bucket + 1) - 1; }

  void Add(uint64_t value) noexcept { ++counts_[BucketOf(value)]; }
  void Merge(const Histogram& other) noexcept {
    for (size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  }
  uint64_t count(size_t bucket) const noexcept { return counts_[bucket]; }
  uint64_t total() const noexcept {
    uint64_t total = 0;
    for (const uint64_t count : counts_) total += count;
    return total;
  }
  // `q` of 0 to 1; 0 when empty.
  uint64_t Quantile(double q) const noexcept {
    const uint64_t values = total();
    if (values == 0) return 0;
    const double rank = std::ceil(q * static_cast<double>(values));
    uint64_t left = rank < 1 ? 1 : static_cast<uint64_t>(rank);
    for (size_t i = 0; i < kBuckets; ++i) {
      if (left <= counts_[i]) return HighOf(i);
      left -= counts_[i];
    }
    return HighOf(kBuckets - 1);
  }
  friend bool operator==(const Histogram&, const Histogram&) = default;

 private:
  static constexpr uint64_t kLinear = uint64_t{1} << kLinearBits;
  std::array<uint64_t, kBuckets> counts_{};
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_SKETCH_HISTOGRAM_H_
