// Who looks for hosts, by TCP, UDP, ping and ARP; and who only talks to many.
#include "detectors/recon/host_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/detectors/conversations.h"

namespace vedette {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kSource[] = "192.168.1.66";

std::vector<AlertEvent> Scans(const Traffic& traffic) {
  return AlertsOf(Replayed(traffic), std::string(HostScan::kName));
}
std::string HostAt(size_t i) {
  return "192.168." + std::to_string(2 + i / 200) + "." + std::to_string(1 + i % 200);
}

void Ping(Traffic& traffic, uint64_t at_us, const std::string& host, bool answers,
          const std::string& source = kSource) {
  traffic.At(at_us, PacketBuilder().Ethernet().Ip4(source, host).Icmp(8, 0, 7, 1).Build());
  if (!answers) return;
  traffic.At(at_us + 2'000,
             PacketBuilder().Ethernet(Mac(2), Mac(1)).Ip4(host, source).Icmp(0, 0, 7, 1).Build());
}

Traffic Connects(size_t hosts, uint64_t apart_us, size_t every_open, uint16_t port = 445) {
  Traffic traffic;
  for (size_t i = 0; i < hosts; ++i) {
    Connection connection(traffic, kSource, HostAt(i), static_cast<uint16_t>(50'000 + i), port,
                          kStartUs + i * apart_us);
    if (every_open != 0 && i % every_open == 0) {
      connection.Open().Say("hello").Answer("hello").Close();
    } else {
      connection.Refused();
    }
  }
  return traffic;
}

TEST(HostScanTest, OnePortOfManyHostsIsOneAlert) {
  const std::vector<AlertEvent> alerts = Scans(Connects(120, 20'000, 10));
  ASSERT_THAT(alerts, SizeIs(1));
  EXPECT_EQ(alerts[0].device_ip, kSource);
  EXPECT_EQ(alerts[0].role, "actor");
  EXPECT_EQ(alerts[0].severity, "high");
  EXPECT_EQ(alerts[0].service, "tcp/445");
  EXPECT_THAT(alerts[0].peers, SizeIs(10));
  EXPECT_NEAR(alerts[0].evidence.measured, 120, 12);
  EXPECT_EQ(alerts[0].evidence.limit, 15);
  EXPECT_EQ(alerts[0].evidence.unit, "hosts");
}

TEST(HostScanTest, FifteenHostsAreNotAndSixteenAre) {
  EXPECT_THAT(Scans(Connects(15, 100'000, 0)), IsEmpty());
  EXPECT_THAT(Scans(Connects(17, 100'000, 0)), SizeIs(1));
}

TEST(HostScanTest, HostsThatAnswerAreUsed) {
  EXPECT_THAT(Scans(Connects(100, 100'000, 2)), IsEmpty()) << "a browser, half in vain";
  EXPECT_THAT(Scans(Connects(100, 100'000, 1, 9'100)), IsEmpty()) << "monitoring";
}

TEST(HostScanTest, AHostEveryTwoMinutesIsASlowScan) {
  EXPECT_THAT(Scans(Connects(60, 120 * kSecond, 0)), SizeIs(1));
  EXPECT_THAT(Scans(Connects(30, 400 * kSecond, 0)), IsEmpty());
}

TEST(HostScanTest, PingsOfManyHostsOfWhichSomeAreThere) {
  Traffic sweep, watch;
  for (size_t i = 0; i < 30; ++i) {
    Ping(sweep, kStartUs + i * 60'000, HostAt(i), i % 2 == 0);
    for (size_t round = 0; round < 5; ++round) {
      Ping(watch, kStartUs + (round * 60 + i) * kSecond, HostAt(i), i % 10 != 0);
    }
  }
  EXPECT_THAT(Scans(sweep), SizeIs(1));
  EXPECT_THAT(Scans(watch), IsEmpty()) << "a monitor, of whose hosts a tenth is down";
}

TEST(HostScanTest, ArpForAWholeNetwork) {
  Traffic sweep, router;
  for (size_t i = 1; i <= 200; ++i) {
    const std::string host = "192.168.1." + std::to_string(i);
    const PacketBytes asked = PacketBuilder()
                                  .Ethernet(Mac(1), {{255, 255, 255, 255, 255, 255}})
                                  .Arp(1, Mac(1), kSource, {}, host)
                                  .Build();
    sweep.At(kStartUs + i * 5'000, asked);
    if (i <= 50) router.At(kStartUs + i * 2 * kSecond, asked);
  }
  EXPECT_THAT(Scans(sweep), SizeIs(1));
  EXPECT_THAT(Scans(router), IsEmpty());
}

TEST(HostScanTest, FileSharingIsNone) {
  Traffic traffic;
  Noise noise(4);
  for (size_t i = 0; i < 120; ++i) {
    const std::string peer =
        "198.51." + std::to_string(100 + i / 100) + "." + std::to_string(1 + i % 100);
    Connection connection(traffic, kSource, peer, static_cast<uint16_t>(50'000 + i),
                          static_cast<uint16_t>(1'024 + noise.Below(60'000)),
                          kStartUs + i * 300'000);
    if (i % 4 == 0) {
      connection.Open()
          .Say(
              "\x13"
              "BitTorrent protocol")
          .Answer("piece");
    } else {
      connection.Refused();
    }
  }
  EXPECT_THAT(Scans(traffic), IsEmpty());
}

TEST(HostScanTest, OneDirectionOfOrdinaryTrafficIsQuiet) {
  Traffic traffic;
  for (size_t i = 0; i < 20; ++i) {
    for (size_t round = 0; round < 3; ++round) {  // a poller and a browser, answers unseen
      Datagram(traffic, kStartUs + (round * 20 + i) * kSecond, kSource, HostAt(i), 40'000, 161, 60);
    }
    Connection(traffic, "192.168.1.67", HostAt(i + 40), static_cast<uint16_t>(50'000 + i), 443,
               kStartUs + i * kSecond)
        .Both(false)
        .Open()
        .Say("hello")
        .Answer("hello");
  }
  EXPECT_THAT(Scans(traffic), IsEmpty());
}

TEST(HostScanTest, DatagramsToVeryManyHostsThatNobodyAnswers) {
  Traffic traffic;
  for (size_t i = 0; i < 90; ++i) {
    Datagram(traffic, kStartUs + i * 50'000, kSource, HostAt(i), 40'000, 40'125, 0);
  }
  EXPECT_THAT(Scans(traffic), SizeIs(1));
}

TEST(HostScanTest, ChatterToGroupsIsNone) {
  Traffic traffic;
  for (size_t i = 0; i < 100; ++i) {
    Datagram(traffic, kStartUs + i * 100'000, kSource, "239.1.2." + std::to_string(i + 1), 5'000,
             5'000, 60);
    Datagram(traffic, kStartUs + i * 100'000, kSource, "255.255.255.255", 5'000, 5'000, 60);
  }
  EXPECT_THAT(Scans(traffic), IsEmpty());
}

}  // namespace
}  // namespace vedette
