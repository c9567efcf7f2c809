#include "sensor/report/heaviest.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>

namespace vedette {
namespace {

struct Sums {
  uint64_t packets = 0;
};
struct Hasher {
  size_t operator()(uint32_t key) const { return key * size_t{0x9e3779b97f4a7c15}; }
};
using Table = Heaviest<uint32_t, Sums, Hasher>;

// A few heavy keys in a crowd that is far larger than the table: the truth is counted beside it.
struct Stream {
  explicit Stream(Table& table) {
    std::mt19937_64 random(7);
    for (int i = 0; i < 200'000; ++i) {
      const bool heavy = random() % 4 == 0;
      const auto key = static_cast<uint32_t>(heavy ? random() % 8 : random() % 50'000 + 100);
      const uint64_t weight = 40 + random() % 1'460;
      ++table.Add(key, weight).packets;
      truth[key] += weight;
      sum += weight;
      held_max = std::max(held_max, table.size());
    }
  }
  std::map<uint32_t, uint64_t> truth;
  uint64_t sum = 0;
  size_t held_max = 0;
};

TEST(Heaviest, NeverTooHighAndTooLowByItsFloorAtMost) {
  Table table(64);
  const Stream stream(table);
  EXPECT_LE(stream.held_max, 128U);
  EXPECT_LE(table.floor(), stream.sum / 65);
  EXPECT_GT(table.floor(), 0U);
  for (const auto& [key, entry] : table.Sorted()) {
    const uint64_t truth = stream.truth.at(key);
    EXPECT_LE(entry.weight, truth);
    EXPECT_GE(entry.weight + entry.missed, truth);
    EXPECT_LE(entry.missed, table.floor());
  }
}

TEST(Heaviest, WhoeverIsAboveTheFloorIsThere) {
  Table table(64);
  const Stream stream(table);
  std::map<uint32_t, uint64_t> held;
  for (const auto& [key, entry] : table.Sorted()) held[key] = entry.weight;
  for (const auto& [key, truth] : stream.truth) {
    if (truth > table.floor()) {
      EXPECT_TRUE(held.contains(key)) << key;
    }
  }
  for (uint32_t key = 0; key < 8; ++key) EXPECT_TRUE(held.contains(key));
}

TEST(Heaviest, CountsExactlyWhileThereIsRoom) {
  Table table(4);
  for (uint32_t round = 0; round < 3; ++round) {
    for (uint32_t key = 0; key < 8; ++key) ++table.Add(key, key + 1).packets;
  }
  EXPECT_EQ(table.floor(), 0U);
  const auto sorted = table.Sorted();
  ASSERT_EQ(sorted.size(), 8U);
  EXPECT_EQ(sorted.front().first, 7U);
  EXPECT_EQ(sorted.front().second.weight, 24U);
  EXPECT_EQ(sorted.front().second.sums.packets, 3U);
}

}  // namespace
}  // namespace vedette
