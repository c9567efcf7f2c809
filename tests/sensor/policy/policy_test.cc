#include "sensor/policy/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "dataplane/decode/address_text.h"
#include "sensor/config/policy_settings.h"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

HostTerm Host(absl::string_view text) {
  const absl::StatusOr<HostTerm> host = ParseHost(text);
  EXPECT_TRUE(host.ok()) << host.status();
  return host.value_or(HostTerm{});
}

PolicyEntry Entry(PolicyEffect effect, std::string kind, absl::string_view host) {
  return {.effect = effect, .kinds = {std::move(kind)}, .host = Host(host)};
}

PolicyEnd End(absl::string_view ip, bool home = true) {
  PolicyEnd end{.home = home};
  const absl::StatusOr<Prefix> prefix = ParsePrefix(ip);
  EXPECT_TRUE(prefix.ok()) << prefix.status();
  end.ip = prefix->address;
  end.prefix_length = prefix->length;
  return end;
}

PolicyCase Scan(absl::string_view scanner, absl::string_view target) {
  return {.kind = "recon.port_scan",
          .role = Role::kActor,
          .device = End(scanner),
          .peers = {{End(target), 100}},
          .peer_count = 1,
          .measured = 100,
          .limit = 30,
          .at_us = 1'000'000};
}

Policy Of(std::vector<PolicyEntry> entries, std::vector<HostGroup> groups = {}) {
  return Policy({.groups = std::move(groups), .entries = std::move(entries)});
}

// The network as a person reads it: bit by bit.
bool Covers(const Prefix& prefix, const IpAddress& ip) {
  if (prefix.length < kMapped4Bits && ip.is_v4()) return false;
  for (unsigned bit = 0; bit < prefix.length; ++bit) {
    const unsigned mask = 0x80U >> bit % 8;
    if ((prefix.address.bytes[bit / 8] & mask) != (ip.bytes[bit / 8] & mask)) return false;
  }
  return true;
}

// Few different bits, so that networks lie in each other and addresses in networks.
IpAddress RandomAddress(std::mt19937& random) {
  const auto byte = [&random] { return static_cast<uint8_t>(random() % 3 * 0x55); };
  if (random() % 2 == 0) return IpAddress::V4(byte(), byte(), byte(), byte());
  IpAddress ip;
  ip.bytes[0] = 0x20;
  for (size_t i = 1; i < ip.bytes.size(); ++i) ip.bytes[i] = byte();
  return ip;
}

Prefix RandomPrefix(std::mt19937& random) {
  const IpAddress ip = RandomAddress(random);
  const unsigned low = ip.is_v4() ? kMapped4Bits : 0;
  const auto length = static_cast<uint8_t>(low + random() % (129 - low));
  return {NetworkOf(ip, length), length};
}

TEST(PrefixTable, FindsWhatALookAtEachNetworkFinds) {
  std::mt19937 random(1);
  PrefixTable<int> table;
  std::vector<Prefix> prefixes;
  for (int i = 0; i < 300; ++i) {
    prefixes.push_back(RandomPrefix(random));
    table[prefixes.back()] = prefixes.back().length;
  }
  for (int i = 0; i < 1'500; ++i) {
    const IpAddress ip = RandomAddress(random);
    std::vector<int> expected;
    for (const Prefix& prefix : prefixes) {
      if (Covers(prefix, ip)) expected.push_back(prefix.length);
    }
    std::sort(expected.begin(), expected.end(), std::greater<>());
    expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
    std::vector<int> found;
    table.Covering(ip, 128, [&found](uint8_t, int length) { found.push_back(length); });
    ASSERT_EQ(found, expected) << IpText(ip);
  }
}

TEST(PrefixTable, MappedAndPlainAddressesAreOne) {
  PrefixTable<int> table;
  table[*ParsePrefix("10.0.0.0/8")] = 1;
  table[*ParsePrefix("::/0")] = 2;
  table[*ParsePrefix("0.0.0.0/0")] = 3;
  const auto found = [&table](absl::string_view ip) {
    std::vector<int> values;
    table.Covering(*ParseIp(ip), 128, [&values](uint8_t, int value) { values.push_back(value); });
    return values;
  };
  EXPECT_THAT(found("10.1.2.3"), ElementsAre(1, 3));
  EXPECT_THAT(found("::ffff:10.1.2.3"), ElementsAre(1, 3));
  EXPECT_THAT(found("192.0.2.1"), ElementsAre(3));
  EXPECT_THAT(found("2001:db8::1"), ElementsAre(2));
  EXPECT_THAT(found("::1"), ElementsAre(2));
}

