// The fast sums against the plainest form of their definitions, and published values.
#include "dataplane/decode/checksum.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

namespace vedette {
namespace {

uint16_t NaiveSum(const uint8_t* data, size_t bytes) {
  uint64_t sum = 0;
  for (size_t i = 0; i < bytes; i += 2) {
    const uint8_t pair[2] = {data[i], i + 1 < bytes ? data[i + 1] : uint8_t{0}};
    uint16_t word;
    std::memcpy(&word, pair, sizeof(word));
    sum += word;
    if (sum > 0xffff) sum -= 0xffff;
  }
  return static_cast<uint16_t>(sum);
}

uint32_t NaiveCrc32c(const uint8_t* data, size_t bytes) {
  uint32_t crc = 0xffffffff;
  for (size_t i = 0; i < bytes; ++i) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
  }
  return ~crc;
}

std::vector<uint8_t> RandomBytes(size_t bytes, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> data(bytes);
  for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());
  return data;
}

TEST(Checksum, SumOfTheExampleInRfc1071) {
  const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  const uint8_t expected[] = {0xdd, 0xf2};
  const uint16_t sum = OnesComplementSum(example, sizeof(example));
  EXPECT_EQ(std::memcmp(&sum, expected, sizeof(sum)), 0);
}

TEST(Checksum, SumEqualsDefinitionForEveryLengthAndAlignment) {
  const std::vector<uint8_t> data = RandomBytes(2100, 1);
  for (size_t offset = 0; offset < 8; ++offset) {
    for (size_t bytes = 0; bytes <= 2000; ++bytes) {
      ASSERT_EQ(OnesComplementSum(data.data() + offset, bytes),
                NaiveSum(data.data() + offset, bytes))
          << bytes << " bytes at " << offset;
    }
  }
}

TEST(Checksum, SumOfLargestInputDoesNotOverflow) {
  const std::vector<uint8_t> ones(262'144, 0xff);
  EXPECT_EQ(OnesComplementSum(ones.data(), ones.size()), 0xffff);
  const std::vector<uint8_t> data = RandomBytes(262'144, 2);
  EXPECT_EQ(OnesComplementSum(data.data(), data.size()), NaiveSum(data.data(), data.size()));
}

TEST(Checksum, Crc32cOfPublishedVectors) {  // RFC 3720, B.4
  const std::vector<uint8_t> zeros(32, 0), ones(32, 0xff);
  EXPECT_EQ(Crc32c(0, zeros.data(), zeros.size()), 0x8a9136aaU);
  EXPECT_EQ(Crc32c(0, ones.data(), ones.size()), 0x62a8ab43U);
  std::vector<uint8_t> rising(32);
  for (uint8_t i = 0; i < 32; ++i) rising[i] = i;
  EXPECT_EQ(Crc32c(0, rising.data(), rising.size()), 0x46dd794eU);
}

TEST(Checksum, Crc32cEqualsDefinitionAndContinues) {
  const std::vector<uint8_t> data = RandomBytes(300, 3);
  for (size_t bytes = 0; bytes <= data.size(); ++bytes) {
    const uint32_t expected = NaiveCrc32c(data.data(), bytes);
    ASSERT_EQ(Crc32c(0, data.data(), bytes), expected);
    const size_t half = bytes / 2;
    const uint32_t first = Crc32c(0, data.data(), half);
    ASSERT_EQ(Crc32c(first, data.data() + half, bytes - half), expected);
  }
}

}  // namespace
}  // namespace vedette
