// Who tries ports, by each kind of packet and at each pace; and who only uses them.
#include "detectors/recon/port_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/detectors/conversations.h"

namespace vedette {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kSource[] = "192.168.1.66", kTarget[] = "192.168.1.10";
constexpr uint8_t kFin = 1, kSyn = 2, kXmas = 0x29, kAck = 16;

std::vector<AlertEvent> Scans(const Traffic& traffic) {
  return AlertsOf(Replayed(traffic), std::string(PortScan::kName));
}

void Probe(Traffic& traffic, uint64_t at_us, uint16_t port, uint8_t flags,
           uint16_t source_port = 43'210) {
  traffic.At(at_us, PacketBuilder()
                        .Ethernet()
                        .Ip4(kSource, kTarget)
                        .IpId(port)
                        .Tcp(source_port, port, flags)
                        .Build());
}

Traffic Probes(size_t ports, uint64_t apart_us, uint8_t flags) {
  Traffic traffic;
  for (size_t i = 0; i < ports; ++i) {
    Probe(traffic, kStartUs + i * apart_us, static_cast<uint16_t>(20 + 7 * i), flags);
  }
  return traffic;
}

TEST(PortScanTest, SilentAndRefusedPortsAreOneAlertOfTheSource) {
  Traffic traffic;
  for (uint16_t i = 0; i < 200; ++i) {
    Connection(traffic, kSource, kTarget, static_cast<uint16_t>(50'000 + i),
               static_cast<uint16_t>(1 + i), kStartUs + i * 10'000)
        .Refused();
  }
  const std::vector<AlertEvent> alerts = Scans(traffic);
  ASSERT_THAT(alerts, SizeIs(1));
  EXPECT_EQ(alerts[0].device_ip, kSource);
  EXPECT_EQ(alerts[0].role, "actor");
  EXPECT_EQ(alerts[0].severity, "high");
  EXPECT_THAT(alerts[0].peers, Contains(kTarget));
  EXPECT_NEAR(alerts[0].evidence.measured, 200, 40);
  EXPECT_EQ(alerts[0].evidence.limit, 12);
  EXPECT_EQ(alerts[0].evidence.unit, "ports");
  EXPECT_THAT(Scans(Probes(60, 20'000, kSyn)), SizeIs(1));
}

TEST(PortScanTest, TwelvePortsAreAProgramThirteenAScan) {
  EXPECT_THAT(Scans(Probes(12, 100'000, kSyn)), IsEmpty());
  EXPECT_THAT(Scans(Probes(13, 100'000, kSyn)), SizeIs(1));
}

TEST(PortScanTest, PacketsThatOpenNothingNeedFewer) {
  EXPECT_THAT(Scans(Probes(6, 100'000, kAck)), IsEmpty());
  EXPECT_THAT(Scans(Probes(9, 100'000, kAck)), SizeIs(1));
}

TEST(PortScanTest, PacketsThatNoStackSendsNeedThree) {
  for (const uint8_t flags : {uint8_t{0}, kFin, kXmas}) {
    EXPECT_THAT(Scans(Probes(2, kSecond, flags)), IsEmpty()) << int{flags};
    EXPECT_THAT(Scans(Probes(3, 5 * kSecond, flags)), SizeIs(1)) << int{flags};
  }
}

TEST(PortScanTest, ThirtyPortsOverTwoHoursAreASlowScan) {
  EXPECT_THAT(Scans(Probes(30, 240 * kSecond, kSyn)), SizeIs(1));
  EXPECT_THAT(Scans(Probes(12, 600 * kSecond, kSyn)), IsEmpty());
}

TEST(PortScanTest, UdpPortsThatAnswerUnreachable) {
  Traffic traffic;
  for (uint16_t i = 0; i < 40; ++i) {
    Datagram(traffic, kStartUs + i * 100'000, kSource, kTarget, 43'000,
             static_cast<uint16_t>(100 + i), 0);
  }
  EXPECT_THAT(Scans(traffic), SizeIs(1));
}

TEST(PortScanTest, OpenPortsThatAreUsedAreQuiet) {
  Traffic traffic;
  for (uint16_t i = 0; i < 60; ++i) {  // passive FTP, file sharing
    Connection(traffic, kSource, kTarget, static_cast<uint16_t>(50'000 + i),
               static_cast<uint16_t>(30'000 + i), kStartUs + i * 500'000)
        .Open()
        .Say("RETR")
        .Answer("data")
        .Close();
  }
  EXPECT_THAT(Scans(traffic), IsEmpty());
}

TEST(PortScanTest, OnePortRefusedAgainAndAgainIsQuiet) {
  Traffic traffic;
  for (uint16_t i = 0; i < 100; ++i) {
    Connection(traffic, kSource, kTarget, static_cast<uint16_t>(50'000 + i), 80,
               kStartUs + i * kSecond)
        .Refused();
  }
  EXPECT_THAT(Scans(traffic), IsEmpty());
}

TEST(PortScanTest, OneDirectionOfOrdinaryUseIsQuiet) {
  Traffic traffic;
  for (uint16_t i = 0; i < 30; ++i) {
    Connection(traffic, kSource, kTarget, static_cast<uint16_t>(50'000 + i),
               static_cast<uint16_t>(8'000 + i), kStartUs + i * kSecond)
        .Both(false)
        .Open()
        .Say("GET /")
        .Answer("page")
        .Close();
  }
  EXPECT_THAT(Scans(traffic), IsEmpty());
}

TEST(PortScanTest, ConnectionsThatBeganBeforeTheCaptureAreQuiet) {
  Traffic traffic;  // a server acknowledges what many connections of one client sent
  for (uint16_t i = 0; i < 30; ++i) {
    traffic.At(kStartUs + i * 10'000, PacketBuilder()
                                          .Ethernet()
                                          .Ip4(kTarget, kSource)
                                          .Tcp(443, static_cast<uint16_t>(50'000 + i), kAck)
                                          .Build());
  }
  EXPECT_THAT(Scans(traffic), IsEmpty());
}

TEST(PortScanTest, TracerouteIsQuiet) {
  Traffic traffic;
  for (uint16_t i = 0; i < 90; ++i) {
    Datagram(traffic, kStartUs + i * 50'000, kSource, "203.0.113.9", 43'000,
             static_cast<uint16_t>(33'434 + i), 12);
  }
  EXPECT_THAT(Scans(traffic), IsEmpty());
}

TEST(PortScanTest, GroupsAreNotScanned) {
  Traffic traffic;
  for (uint16_t i = 0; i < 40; ++i) {
    Datagram(traffic, kStartUs + i * 100'000, kSource, "239.255.255.250", 43'000,
             static_cast<uint16_t>(1'000 + i), 20);
    Datagram(traffic, kStartUs + i * 100'000, kSource, "255.255.255.255", 43'000,
             static_cast<uint16_t>(2'000 + i), 20);
  }
  EXPECT_THAT(Scans(traffic), IsEmpty());
}

// Spoofed sources that come once may not make the detector forget who tries a port a minute.
TEST(PortScanTest, SpoofedSourcesDoNotWashOutASlowScan) {
  PortScan detector({});
  int told = 0;
  uint32_t spoofed = 0;
  for (uint64_t second = 0; second < 40 * 20; ++second) {
    std::vector<AttemptPair> attempts(600);
    for (AttemptPair& attempt : attempts) {
      ++spoofed;
      attempt.source.ip =
          IpAddress::V4(203, static_cast<uint8_t>(spoofed >> 16),
                        static_cast<uint8_t>(spoofed >> 8), static_cast<uint8_t>(spoofed));
      attempt.target = Ip(kTarget);
      attempt.protocol = 6;
      attempt.flows = 1;
      attempt.ports.Add({spoofed});
    }
    if (second % 20 == 0) {
      attempts.front().source.ip = Ip(kSource);
      attempts.front().ports.Add({second * 0x9e3779b97f4a7c15 >> 32});
    }
    IntervalView view;
    view.begin_us = kStartUs + second * kSecond;
    view.end_us = view.begin_us + kSecond;
    view.attempts = attempts;
    std::vector<Finding> findings;
    detector.Evaluate({}, view, findings);
    for (const Finding& finding : findings) told += finding.subject.ip == Ip(kSource);
  }
  EXPECT_GT(told, 0);
}

}  // namespace
}  // namespace vedette
