// Theta sketches against exact counts, and byte for byte against images that Apache DataSketches
// 5.2.0 made of the same addresses (theta_reference_test.py compares many more with the package
// itself). Breaks if a consumer would read another set, or if the split of a stream shows.
#include "dataplane/sketch/theta_sketch.h"

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <cmath>
#include <random>
#include <set>

#include "dataplane/decode/address_text.h"

namespace vedette {
namespace {

IpAddress Ip4(uint64_t i) {
  return IpAddress::V4(10, static_cast<uint8_t>(i >> 16), static_cast<uint8_t>(i >> 8),
                       static_cast<uint8_t>(i));
}
IpAddress Ip6(uint64_t i) {
  IpAddress ip;
  ip.bytes = {0x20, 0x01, 0x0d, 0xb8};
  ip.bytes[14] = static_cast<uint8_t>(i >> 8);
  ip.bytes[15] = static_cast<uint8_t>(i);
  return ip;
}
// 10.0.0.0, 2001:db8::1, 10.0.0.1, 2001:db8::2 ...
std::vector<uint64_t> Hashes(uint64_t pairs) {
  std::vector<uint64_t> hashes;
  for (uint64_t i = 0; i < pairs; ++i) {
    hashes.push_back(ThetaHashOf(Ip4(i)));
    hashes.push_back(ThetaHashOf(Ip6(i + 1)));
  }
  return hashes;
}

ThetaSet SetOf(const std::vector<uint64_t>& hashes) {
  ThetaSet set;
  for (const uint64_t hash : hashes) set.Add(hash);
  return set;
}
// As shards do it: each its pool, by turns, with other sketches beside it.
ThetaSet SplitOver(size_t shards, const std::vector<uint64_t>& hashes) {
  std::vector<ThetaPool> pools;
  for (size_t i = 0; i < shards; ++i) pools.emplace_back(64);
  std::vector<ThetaHandle> handles(shards), others(shards);
  for (size_t i = 0; i < hashes.size(); ++i) {
    pools[i % shards].Update(handles[i % shards], hashes[i]);
    pools[i % shards].Update(others[i % shards], hashes[i] ^ 0x5555);
  }
  ThetaSet set;
  for (size_t i = 0; i < shards; ++i) set.Merge(pools[i], handles[i]);
  return set;
}

std::string Sha256OfImage(const std::string& hex) {
  std::string image;
  for (size_t i = 0; i < hex.size(); i += 2) {
    image.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(image.data()), image.size(), digest);
  std::string text;
  for (const unsigned char byte : digest) {
    char two[3];
    std::snprintf(two, sizeof(two), "%02x", byte);
    text += two;
  }
  return text;
}

TEST(ThetaSketchTest, HashesAreThoseOfDataSketches) {
  const struct {
    const char* address;
    uint64_t hash;
  } kReference[] = {{"0.0.0.0", 0x4d0c6cfeb9f3b0ca},
                    {"192.0.2.1", 0x44d09b7f41faf6ce},
                    {"255.255.255.255", 0x697b18e89c7c6b69},
                    {"10.1.2.3", 0x624cda9642c9d575},
                    {"::ffff:10.1.2.3", 0x624cda9642c9d575},  // mapped: the same address
                    {"::", 0x1f1058be5539aa6e},
                    {"::1", 0x2fb8363585b9c13b},
                    {"2001:db8::1", 0xb9f5cb35ffa105c},
                    {"fe80::1:2:3:4", 0x69a0dcbae211c728},
                    {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", 0x56abf0f866834819}};
  for (const auto& [address, hash] : kReference) {
    EXPECT_EQ(ThetaHashOf(*ParseIp(address)), hash) << address;
  }
}

TEST(ThetaSketchTest, SmallImagesAreThoseOfDataSketches) {
  EXPECT_EQ(ThetaSet().ToHex(), "01030300001ecc93");
  EXPECT_EQ(SetOf({ThetaHashOf(*ParseIp("192.0.2.1"))}).ToHex(),
            "01030300001acc93cef6fa417f9bd044");
  EXPECT_EQ(
      SetOf(Hashes(2)).ToHex(),
      "02030300001acc9304000000000000005c10fa5fb35c9f0b2b942fc34554dd2c9633293de0bee14dfd974591"
      "4f35615a");
}

TEST(ThetaSketchTest, LargeImagesAreThoseOfDataSketchesHoweverSplit) {
  const struct {
    uint64_t pairs;
    const char* sha256;
    double estimate;
  } kReference[] = {
      {256, "2eb341903274ef0c536204e68c01b29feeca72389c10ab7937179008698bcda9", 512},
      {257, "1a0cdbcd03d7743126253d70c8463649986104b430738b788dd5ff1ba9fec54e", 514.6014548057368},
      {10'000, "0da630bc00cf53db9d562bc59b21b9cf99b6afc009efccb1f16731ca473fc08d",
       20119.083690759588}};
  for (const auto& [pairs, sha256, estimate] : kReference) {
    const std::vector<uint64_t> hashes = Hashes(pairs);
    EXPECT_EQ(Sha256OfImage(SetOf(hashes).ToHex()), sha256) << pairs;
    for (const size_t shards : {1, 2, 5, 16}) {
      const ThetaSet set = SplitOver(shards, hashes);
      EXPECT_EQ(Sha256OfImage(set.ToHex()), sha256) << pairs << " over " << shards;
      EXPECT_DOUBLE_EQ(set.Estimate(), estimate);
    }
  }
}

TEST(ThetaSketchTest, ImageIsAtMostTheEventsSay) {
  EXPECT_LE(SetOf(Hashes(20'000)).ToHex().size(), 8'300U);
}

// 100 sets: the root mean square error then lies within 25 % of the true one (3.5 sigma).
TEST(ThetaSketchTest, ErrorIsThatOfTheTheorem) {
  std::mt19937_64 random(1);
  double squares = 0;
  constexpr int kTrials = 100;
  constexpr double kDistinct = 5'000;
  for (int trial = 0; trial < kTrials; ++trial) {
    ThetaPool pool(8);
    ThetaHandle handle;
    for (int i = 0; i < static_cast<int>(kDistinct); ++i) {
      const uint64_t hash = random() >> 1;
      pool.Update(handle, hash);
      pool.Update(handle, hash);  // repeats do not count
    }
    ThetaSet set;
    set.Merge(pool, handle);
    squares += std::pow(set.Estimate() / kDistinct - 1, 2);
  }
  EXPECT_LT(std::sqrt(squares / kTrials), 1.25 / std::sqrt(511.0));
}

TEST(ThetaSketchTest, ExactUpTo512) {
  for (const uint64_t pairs : {1U, 4U, 5U, 100U, 256U}) {
    EXPECT_EQ(SplitOver(3, Hashes(pairs)).Estimate(), static_cast<double>(2 * pairs));
  }
}

TEST(ThetaSketchTest, MergeIsAssociativeCommutativeAndIdempotent) {
  const std::vector<uint64_t> hashes = Hashes(3'000);
  const auto part = [&](size_t from, size_t to) {
    return SetOf({hashes.begin() + static_cast<ptrdiff_t>(from),
                  hashes.begin() + static_cast<ptrdiff_t>(to)});
  };
  const ThetaSet a = part(0, 2'500), b = part(2'000, 4'500), c = part(4'000, 6'000);
  ThetaSet left = a, inner = b, right = c;
  left.Merge(b);
  left.Merge(c);
  inner.Merge(a);
  right.Merge(inner);
  EXPECT_EQ(left.ToHex(), SetOf(hashes).ToHex());
  EXPECT_EQ(right.ToHex(), left.ToHex());
  left.Merge(a);
  EXPECT_EQ(left.ToHex(), right.ToHex());
}

// With no large place left a sketch stays small and coarse, but true: what it keeps is what is
// below its theta, and a union with it still is a theta sketch of all.
TEST(ThetaSketchTest, SketchWithoutRoomIsCoarserButTrue) {
  std::mt19937_64 random(2);
  double sum = 0;
  constexpr int kTrials = 400;
  for (int trial = 0; trial < kTrials; ++trial) {
    ThetaPool crowded(8);  // room for one large
    ThetaHandle taken, coarse;
    std::set<uint64_t> all;
    for (int i = 0; i < 20; ++i) crowded.Update(taken, random() >> 1);
    for (int i = 0; i < 200; ++i) {
      const uint64_t hash = random() >> 1;
      all.insert(hash);
      crowded.Update(coarse, hash);
    }
    uint64_t theta = 0;
    std::set<uint64_t> below;
    for (const uint64_t hash : crowded.HashesOf(coarse, theta)) below.insert(hash);
    EXPECT_EQ(below, std::set<uint64_t>(all.begin(), all.lower_bound(theta)));
    ThetaSet set;
    set.Merge(crowded, coarse);
    sum += set.Estimate();
    EXPECT_EQ(crowded.refused(), 0U);
  }
  // Unbiased; relative standard error 1 / sqrt(7) each, so 2 % of the mean: 5 sigma.
  EXPECT_NEAR(sum / kTrials, 200, 20);
}

TEST(ThetaSketchTest, FullPoolRefusesAndCounts) {
  ThetaPool pool(2);
  ThetaHandle a, b, c;
  EXPECT_TRUE(pool.Update(a, 1));
  EXPECT_TRUE(pool.Update(b, 2));
  EXPECT_FALSE(pool.Update(c, 3));
  EXPECT_EQ(pool.refused(), 1U);
  uint64_t theta = 0;
  EXPECT_TRUE(pool.HashesOf(c, theta).empty());
  pool.Clear();
  EXPECT_EQ(pool.refused(), 0U);
  ThetaHandle fresh;
  EXPECT_TRUE(pool.Update(fresh, 4));
  EXPECT_EQ(pool.HashesOf(fresh, theta).size(), 1U);
  EXPECT_EQ(theta, kThetaWhole);
}

}  // namespace
}  // namespace vedette
