#include "detectors/dos/device_silent.h"

#include <gtest/gtest.h>

#include "tests/detectors/alerts_of.h"
#include "tests/detectors/hand_made_view.h"
#include "tests/detectors/made_model.h"

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
  OneModel models;
  uint64_t device_window_us = 0;  // the model's gaps are exact
  Finding last;

  void Live(uint64_t seconds, uint64_t packets, bool starved = false, uint64_t fins = 0) {
    for (const uint64_t end = second + seconds; second < end; ++second) {
      HandMadeView view;
      view.starved = starved;
      view.Endpoint(kOther).counters.packets_out = 1 + second % 17;
      if (packets != 0) {
        view.Endpoint(kDevice).counters.packets_out = packets;
        view.Endpoint(kDevice).counters.fin_out = fins;
      }
      view.models = &models;
      view.device_window_us = device_window_us;
      const std::vector<Finding> findings = view.Judge(detector, second);
      accused += findings.size();
      if (!findings.empty()) last = findings.back();
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

// After how many seconds of silence a device that talked every `gap_s` is missed; 0: within an hour
// and a half, not at all.
uint64_t MissedAfter(uint64_t gap_s, const DeviceModel* model, uint64_t device_window_us = 0) {
  Life life;
  life.models.model = model;
  life.device_window_us = device_window_us;
  for (int i = 0; i < 40; ++i) {
    life.Live(1, 3);
    life.Live(gap_s - 1, 0);
  }
  EXPECT_EQ(life.accused, 0U) << "its own gaps";
  for (uint64_t s = gap_s; s < 5'400; ++s) {
    life.Live(1, 0);
    if (life.accused == 0) continue;
    EXPECT_EQ(life.last.model_id.empty(), model == nullptr);
    return s;
  }
  return 0;
}
DeviceModel WithGap(double gap_s) {
  DeviceModel model = PlainModel();
  model.gap_p99_us = static_cast<uint64_t>(gap_s * 1e6);
  return model;
}

TEST(DeviceSilent, AModelMovesTheToleratedSilenceWithinBounds) {
  const uint64_t own_s = MissedAfter(20, nullptr);
  ASSERT_GT(own_s, 40U);
  const DeviceModel longer = WithGap(120), shorter = WithGap(45), poisoned = WithGap(1e9),
                    wrong = WithGap(1);
  EXPECT_EQ(MissedAfter(20, &longer), 120U);
  EXPECT_EQ(MissedAfter(20, &shorter), 45U);
  EXPECT_NEAR(static_cast<double>(MissedAfter(20, &poisoned)), 10.0 * static_cast<double>(own_s),
              12)
      << "ten times";
  EXPECT_EQ(MissedAfter(20, &wrong), 40U) << "its longest gap and a usual one";
  const DeviceModel unknown = WithGap(0);
  Life life;
  life.models.model = &unknown;
  life.Live(60, 2);
  life.Live(20, 0);
  EXPECT_GT(life.accused, 0U);
  EXPECT_EQ(life.last.model_id, "") << "it knows no gap";
}

// Gaps are learned from the begins of windows: one window's says only that it was heard in each.
TEST(DeviceSilent, WithinAWindowAModelKnowsNoBetter) {
  const DeviceModel model = WithGap(10);
  Life with, without;
  with.models.model = &model;
  with.device_window_us = 10'000'000;
  for (Life* life : {&with, &without}) {
    life->Live(60, 2);
    life->Live(6, 0);
  }
  EXPECT_GT(without.accused, 0U);
  EXPECT_EQ(with.accused, without.accused);
  EXPECT_EQ(with.last.model_id, "");
  const DeviceModel gaps = WithGap(40);
  EXPECT_EQ(MissedAfter(1, &gaps, 10'000'000), 50U) << "a window longer than the begins are apart";
}

TEST(DeviceSilent, WhoIsMissedIsMissedWithinTheHourWhateverAModelSays) {
  const DeviceModel poisoned = WithGap(1e12);
  EXPECT_EQ(MissedAfter(90, &poisoned), 1'800U);
}

}  // namespace
}  // namespace vedette
