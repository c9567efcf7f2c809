// Space-Saving against exact counts: breaks if a weight can be too low, an error too small or above
// N / m, or a heavy key be without a row. The orders are those in which a victim that is only the
// lightest of a few neighbours goes wrong.
#include "dataplane/sketch/heavy_hitters.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/dataplane/sketch/streams.h"

namespace vedette {
namespace {

struct Counted {
  uint64_t key = 0, weight = 0, error = 0;
};
using Table = HeavyHitters<Counted, &Counted::weight, &Counted::error>;

void Add(Table& table, const Update& update, uint64_t seed) {
  table.Add(
      HashOf(update.key, seed), update.weight,
      [&](const Counted& other) { return other.key == update.key; },
      [&](Counted& fresh) { fresh.key = update.key; });
}

// All that the theorem says, of this table after this stream.
void ExpectTheorem(const Table& table, size_t rows, const Stream& stream, uint64_t seed) {
  const std::string where = stream.name + ", seed " + std::to_string(seed);
  std::map<uint64_t, uint64_t> exact = stream.Exact();
  const uint64_t total = stream.Total();
  uint64_t sum = 0;
  std::map<uint64_t, uint64_t> present;
  for (const Counted& row : table.records()) {
    ASSERT_TRUE(present.emplace(row.key, row.weight).second) << where << ": twice in the table";
    ASSERT_GE(row.weight, exact[row.key]) << where << ": too low";
    ASSERT_LE(row.weight - row.error, exact[row.key]) << where << ": error too small";
    ASSERT_LE(row.error * rows, total) << where << ": error above N / m";
    sum += row.weight;
  }
  EXPECT_EQ(sum, total) << where;
  for (const auto& [key, weight] : exact) {
    if (weight * rows > total) {
      ASSERT_TRUE(present.count(key)) << where << ": a heavy key has no row";
    }
  }
}

TEST(HeavyHittersTest, TheoremHoldsForEveryOrder) {
  constexpr size_t kRows = 100;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    for (const Stream& stream :
         {Zipf(seed, 5'000, 40'000), Uniform(seed, 3'000, 40'000), HeavyFirst(50, 20'000),
          Returning(40'000, 60), Returning(40'000, 350), InTurn(kRows + 1, 50),
          HeavyRun(seed, kRows)}) {
      Table table(kRows);
      for (const Update& update : stream.updates) Add(table, update, seed);
      EXPECT_GT(table.displaced(), 0U) << stream.name;
      ExpectTheorem(table, kRows, stream, seed);
    }
  }
}

// Not only at the end.
TEST(HeavyHittersTest, TheoremHoldsAfterEveryUpdate) {
  constexpr size_t kRows = 8;
  const Stream stream = HeavyRun(4, kRows);
  Stream so_far{"prefix", {}};
  Table table(kRows);
  for (const Update& update : stream.updates) {
    so_far.updates.push_back(update);
    Add(table, update, 4);
    ExpectTheorem(table, kRows, so_far, 4);
  }
}

TEST(HeavyHittersTest, ExactWhileThereIsRoom) {
  Table table(1'000);
  const Stream stream = Zipf(5, 1'000, 20'000);
  for (const Update& update : stream.updates) Add(table, update, 5);
  std::map<uint64_t, uint64_t> exact = stream.Exact();
  EXPECT_EQ(table.displaced(), 0U);
  EXPECT_EQ(table.records().size(), exact.size());
  for (const Counted& row : table.records()) {
    EXPECT_EQ(row.weight, exact[row.key]);
    EXPECT_EQ(row.error, 0U);
  }
}

TEST(HeavyHittersTest, ClearedTableIsAsNew) {
  Table used(50), fresh(50);
  for (const Update& update : Uniform(8, 500, 5'000).updates) Add(used, update, 8);
  used.Clear();
  EXPECT_TRUE(used.records().empty());
  const Stream stream = Zipf(9, 500, 5'000);
  for (const Update& update : stream.updates) {
    Add(used, update, 8);
    Add(fresh, update, 8);
  }
  ASSERT_EQ(used.records().size(), fresh.records().size());
  for (size_t i = 0; i < fresh.records().size(); ++i) {
    EXPECT_EQ(used.records()[i].key, fresh.records()[i].key);
    EXPECT_EQ(used.records()[i].weight, fresh.records()[i].weight);
  }
}

// Shards: a key's updates all come to one of them. Put side by side in any order, the rows keep
// their bounds against the whole stream.
TEST(HeavyHittersTest, ShardsSideBySideKeepTheBound) {
  constexpr size_t kShards = 4, kRows = 100;
  const Stream stream = Zipf(11, 5'000, 40'000);
  std::vector<Table> shards;
  for (size_t i = 0; i < kShards; ++i) shards.emplace_back(kRows);
  for (const Update& update : stream.updates) {
    Add(shards[HashOf(update.key, 77).value % kShards], update, 11);
  }
  std::map<uint64_t, uint64_t> exact = stream.Exact(), merged;
  for (const Table& shard : shards) {
    for (const Counted& row : shard.records()) {
      EXPECT_TRUE(merged.emplace(row.key, row.weight).second);
      EXPECT_GE(row.weight, exact[row.key]);
      EXPECT_LE(row.weight - row.error, exact[row.key]);
    }
  }
  for (const auto& [key, weight] : exact) {
    if (weight * kRows > stream.Total()) {
      EXPECT_TRUE(merged.count(key));
    }
  }
}

TEST(HeavyHittersTest, RowsFollowFromThePromise) {
  EXPECT_EQ(HeavyHitterRowsFor(1), 1U);
  EXPECT_EQ(HeavyHitterRowsFor(0.01), 100U);
  EXPECT_EQ(HeavyHitterRowsFor(0.003), 334U);
}

}  // namespace
}  // namespace vedette
