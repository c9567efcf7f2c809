// Internet checksum (RFC 1071) and CRC32c (RFC 9260, appendix A). Pure functions of the bytes,
// called on worker cores; long inputs use AVX2 or SSE4.2 where the processor has them, found out
// once.
#ifndef VEDETTE_DATAPLANE_DECODE_CHECKSUM_H_
#define VEDETTE_DATAPLANE_DECODE_CHECKSUM_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace vedette {

// Sums here are of 16-bit words in the order they lie in memory (ones-complement sums are
// indifferent to byte order), unfolded: wider words added up. They are added with AddSums.

// The carry goes around the end: 2^64 is 1 modulo 2^16 - 1.
constexpr uint64_t AddSums(uint64_t a, uint64_t b) noexcept {
  const uint64_t sum = a + b;
  return sum + (sum < a ? 1 : 0);
}

inline uint64_t LoadWord64(const uint8_t* at) noexcept {
  uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}
inline uint64_t LoadWord32(const uint8_t* at) noexcept {
  uint32_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// For more bytes than PartialSum adds itself.
uint64_t LongSum(const uint8_t* data, size_t bytes) noexcept;

// What is left of at most 7 bytes, as a word padded with zeros.
inline uint64_t LastWord(const uint8_t* data, size_t bytes) noexcept {
  uint64_t word = 0;
  if ((bytes & 4) != 0) {
    word = LoadWord32(data);
    data += 4;
  }
  for (size_t i = 0; i < (bytes & 3); ++i) {
    word = AddSums(word, uint64_t{data[i]} << (i * 8));
  }
  return word;
}

// Sum of up to 2^18 bytes; an odd last byte is padded with zero.
[[gnu::always_inline]] inline uint64_t PartialSum(const uint8_t* data, size_t bytes) noexcept {
  constexpr size_t kLong = 96;  // from here on a call and vectors are cheaper
  if (bytes >= kLong) return LongSum(data, bytes);
  if (bytes < 8) return LastWord(data, bytes);
  uint64_t sum = 0;
  const uint8_t* const end = data + bytes;
  for (const uint8_t* const last = end - bytes % 8; data != last; data += 8) {
    sum = AddSums(sum, LoadWord64(data));
  }
  // The last word, without those of its bytes that are in already.
  const size_t left = bytes % 8;
  return left == 0 ? sum : AddSums(sum, LoadWord64(end - 8) >> (64 - left * 8));
}

// A sum of 20 bytes: an IPv4 header without options.
inline uint64_t SumOf20(const uint8_t* at) noexcept {
  return AddSums(AddSums(LoadWord64(at), LoadWord64(at + 8)), LoadWord32(at + 16));
}

// Of a sum that is not 0: whether it folds to 0xffff. Folding is division by 2^16 - 1; what divides
// evenly is found by multiplying with the inverse modulo 2^64 (Hacker's Delight, 10-17).
constexpr bool FoldsToOnes(uint64_t sum) noexcept {
  constexpr uint64_t kInverse = 0xfffe'fffe'fffe'ffff;
  static_assert(kInverse * 0xffff == 1);
  return sum * kInverse <= ~uint64_t{0} / 0xffff;
}

constexpr uint16_t FoldSum(uint64_t sum) noexcept {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);  // at most 18 bits are left
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>((sum & 0xffff) + (sum >> 16));
}

inline uint16_t OnesComplementSum(const uint8_t* data, size_t bytes) noexcept {
  return FoldSum(PartialSum(data, bytes));
}

// Continues a CRC32c: pass the previous result, 0 to begin.
uint32_t Crc32c(uint32_t previous, const uint8_t* data, size_t bytes) noexcept;

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_DECODE_CHECKSUM_H_
