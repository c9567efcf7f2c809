#include "dataplane/sketch/theta_sketch.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "dataplane/decode/address_text.h"

namespace vedette {
namespace {

constexpr uint64_t kSeed = 9001;

struct Hash128 {
  uint64_t low = 0, high = 0;
};

uint64_t Finish(uint64_t k) {
  k = (k ^ (k >> 33)) * 0xff51afd7ed558ccd;
  k = (k ^ (k >> 33)) * 0xc4ceb9fe1a85ec53;
  return k ^ (k >> 33);
}

constexpr uint64_t kC1 = 0x87c37b91114253d5, kC2 = 0x4cf5ad432745937f;
uint64_t Mix1(uint64_t k) { return std::rotl(k * kC1, 31) * kC2; }
uint64_t Mix2(uint64_t k) { return std::rotl(k * kC2, 33) * kC1; }

// MurmurHash3, x64, 128 bits (Appleby 2011, public domain description): its end, with the last
// bytes, at most 15, as two words. A word of zeros mixes to zero.
Hash128 MurmurEnd(Hash128 hash, std::array<uint64_t, 2> rest, size_t length) {
  uint64_t h1 = hash.low ^ Mix1(rest[0]) ^ length, h2 = hash.high ^ Mix2(rest[1]) ^ length;
  h1 += h2;
  h2 += h1;
  h1 = Finish(h1);
  h2 = Finish(h2);
  h1 += h2;
  h2 += h1;
  return {h1, h2};
}

Hash128 Murmur3(const char* bytes, size_t length, uint64_t seed) {
  uint64_t h1 = seed, h2 = seed;
  size_t at = 0;
  for (; length - at >= 16; at += 16) {
    uint64_t k[2];
    std::memcpy(k, bytes + at, sizeof(k));
    h1 = (std::rotl(h1 ^ Mix1(k[0]), 27) + h2) * 5 + 0x52dce729;
    h2 = (std::rotl(h2 ^ Mix2(k[1]), 31) + h1) * 5 + 0x38495ab5;
  }
  std::array<uint64_t, 2> rest{};
  std::memcpy(rest.data(), bytes + at, length - at);
  return MurmurEnd({h1, h2}, rest, length);
}

uint16_t SeedHash() {
  char bytes[sizeof(kSeed)];
  std::memcpy(bytes, &kSeed, sizeof(bytes));
  return static_cast<uint16_t>(Murmur3(bytes, sizeof(bytes), 0).low);
}

// Leaves the `keep` smallest in front; returns the next one.
uint64_t Select(std::span<uint64_t> hashes, size_t keep) {
  const auto next = hashes.begin() + static_cast<ptrdiff_t>(keep);
  std::nth_element(hashes.begin(), next, hashes.end());
  return *next;
}

}  // namespace

uint64_t ThetaHashOf(const IpAddress& ip) noexcept {
  if (ip.is_v4()) {
    const PackedText text = PackIp4(ip);
    return MurmurEnd({kSeed, kSeed}, text.words, text.length).low >> 1;
  }
  char text[kIpTextMax];
  return Murmur3(text, FormatIp(ip, text), kSeed).low >> 1;
}

bool ThetaPool::Update(ThetaHandle& handle, uint64_t hash) noexcept {
  if (hash == 0) return true;  // as DataSketches does
  if (handle.place == 0) {
    if (small_used_ == small_.size()) {
      ++refused_;
      return false;
    }
    Small& fresh = small_[small_used_++];
    fresh.theta = kThetaWhole;
    fresh.count = fresh.large = 0;
    handle.place = static_cast<uint32_t>(small_used_);
  }
  Small& sketch = small_[handle.place - 1];
  if (hash >= sketch.theta) return true;
  if (sketch.large != 0) {
    AddLarge(sketch, large_[sketch.large - 1], hash);
  } else {
    AddSmall(sketch, hash);
  }
  return true;
}

void ThetaPool::AddSmall(Small& sketch, uint64_t hash) noexcept {
  const auto end = sketch.hashes.begin() + sketch.count;
  if (std::find(sketch.hashes.begin(), end, hash) != end) return;
  if (sketch.count < kSmallMax) {
    sketch.hashes[sketch.count++] = hash;
    return;
  }
  if (Promote(sketch)) {
    AddLarge(sketch, large_[sketch.large - 1], hash);
    return;
  }
  // Nine hashes and eight places: the largest becomes theta.
  const auto largest = std::max_element(sketch.hashes.begin(), sketch.hashes.end());
  sketch.theta = std::max(*largest, hash);
  *largest = std::min(*largest, hash);
}

bool ThetaPool::Promote(Small& sketch) noexcept {
  if (large_used_ == large_.size() || sketch.theta != kThetaWhole) return false;
  Large& large = large_[large_used_++];
  large.count = 0;
  large.index = {};
  sketch.large = static_cast<uint32_t>(large_used_);
  for (const uint64_t hash : sketch.hashes) Link(large, hash);
  return true;
}

// False: known.
bool ThetaPool::Link(Large& large, uint64_t hash) noexcept {
  size_t at = hash % kIndexSize;
  for (; large.index[at] != 0; at = (at + 1) % kIndexSize) {
    if (large.hashes[large.index[at] - 1u] == hash) return false;
  }
  large.hashes[large.count++] = hash;
  large.index[at] = static_cast<uint16_t>(large.count);
  return true;
}

void ThetaPool::AddLarge(Small& sketch, Large& large, uint64_t hash) noexcept {
  if (!Link(large, hash) || large.count < kLargeMax) return;
  sketch.theta = Select({large.hashes.data(), large.count}, kThetaHashesMax);
  large.count = 0;
  large.index = {};
  // Link writes in front of what is still to be read.
  for (size_t i = 0; i < kThetaHashesMax; ++i) Link(large, large.hashes[i]);
}

void ThetaPool::Clear() noexcept {
  small_used_ = large_used_ = 0;
  refused_ = 0;
}

std::span<const uint64_t> ThetaPool::HashesOf(ThetaHandle handle, uint64_t& theta) const noexcept {
  theta = kThetaWhole;
  if (handle.place == 0) return {};
  const Small& sketch = small_[handle.place - 1];
  theta = sketch.theta;
  if (sketch.large == 0) return {sketch.hashes.data(), sketch.count};
  const Large& large = large_[sketch.large - 1];
  return {large.hashes.data(), large.count};
}

void ThetaSet::Add(uint64_t hash) {
  if (hash == 0 || hash >= theta_) return;
  hashes_.push_back(hash);
  if (hashes_.size() >= kRepeatsMax) Compact();
}

void ThetaSet::Merge(const ThetaPool& pool, ThetaHandle handle) {
  uint64_t theta;
  const std::span<const uint64_t> hashes = pool.HashesOf(handle, theta);
  theta_ = std::min(theta_, theta);
  if (theta_ == kThetaWhole && hashes_.size() + hashes.size() < kRepeatsMax) {
    hashes_.insert(hashes_.end(), hashes.begin(), hashes.end());
    return;
  }
  for (const uint64_t hash : hashes) Add(hash);
}

void ThetaSet::Merge(const ThetaSet& other) {
  theta_ = std::min(theta_, other.theta_);
  for (const uint64_t hash : other.hashes_) Add(hash);
}

void ThetaSet::Clear() {
  theta_ = kThetaWhole;
  hashes_.clear();
}

ThetaSet::Trimmed ThetaSet::Trim() const {
  Trimmed trimmed{theta_, hashes_};
  std::vector<uint64_t>& hashes = trimmed.hashes;
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  hashes.erase(std::lower_bound(hashes.begin(), hashes.end(), theta_), hashes.end());
  if (hashes.size() > kThetaHashesMax) {
    trimmed.theta = hashes[kThetaHashesMax];
    hashes.resize(kThetaHashesMax);
  }
  return trimmed;
}

void ThetaSet::Compact() {
  Trimmed trimmed = Trim();
  theta_ = trimmed.theta;
  hashes_ = std::move(trimmed.hashes);
}

double ThetaSet::Estimate() const {
  const Trimmed trimmed = Trim();
  const double share = static_cast<double>(trimmed.theta) / static_cast<double>(kThetaWhole);
  return static_cast<double>(trimmed.hashes.size()) / share;
}

// Compact image, version 3: preamble longs, version, family, two unused, flags, seed hash; then the
// count, and theta unless it is 1; then the hashes, ascending, little-endian.
std::string ThetaSet::ToHex() const {
  constexpr uint8_t kVersion = 3, kCompactFamily = 3;
  constexpr uint8_t kReadOnly = 2, kEmpty = 4, kCompact = 8, kOrdered = 16;
  const Trimmed trimmed = Trim();
  const bool exact = trimmed.theta == kThetaWhole;
  const uint8_t longs = !exact ? 3 : trimmed.hashes.size() <= 1 ? 1 : 2;
  std::string hex;
  hex.reserve(2 * 8 * (3 + trimmed.hashes.size()));
  const auto put = [&hex](uint64_t value, size_t bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes; ++i, value >>= 8) {
      hex.push_back(kDigits[value >> 4 & 0x0f]);
      hex.push_back(kDigits[value & 0x0f]);
    }
  };
  put(longs, 1);
  put(kVersion, 1);
  put(kCompactFamily, 1);
  put(0, 2);
  put(kReadOnly | kCompact | kOrdered | (exact && trimmed.hashes.empty() ? kEmpty : 0), 1);
  put(SeedHash(), 2);
  if (longs > 1) put(trimmed.hashes.size(), 8);
  if (longs > 2) put(trimmed.theta, 8);
  for (const uint64_t hash : trimmed.hashes) put(hash, 8);
  return hex;
}

}  // namespace vedette
