// The index under every table of an interval, against std::map: breaks if a row is lost, found
// under another's key, or left behind by Replace or Clear.
#include "dataplane/sketch/fixed_rows.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/dataplane/sketch/streams.h"

namespace vedette {
namespace {

struct Numbered {
  uint64_t key = 0, value = 0;
};

// `hash_bits` few: long probe chains, and different keys with one hash.
void ExpectLikeMap(uint64_t seed, unsigned hash_bits) {
  constexpr size_t kRows = 64;
  std::mt19937_64 random(seed);
  FixedRows<Numbered> rows(kRows);
  std::map<uint64_t, uint64_t> model;
  const auto hash_of = [&](uint64_t key) {
    return KeyHash{HashOf(key, seed).value & ((uint64_t{1} << hash_bits) - 1)};
  };
  for (int step = 0; step < 20'000; ++step) {
    const uint64_t key = random() % 200;
    Numbered* found = rows.Find(hash_of(key), [&](const Numbered& row) { return row.key == key; });
    ASSERT_EQ(found != nullptr, model.count(key) == 1) << "step " << step;
    if (found == nullptr) {
      if (rows.full()) {
        const size_t victim = random() % kRows;
        model.erase(rows[victim].key);
        found = &rows.Replace(victim, hash_of(key));
      } else {
        found = &rows.Insert(hash_of(key));
      }
      ASSERT_EQ(found->value, 0U) << "a fresh row is empty";
      found->key = key;
    }
    ASSERT_EQ(found->value, model[key]);
    found->value = model[key] = random();
    ASSERT_EQ(rows.size(), model.size());
    if (random() % 3'000 == 0) {
      rows.Clear();
      model.clear();
    }
  }
}

TEST(FixedRowsTest, LikeAMap) {
  for (uint64_t seed = 1; seed <= 4; ++seed) ExpectLikeMap(seed, 63);
}
TEST(FixedRowsTest, LikeAMapUnderCollisions) {
  for (uint64_t seed = 1; seed <= 4; ++seed) ExpectLikeMap(seed, 4);
}

}  // namespace
}  // namespace vedette
