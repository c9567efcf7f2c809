#include "detectors/corruption/checksum.h"

#include <gtest/gtest.h>

#include "tests/detectors/alerts_of.h"
#include "tests/detectors/hand_made_view.h"

namespace vedette {
namespace {

constexpr uint64_t kStartUs = 1'600'000'000'000'000;
constexpr char kDevice[] = "192.168.1.60", kServer[] = "192.168.1.1";

void Send(Traffic& traffic, const std::string& from, const std::string& to, uint32_t first,
          uint32_t packets, bool wrong) {
  for (uint32_t i = first; i < first + packets; ++i) {
    PacketBuilder packet;
    packet.Ethernet().Ip4(from, to).Udp(40'000, 9'000);
    if (wrong) packet.WrongChecksum();
    traffic.At(kStartUs + i * 50'000, packet.Payload(64 + i % 3).Build());
  }
}
std::vector<Finding> AfterSecond(Checksum& detector, uint64_t second, uint64_t verified,
                                 uint64_t wrong) {
  HandMadeView view;
  EndpointCounters& c = view.Endpoint(kDevice).counters;
  c.packets_out = c.checksums_verified = verified;
  c.checksum_errors = wrong;
  if (wrong != 0) view.Irregular(kDevice, DecodeStatus::kChecksumUdp, wrong);
  return view.Judge(detector, second);
}

TEST(Checksum, RightThatBecomesWrongIsOneAlert) {
  Traffic traffic;
  Send(traffic, kDevice, kServer, 0, 60, false);
  Send(traffic, kDevice, kServer, 60, 60, true);
  const std::vector<AlertEvent> opened = OpenedOf(Replayed(traffic), "corruption.checksum");
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].device_ip, kDevice);
  EXPECT_EQ(opened[0].role, "actor");
  EXPECT_EQ(opened[0].severity, "medium");
  EXPECT_EQ(opened[0].evidence.limit, 10);
  EXPECT_GT(opened[0].evidence.measured, 10);
  EXPECT_EQ(opened[0].peers, std::vector<std::string>{kServer});
}

// Its card computes them behind the capture's back, in its own direction alone.
TEST(Checksum, AnOffloadingHostIsAnArtefactPerDirection) {
  Traffic traffic;
  Send(traffic, kDevice, kServer, 0, 200, true);
  Send(traffic, kServer, kDevice, 0, 200, false);
  EXPECT_TRUE(KindsOpenedOf(Replayed(traffic), "corruption").empty());
}

TEST(Checksum, TheOtherSideOfAnOffloadingHostIsStillJudged) {
  Traffic traffic;
  Send(traffic, kDevice, kServer, 0, 200, true);
  Send(traffic, kServer, kDevice, 0, 100, false);
  Send(traffic, kServer, kDevice, 100, 100, true);
  const std::vector<AlertEvent> opened = OpenedOf(Replayed(traffic), "corruption.checksum");
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].device_ip, kServer);
}

TEST(Checksum, TheLimitsAreExact) {
  for (const uint64_t wrong : {10, 11}) {
    Checksum detector{Checksum::Config{}};
    EXPECT_TRUE(AfterSecond(detector, 100, 20, 0).empty());
    EXPECT_EQ(AfterSecond(detector, 101, 20, wrong).size(), wrong > 10 ? 1U : 0U);
  }
  Checksum too_young{Checksum::Config{}};
  EXPECT_TRUE(AfterSecond(too_young, 100, 19, 0).empty());
  EXPECT_TRUE(AfterSecond(too_young, 101, 50, 50).empty());
}

TEST(Checksum, AFewAmongThousandsAreABadCable) {
  Checksum detector{Checksum::Config{}};
  EXPECT_TRUE(AfterSecond(detector, 100, 1'000, 0).empty());
  for (uint64_t second = 101; second < 160; ++second) {
    EXPECT_TRUE(AfterSecond(detector, second, 1'000, 20).empty());
  }
}

TEST(Checksum, PacketsCutByTheSnapLengthAreNotVerified) {
  Traffic traffic;
  Send(traffic, kDevice, kServer, 0, 60, false);
  for (uint32_t i = 60; i < 120; ++i) {
    PacketBytes whole =
        PacketBuilder().Ethernet().Ip4(kDevice, kServer).Udp(40'000, 9'000).Payload(400).Build();
    const auto wire = static_cast<uint32_t>(whole.size());
    whole.resize(96);
    traffic.At(kStartUs + i * 50'000, whole, wire);
  }
  EXPECT_TRUE(KindsOpenedOf(Replayed(traffic), "corruption").empty());
}

}  // namespace
}  // namespace vedette
