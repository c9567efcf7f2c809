// Rows of endpoints, pairs and frames without IP. Breaks if a packet is charged to nobody or twice,
// if strangers push out home, or if a flood of strangers hides its victim.
#include "dataplane/track/endpoint_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/dataplane/track/tracked.h"

namespace vedette {
namespace {

constexpr uint64_t kStart = 1'000'000;

EndpointKey Stranger(uint64_t i) {
  return {.ip = IpAddress::V4(static_cast<uint8_t>(20 + (i >> 24)), static_cast<uint8_t>(i >> 16),
                              static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i))};
}
EndpointKey Home(uint64_t i) {
  return {.ip = IpAddress::V4(10, static_cast<uint8_t>(i >> 16), static_cast<uint8_t>(i >> 8),
                              static_cast<uint8_t>(i))};
}

class EndpointTableTest : public ::testing::Test {
 protected:
  EndpointRow& Count(const EndpointKey& key, bool home) {
    EndpointRow* row = table_.Obtain(key, hash_.OfEndpoint(key), home);
    ++row->counters.packets_in;
    ++counted_;
    return *row;
  }
  const EndpointRow* RowOf(const EndpointKey& key) const {
    for (const EndpointRow& row : table_.rows()) {
      if (row.key == key) return &row;
    }
    return nullptr;
  }
  void ExpectAllCounted() const {
    uint64_t sum = table_.overflow().counters.packets_in;
    for (const EndpointRow& row : table_.rows()) sum += row.counters.packets_in;
    EXPECT_EQ(sum, counted_);
  }

  KeyedHash hash_{kTestSecret};
  EndpointTable table_{256};
  uint64_t counted_ = 0;
};

TEST_F(EndpointTableTest, ExactWhileThereIsRoom) {
  std::map<EndpointKey, uint64_t> exact;
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t number = random() % 256;
    const EndpointKey key = number % 2 == 0 ? Home(number) : Stranger(number);
    Count(key, number % 2 == 0);
    ++exact[key];
  }
  EXPECT_EQ(table_.rows().size(), exact.size());
  for (const auto& [key, packets] : exact) {
    ASSERT_NE(RowOf(key), nullptr);
    EXPECT_EQ(RowOf(key)->counters.packets_in, packets);
  }
  EXPECT_EQ(table_.refused() + table_.evicted(), 0U);
}

