#include "detectors/dos/syn_flood.h"

#include <gtest/gtest.h>

#include "tests/detectors/alerts_of.h"
#include "tests/detectors/hand_made_view.h"

namespace vedette {
namespace {

constexpr uint64_t kStartUs = 1'600'000'000'000'000;
constexpr char kServer[] = "192.168.1.10";

std::string Source(uint32_t i) {
  return "198." + std::to_string(18 + i / 65'536 % 2) + "." + std::to_string(i / 256 % 256) + "." +
         std::to_string(i % 256);
}
PacketBytes Segment(const std::string& from, const std::string& to, uint16_t from_port,
                    uint16_t to_port, uint8_t flags) {
  return PacketBuilder().Ethernet().Ip4(from, to).Tcp(from_port, to_port, flags).Build();
}
// `per_second` SYNs from as many forged sources; the server answers each, nobody goes on.
Traffic Flood(uint32_t per_second, uint32_t seconds) {
  Traffic traffic;
  for (uint32_t i = 0; i < per_second * seconds; ++i) {
    const uint64_t at_us = kStartUs + i * (1'000'000ULL / per_second);
    traffic.At(at_us, Segment(Source(i), kServer, 2'000, 443, kTcpSyn));
    traffic.At(at_us + 50, Segment(kServer, Source(i), 443, 2'000, kTcpSyn | kTcpAck));
  }
  return traffic;
}
std::vector<Finding> AfterSecond(SynFlood& detector, uint64_t second, uint64_t begun,
                                 uint64_t completed) {
  HandMadeView view;
  EndpointInterval& server = view.Endpoint(kServer);
  server.counters.syn_flows_in = begun;
  server.counters.handshakes_in = completed;
  for (uint64_t i = 0; i < begun; ++i) server.sources_in.Add(TestHash(i));
  return view.Judge(detector, second);
}

TEST(SynFlood, OneAlertNamesTargetServiceAndFiguresWithinTwoSeconds) {
  const Told told = Replayed(Flood(400, 6));
  const std::vector<AlertEvent> opened = OpenedOf(told, "dos.syn_flood");
  ASSERT_EQ(opened.size(), 1U);
  const AlertEvent& alert = opened[0];
  EXPECT_EQ(alert.device_ip, kServer);
  EXPECT_EQ(alert.role, "target");
  EXPECT_EQ(alert.severity, "high");
  EXPECT_EQ(alert.service, "tcp/443");
  EXPECT_EQ(alert.start_ms, static_cast<int64_t>(kStartUs / 1'000));
  EXPECT_LE(alert.last_ms, static_cast<int64_t>(kStartUs / 1'000) + 2'000);
  EXPECT_GE(alert.evidence.measured, 390);
  EXPECT_EQ(alert.evidence.limit, 80);
  EXPECT_EQ(alert.evidence.unit, "handshakes/s");
  EXPECT_FALSE(alert.peers.empty());
  EXPECT_EQ(KindsOpenedOf(told, "dos").size(), 1U) << "one attack is one alert";
}

TEST(SynFlood, EndsWithTheFloodThoughTheMinuteRemembersIt) {
  SynFlood detector{SynFlood::Config{}};
  for (uint64_t second = 0; second < 10; ++second) {
    const std::vector<Finding> findings = AfterSecond(detector, 100 + second, 1'000, 0);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].measured, 1'000) << "as counted, though the second before was like it";
  }
  for (uint64_t second = 11; second < 60; ++second) {
    EXPECT_TRUE(AfterSecond(detector, 100 + second, 1, 0).empty()) << second;
  }
}

TEST(SynFlood, SaysNoMoreSourcesThanConnections) {
  for (const uint64_t begun : {100, 300, 900, 1'500}) {
    SynFlood detector{SynFlood::Config{}};
    const std::vector<Finding> findings = AfterSecond(detector, 100, begun, 0);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_LE(findings[0].peer_count, begun);
  }
}

TEST(SynFlood, RefusedAlikeAndOverIp6InAVlan) {
  Traffic traffic;
  for (uint32_t i = 0; i < 600; ++i) {
    const std::string source = "2001:db8::" + std::to_string(1 + i % 9'000);
    const uint64_t at_us = kStartUs + i * 3'000;
    traffic.At(
        at_us,
        PacketBuilder().Ethernet().Vlan(7).Ip6(source, "fd00::10").Tcp(2'000, 22, kTcpSyn).Build());
    traffic.At(at_us + 10, PacketBuilder()
                               .Ethernet()
                               .Vlan(7)
                               .Ip6("fd00::10", source)
                               .Tcp(22, 2'000, kTcpRst | kTcpAck)
                               .Build());
  }
  const std::vector<AlertEvent> opened = OpenedOf(Replayed(traffic), "dos.syn_flood");
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].device_ip, "fd00::10");
  EXPECT_EQ(opened[0].vlan, 7);
}

// With and without the server's half: where only one direction is captured, the client's
// acknowledgment tells that it was answered.
TEST(SynFlood, AFlashCrowdThatCompletesIsQuietInOneDirectionToo) {
  for (const bool both_directions : {true, false}) {
    Traffic traffic;
    for (uint32_t i = 0; i < 1'500; ++i) {
      const uint64_t at_us = kStartUs + i * 1'000;
      traffic.At(at_us, Segment(Source(i), kServer, 2'000, 443, kTcpSyn));
      if (both_directions) {
        traffic.At(at_us + 100, Segment(kServer, Source(i), 443, 2'000, kTcpSyn | kTcpAck));
      }
      traffic.At(at_us + 20'000, Segment(Source(i), kServer, 2'000, 443, kTcpAck));
    }
    EXPECT_TRUE(KindsOpenedOf(Replayed(traffic), "dos").empty()) << both_directions;
  }
}

TEST(SynFlood, AnswersOfACaptureOfOneDirectionAreNoHandshakes) {
  Traffic traffic;
  for (uint32_t i = 0; i < 800; ++i) {
    traffic.At(kStartUs + i * 2'000, Segment(kServer, Source(i), 443, 2'000, kTcpSyn | kTcpAck));
  }
  EXPECT_TRUE(KindsOpenedOf(Replayed(traffic), "dos").empty());
}

TEST(SynFlood, CopiesOfAMirrorPortCountOnce) {
  Traffic traffic;
  for (uint32_t i = 0; i < 60; ++i) {  // below the limit, twice that is above
    const PacketBytes syn = Segment(Source(i), kServer, 2'000, 443, kTcpSyn);
    traffic.At(kStartUs + i * 10'000, syn).At(kStartUs + i * 10'000 + 300, syn);
  }
  EXPECT_TRUE(KindsOpenedOf(Replayed(traffic), "dos").empty());
}

TEST(SynFlood, TheLimitIsExact) {
  SynFlood at_limit{SynFlood::Config{}}, above{SynFlood::Config{}};
  EXPECT_TRUE(AfterSecond(at_limit, 100, 80, 0).empty());
  EXPECT_EQ(AfterSecond(above, 100, 81, 0).size(), 1U) << "from the very first second";
}

TEST(SynFlood, HalfCompletedIsALossyLink) {
  SynFlood detector{SynFlood::Config{}};
  EXPECT_TRUE(AfterSecond(detector, 100, 300, 151).empty());
}

TEST(SynFlood, ABurstAcrossTwoSecondsIsNotHalved) {
  SynFlood detector{SynFlood::Config{}};
  EXPECT_TRUE(AfterSecond(detector, 100, 70, 0).empty());
  const std::vector<Finding> findings = AfterSecond(detector, 101, 70, 0);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_NEAR(findings[0].measured, 140 / 1.5, 0.1);
}

TEST(SynFlood, ASlowFloodIsFoundByTheMinute) {
  SynFlood detector{SynFlood::Config{}};
  uint64_t found = 0;
  for (uint64_t second = 0; second < 60 && found == 0; ++second) {
    if (!AfterSecond(detector, 100 + second, 50, 0).empty()) found = second;
  }
  EXPECT_GT(found, 20U);
  EXPECT_LT(found, 60U);
}

// One in ten completed keeps the minute's test out; the rate grows by a twentieth a second.
TEST(SynFlood, ASlowRampTeachesNoMoreThanTheCeiling) {
  SynFlood detector{SynFlood::Config{}};
  double rate = 40;
  for (uint64_t second = 100; second < 300; ++second, rate *= 1.05) {
    const auto begun = static_cast<uint64_t>(rate);
    if (!AfterSecond(detector, second, begun, begun / 10).empty()) break;
  }
  EXPECT_LT(rate, 80 * 10 * 1.2);
}

TEST(SynFlood, OneSourceThatTriesManyPortsIsAScan) {
  HandMadeView view;
  view.Endpoint(kServer).counters.syn_flows_in = 900;
  AttemptPair& scan = view.Attempt("203.0.113.5", kServer);
  scan.flows = 900;
  for (uint64_t port = 0; port < 900; ++port) scan.ports.Add(TestHash(port));
  SynFlood detector{SynFlood::Config{}};
  EXPECT_TRUE(view.Judge(detector, 100).empty());
}

}  // namespace
}  // namespace vedette
