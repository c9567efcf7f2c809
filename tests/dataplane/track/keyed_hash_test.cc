// The keyed hash where tables use its bits: low ones for buckets, bits 40 to 55 for tags, the top
// four for shards. Breaks if addresses as networks number them crowd together, or if the secret
// does not matter.
#include "dataplane/track/keyed_hash.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "dataplane/track/pair_memory.h"
#include "tests/dataplane/track/tracked.h"

namespace vedette {
namespace {

IpAddress Numbered(uint64_t i) {
  return IpAddress::V4(10, static_cast<uint8_t>(i >> 16), static_cast<uint8_t>(i >> 8),
                       static_cast<uint8_t>(i));
}
IpAddress Numbered6(uint64_t i) {
  IpAddress ip = Ip("2001:db8::");
  ip.bytes[14] = static_cast<uint8_t>(i >> 8);
  ip.bytes[15] = static_cast<uint8_t>(i);
  return ip;
}

KeyHash PairOf(const KeyedHash& hash, const IpAddress& a, const IpAddress& b) {
  return hash.OfPair(hash.OfAddress(a), hash.OfAddress(b));
}

// Chi-square of `cells` cells around its mean: 6 standard deviations (2 cells) above is no chance.
void ExpectEven(const std::string& what, size_t count, size_t cells,
                const std::function<uint64_t(uint64_t)>& cell_of) {
  std::vector<uint64_t> counts(cells);
  for (uint64_t i = 0; i < count; ++i) ++counts[cell_of(i) % cells];
  const double mean = static_cast<double>(count) / static_cast<double>(cells);
  double chi_square = 0;
  for (const uint64_t n : counts)
    chi_square += (static_cast<double>(n) - mean) * (static_cast<double>(n) - mean) / mean;
  const double freedom = static_cast<double>(cells - 1);
  EXPECT_LT(chi_square, freedom + 6 * std::sqrt(2 * freedom)) << what;
}

TEST(KeyedHashTest, NumberedAddressesSpreadEvenly) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const KeyedHash hash({seed, ~seed * 0x9e3779b97f4a7c15});
    const std::vector<std::pair<std::string, std::function<uint64_t(uint64_t)>>> hashes = {
        {"address", [&](uint64_t i) { return hash.OfAddress(Numbered(i)).value; }},
        {"address v6", [&](uint64_t i) { return hash.OfAddress(Numbered6(i)).value; }},
        {"endpoint", [&](uint64_t i) { return hash.OfEndpoint({.ip = Numbered(i)}).value; }},
        {"vlan",
         [&](uint64_t i) {
           return hash
               .OfEndpoint({.ip = Numbered(i / 4'096), .vlan = static_cast<uint16_t>(i % 4'096)})
               .value;
         }},
        {"pair", [&](uint64_t i) { return PairOf(hash, Numbered(i), Numbered(9)).value; }},
        {"pair of neighbours",
         [&](uint64_t i) { return PairOf(hash, Numbered(i), Numbered(i + 1)).value; }},
        {"flow by port",
         [&](uint64_t i) {
           return hash
               .OfFlow({.low_ip = Numbered(1),
                        .high_ip = Numbered(2),
                        .low_port = static_cast<uint16_t>(i % 50),
                        .high_port = static_cast<uint16_t>(1'024 + i / 50),
                        .protocol = 6})
               .value;
         }},
        {"flow by address",
         [&](uint64_t i) {
           return hash
               .OfFlow({.low_ip = Numbered(i),
                        .high_ip = Numbered(1 << 20),
                        .high_port = 80,
                        .protocol = 6})
               .value;
         }},
    };
    for (const auto& [name, of] : hashes) {
      ExpectEven(name + ", buckets", 60'000, 4'096, of);
      ExpectEven(name + ", tags", 60'000, 1'024, [&](uint64_t i) { return of(i) >> 40; });
      ExpectEven(name + ", shards", 60'000, 16, [&](uint64_t i) { return of(i) >> 60; });
    }
  }
}

TEST(KeyedHashTest, NumberedKeysDoNotCollide) {
  const KeyedHash hash(kTestSecret);
  std::vector<uint64_t> values;
  for (uint64_t i = 0; i < 200'000; ++i) values.push_back(hash.OfAddress(Numbered(i)).value);
  std::sort(values.begin(), values.end());
  EXPECT_EQ(std::adjacent_find(values.begin(), values.end()), values.end());
}

// Whoever knows which addresses meet under one secret knows nothing of another.
TEST(KeyedHashTest, SecretDecidesWhoMeets) {
  const KeyedHash known({1, 2}), secret({1, 3});
  size_t met = 0, still = 0;
  const uint64_t bucket = known.OfAddress(Numbered(0)).value % 256;
  const uint64_t there = secret.OfAddress(Numbered(0)).value % 256;
  for (uint64_t i = 1; i < 500'000; ++i) {
    if (known.OfAddress(Numbered(i)).value % 256 != bucket) continue;
    ++met;
    still += secret.OfAddress(Numbered(i)).value % 256 == there;
  }
  EXPECT_GT(met, 1'500U);
  EXPECT_LT(still, met / 64);  // about one in 256
}

TEST(KeyedHashTest, OneBitChangesHalf) {
  const KeyedHash hash(kTestSecret);
  for (size_t bit = 0; bit < 128; ++bit) {
    size_t changed = 0;
    for (uint64_t i = 0; i < 64; ++i) {
      IpAddress ip = Numbered6(i * 977), other = ip;
      other.bytes[bit / 8] = static_cast<uint8_t>(other.bytes[bit / 8] ^ (1U << bit % 8));
      changed += static_cast<size_t>(
          std::popcount(hash.OfAddress(ip).value ^ hash.OfAddress(other).value));
    }
    EXPECT_NEAR(static_cast<double>(changed) / 64, 32, 6) << "bit " << bit;
  }
}

TEST(KeyedHashTest, PairIsSymmetricAndNothingElseIs) {
  const KeyedHash hash(kTestSecret);
  const IpAddress a = Numbered(1), b = Numbered(2), c = Numbered(3);
  EXPECT_EQ(PairOf(hash, a, b).value, PairOf(hash, b, a).value);
  EXPECT_NE(PairOf(hash, a, b).value, PairOf(hash, a, c).value);
  EXPECT_NE(PairOf(hash, a, a).value, PairOf(hash, b, b).value);
  EXPECT_NE(hash.OfEndpoint({.ip = a}).value, hash.OfEndpoint({.ip = a, .vlan = 1}).value);
  EXPECT_NE(hash.OfEndpoint({.ip = a}).value, hash.OfEndpoint({.ip = a, .is_mac = true}).value);
}

TEST(PairMemoryTest, KnowsWhoMetUntilOthersCame) {
  PairMemory memory(64);  // 16 buckets of four
  const KeyedHash hash(kTestSecret);
  const auto pair = [&](uint64_t i) { return PairOf(hash, Numbered(i), Numbered(0)); };
  EXPECT_TRUE(memory.Meet(pair(1)));
  EXPECT_FALSE(memory.Meet(pair(1)));
  EXPECT_FALSE(memory.Meet(PairOf(hash, Numbered(0), Numbered(1)))) << "either way round";
  // Three more of its bucket leave it in memory, the fourth pushes it out.
  size_t others = 0;
  uint64_t i = 2;
  for (; others < 3; ++i) {
    if (pair(i).value % 16 != pair(1).value % 16) continue;
    ++others;
    EXPECT_TRUE(memory.Meet(pair(i)));
  }
  EXPECT_FALSE(memory.Meet(pair(1)));
  while (pair(i).value % 16 != pair(1).value % 16) ++i;
  EXPECT_TRUE(memory.Meet(pair(i)));
  EXPECT_TRUE(memory.Meet(pair(1))) << "pushed out: new again";
}

}  // namespace
}  // namespace vedette