// A million spoofed sources came first and hold every row. Their victim, unknown and outside home,
// gets one all the same, and soon: it misses no more than a light row weighs.
TEST_F(EndpointTableTest, VictimOfAFloodEarnsARow) {
  std::mt19937_64 random(2);
  const EndpointKey victim = Stranger(0xffffffff);
  uint64_t victims_packets = 0;
  for (uint64_t i = 0; i < 62'500; ++i) {  // a shard's share
    Count(Stranger(random() % 1'000'000), false);
    if (i < 2'000) continue;  // when it is full
    ++victims_packets;
    Count(victim, false);
  }
  const EndpointRow* row = RowOf(victim);
  ASSERT_NE(row, nullptr);
  EXPECT_GE(row->counters.packets_in, victims_packets * 9 / 10);
  EXPECT_GE(row->counters.packets_in + row->packets_before, victims_packets);
  EXPECT_FALSE(row->home);
  EXPECT_GT(table_.refused(), 50'000U) << "light strangers go without";
  ExpectAllCounted();
}

// A victim of one packet in a hundred, too.
TEST_F(EndpointTableTest, ModestVictimEarnsARow) {
  std::mt19937_64 random(3);
  const EndpointKey victim = Stranger(0xffffffff);
  for (uint64_t i = 0; i < 62'500; ++i) {
    Count(i % 100 == 99 ? victim : Stranger(random() % 1'000'000), false);
  }
  ASSERT_NE(RowOf(victim), nullptr);
  EXPECT_GE(RowOf(victim)->counters.packets_in, 500U);  // of 625
}

// Rows do not go round among equals: each that changes hands goes to somebody heavier.
TEST_F(EndpointTableTest, EqualStrangersLeaveEachOtherAlone) {
  for (uint64_t turn = 0; turn < 20; ++turn) {
    for (uint64_t i = 0; i < 2'000; ++i) Count(Stranger(i), false);
  }
  EXPECT_LE(table_.evicted(), 256U * 20);
  ExpectAllCounted();
}

TEST_F(EndpointTableTest, HomeAlwaysGetsAPlaceFromAStranger) {
  for (uint64_t i = 0; i < 300; ++i) Count(Stranger(i), false);
  for (uint64_t i = 0; i < 200; ++i) {
    EXPECT_EQ(Count(Home(i), true).key, Home(i));
  }
  for (uint64_t i = 0; i < 50'000; ++i) Count(Stranger(i % 5'000), false);
  for (uint64_t i = 0; i < 200; ++i) EXPECT_NE(RowOf(Home(i)), nullptr) << "home gave way";
  ExpectAllCounted();
}

TEST_F(EndpointTableTest, FullOfHomeRefusesAll) {
  for (uint64_t i = 0; i < 256; ++i) Count(Home(i), true);
  EXPECT_EQ(&Count(Home(999), true), &table_.overflow());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(&Count(Stranger(1), false), &table_.overflow());
  EXPECT_EQ(table_.refused(), 101U);
  ExpectAllCounted();
}

// A packet charges two rows at once: the second must not take the place of the first.
TEST_F(EndpointTableTest, RowOfTheCallBeforeStays) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 100'000; ++i) {
    const bool home = random() % 4 == 0;
    const EndpointKey a = Stranger(random() % 700),
                      b = home ? Home(random() % 700) : Stranger(random() % 700);
    EndpointRow* first = table_.Obtain(a, hash_.OfEndpoint(a), false);
    const bool overflows = first == &table_.overflow();
    EndpointRow* second = table_.Obtain(b, hash_.OfEndpoint(b), home);
    ASSERT_TRUE(overflows || first->key == a);
    ++first->counters.packets_out;
    ++second->counters.packets_in;
  }
}

TEST_F(EndpointTableTest, ClearedTableIsAsNew) {
  EndpointTable fresh(256);
  for (uint64_t i = 0; i < 20'000; ++i) Count(Stranger(i * i % 3'001), false);
  table_.Clear();
  EXPECT_EQ(table_.rows().size() + table_.refused() + table_.evicted(), 0U);
  for (uint64_t i = 0; i < 20'000; ++i) {
    const EndpointKey key = Stranger(i * 7 % 1'009);
    ++table_.Obtain(key, hash_.OfEndpoint(key), false)->counters.packets_in;
    ++fresh.Obtain(key, hash_.OfEndpoint(key), false)->counters.packets_in;
  }
  EXPECT_EQ(table_.refused(), fresh.refused());
  EXPECT_EQ(table_.evicted(), fresh.evicted());
  for (size_t i = 0; i < fresh.rows().size(); ++i) {
    EXPECT_EQ(table_.rows()[i].key, fresh.rows()[i].key);
  }
}

