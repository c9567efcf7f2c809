// Distinct counts that other programs can add up: theta sketches (Dasgupta, Lang, Rhodes, Thaler
// 2016) in the layout of Apache DataSketches, compact, ordered, seed 9001, lg_k 9. A sketch keeps
// the 512 smallest hashes and theta, the next one: the same bytes however a stream was split.
// Estimate = kept / theta, exact up to 512; relative standard error 1 / sqrt(511) = 4.4 % above.
//
// ThetaPool serves one window of one shard: handles in rows, memory in the pool. Most endpoints
// have few peers, so a sketch begins small (8 hashes) and moves to a large place when it grows.
// With no place left it stays small, which is a theta sketch all the same, only a coarser one.
// ThetaSet is the merged set on the control thread and may allocate.
#ifndef VEDETTE_DATAPLANE_SKETCH_THETA_SKETCH_H_
#define VEDETTE_DATAPLANE_SKETCH_THETA_SKETCH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dataplane/decode/addresses.h"
#include "dataplane/sketch/zeroed_array.h"

namespace vedette {

inline constexpr size_t kThetaHashesMax = 512;
inline constexpr uint64_t kThetaWhole = 0x7fffffffffffffff;  // theta = 1

// MurmurHash3 (x64, 128 bits) of the address as RFC 5952 text, first word, halved.
uint64_t ThetaHashOf(const IpAddress& ip) noexcept;

struct ThetaHandle {
  uint32_t place = 0;  // 0: empty set without a place
};

class ThetaPool {
 public:
  // So many sketches, `large` of which may grow.
  explicit ThetaPool(size_t sketches) : ThetaPool(sketches, (sketches + 7) / 8) {}
  ThetaPool(size_t sketches, size_t large) : small_(sketches), large_(large) {}

  // False: no place for a new sketch; counted.
  bool Update(ThetaHandle& handle, uint64_t hash) noexcept;
  void Clear() noexcept;
  uint64_t refused() const noexcept { return refused_; }

  // Hashes below theta, in no order.
  std::span<const uint64_t> HashesOf(ThetaHandle handle, uint64_t& theta) const noexcept;

 private:
  static constexpr size_t kSmallMax = 8;
  static constexpr size_t kLargeMax = 2 * kThetaHashesMax;
  static constexpr size_t kIndexSize = 2 * kLargeMax;
  struct Small {
    uint64_t theta;
    uint32_t count;
    uint32_t large;  // place + 1 in large_, 0: none
    std::array<uint64_t, kSmallMax> hashes;
  };
  struct Large {
    uint32_t count;
    std::array<uint64_t, kLargeMax> hashes;  // dense
    std::array<uint16_t, kIndexSize> index;  // hash % size, linear probing: position + 1
  };

  void AddSmall(Small& sketch, uint64_t hash) noexcept;
  void AddLarge(Small& sketch, Large& large, uint64_t hash) noexcept;
  bool Promote(Small& sketch) noexcept;
  static bool Link(Large& large, uint64_t hash) noexcept;

  ZeroedArray<Small> small_;
  ZeroedArray<Large> large_;
  size_t small_used_ = 0, large_used_ = 0;
  uint64_t refused_ = 0;
};

class ThetaSet {
 public:
  void Merge(const ThetaPool& pool, ThetaHandle handle);
  void Merge(const ThetaSet& other);
  void Add(uint64_t hash);
  void Clear();
  bool empty() const { return hashes_.empty() && theta_ == kThetaWhole; }
  double Estimate() const;
  std::string ToHex() const;  // lower case; at most 8.3 KB

  template <typename Io>
  void Keep(Io& io) {
    io("theta", theta_);
    io("hashes", hashes_);
  }

 private:
  struct Trimmed {
    uint64_t theta;
    std::vector<uint64_t> hashes;  // ascending
  };
  static constexpr size_t kRepeatsMax = 8 * kThetaHashesMax;
  Trimmed Trim() const;
  void Compact();

  uint64_t theta_ = kThetaWhole;
  std::vector<uint64_t> hashes_;  // with repeats until the next Compact
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_SKETCH_THETA_SKETCH_H_
