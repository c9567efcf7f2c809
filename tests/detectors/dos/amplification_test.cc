#include "detectors/dos/amplification.h"

#include <gtest/gtest.h>

#include "tests/detectors/alerts_of.h"
#include "tests/detectors/hand_made_view.h"

namespace vedette {
namespace {

constexpr uint64_t kStartUs = 1'600'000'000'000'000;
constexpr char kTarget[] = "192.168.1.40";

PacketBytes Datagram(const std::string& from, const std::string& to, uint16_t from_port,
                     uint16_t to_port, size_t bytes) {
  return PacketBuilder().Ethernet().Ip4(from, to).Udp(from_port, to_port).Payload(bytes).Build();
}
std::string Reflector(uint32_t i) {
  return "198.18." + std::to_string(i / 250 % 250) + "." + std::to_string(1 + i % 250);
}
// Answers to one forged question, sent again and again from one port.
Traffic Reflected(const std::string& target, uint16_t service, uint32_t reflectors,
                  uint32_t per_second, uint32_t seconds) {
  Traffic traffic;
  for (uint32_t i = 0; i < per_second * seconds; ++i) {
    traffic.At(kStartUs + i * 1'000'000ULL / per_second,
               Datagram(Reflector(i % reflectors), target, service, 4'444, 440));
  }
  return traffic;
}

TEST(Amplification, OneAlertNamesTheServiceAndFoldsTheFlood) {
  const Told told = Replayed(Reflected(kTarget, 11'211, 300, 3'000, 3));
  const std::vector<AlertEvent> opened = OpenedOf(told, "dos.amplification");
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].device_ip, kTarget);
  EXPECT_EQ(opened[0].role, "target");
  EXPECT_EQ(opened[0].service, "udp/11211");
  EXPECT_EQ(opened[0].evidence.limit, 300);
  EXPECT_GE(opened[0].evidence.measured, 2'990);
  EXPECT_NEAR(static_cast<double>(opened[0].peer_count), 300, 50);
  EXPECT_FALSE(opened[0].peers.empty()) << "who may be asked to close";
  EXPECT_LE(opened[0].last_ms, static_cast<int64_t>(kStartUs / 1'000) + 2'000);
  const AlertEvent& alert = opened[0];
  const auto service = std::find_if(alert.evidence.detail.begin(), alert.evidence.detail.end(),
                                    [](const auto& entry) { return entry.first == "service"; });
  ASSERT_NE(service, alert.evidence.detail.end());
  EXPECT_EQ(service->second, "memcached");
  EXPECT_EQ(KindsOpenedOf(told, "dos").size(), 1U) << "no dos.udp_flood beside it";
}

// Anonymised captures have victims of any address.
TEST(Amplification, AVictimWithAGroupAddressIsOne) {
  EXPECT_EQ(
      OpenedOf(Replayed(Reflected("227.1.2.3", 53, 100, 1'000, 2)), "dos.amplification").size(),
      1U);
}

TEST(Amplification, ChatterToGroupsIsQuiet) {
  Traffic traffic;
  for (uint32_t i = 0; i < 2'000; ++i) {
    const std::string host = "10.1.1." + std::to_string(1 + i % 200);
    traffic.At(kStartUs + i * 1'000, Datagram(host, "239.255.255.250", 1'900, 1'900, 300));
    traffic.At(kStartUs + i * 1'000, Datagram(host, "224.0.0.251", 5'353, 5'353, 300));
  }
  EXPECT_TRUE(KindsOpenedOf(Replayed(traffic), "dos").empty());
}

TEST(Amplification, WhatWasAskedForIsQuiet) {
  Traffic traffic;
  for (uint32_t i = 0; i < 1'500; ++i) {
    const auto port = static_cast<uint16_t>(20'000 + i);
    traffic.At(kStartUs + i * 1'000, Datagram(kTarget, Reflector(i), port, 53, 40));
    traffic.At(kStartUs + i * 1'000 + 300, Datagram(Reflector(i), kTarget, 53, port, 900));
  }
  EXPECT_TRUE(KindsOpenedOf(Replayed(traffic), "dos").empty());
}

// Ports drawn at random, sizes of all sorts, never a question: the capture shows one direction.
TEST(Amplification, AResolverSeenInOneDirectionIsQuiet) {
  Traffic traffic;
  for (uint32_t i = 0; i < 1'600; ++i) {
    const auto port = static_cast<uint16_t>(1'024 + i * 7'919 % 60'000);
    traffic.At(kStartUs + i * 1'250,
               Datagram(Reflector(i), kTarget, 53, port, 120 + i * 31 % 1'000));
  }
  EXPECT_TRUE(OpenedOf(Replayed(traffic), "dos.amplification").empty());
}

TEST(Amplification, OneServerHoweverMuchItSendsIsNoReflection) {
  EXPECT_TRUE(OpenedOf(Replayed(Reflected(kTarget, 53, 9, 1'000, 2)), "dos.amplification").empty());
}

TEST(Amplification, SynAcksNobodyAskedForAreFoundAndHalfConversationsAreNot) {
  for (const bool goes_on : {false, true}) {
    Traffic traffic;
    for (uint32_t i = 0; i < 1'200; ++i) {
      const auto port = static_cast<uint16_t>(1'024 + i);
      const uint64_t at_us = kStartUs + i * 1'000;
      const auto segment = [&](uint8_t flags, size_t bytes) {
        return PacketBuilder()
            .Ethernet()
            .Ip4(Reflector(i % 400), kTarget)
            .Tcp(443, port, flags)
            .Payload(bytes)
            .Build();
      };
      traffic.At(at_us, segment(kTcpSyn | kTcpAck, 0));
      for (uint32_t k = 1; goes_on && k < 6; ++k) {
        traffic.At(at_us + k * 500, segment(kTcpAck, 500 + k));
      }
    }
    EXPECT_EQ(OpenedOf(Replayed(traffic), "dos.amplification").size(), goes_on ? 0U : 1U);
  }
}

// The table has 64 places a shard: 3,000 targets that hear one answer each push nobody out.
TEST(Amplification, AnswersSprayedOverManyTargetsDoNotHideTheVictim) {
  Traffic traffic = Reflected(kTarget, 53, 200, 2'000, 2);
  for (uint32_t i = 0; i < 6'000; ++i) {
    const std::string bystander =
        "192.168." + std::to_string(2 + i % 3'000 / 250) + "." + std::to_string(1 + i % 250);
    traffic.At(kStartUs + i * 333, Datagram("203.0.113.9", bystander, 53, 5'555, 400));
  }
  const std::vector<AlertEvent> opened = OpenedOf(Replayed(traffic), "dos.amplification");
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].device_ip, kTarget);
}

TEST(Amplification, TheLimitIsExact) {
  for (const uint64_t answers : {300, 301}) {
    const EndpointKey key{.ip = Ip(kTarget)};
    Amplification::Hot hot;
    Amplification::Count& count = hot.Obtain(key, TestHash(1), 1);
    count.packets = answers;
    count.bytes = answers * 400;
    for (uint64_t i = 0; i < 50; ++i) count.reflectors.Add(TestHash(i));
    HandMadeView view;
    view.Endpoint(kTarget).counters.packets_out = 1;
    Amplification detector{Amplification::Config{}};
    EXPECT_EQ(view.Judge(detector, 100, hot).size(), answers > 300 ? 1U : 0U);
  }
}

}  // namespace
}  // namespace vedette
