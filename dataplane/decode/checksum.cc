#include "dataplane/decode/checksum.h"

#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#define VEDETTE_X86_DISPATCH 1
#endif

namespace vedette {
namespace {

uint64_t Load64(const uint8_t* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

uint64_t SumPortable(const uint8_t* data, size_t bytes) {
  uint64_t even = 0, odd = 0;
  for (; bytes >= 16; data += 16, bytes -= 16) {
    const uint64_t a = Load64(data), b = Load64(data + 8);
    even += (a & 0xffffffff) + (b & 0xffffffff);
    odd += (a >> 32) + (b >> 32);
  }
  return even + odd + PartialSum(data, bytes);
}

// Reflected polynomial of CRC32c (Castagnoli).
constexpr std::array<uint32_t, 256> MakeCrcTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
    table[i] = crc;
  }
  return table;
}
constexpr auto kCrcTable = MakeCrcTable();

uint32_t CrcPortable(uint32_t crc, const uint8_t* data, size_t bytes) {
  for (; bytes != 0; ++data, --bytes) crc = (crc >> 8) ^ kCrcTable[(crc ^ *data) & 0xff];
  return crc;
}

#if VEDETTE_X86_DISPATCH
__attribute__((target("avx2"))) uint64_t SumAvx2(const uint8_t* data, size_t bytes) {
  __m256i low = _mm256_setzero_si256(), high = low;
  const __m256i mask = _mm256_set1_epi64x(0xffffffff);
  for (; bytes >= 32; data += 32, bytes -= 32) {
    const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data));
    low = _mm256_add_epi64(low, _mm256_and_si256(words, mask));
    high = _mm256_add_epi64(high, _mm256_srli_epi64(words, 32));
  }
  alignas(32) uint64_t lanes[4];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), _mm256_add_epi64(low, high));
  return lanes[0] + lanes[1] + lanes[2] + lanes[3] + SumPortable(data, bytes);
}

__attribute__((target("sse4.2"))) uint32_t CrcSse42(uint32_t crc, const uint8_t* data,
                                                    size_t bytes) {
  uint64_t wide = crc;
  for (; bytes >= 8; data += 8, bytes -= 8) wide = _mm_crc32_u64(wide, Load64(data));
  crc = static_cast<uint32_t>(wide);
  for (; bytes != 0; ++data, --bytes) crc = _mm_crc32_u8(crc, *data);
  return crc;
}
#endif

using SumFunction = uint64_t (*)(const uint8_t*, size_t);
using CrcFunction = uint32_t (*)(uint32_t, const uint8_t*, size_t);

SumFunction ChooseSum() {
#if VEDETTE_X86_DISPATCH
  if (__builtin_cpu_supports("avx2")) return SumAvx2;
#endif
  return SumPortable;
}
CrcFunction ChooseCrc() {
#if VEDETTE_X86_DISPATCH
  if (__builtin_cpu_supports("sse4.2")) return CrcSse42;
#endif
  return CrcPortable;
}
const SumFunction kSum = ChooseSum();
const CrcFunction kCrc = ChooseCrc();

}  // namespace

uint64_t LongSum(const uint8_t* data, size_t bytes) noexcept { return kSum(data, bytes); }

uint32_t Crc32c(uint32_t previous, const uint8_t* data, size_t bytes) noexcept {
  return ~kCrc(~previous, data, bytes);
}

}  // namespace vedette