// The same through the tracker: both sides of each packet counted once, whatever is full.
TEST(EndpointChargeTest, FloodIsChargedOnceASide) {
  Tracked tracked({}, HomeNetworks::Default(), 64);
  PacketBytes syn =
      PacketBuilder().Ethernet().Ip4("1.0.0.0", "198.51.100.7").Tcp(1, 443, kTcpSyn).Build();
  for (uint32_t i = 0; i < 20'000; ++i) {
    for (int byte = 1; byte < 4; ++byte)
      syn[26 + byte] = static_cast<std::byte>(i * 2'654'435'761U >> (24 - 8 * byte));
    tracked.Send(kStart + i, syn);
  }
  uint64_t in = tracked.endpoints.overflow().counters.packets_in;
  uint64_t out = tracked.endpoints.overflow().counters.packets_out;
  for (const EndpointRow& row : tracked.endpoints.rows()) {
    in += row.counters.packets_in;
    out += row.counters.packets_out;
  }
  EXPECT_EQ(in, 20'000U);
  EXPECT_EQ(out, 20'000U);
  EXPECT_EQ(tracked.Row("198.51.100.7")->counters.packets_in, 20'000U);
  EXPECT_EQ(tracked.counters.packet_bytes.total(), 20'000U);
  EXPECT_EQ(tracked.counters.packet_bytes.Quantile(0.5),
            PacketSizes::HighOf(PacketSizes::BucketOf(54)));
}

TEST(EndpointChargeTest, ArpIsChargedToWhoAsksAndMakesNoDeviceOfTheAsked) {
  Tracked tracked;
  const MacAddress asker = Mac(1), owner = Mac(2);
  tracked.Send(kStart,
               PacketBuilder().Ethernet().Arp(1, asker, "10.0.0.1", MacAddress{}, "10.0.0.2"));
  tracked.Send(kStart + 10,
               PacketBuilder().Ethernet(owner, asker).Arp(2, owner, "10.0.0.2", asker, "10.0.0.1"));
  tracked.Send(kStart + 20,
               PacketBuilder().Ethernet().Arp(1, asker, "10.0.0.1", MacAddress{}, "10.0.0.3"));
  tracked.Send(kStart + 30,
               PacketBuilder().Ethernet().Arp(1, asker, "10.0.0.1", MacAddress{}, "10.0.0.1"));
  ASSERT_NE(tracked.Row("10.0.0.1"), nullptr);
  EXPECT_TRUE(tracked.Row("10.0.0.1")->home);
  EXPECT_EQ(tracked.Row("10.0.0.1")->mac, asker);
  EXPECT_NE(tracked.Row("10.0.0.2"), nullptr);
  EXPECT_EQ(tracked.Row("10.0.0.3"), nullptr);
  EXPECT_EQ(tracked.AttemptOf("10.0.0.1", "10.0.0.2")->accepted, 1U);
  EXPECT_EQ(tracked.AttemptOf("10.0.0.1", "10.0.0.3")->accepted, 0U);
  EXPECT_EQ(tracked.AttemptOf("10.0.0.1", "10.0.0.1"), nullptr) << "announces itself";
  EXPECT_EQ(tracked.counters.flows_opened, 0U);
}

TEST(EndpointChargeTest, FramesWithoutIpBelongToTheirMac) {
  Tracked tracked;
  tracked.Send(kStart, PacketBuilder().Ethernet(Mac(5)).Vlan(3).Payload(60));
  tracked.Send(kStart + 1, PacketBuilder().Ethernet802_3(Mac(6)).Llc(0x42, 0x42).Payload(40));
  const EndpointRow* row = tracked.Row(EndpointKey::OfMac(Mac(5), 3));
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->counters.packets_out, 1U);
  EXPECT_EQ(row->counters.bytes_out, 14U + 4 + 60);
  EXPECT_FALSE(row->home);
  EXPECT_NE(tracked.Row(EndpointKey::OfMac(Mac(6), 0)), nullptr);
}

// Who has no address yet is known by its MAC (DHCP, ARP probes).
TEST(EndpointChargeTest, NobodysAddressIsTheMacs) {
  Tracked tracked;
  tracked.Send(kStart,
               PacketBuilder().Ethernet(Mac(7)).Ip4("0.0.0.0", "255.255.255.255").Udp(68, 67));
  EXPECT_EQ(tracked.Row("0.0.0.0"), nullptr);
  ASSERT_NE(tracked.Row(EndpointKey::OfMac(Mac(7), 0)), nullptr);
  EXPECT_EQ(tracked.Row("255.255.255.255")->counters.egress_bytes, 0U);
}

// The first frame's MAC, and times of what was sent: what the merge compares over shards.
TEST(EndpointChargeTest, RowsRememberMacAndTimes) {
  Tracked tracked;
  const auto from = [](MacAddress mac, uint16_t id) {
    return PacketBuilder().Ethernet(mac).Ip4("10.0.0.1", "10.0.0.2").IpId(id).Udp(1, 2);
  };
  tracked.Send(kStart, from(Mac(1), 1));
  tracked.Send(kStart + 50, from(Mac(9), 2));
  const EndpointRow& row = *tracked.Row("10.0.0.1");
  EXPECT_EQ(row.mac, Mac(1));
  EXPECT_EQ(row.mac_seen_us, kStart);
  EXPECT_EQ(row.first_us, kStart);
  EXPECT_EQ(row.last_us, kStart + 50);
  EXPECT_FALSE(tracked.Row("10.0.0.2")->mac_known) << "it sent nothing";
  EXPECT_FALSE(tracked.Row("10.0.0.2")->seen_sending);
}

// Only what leaves home, to whom, and never too little; see heavy_hitters_test for the bound.
TEST(EndpointChargeTest, EgressByDestination) {
  Tracked tracked;
  std::map<IpAddress, uint64_t> exact;
  uint64_t total = 0;
  for (uint32_t i = 0; i < 6'000; ++i) {
    const uint32_t j = i % 3 == 0 ? 7 : i;  // one destination above all
    const std::string target = "20.0." + std::to_string(j >> 8) + "." + std::to_string(j & 255);
    const size_t bytes = 28 + j % 100;
    tracked.Send(kStart + i, PacketBuilder()
                                 .Ethernet()
                                 .Ip4("10.0.0.1", target)
                                 .IpId(static_cast<uint16_t>(i))
                                 .Udp(1, 2)
                                 .Payload(j % 100));
    exact[Ip(target)] += bytes;
    total += bytes;
  }
  tracked.Send(kStart + 9'999, PacketBuilder().Ethernet().Ip4("10.0.0.1", "10.0.0.2").Udp(1, 2));
  tracked.Send(kStart + 9'999, PacketBuilder().Ethernet().Ip4("20.0.0.7", "10.0.0.1").Udp(1, 2));
  EXPECT_GT(tracked.egress.displaced(), 0U);
  uint64_t sum = 0;
  bool heavy_seen = false;
  for (const EgressPair& pair : tracked.egress.records()) {
    EXPECT_EQ(pair.device.ip, Ip("10.0.0.1"));
    EXPECT_GE(pair.bytes, exact[pair.destination]);
    EXPECT_LE(pair.bytes - pair.error_bytes, exact[pair.destination]);
    EXPECT_LE(static_cast<double>(pair.error_bytes),
              EgressTable::kShare * static_cast<double>(total));
    sum += pair.bytes;
    heavy_seen |= pair.destination == Ip("20.0.0.7");
  }
  EXPECT_EQ(sum, total) << "inside home and inbound are no egress";
  EXPECT_TRUE(heavy_seen);
}

TEST(EndpointChargeTest, IrregularitiesBySenderAndKind) {
  Tracked tracked;
  for (int i = 0; i < 3; ++i) {
    tracked.Send(
        kStart + i * 5'000'000ULL,
        PacketBuilder().Ethernet().Ip4("10.0.0.1", "10.0.0.2").Tcp(1, 2, kTcpSyn).WrongChecksum());
  }
  ASSERT_EQ(tracked.irregularities.records().size(), 1U);
  const IrregularityCount& count = tracked.irregularities.records()[0];
  EXPECT_EQ(count.sender.ip, Ip("10.0.0.1"));
  EXPECT_EQ(count.packets, 3U);
  EXPECT_EQ(count.first_us, kStart);
  EXPECT_EQ(count.last_us, kStart + 10'000'000);
  EXPECT_EQ(tracked.Row("10.0.0.1")->counters.checksum_errors, 3U);
  EXPECT_EQ(tracked.Row("10.0.0.1")->counters.malformed_packets, 0U);
}

}  // namespace
}  // namespace vedette
