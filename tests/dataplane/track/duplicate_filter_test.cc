// What counts as a mirror's second copy, judged through the tracker. Breaks if a copy is counted
// twice, or if what senders do on purpose (repeat, retransmit, flood) is taken for a copy.
#include <gtest/gtest.h>

#include "tests/dataplane/track/tracked.h"

namespace vedette {
namespace {

constexpr uint64_t kStart = 1'700'000'000'000'000;

PacketBuilder Data(uint16_t ip_id = 7, uint8_t ttl = 64, MacAddress source = Mac(1)) {
  return PacketBuilder()
      .Ethernet(source, Mac(2))
      .Ip4("10.0.0.1", "198.51.100.7", ttl)
      .IpId(ip_id)
      .Tcp(4000, 443, kTcpAck | kTcpPsh)
      .Payload(300);
}

TEST(DuplicateFilterTest, CopyBehindARouterIsNotCounted) {
  Tracked tracked;
  EXPECT_TRUE(tracked.Send(kStart, Data()));
  EXPECT_FALSE(tracked.Send(kStart + 1'999, Data(7, 63, Mac(9))));  // TTL, checksum, MAC differ
  EXPECT_EQ(tracked.counters.packets, 2U);
  EXPECT_EQ(tracked.counters.duplicates, 1U);
  EXPECT_EQ(tracked.counters.flow_packets, 1U);
  EXPECT_EQ(tracked.Row("10.0.0.1")->counters.packets_out, 1U);
}

TEST(DuplicateFilterTest, TaggedCopyIsNotCounted) {
  Tracked tracked;
  const PacketBuilder plain = PacketBuilder().Ethernet().Ip4("10.0.0.1", "10.0.0.2").Udp(1, 2);
  const PacketBuilder tagged =
      PacketBuilder().Ethernet().Vlan(5).Ip4("10.0.0.1", "10.0.0.2").Udp(1, 2);
  EXPECT_TRUE(tracked.Send(kStart, plain));
  EXPECT_FALSE(tracked.Send(kStart, tagged));
}

TEST(DuplicateFilterTest, AfterTwoMillisecondsItIsThePacketAgain) {
  Tracked tracked;
  EXPECT_TRUE(tracked.Send(kStart, Data()));
  EXPECT_TRUE(tracked.Send(kStart + 2'001, Data()));
  EXPECT_EQ(tracked.counters.duplicates, 0U);
}

// A mirror makes one copy; whoever sends the same packet again and again means it. Of a flood of
// equal packets one is taken for a copy at most, as long as it does not pause for 100 ms.
TEST(DuplicateFilterTest, FloodOfEqualPacketsIsCounted) {
  Tracked tracked;
  for (uint64_t i = 0; i < 1'000; ++i) tracked.Send(kStart + 100 * i, Data());
  EXPECT_EQ(tracked.counters.duplicates, 1U);
  EXPECT_EQ(tracked.counters.flow_packets, 999U);
}

TEST(DuplicateFilterTest, RepeatsAtIntervalsAreCounted) {
  Tracked tracked;  // SYNs as stacks repeat them, then polls every 50 ms
  const PacketBuilder syn = PacketBuilder().Ethernet().Ip4("10.0.0.1", "10.0.0.2").Tcp(9, 80, 2);
  for (const uint64_t at_ms : {0U, 1'000U, 3'000U, 7'000U}) {
    EXPECT_TRUE(tracked.Send(kStart + at_ms * 1'000, syn));
  }
  for (uint64_t i = 0; i < 100; ++i) {
    EXPECT_TRUE(tracked.Send(kStart + 10'000'000 + 50'000 * i,
                             PacketBuilder().Ethernet().Ip4("10.0.0.1", "10.0.0.2").Udp(5, 6)));
  }
  EXPECT_EQ(tracked.counters.duplicates, 0U);
  EXPECT_EQ(tracked.Row("10.0.0.1")->counters.syn_out, 4U);
}

// A pair of copies, quiet, then another pair: both copies are known for what they are.
TEST(DuplicateFilterTest, EachPairAfterQuietHasOneCopy) {
  Tracked tracked;
  for (const uint64_t at_ms : {0U, 200U, 400U}) {
    EXPECT_TRUE(tracked.Send(kStart + at_ms * 1'000, Data()));
    EXPECT_FALSE(tracked.Send(kStart + at_ms * 1'000 + 500, Data(7, 63)));
  }
}

TEST(DuplicateFilterTest, OtherPacketsAreNoCopies) {
  Tracked tracked;
  EXPECT_TRUE(tracked.Send(kStart, Data(7)));
  EXPECT_TRUE(tracked.Send(kStart, Data(8))) << "a retransmission has its own IP id";
  const PacketBuilder there = PacketBuilder().Ethernet().Ip4("10.0.0.1", "10.0.0.2").Icmp(3, 1);
  const PacketBuilder back = PacketBuilder().Ethernet().Ip4("10.0.0.2", "10.0.0.1").Icmp(3, 1);
  EXPECT_TRUE(tracked.Send(kStart, there));
  EXPECT_TRUE(tracked.Send(kStart, back)) << "the other direction";
  const auto sequence = [](uint32_t number) {
    return PacketBuilder().Ethernet().Ip6("fd00::1", "fd00::2").Tcp(1, 2, kTcpAck, number);
  };
  EXPECT_TRUE(tracked.Send(kStart, sequence(1)));
  EXPECT_TRUE(tracked.Send(kStart, sequence(2)));
  PacketBytes tail =
      PacketBuilder().Ethernet().Ip4("10.0.0.1", "10.0.0.3").Udp(1, 2).Payload(900).Build();
  EXPECT_TRUE(tracked.Send(kStart, tail));
  tail.back() ^= std::byte{1};
  EXPECT_TRUE(tracked.Send(kStart, tail)) << "the last bytes differ";
}

TEST(DuplicateFilterTest, FramesWithoutIpAreNeverCopies) {
  Tracked tracked;
  const PacketBuilder arp =
      PacketBuilder().Ethernet().Arp(1, Mac(1), "10.0.0.1", MacAddress{}, "10.0.0.2");
  EXPECT_TRUE(tracked.Send(kStart, arp));
  EXPECT_TRUE(tracked.Send(kStart + 10, arp));
  EXPECT_EQ(tracked.counters.duplicates, 0U);
}

}  // namespace
}  // namespace vedette