// The rule as the documentation states it, over all entries one by one.
struct Wide {
  int longest = -9, other = -9, kind = -9;
  int64_t order = 0;
  auto operator<=>(const Wide&) const = default;
};

int Bits(const HostTerm& host, const PolicyEnd& end) {
  if (host.kind == HostTerm::Kind::kAny) return -2;
  if (host.kind == HostTerm::Kind::kHome) return end.home ? -1 : -9;
  if (host.kind == HostTerm::Kind::kOutside) return end.home ? -9 : -1;
  return Covers(host.prefix, *end.ip) ? host.prefix.length : -9;
}

std::optional<uint32_t> NaiveWinner(const std::vector<PolicyEntry>& entries, absl::string_view kind,
                                    const PolicyEnd& source, const PolicyEnd& target,
                                    uint64_t now_us) {
  std::optional<uint32_t> winner;
  Wide best;
  for (uint32_t i = 0; i < entries.size(); ++i) {
    const PolicyEntry& entry = entries[i];
    const int kind_fit = KindFit(entry.kinds[0], kind);
    if (kind_fit < 0 || entry.expired(now_us)) continue;
    std::vector<std::pair<int, int>> ways;  // bits of the one end, of the other
    if (entry.host.kind != HostTerm::Kind::kNone) {
      ways = {{Bits(entry.host, source), -3}, {Bits(entry.host, target), -3}};
    } else {
      const bool has_source = entry.source.kind != HostTerm::Kind::kNone;
      const bool has_target = entry.target.kind != HostTerm::Kind::kNone;
      ways = {{has_source ? Bits(entry.source, source) : -3,
               has_target ? Bits(entry.target, target) : -3}};
    }
    for (const auto& [a, b] : ways) {
      if (a == -9 || b == -9) continue;
      const Wide rank{std::max(a, b), std::min(a, b), kind_fit, -int64_t{i}};
      if (winner.has_value() && rank <= best) continue;
      best = rank;
      winner = i;
    }
  }
  return winner;
}

HostTerm RandomHost(std::mt19937& random) {
  switch (random() % 60) {
    case 0:
      return {.kind = HostTerm::Kind::kAny};
    case 1:
      return {.kind = HostTerm::Kind::kHome};
    case 2:
      return {.kind = HostTerm::Kind::kOutside};
    default:
      return {.kind = HostTerm::Kind::kPrefix, .prefix = RandomPrefix(random)};
  }
}

PolicyEntry RandomEntry(std::mt19937& random) {
  constexpr const char* kKinds[] = {"recon.port_scan", "recon.*", "all", "dos.*", "exfil.beacon"};
  PolicyEntry entry{.effect = PolicyEffect::kAllow, .kinds = {kKinds[random() % 5]}};
  const auto ends = random() % 4;
  if (ends == 0) entry.host = RandomHost(random);
  if (ends == 1 || ends == 3) entry.source = RandomHost(random);
  if (ends == 2 || ends == 3) entry.target = RandomHost(random);
  if (random() % 4 == 0) entry.until_us = 500 + random() % 1'000;
  return entry;
}

TEST(Policy, DecidesAsALookAtEachEntryDoes) {
  std::mt19937 random(2);
  constexpr size_t kRounds = 40, kAsked = 60;
  size_t decided = 0;
  for (size_t round = 0; round < kRounds; ++round) {
    std::vector<PolicyEntry> entries;
    for (size_t i = 0; i < 2 + round * 3; ++i) entries.push_back(RandomEntry(random));
    const Policy policy = Of(entries);
    for (size_t i = 0; i < kAsked; ++i) {
      PolicyCase asked = Scan("10.0.0.1", "10.0.0.2");
      asked.device = {.ip = RandomAddress(random), .home = random() % 2 == 0};
      asked.peers[0].first = {.ip = RandomAddress(random), .home = random() % 2 == 0};
      asked.at_us = 500 + random() % 1'000;
      const std::optional<uint32_t> expected =
          NaiveWinner(entries, asked.kind, asked.device, asked.peers[0].first, asked.at_us);
      ASSERT_EQ(policy.Judge(asked).entry, expected) << round << " " << i;
      decided += expected.has_value() ? 1 : 0;
    }
  }
  EXPECT_GT(decided, kRounds * kAsked / 4);
  EXPECT_LT(decided, kRounds * kAsked);
}

