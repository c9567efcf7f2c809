#include "detectors/dos/device_silent.h"

#include <gtest/gtest.h>

#include "tests/detectors/alerts_of.h"
#include "tests/detectors/hand_made_view.h"

namespace vedette {
namespace {

constexpr uint64_t kStartUs = 1'600'000'000'000'000;
constexpr char kDevice[] = "192.168.1.50", kOther[] = "192.168.1.51";

PacketBytes Report(const std::string& from, uint16_t from_port = 40'000) {
  return PacketBuilder()
      .Ethernet()
      .Ip4(from, "192.168.1.1")
      .Udp(from_port, 9'000)
      .Payload(64)
      .Build();
}
// Two packets each second from `begin_s` to `end_s`.
void Talk(Traffic& traffic, const std::string& from, uint64_t begin_s, uint64_t end_s) {
  for (uint64_t s = begin_s; s < end_s; ++s) {
    traffic.At(kStartUs + s * 1'000'000 + 100, Report(from));
    traffic.At(kStartUs + s * 1'000'000 + 500'100, Report(from));
  }
}
size_t Accused(const Traffic& traffic) {
  return OpenedOf(Replayed(traffic), "dos.device_silent").size();
}

// Seconds of a life: `packets` of the device in each, 0 silent; another device goes on.
struct Life {
  DeviceSilent detector{DeviceSilent::Config{}};
  uint64_t second = 1'000;
  uint64_t accused = 0;

  void Live(uint64_t seconds, uint64_t packets, bool starved = false, uint64_t fins = 0) {
    for (const uint64_t end = second + seconds; second < end; ++second) {
      HandMadeView view;
      view.starved = starved;
      view.Endpoint(kOther).counters.packets_out = 1 + second % 17;
      if (packets != 0) {
        view.Endpoint(kDevice).counters.packets_out = packets;
        view.Endpoint(kDevice).counters.fin_out = fins;
      }
      accused += view.Judge(detector, second).size();
    }
  }
};

TEST(DeviceSilent, ADeviceThatStopsIsMissedOnce) {
  Traffic traffic;
  Talk(traffic, kDevice, 0, 30);
  Talk(traffic, kOther, 0, 60);
  const std::vector<AlertEvent> opened = OpenedOf(Replayed(traffic), "dos.device_silent");
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].device_ip, kDevice);
  EXPECT_EQ(opened[0].role, "target");
  EXPECT_EQ(opened[0].severity, "medium");
  EXPECT_EQ(opened[0].start_ms, static_cast<int64_t>(kStartUs / 1'000 + 29'500));
  EXPECT_EQ(opened[0].evidence.unit, "seconds");
  EXPECT_GT(opened[0].evidence.measured, opened[0].evidence.limit);
}

TEST(DeviceSilent, WithinThreeOfItsOwnGaps) {
  Life life;
  for (int i = 0; i < 20; ++i) {
    life.Live(1, 3);
    life.Live(9, 0);
  }
  ASSERT_EQ(life.accused, 0U);
  life.Live(21, 0);
  EXPECT_GT(life.accused, 0U);
}

TEST(DeviceSilent, TheEndOfTheCaptureAndItsGapsAccuseNobody) {
  Traffic end, gap;
  Talk(end, kDevice, 0, 30);
  Talk(end, kOther, 0, 30);
  EXPECT_EQ(Accused(end), 0U);
  Talk(gap, kDevice, 0, 30);
  Talk(gap, kOther, 0, 30);
  Talk(gap, kDevice, 600, 630);
  Talk(gap, kOther, 600, 630);
  EXPECT_EQ(Accused(gap), 0U);
}

TEST(DeviceSilent, AStarvedCaptureJudgesNoAbsence) {
  Life life;
  life.Live(60, 2);
  life.Live(60, 0, /*starved=*/true);
  EXPECT_EQ(life.accused, 0U);
}

TEST(DeviceSilent, AfterADhcpReleaseOrAFinNobodyIsMissed) {
  Traffic release, closed;
  Talk(release, kDevice, 0, 30);
  Talk(release, kOther, 0, 60);
  std::vector<uint8_t> message(240);
  message[0] = 1;
  message.insert(message.end(), {53, 1, 7, 255});
  release.At(
      kStartUs + 29'900'000,
      PacketBuilder().Ethernet().Ip4(kDevice, "192.168.1.1").Udp(68, 67).Raw(message).Build());
  EXPECT_EQ(Accused(release), 0U);
  Talk(closed, kDevice, 0, 30);
  Talk(closed, kOther, 0, 60);
  closed.At(kStartUs + 29'900'000, PacketBuilder()
                                       .Ethernet()
                                       .Ip4(kDevice, "192.168.1.1")
                                       .Tcp(40'000, 443, kTcpFin | kTcpAck)
                                       .Build());
  EXPECT_EQ(Accused(closed), 0U);
}

// A connection closed after each report is no leave-taking.
TEST(DeviceSilent, WhoClosesConnectionsAllTheTimeIsMissedNevertheless) {
  Life life;
  life.Live(60, 4, false, 1);
  life.Live(20, 0);
  EXPECT_GT(life.accused, 0U);
}

TEST(DeviceSilent, PeopleAndDownloadsAreNotMissed) {
  Life life;
  for (uint64_t i = 0; i < 60; ++i) life.Live(1, i % 7 == 0 ? 400 : 2);
  life.Live(60, 0);
  EXPECT_EQ(life.accused, 0U);
}

TEST(DeviceSilent, FewSecondsOfTalkAreNoHabit) {
  Life life;
  life.Live(14, 2);
  life.Live(60, 0);
  EXPECT_EQ(life.accused, 0U);
}

TEST(DeviceSilent, WhoComesAndGoesIsNoLongerMissed) {
  Life life;
  for (int night = 0; night < 2; ++night) {
    life.accused = 0;
    life.Live(60, 2);
    life.Live(30, 0);
    EXPECT_GT(life.accused, 0U) << night;
  }
  life.accused = 0;
  life.Live(60, 2);
  life.Live(30, 0);
  EXPECT_EQ(life.accused, 0U);
}

// 60,000 forged home addresses, each heard once, push no device out of the memory of 16,384.
TEST(DeviceSilent, ForgedAddressesDoNotHideASilence) {
  Life life;
  life.Live(60, 2);
  for (uint32_t batch = 0; batch < 3; ++batch, ++life.second) {
    HandMadeView view;
    for (uint32_t i = 0; i < 20'000; ++i) {
      EndpointKey key{.ip = IpAddress::V4(10, uint8_t(batch), uint8_t(i / 256), uint8_t(i))};
      view.Append(key).counters.packets_out = 1;
    }
    view.Judge(life.detector, life.second);
  }
  life.Live(20, 0);
  EXPECT_GT(life.accused, 0U);
}

}  // namespace
}  // namespace vedette
