#include "detectors/corruption/decode_errors.h"

#include <gtest/gtest.h>

#include "tests/detectors/alerts_of.h"
#include "tests/detectors/hand_made_view.h"

namespace vedette {
namespace {

constexpr uint64_t kStartUs = 1'600'000'000'000'000;
constexpr char kDevice[] = "192.168.1.70", kTarget[] = "192.168.1.71";

// TCP whose data offset is under 20 bytes.
PacketBytes Broken(const std::string& from, MacAddress mac = Mac(1)) {
  return PacketBuilder()
      .Ethernet(mac)
      .Ip4(from, kTarget)
      .Tcp(4'000, 80, kTcpAck)
      .Set8(12, 0x20)
      .Payload(40)
      .Build();
}
PacketBytes Sound(const std::string& from, size_t bytes) {
  return PacketBuilder().Ethernet().Ip4(from, kTarget).Udp(4'000, 9'000).Payload(bytes).Build();
}
size_t Accused(const Traffic& traffic) {
  return OpenedOf(Replayed(traffic), "corruption.decode_errors").size();
}
std::vector<Finding> AfterSecond(DecodeErrors& detector, uint64_t second, uint64_t sent,
                                 uint64_t odd,
                                 DecodeStatus kind = DecodeStatus::kTcpBadHeaderLength) {
  HandMadeView view;
  view.Endpoint(kDevice).counters.packets_out = sent;
  if (odd != 0) view.Irregular(kDevice, kind, odd);
  return view.Judge(detector, second);
}

TEST(DecodeErrors, TwentyInARowAreAnAlertAtOnce) {
  Traffic traffic;
  for (uint32_t i = 0; i < 20; ++i) traffic.At(kStartUs + i * 10'000, Broken(kDevice));
  const std::vector<AlertEvent> opened = OpenedOf(Replayed(traffic), "corruption.decode_errors");
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].device_ip, kDevice);
  EXPECT_EQ(opened[0].role, "actor");
  EXPECT_EQ(opened[0].severity, "medium");
  EXPECT_EQ(opened[0].evidence.measured, 1);
  EXPECT_EQ(opened[0].evidence.unit, "share of packets");
  ASSERT_FALSE(opened[0].evidence.detail.empty());
  EXPECT_EQ(opened[0].evidence.detail.begin()->first, "tcp.bad_header_length");
  EXPECT_LE(opened[0].last_ms, static_cast<int64_t>(kStartUs / 1'000) + 2'000);
}

// Alert life closes after a minute without a finding; this sender takes longer from one to the
// next.
TEST(DecodeErrors, OneEveryFewMinutesStaysOneAlert) {
  Traffic traffic;
  for (uint64_t i = 0; i < 30; ++i) traffic.At(kStartUs + i * 200'000'000, Broken(kDevice));
  const Told told = Replayed(traffic);
  ASSERT_EQ(OpenedOf(told, "corruption.decode_errors").size(), 1U);
  const AlertEvent& last = told.alerts.back();
  EXPECT_EQ(last.state, "close");
  EXPECT_EQ(last.evidence.detail.at("tcp.bad_header_length"), "30") << "all of them, not the last";
}

TEST(DecodeErrors, OneBrokenPacketIsACounter) {
  Traffic traffic;
  traffic.At(kStartUs, Broken(kDevice));
  for (uint32_t i = 1; i < 200; ++i) traffic.At(kStartUs + i * 1'000, Sound(kDevice, 50 + i));
  EXPECT_EQ(Accused(traffic), 0U);
}

// Seconds without an odd packet speak for the sender too.
TEST(DecodeErrors, OneInAHundredIsNoAlertHoweverLongItLasts) {
  DecodeErrors detector{DecodeErrors::Config{}};
  for (uint64_t second = 0; second < 1'000; ++second) {
    EXPECT_TRUE(AfterSecond(detector, 100 + second, 10, second % 10 == 0 ? 1 : 0).empty());
  }
}

TEST(DecodeErrors, OneInThreeIsAnAlertSoon) {
  DecodeErrors detector{DecodeErrors::Config{}};
  uint64_t second = 0;
  while (second < 60 && AfterSecond(detector, 100 + second, 9, 3).empty()) ++second;
  EXPECT_LT(second, 10U);
}

TEST(DecodeErrors, SixAlikeAreEnoughAndFiveAreNot) {
  DecodeErrors five{DecodeErrors::Config{}}, six{DecodeErrors::Config{}};
  EXPECT_TRUE(AfterSecond(five, 100, 5, 5).empty());
  EXPECT_EQ(AfterSecond(six, 100, 6, 6).size(), 1U);
}

TEST(DecodeErrors, AddressesOfTheWrongSortAreASendersWay) {
  Traffic traffic;  // as a prefix-preserving anonymisation leaves them
  for (uint32_t i = 0; i < 300; ++i) {
    traffic.At(kStartUs + i * 5'000, Sound("250.58.23.113", 60 + i));
    traffic.At(kStartUs + i * 5'000 + 1, Sound("227.1.2.3", 60 + i));
  }
  EXPECT_TRUE(KindsOpenedOf(Replayed(traffic), "corruption").empty());
  DecodeErrors detector{DecodeErrors::Config{}};
  for (uint64_t second = 100; second < 200; ++second) {
    EXPECT_TRUE(AfterSecond(detector, second, 50, 50, DecodeStatus::kIcmpUnknownType).empty());
  }
}

TEST(DecodeErrors, APacketCutByTheSnapLengthIsNotMalformed) {
  Traffic traffic;
  for (uint32_t i = 0; i < 100; ++i) {
    PacketBytes whole = Sound(kDevice, 600 + i);
    const auto wire = static_cast<uint32_t>(whole.size());
    whole.resize(36);  // within the UDP header
    traffic.At(kStartUs + i * 1'000, whole, wire);
  }
  EXPECT_EQ(Accused(traffic), 0U);
}

TEST(DecodeErrors, JumboFramesAndSegmentsTheCardWillCutAreSound) {
  Traffic traffic;
  for (uint32_t i = 0; i < 100; ++i) {
    traffic.At(kStartUs + i * 1'000, Sound(kDevice, 8'900 + i % 7));
    traffic.At(kStartUs + i * 1'000 + 1, PacketBuilder()
                                             .Ethernet()
                                             .Ip4(kDevice, kTarget)
                                             .TotalLength(0)
                                             .Tcp(4'001, 443, kTcpAck, 1'000 + i * 9'000)
                                             .Payload(9'000)
                                             .Build());
  }
  EXPECT_EQ(Accused(traffic), 0U);
}

// Forged senders have no past each; their neighbour on the link is the one who sends.
TEST(DecodeErrors, AFloodOfForgedSendersIsOneAlertOfTheirNeighbour) {
  Traffic traffic;
  for (uint32_t i = 0; i < 3'000; ++i) {
    const std::string forged =
        "198.18." + std::to_string(i / 250 % 250) + "." + std::to_string(1 + i % 250);
    traffic.At(kStartUs + i * 1'000, Broken(forged, Mac(9)));
  }
  const std::vector<AlertEvent> opened = OpenedOf(Replayed(traffic), "corruption.decode_errors");
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].device_mac, "02:00:00:00:00:09");
  EXPECT_EQ(opened[0].peers, std::vector<std::string>{kTarget});
}

TEST(DecodeErrors, ARouterWithAFewOddSendersAmongManyIsQuiet) {
  Traffic traffic;
  for (uint32_t s = 0; s < 5; ++s) {
    for (uint32_t i = 0; i < 1'500; ++i) {
      const std::string from =
          "198.18." + std::to_string(i / 250) + "." + std::to_string(1 + i % 250);
      const uint64_t at_us = kStartUs + s * 1'000'000 + i * 600;
      // A dozen each second, never the same.
      const bool odd = i % 125 == s;
      traffic.At(at_us, odd ? Broken(from) : Sound(from, 40 + i % 300));
    }
  }
  EXPECT_EQ(Accused(traffic), 0U);
}

}  // namespace
}  // namespace vedette