TEST(Policy, ADayIsPartOfItselfAndAnEntryEndsWithIt) {
  PolicyEntry entry = Entry(PolicyEffect::kAllow, "recon.*", "10.0.0.5");
  entry.until_us = *ParseUntil("2027-03-31");
  const Policy policy = Of({entry});
  PolicyCase asked = Scan("10.0.0.5", "10.0.0.9");
  const auto judged = [&](absl::string_view time) {
    absl::Time at;
    EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, time, &at, nullptr));
    asked.at_us = static_cast<uint64_t>(absl::ToUnixMicros(at));
    return policy.Judge(asked).effect;
  };
  EXPECT_EQ(judged("2027-03-31T23:59:59.999999Z"), PolicyEffect::kAllow);
  EXPECT_EQ(judged("2027-04-01T00:00:00Z"), PolicyEffect::kTell);
  EXPECT_EQ(policy.ExpiredAt(asked.at_us), 1U);
  EXPECT_EQ(policy.ExpiredAt(asked.at_us - 1), 0U);
}

TEST(Policy, SourceIsWhoActsAndTargetWhomItMeets) {
  PolicyEntry source = Entry(PolicyEffect::kAllow, "all", "any");
  source.host = {};
  source.source = Host("10.0.0.5");
  const Policy policy = Of({source});
  EXPECT_EQ(policy.Judge(Scan("10.0.0.5", "10.0.0.9")).effect, PolicyEffect::kAllow);
  EXPECT_EQ(policy.Judge(Scan("10.0.0.9", "10.0.0.5")).effect, PolicyEffect::kTell);
  PolicyCase flood = Scan("10.0.0.9", "10.0.0.5");
  flood.role = Role::kTarget;  // 10.0.0.5 floods 10.0.0.9
  EXPECT_EQ(policy.Judge(flood).effect, PolicyEffect::kAllow);
  std::swap(flood.device, flood.peers[0].first);
  EXPECT_EQ(policy.Judge(flood).effect, PolicyEffect::kTell);
}

TEST(Policy, BothEndsAreNeededWhereBothAreNamed) {
  PolicyEntry pair = Entry(PolicyEffect::kAllow, "recon.*", "any");
  pair.host = {};
  pair.source = Host("10.0.0.5");
  pair.target = Host("10.1.0.0/16");
  const Policy policy = Of({pair});
  EXPECT_EQ(policy.Judge(Scan("10.0.0.5", "10.1.2.3")).effect, PolicyEffect::kAllow);
  EXPECT_EQ(policy.Judge(Scan("10.0.0.5", "10.2.2.3")).effect, PolicyEffect::kTell);
  EXPECT_EQ(policy.Judge(Scan("10.0.0.6", "10.1.2.3")).effect, PolicyEffect::kTell);
  PolicyCase alone = Scan("10.0.0.5", "10.1.2.3");
  alone.peers.clear();
  EXPECT_EQ(policy.Judge(alone).effect, PolicyEffect::kTell);
}

// What is left without the peers that are covered must be below the limit: a backup does not hide
// the theft that goes on beside it.
TEST(Policy, PeersThatAreNotCoveredStillOpenAnAlert) {
  PolicyEntry backup = Entry(PolicyEffect::kAllow, "exfil.volume", "any");
  backup.host = {};
  backup.target = Host("198.51.100.9");
  const Policy policy = Of({backup});
  PolicyCase volume{.kind = "exfil.volume",
                    .role = Role::kActor,
                    .device = End("10.0.0.7"),
                    .peers = {{End("198.51.100.9", false), 5e9}, {End("203.0.113.1", false), 4e7}},
                    .peer_count = 2,
                    .measured = 5.04e9,
                    .limit = 5e7};
  EXPECT_EQ(policy.Judge(volume).effect, PolicyEffect::kAllow);
  volume.peers[1].second = 6e7;
  volume.measured = 5.06e9;
  EXPECT_EQ(policy.Judge(volume).effect, PolicyEffect::kTell);
  volume.scales = false;  // then nothing may be left
  volume.peers[1].second = 1;
  EXPECT_EQ(policy.Judge(volume).effect, PolicyEffect::kTell);
  volume.peers.pop_back();
  EXPECT_EQ(policy.Judge(volume).effect, PolicyEffect::kAllow);
}

