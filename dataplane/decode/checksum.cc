#include "dataplane/decode/checksum.h"

#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#define VEDETTE_X86_DISPATCH 1
#endif

namespace vedette {
namespace {

uint64_t SumPortable(const uint8_t* data, size_t bytes) {
  uint64_t sum = 0;
  for (; bytes >= 32; data += 32, bytes -= 32) {
    sum = AddSums(AddSums(sum, LoadWord64(data)), LoadWord64(data + 8));
    sum = AddSums(AddSums(sum, LoadWord64(data + 16)), LoadWord64(data + 24));
  }
  return AddSums(sum, PartialSum(data, bytes));
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
// Multiplying and adding takes signed words, so 2^15 is taken from each and given back at the end.
// A lane gains less than 2^17 a turn and there are at most 2^12 turns.
__attribute__((target("avx2"))) uint64_t SumAvx2(const uint8_t* data, size_t bytes) {
  const __m256i half = _mm256_set1_epi16(INT16_MIN), ones = _mm256_set1_epi16(1);
  const auto pairs = [&](const uint8_t* at) __attribute__((target("avx2"))) {
    const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    return _mm256_madd_epi16(_mm256_xor_si256(words, half), ones);
  };
  __m256i low = _mm256_setzero_si256(), high = low;
  const size_t turns = bytes / 64;
  for (size_t i = 0; i < turns; ++i, data += 64) {
    low = _mm256_add_epi32(low, pairs(data));
    high = _mm256_add_epi32(high, pairs(data + 32));
  }
  alignas(32) int32_t lanes[8];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), _mm256_add_epi32(low, high));
  auto sum = static_cast<int64_t>(turns * 32 * 32'768);
  for (const int32_t lane : lanes) sum += lane;
  return AddSums(static_cast<uint64_t>(sum), SumPortable(data, bytes % 64));
}

__attribute__((target("sse4.2"))) uint32_t CrcSse42(uint32_t crc, const uint8_t* data,
                                                    size_t bytes) {
  uint64_t wide = crc;
  for (; bytes >= 8; data += 8, bytes -= 8) wide = _mm_crc32_u64(wide, LoadWord64(data));
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
