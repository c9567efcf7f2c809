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
// indifferent to byte order), unfolded: 32 bits wide words added up, so that parts of one sum are
// added before one FoldSum(). Data with a right checksum in it folds to 0xffff.

// For more bytes than PartialSum adds itself.
uint64_t LongSum(const uint8_t* data, size_t bytes) noexcept;

// Sum of up to 2^18 bytes; an odd last byte is padded with zero.
inline uint64_t PartialSum(const uint8_t* data, size_t bytes) noexcept {
  constexpr size_t kLong = 96;  // from here on a call and vectors are cheaper
  if (bytes >= kLong) return LongSum(data, bytes);
  uint64_t sum = 0, wide;
  for (; bytes >= sizeof(wide); data += sizeof(wide), bytes -= sizeof(wide)) {
    std::memcpy(&wide, data, sizeof(wide));
    sum += wide;
    sum += sum < wide ? 1 : 0;  // end-around carry
  }
  sum = (sum & 0xffffffff) + (sum >> 32);
  if ((bytes & 4) != 0) {
    uint32_t word;
    std::memcpy(&word, data, sizeof(word));
    sum += word;
    data += sizeof(word);
  }
  if ((bytes & 3) == 0) return sum;
  uint8_t tail[4] = {};
  for (size_t i = 0; i < (bytes & 3); ++i) tail[i] = data[i];
  uint32_t word;
  std::memcpy(&word, tail, sizeof(word));
  return sum + word;
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
