// The flow table against a model in std::map, which knows nothing of tags, remembered ages or
// wheels. Breaks if a flow is lost or found twice, if the wrong one gives way, if a deadline is
// missed or a flow removed without being told of, or if the table grows.
#include "dataplane/track/flow_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "tests/packet_builder.h"

namespace vedette {
namespace {

constexpr size_t kPlaces = 8;

FlowKey KeyOf(uint64_t number) {
  return {.low_ip = IpAddress::V4(10, 0, 0, 1),
          .high_ip =
              IpAddress::V4(10, 0, static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)),
          .low_port = 80,
          .high_port = 4'000,
          .protocol = 6};
}

// As the header tells it: what is over, half open, one packet, one way, all others.
int ClassOf(const Flow& flow) {
  switch (flow.state) {
    case FlowState::kClosed:
    case FlowState::kReset:
      return 0;
    case FlowState::kSyn:
    case FlowState::kSynAck:
      return 1;
    default:
      break;
  }
  if (flow.all_packets[0] + flow.all_packets[1] <= 1) return 2;
  return flow.one_way() ? 3 : 4;
}
// Ages are known to 2^12 us.
std::pair<int, uint64_t> RankOf(const Flow& flow) { return {ClassOf(flow), flow.last_us >> 12}; }

class ModelledTable {
 public:
  ModelledTable(size_t capacity, uint64_t seed, size_t keys, bool one_hash)
      : table_(capacity), random_(seed), keys_(keys) {
    for (size_t key = 0; key < keys; ++key) {
      hashes_.push_back({one_hash ? 0x1234'5678'9abc'0001 : random_()});
    }
  }

  void Run(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFatalFailure(); ++step) {
      now_us_ += random_() % 200'000;
      if (now_us_ / 1'000'000 > second_ && random_() % 4 == 0) Mark();
      Touch(random_() % keys_);
      ASSERT_EQ(table_.size(), model_.size());
    }
    Empty();
  }

 private:
  struct Kept {
    Flow* flow;
    uint64_t deadline_s;
  };

  size_t BucketOf(size_t key) const { return hashes_[key].value % (table_.capacity() / kPlaces); }

  void Touch(size_t key) {
    Flow* flow = table_.Find(KeyOf(key), hashes_[key]);
    const auto known = model_.find(key);
    ASSERT_EQ(flow, known == model_.end() ? nullptr : known->second.flow);
    if (flow == nullptr) {
      flow = Insert(key);
      if (flow == nullptr) return;
    }
    flow->last_us = now_us_;
    ++flow->all_packets[random_() % 2];
    // As real flows move: half open, then answered, then over. What lowers the class is told.
    if (random_() % 5 != 0 || flow->state >= FlowState::kReset) return;
    flow->state = random_() % 3 == 0 ? FlowState::kClosed : FlowState::kEstablished;
    if (flow->state == FlowState::kClosed) Schedule(key, now_us_ / 1'000'000 + 2);
  }

  Flow* Insert(size_t key) {
    std::vector<size_t> neighbours;
    for (const auto& [other, kept] : model_) {
      if (BucketOf(other) == BucketOf(key)) neighbours.push_back(other);
    }
    size_t evictions = 0;
    Flow* flow = table_.Insert(KeyOf(key), hashes_[key], now_us_, [&](Flow& victim) {
      ++evictions;
      Evict(victim, neighbours);
    });
    EXPECT_EQ(evictions, neighbours.size() == kPlaces ? 1U : 0U);
    EXPECT_EQ(flow->key, KeyOf(key));
    EXPECT_EQ(flow->all_packets[0] + flow->all_packets[1], 0U) << "a fresh flow is empty";
    model_[key].flow = flow;
    flow->last_us = now_us_;
    flow->state = random_() % 2 == 0 ? FlowState::kSyn : FlowState::kNew;
    Schedule(key, now_us_ / 1'000'000 + 1 + random_() % (random_() % 8 == 0 ? 5'000 : 60));
    return flow;
  }
  void Evict(const Flow& victim, const std::vector<size_t>& neighbours) {
    size_t gone = keys_;
    auto least = RankOf(victim);
    for (const size_t other : neighbours) {
      const Flow& flow = *model_[other].flow;
      least = std::min(least, RankOf(flow));
      if (&flow == &victim) gone = other;
    }
    ASSERT_NE(gone, keys_) << "of another bucket";
    EXPECT_EQ(RankOf(victim), least) << "not the lowest class and oldest";
    model_.erase(gone);
  }
  void Schedule(size_t key, uint64_t deadline_s) {
    Kept& kept = model_[key];
    kept.deadline_s = deadline_s;
    table_.Schedule(*kept.flow, deadline_s);
  }

  // Every flow that is due is asked, and no flow is asked twice; some are put off.
  void Mark() {
    second_ = now_us_ / 1'000'000;
    std::set<size_t> asked;
    table_.ExpireUntil(second_, [&](Flow& flow) -> uint64_t {
      size_t key = keys_;
      for (const auto& [other, kept] : model_) {
        if (kept.flow == &flow) key = other;
      }
      EXPECT_NE(key, keys_) << "a flow that is not in the table";
      EXPECT_TRUE(asked.insert(key).second);
      Kept& kept = model_[key];
      if (kept.deadline_s > second_) return kept.deadline_s;  // looked at too soon: allowed
      if (random_() % 3 == 0) return kept.deadline_s = second_ + 1 + random_() % 40;
      model_.erase(key);
      return 0;
    });
    for (const auto& [key, kept] : model_) {
      EXPECT_GT(kept.deadline_s, second_) << "missed its deadline";
    }
  }

  void Empty() {
    std::set<Flow*> ended;
    table_.EndAll([&](Flow& flow) { EXPECT_TRUE(ended.insert(&flow).second); });
    EXPECT_EQ(ended.size(), model_.size());
    for (const auto& [key, kept] : model_) EXPECT_EQ(ended.count(kept.flow), 1U);
    EXPECT_EQ(table_.size(), 0U);
  }

  FlowTable table_;
  std::mt19937_64 random_;
  size_t keys_;
  std::vector<KeyHash> hashes_;
  std::map<size_t, Kept> model_;
  uint64_t now_us_ = 1'700'000'000'000'000;
  uint64_t second_ = 1'700'000'000;
};

TEST(FlowTableTest, LikeTheModelWithRoom) {
  for (uint64_t seed = 1; seed <= 3; ++seed) ModelledTable(1'024, seed, 300, false).Run(20'000);
}
TEST(FlowTableTest, LikeTheModelWhenFull) {
  for (uint64_t seed = 1; seed <= 5; ++seed) ModelledTable(64, seed, 400, false).Run(20'000);
}
// Whoever could choose keys of one hash would hold one bucket, not the table.
TEST(FlowTableTest, LikeTheModelWhenAllHashesAreOne) {
  for (uint64_t seed = 1; seed <= 3; ++seed) ModelledTable(1'024, seed, 40, true).Run(5'000);
}

TEST(FlowTableTest, NeverGrows) {
  FlowTable table(1'000);
  EXPECT_EQ(table.capacity(), 1'024U);
  const size_t before_bytes = table.memory_bytes();
  std::mt19937_64 random(1);
  size_t evicted = 0;
  for (uint64_t i = 0; i < 60'000; ++i) {
    Flow* flow = table.Insert(KeyOf(i), {random()}, 1'000'000 + i, [&](Flow&) { ++evicted; });
    table.Schedule(*flow, 60 + i % 10);
    ASSERT_LE(table.size(), table.capacity());
  }
  EXPECT_EQ(table.size() + evicted, 60'000U);
  EXPECT_EQ(table.memory_bytes(), before_bytes);
}

// Half open goes before answered, whatever the age; of one class the oldest goes.
TEST(FlowTableTest, HalfOpenGoFirstEstablishedLast) {
  FlowTable table(kPlaces);
  const auto insert = [&](uint64_t number, FlowState state, uint64_t last_us) {
    std::vector<FlowKey> victims;
    Flow* flow = table.Insert(KeyOf(number), {number << 40}, last_us,
                              [&](Flow& victim) { victims.push_back(victim.key); });
    flow->state = state;
    flow->last_us = last_us;
    flow->all_packets = {5, state == FlowState::kEstablished ? 5U : 0U};
    table.Schedule(*flow, 10'000);
    return victims;
  };
  const uint64_t us = 1'000'000;
  for (uint64_t i = 0; i < 6; ++i) insert(i, FlowState::kEstablished, (10 + i) * us);
  insert(6, FlowState::kSyn, 900 * us);
  insert(7, FlowState::kNew, 5 * us);  // one way
  EXPECT_EQ(insert(8, FlowState::kEstablished, 901 * us), std::vector{KeyOf(6)});
  EXPECT_EQ(insert(9, FlowState::kEstablished, 902 * us), std::vector{KeyOf(7)});
  EXPECT_EQ(insert(10, FlowState::kClosed, 903 * us), std::vector{KeyOf(0)});
  EXPECT_EQ(insert(11, FlowState::kSyn, 904 * us), std::vector{KeyOf(10)});
  EXPECT_EQ(insert(12, FlowState::kEstablished, 905 * us), std::vector{KeyOf(11)});
  EXPECT_EQ(insert(13, FlowState::kEstablished, 906 * us), std::vector{KeyOf(1)});
}

// An hour without a packet costs one turn of the wheel and forgets nobody.
TEST(FlowTableTest, LongSilenceEndsAllThatIsDue) {
  FlowTable table(256);
  std::mt19937_64 random(3);
  std::set<uint64_t> deadlines;
  for (uint64_t i = 0; i < 100; ++i) {
    Flow* flow = table.Insert(KeyOf(i), {random()}, 1'000'000'000, [](Flow&) { FAIL(); });
    flow->first_us = 1'010 + i * 97;  // stands for the deadline: up to 10,613
    table.Schedule(*flow, flow->first_us);
  }
  size_t removed = 0;
  for (const uint64_t second : {1'005U, 1'011U, 9'000U, 9'001U, 50'000U}) {
    table.ExpireUntil(second, [&, second](Flow& flow) -> uint64_t {
      if (flow.first_us > second) return flow.first_us;
      ++removed;
      return 0;
    });
    size_t due = 0;
    for (uint64_t i = 0; i < 100; ++i) due += 1'010 + i * 97 <= second;
    EXPECT_EQ(removed, due) << second;
  }
  EXPECT_EQ(table.size(), 0U);
}

}  // namespace
}  // namespace vedette
