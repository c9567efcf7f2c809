// Internet checksum (RFC 1071) and CRC32c (RFC 9260, appendix A). Pure functions of the bytes,
// called on worker cores; long inputs use AVX2 or SSE4.2 where the processor has them, found out
// once.
#ifndef VEDETTE_DATAPLANE_DECODE_CHECKSUM_H_
#define VEDETTE_DATAPLANE_DECODE_CHECKSUM_H_

#include <cstddef>
#include <cstdint>

namespace vedette {

// Ones-complement sum of 16-bit words in the order they lie in memory (sums are indifferent to byte
// order); an odd last byte is padded with zero. Data with a right checksum in it sums to 0xffff.
uint16_t OnesComplementSum(const uint8_t* data, size_t bytes) noexcept;

constexpr uint16_t FoldSum(uint64_t sum) noexcept {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>((sum & 0xffff) + (sum >> 16));
}
constexpr uint16_t AddSums(uint16_t a, uint16_t b) noexcept { return FoldSum(uint64_t{a} + b); }

// Continues a CRC32c: pass the previous result, 0 to begin.
uint32_t Crc32c(uint32_t previous, const uint8_t* data, size_t bytes) noexcept;

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_DECODE_CHECKSUM_H_