// Sources are made up easily: that the heaviest are monitors must not excuse 18,000 others.
TEST(Policy, SourcesThatAreNotNamedAreNotCovered) {
  PolicyEntry monitors = Entry(PolicyEffect::kAllow, "dos.*", "any");
  monitors.host = {};
  monitors.source = Host("10.9.0.0/24");
  PolicyEntry lab = Entry(PolicyEffect::kAllow, "dos.*", "any");
  lab.host = {};
  lab.target = Host("10.0.0.99");
  const Policy policy = Of({monitors, lab});
  PolicyCase flood{.kind = "dos.syn_flood",
                   .role = Role::kTarget,
                   .device = End("10.0.0.7"),
                   .peers = {{End("10.9.0.1"), 5}, {End("10.9.0.2"), 5}},
                   .peer_count = 18'000,
                   .measured = 18'000,
                   .limit = 100};
  EXPECT_EQ(policy.Judge(flood).effect, PolicyEffect::kTell);
  flood.peer_count = 2;
  EXPECT_EQ(policy.Judge(flood).effect, PolicyEffect::kAllow);
  flood.peer_count = 18'000;
  flood.device = End("10.0.0.99");  // whoever attacks it
  EXPECT_EQ(policy.Judge(flood).effect, PolicyEffect::kAllow);
}

// Whom a device scans is its own choice: the ten that are named stand for the rest.
TEST(Policy, TargetsOfOneActorStandForTheRest) {
  PolicyEntry entry = Entry(PolicyEffect::kAllow, "recon.*", "any");
  entry.host = {};
  entry.source = Host("10.0.0.5");
  entry.target = Host("10.1.0.0/16");
  PolicyCase scan = Scan("10.0.0.5", "10.1.2.3");
  scan.peer_count = 500;
  EXPECT_EQ(Of({entry}).Judge(scan).effect, PolicyEffect::kAllow);
}

TEST(Policy, LongestPrefixThenBothEndsThenTheHostItselfThenKindThenOrder) {
  const auto winner = [](std::vector<PolicyEntry> entries, std::vector<HostGroup> groups = {}) {
    return Of(std::move(entries), std::move(groups)).Judge(Scan("10.0.0.5", "10.0.0.9")).entry;
  };
  const auto allow = [](const char* kind, absl::string_view host) {
    return Entry(PolicyEffect::kAllow, kind, host);
  };
  EXPECT_EQ(winner({allow("recon.port_scan", "10.0.0.0/8"), allow("all", "10.0.0.0/9")}), 1U);
  EXPECT_EQ(winner({allow("all", "any"), allow("all", "home")}), 1U);
  EXPECT_EQ(winner({allow("all", "home"), allow("all", "0.0.0.0/0")}), 1U);
  EXPECT_EQ(winner({allow("recon.*", "10.0.0.5"), allow("recon.port_scan", "10.0.0.5")}), 1U);
  EXPECT_EQ(winner({allow("all", "10.0.0.5"), allow("recon.*", "10.0.0.5")}), 1U);
  EXPECT_EQ(winner({allow("recon.*", "10.0.0.9"), allow("recon.*", "10.0.0.5")}), 0U);
  PolicyEntry pair = allow("all", "any");
  pair.host = {};
  pair.source = Host("10.0.0.5");
  pair.target = Host("any");
  EXPECT_EQ(winner({allow("recon.port_scan", "10.0.0.5"), pair}), 1U);
  const std::vector<HostGroup> groups = {{.name = "g", .members = {Host("10.0.0.5")}}};
  EXPECT_EQ(winner({allow("recon.port_scan", "group/g"), allow("all", "10.0.0.5")}, groups), 1U);
}

