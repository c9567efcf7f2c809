// The straight path must say of every packet what the layers say of it. It is short because it
// knows only the ordinary; here it is shown ordinary packets with a few bytes changed, which is
// where a missing check would let something unusual pass.
#include <gtest/gtest.h>

#include <random>

#include "tests/dataplane/decode/same_decoding.h"
#include "tests/dataplane/decode/sample_packets.h"

namespace vedette {
namespace {

std::vector<PacketBytes> OrdinaryPackets() {
  const auto builder = [](int kind) {
    PacketBuilder packet;
    packet.Ethernet();
    if ((kind & 1) != 0) packet.Vlan(7);
    if ((kind & 2) != 0) {
      packet.Ip6("2001:db8::1", "2001:db8::2");
    } else {
      packet.Ip4("192.0.2.1", "198.51.100.2");
    }
    return packet;
  };
  std::vector<PacketBytes> packets;
  for (int kind = 0; kind < 4; ++kind) {
    for (const size_t payload : {size_t{0}, size_t{1}, size_t{7}, size_t{64}, size_t{99}}) {
      packets.push_back(builder(kind).Tcp(4000, 443, kTcpAck).Payload(payload).PadTo(60).Build());
      packets.push_back(builder(kind).Udp(4000, 53).Payload(payload).PadTo(60).Build());
    }
    packets.push_back(
        builder(kind).Tcp(4000, 443, kTcpSyn).Options({2, 4, 5, 0xb4}).PadTo(60).Build());
    packets.push_back(builder(kind)
                          .Tcp(4000, 443, kTcpAck)
                          .Options({1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2})
                          .Payload(20)
                          .Build());
  }
  return packets;
}

bool TakesStraightPath(const PacketView& view) {
  DecodedPacket out;
  return DecodeStraight(view, Checksums::kVerify, out);
}

void ExpectSame(const PacketView& view, const std::string& what) {
  for (const Checksums checksums : {Checksums::kVerify, Checksums::kSkip}) {
    ASSERT_STREQ(DifferenceToLayers(view, checksums), "") << what;
  }
}

TEST(StraightPath, TakesOrdinaryPackets) {
  for (const PacketBytes& packet : OrdinaryPackets()) {
    EXPECT_TRUE(TakesStraightPath(ViewOf(packet)));
    ExpectSame(ViewOf(packet), "ordinary packet");
  }
}

TEST(StraightPath, SamplesOfEveryKind) {
  for (const SamplePacket& sample : ValidPackets()) {
    ExpectSame(ViewOf(sample.bytes, 1, sample.link), sample.name);
  }
  for (const SamplePacket& sample : OrdinaryOddPackets()) {
    ExpectSame(ViewOf(sample.bytes, 1, sample.link), sample.name);
  }
  for (const IrregularPacket& packet : IrregularPackets()) {
    ExpectSame(ViewOf(packet.bytes, 1, packet.link), Describe(packet.expected).text.data());
  }
}

// Every value of every header byte, one at a time.
TEST(StraightPath, EveryValueOfEveryHeaderByte) {
  for (const PacketBytes& packet : OrdinaryPackets()) {
    PacketBytes changed = packet;
    for (size_t at = 0; at < std::min<size_t>(changed.size(), 78); ++at) {
      for (int value = 0; value < 256; ++value) {
        changed[at] = static_cast<std::byte>(value);
        ExpectSame(ViewOf(changed), "byte " + std::to_string(at) + " is " + std::to_string(value));
      }
      changed[at] = packet[at];
    }
  }
}

// Values at the borders of what headers may hold come up more often than by chance.
std::byte EdgeByte(std::mt19937& random) {
  constexpr uint8_t kEdges[] = {0,  1,    2,    4,    5,    6,    8,    17,   20,   28,   40,
                                60, 0x40, 0x45, 0x46, 0x7f, 0x80, 0x81, 0xdf, 0xe0, 0xf0, 0xff};
  return std::byte{random() % 4 == 0 ? static_cast<uint8_t>(random())
                                     : kEdges[random() % std::size(kEdges)]};
}

TEST(StraightPath, MutatedPackets) {
  constexpr unsigned kSeed = 20'260'301;
  constexpr int kPackets = 3'000'000;
  std::mt19937 random(kSeed);
  const std::vector<PacketBytes> packets = OrdinaryPackets();
  int straight = 0;
  for (int i = 0; i < kPackets; ++i) {
    PacketBytes bytes = packets[random() % packets.size()];
    for (size_t edits = 1 + random() % 3; edits != 0; --edits) {
      bytes[random() % bytes.size()] = EdgeByte(random);
    }
    if (random() % 8 == 0) bytes.resize(1 + random() % bytes.size());
    PacketView view = ViewOf(bytes);
    if (random() % 8 == 0) view.wire_length += static_cast<uint32_t>(random() % 64);
    ExpectSame(view, "seed " + std::to_string(kSeed) + ", packet " + std::to_string(i));
    if (HasFatalFailure()) return;
    straight += TakesStraightPath(view);
  }
  // Else the test would compare the layers with themselves.
  EXPECT_GT(straight, kPackets / 4);
  EXPECT_LT(straight, kPackets);
}

}  // namespace
}  // namespace vedette
