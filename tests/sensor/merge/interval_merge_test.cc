#include "sensor/merge/interval_merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "dataplane/decode/address_text.h"
#include "tests/sensor/merge/random_windows.h"

namespace vedette {
namespace {

std::string TextOf(const EndpointKey& key) { return absl::StrCat(IpText(key.ip), "/", key.vlan); }

std::string EndpointsText(const IntervalView& view) {
  std::string text;
  for (const EndpointInterval& e : view.endpoints) {
    absl::StrAppend(&text, TextOf(e.key), " ", e.home, " ", MacText(e.mac), " ", e.mac_seen_us, " ",
                    e.first_us, " ", e.last_us);
#define X(name) absl::StrAppend(&text, " ", e.counters.name);
    VEDETTE_ENDPOINT_COUNTERS(X)
#undef X
    absl::StrAppend(&text, " ", e.sources_in.set_bits(), " ", e.ports_out.set_bits(), "\n");
  }
  return text;
}

std::string PairsText(const IntervalView& view) {
  std::string text;
  for (const EgressPair& p : view.egress) {
    absl::StrAppend(&text, TextOf(p.device), ">", IpText(p.destination), " ", p.bytes, " ",
                    p.packets, "\n");
  }
  for (const AttemptPair& p : view.attempts) {
    absl::StrAppend(&text, TextOf(p.source), ">", IpText(p.target), " ", p.flows, " ", p.refused,
                    " ", p.ports.set_bits(), " ", p.last_us, " ", p.last_port, "\n");
  }
  for (const IrregularityCount& c : view.irregularities) {
    absl::StrAppend(&text, TextOf(c.sender), " ", static_cast<int>(c.kind), " ", c.packets, " ",
                    c.first_us, " ", c.last_us, " ", IpText(c.last_target), "\n");
  }
  return text;
}

std::string LogsText(const IntervalView& view) {
  std::string text;
  for (const Contact& c : view.contacts) {
    absl::StrAppend(&text, c.start_us, IpText(c.device), IpText(c.destination), "\n");
  }
  for (const DnsMessage& m : view.dns) {
    absl::StrAppend(&text, IpText(m.client), m.id, absl::string_view(m.name.data(), m.name_length),
                    "\n");
  }
  for (const NameSighting& n : view.names) {
    absl::StrAppend(&text, n.arrival_us, TextOf(n.endpoint), MacText(n.mac),
                    absl::string_view(n.name.data(), n.name_length), "\n");
  }
  for (const ContentMatch& m : view.matches) {
    absl::StrAppend(&text, m.arrival_us, TextOf(m.device), m.digest, "\n");
  }
  return text;
}

std::string SketchesText(absl::Span<const ShardRow> rows) {
  std::map<EndpointKey, std::pair<ThetaSet, ThetaSet>> sets;
  for (const ShardRow& row : rows) {
    sets[row.row->key].first.Merge(*row.thetas, row.row->neighbours);
    sets[row.row->key].second.Merge(*row.thetas, row.row->destinations);
  }
  std::string text;
  for (const auto& [key, set] : sets) {
    absl::StrAppend(&text, TextOf(key), " ", set.first.ToHex(), " ", set.second.ToHex(), "\n");
  }
  return text;
}

std::string MergedText(const std::vector<const ShardWindow*>& windows) {
  const HomeNetworks home = HomeNetworks::Default();
  IntervalMerger merger(home, {});
  const IntervalView& view = merger.Merge(9, windows);
  return absl::StrCat(view.totals.packets, " ", view.totals.bytes, "\n", EndpointsText(view),
                      PairsText(view), LogsText(view), SketchesText(merger.rows()));
}

// The whole promise: however a second is dealt out to shards, and in whatever order their windows
// come, the merged picture has the same bytes.
TEST(IntervalMerger, DoesNotKnowHowTheStreamWasSplit) {
  for (uint32_t seed = 0; seed < 15; ++seed) {
    std::mt19937 random(seed);
    const auto observations = RandomObservations(random, 9, 2'000);
    const std::string whole =
        MergedText(PointersTo(DealtOut(observations, 1, [](size_t) { return 0; })));
    for (const size_t shards : {2, 3, 16}) {
      const ShardWindows windows =
          DealtOut(observations, shards, [&](size_t) { return random() % shards; });
      std::vector<const ShardWindow*> pointers = PointersTo(windows);
      ASSERT_EQ(MergedText(pointers), whole) << "seed " << seed << ", shards " << shards;
      std::shuffle(pointers.begin(), pointers.end(), random);
      ASSERT_EQ(MergedText(pointers), whole) << "seed " << seed << ", shuffled";
    }
  }
}

TEST(IntervalMerger, AddsUpAndSorts) {
  std::mt19937 random(77);
  const auto observations = RandomObservations(random, 9, 1'000);
  const ShardWindows windows = DealtOut(observations, 4, [](size_t i) { return i % 4; });
  const HomeNetworks home = HomeNetworks::Default();
  IntervalMerger merger(home, {});
  const IntervalView& view = merger.Merge(9, PointersTo(windows));
  EXPECT_EQ(view.begin_us, 9'000'000U);
  EXPECT_EQ(view.end_us, 10'000'000U);
  EXPECT_TRUE(view.first);
  EXPECT_EQ(view.totals.packets, 1'000U);
  std::map<EndpointKey, uint64_t> packets;
  for (const Observation& o : observations) ++packets[o.endpoint];
  ASSERT_EQ(view.endpoints.size(), packets.size());
  size_t i = 0;
  for (const auto& [key, count] : packets) {
    EXPECT_EQ(view.endpoints[i].key, key);
    EXPECT_EQ(view.endpoints[i].counters.packets_out, count);
    ASSERT_NE(view.Find(key), nullptr);
    EXPECT_EQ(view.Find(key)->counters.packets_out, count);
    ++i;
  }
  EXPECT_EQ(view.Find({.ip = IpAddress::V4(9, 9, 9, 9)}), nullptr);
}

TEST(IntervalMerger, ForgetsTheIntervalBefore) {
  std::mt19937 random(78);
  const HomeNetworks home = HomeNetworks::Default();
  IntervalMerger merger(home, {});
  const ShardWindows full =
      DealtOut(RandomObservations(random, 9, 500), 2, [](size_t i) { return i % 2; });
  merger.Merge(9, PointersTo(full));
  const ShardWindow empty;
  const std::vector<const ShardWindow*> windows{&empty};
  const IntervalView& view = merger.Merge(11, windows);
  EXPECT_FALSE(view.first);
  EXPECT_EQ(view.totals.packets, 0U);
  EXPECT_TRUE(view.endpoints.empty() && view.egress.empty() && view.attempts.empty());
  EXPECT_TRUE(view.contacts.empty() && view.dns.empty() && view.matches.empty());
  EXPECT_TRUE(merger.rows().empty());
}

// A table that was too small says so: over all intervals.
TEST(IntervalMerger, CountsWhatTablesRefused) {
  ShardWindow window;
  for (int i = 0; i < 130; ++i) window.names.Append();
  const HomeNetworks home = HomeNetworks::Default();
  IntervalMerger merger(home, {});
  const std::vector<const ShardWindow*> windows{&window};
  merger.Merge(1, windows);
  merger.Merge(2, windows);
  EXPECT_EQ(merger.losses().names, 4U);
}

}  // namespace
}  // namespace vedette