TEST(Policy, GroupsHoldNetworksMacsAndNames) {
  const std::vector<HostGroup> groups = {
      {.name = "wide", .members = {Host("10.0.0.0/8"), Host("10.0.0.5")}},
      {.name = "narrow", .members = {Host("10.0.0.0/24"), Host("02:00:00:00:00:AA")}},
      {.name = "named", .members = {Host("name/Printer-3")}}};
  const Policy policy = Of({Entry(PolicyEffect::kAllow, "all", "group/named")}, groups);
  EXPECT_THAT(policy.GroupsOf(End("10.0.0.5")), ElementsAre("wide", "narrow"));
  EXPECT_THAT(policy.GroupsOf(End("10.0.0.6")), ElementsAre("narrow", "wide"));
  EXPECT_THAT(policy.GroupsOf(End("192.0.2.1")), IsEmpty());
  EXPECT_EQ(policy.GroupOf({.mac = "02:00:00:00:00:aa"}), "narrow");
  PolicyCase scan = Scan("10.0.0.5", "10.0.0.9");
  EXPECT_EQ(policy.Judge(scan).effect, PolicyEffect::kTell);
  scan.device.name = "printer-3";
  EXPECT_EQ(policy.Judge(scan).effect, PolicyEffect::kAllow);
}

TEST(Policy, APrefixAsAWholeIsCoveredByWiderOnesAlone) {
  const Policy policy = Of({Entry(PolicyEffect::kAllow, "all", "10.0.0.0/24")});
  PolicyCase bomb{.kind = "dos.carpet_bomb", .role = Role::kTarget, .device = End("10.0.0.0/24")};
  EXPECT_EQ(policy.Judge(bomb).effect, PolicyEffect::kAllow);
  bomb.device = End("10.0.0.0/16");
  EXPECT_EQ(policy.Judge(bomb).effect, PolicyEffect::kTell);
}

TEST(Policy, AdjustRaisesTheLimit) {
  PolicyEntry entry = Entry(PolicyEffect::kAdjust, "recon.*", "10.0.0.5");
  entry.limit_factor = 4;
  const Policy policy = Of({entry});
  PolicyCase scan = Scan("10.0.0.5", "10.0.0.9");
  EXPECT_TRUE(policy.Judge(scan).below_limit);  // 100 of 4 x 30
  EXPECT_FALSE(policy.Judge(scan).tells());
  scan.measured = 120;
  EXPECT_FALSE(policy.Judge(scan).below_limit);
  EXPECT_TRUE(policy.Judge(scan).tells());
}

// The cost of a verdict does not follow from the number of entries: one look-up for each length of
// prefix that occurs, and one for each pair of what covers the two ends.
TEST(Policy, AHundredThousandEntriesCostNoMoreThanTheirLengths) {
  std::mt19937 random(3);
  std::vector<PolicyEntry> entries;
  for (int i = 0; i < 100'000; ++i) {
    const IpAddress ip =
        IpAddress::V4(10, static_cast<uint8_t>(random()), static_cast<uint8_t>(random()),
                      static_cast<uint8_t>(random()));
    const auto length = static_cast<uint8_t>(kMapped4Bits + 8 + random() % 25);
    PolicyEntry entry{.effect = PolicyEffect::kAllow, .kinds = {"recon.*"}};
    HostTerm& end = i % 2 == 0 ? entry.source : entry.target;
    end.kind = HostTerm::Kind::kPrefix;
    end.prefix.address = NetworkOf(ip, length);
    end.prefix.length = length;
    entries.push_back(std::move(entry));
  }
  const Policy policy = Of(std::move(entries));
  constexpr size_t kLengths = 25, kHandles = kLengths + 3;  // home, any, nobody
  size_t most = 0;
  for (int i = 0; i < 2'000; ++i) {
    PolicyCase scan = Scan("10.0.0.5", "10.0.0.9");
    scan.device.ip = IpAddress::V4(10, static_cast<uint8_t>(random()),
                                   static_cast<uint8_t>(random()), static_cast<uint8_t>(random()));
    scan.peers[0].first.ip = scan.device.ip;
    most = std::max(most, policy.Judge(scan).lookups);
  }
  EXPECT_LE(most, 2 * kLengths + kHandles * kHandles);
  EXPECT_LE(most, 1'000U);
}

}  // namespace
}  // namespace vedette
