#include "detectors/dos/icmp_flood.h"

#include <gtest/gtest.h>

#include "tests/detectors/alerts_of.h"
#include "tests/detectors/hand_made_view.h"

namespace vedette {
namespace {

constexpr uint64_t kStartUs = 1'600'000'000'000'000;
constexpr char kTarget[] = "192.168.1.30";
constexpr uint8_t kReply = 0, kUnreachable = 3, kEcho = 8;

PacketBytes Message(const std::string& from, const std::string& to, uint8_t type,
                    uint16_t sequence) {
  return PacketBuilder().Ethernet().Ip4(from, to).Icmp(type, 0, 7, sequence).Payload(32).Build();
}
std::vector<Finding> AfterSecond(IcmpFlood& detector, uint64_t second, uint64_t echoes) {
  HandMadeView view;
  EndpointCounters& c = view.Endpoint(kTarget).counters;
  c.icmp_in = c.icmp_echo_in = echoes;
  return view.Judge(detector, second);
}

TEST(IcmpFlood, OneAlertWithinTwoSeconds) {
  Traffic traffic;
  for (uint32_t i = 0; i < 2'000; ++i) {
    traffic.At(kStartUs + i * 2'000,
               Message("198.18.0." + std::to_string(1 + i % 200), kTarget, kEcho, uint16_t(i)));
  }
  const Told told = Replayed(traffic);
  const std::vector<AlertEvent> opened = OpenedOf(told, "dos.icmp_flood");
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].device_ip, kTarget);
  EXPECT_EQ(opened[0].severity, "high");
  EXPECT_EQ(opened[0].service, "icmp");
  EXPECT_EQ(opened[0].evidence.measured, 500);
  EXPECT_EQ(opened[0].evidence.limit, 250);
  EXPECT_LE(opened[0].last_ms, static_cast<int64_t>(kStartUs / 1'000) + 2'000);
  EXPECT_EQ(KindsOpenedOf(told, "dos").size(), 1U);
}

TEST(IcmpFlood, ASmurfsRepliesAreUnasked) {
  Traffic traffic;
  for (uint32_t i = 0; i < 900; ++i) {
    traffic.At(kStartUs + i * 2'000,
               Message("10.1.0." + std::to_string(1 + i % 200), kTarget, kReply, uint16_t(i)));
  }
  EXPECT_EQ(OpenedOf(Replayed(traffic), "dos.icmp_flood").size(), 1U);
}

// A monitor asks 100 hosts a second, and so gets as many replies and errors.
TEST(IcmpFlood, AMonitorsRepliesAreQuietInOneDirectionToo) {
  for (const bool both_directions : {true, false}) {
    Traffic traffic;
    for (uint32_t i = 0; i < 1'000; ++i) {
      const std::string host = "10.1.0." + std::to_string(1 + i % 100);
      if (both_directions) {
        traffic.At(kStartUs + i * 10'000, Message(kTarget, host, kEcho, uint16_t(i)));
      }
      traffic.At(kStartUs + i * 10'000 + 500,
                 Message(host, kTarget, i % 10 == 0 ? kUnreachable : kReply, uint16_t(i)));
    }
    EXPECT_TRUE(KindsOpenedOf(Replayed(traffic), "dos").empty()) << both_directions;
  }
}

TEST(IcmpFlood, ErrorsBeyondAllTheTargetSentAreAFlood) {
  HandMadeView view;
  EndpointCounters& c = view.Endpoint(kTarget).counters;
  c.packets_out = 300;
  c.icmp_in = c.icmp_unreachable_in = 551;
  IcmpFlood detector{IcmpFlood::Config{}};
  EXPECT_EQ(view.Judge(detector, 100).size(), 1U);
  c.packets_out = 301;
  IcmpFlood other{IcmpFlood::Config{}};
  EXPECT_TRUE(view.Judge(other, 100).empty());
}

TEST(IcmpFlood, TheLimitsAreExact) {
  IcmpFlood at_limit{IcmpFlood::Config{}}, above{IcmpFlood::Config{}};
  EXPECT_TRUE(AfterSecond(at_limit, 100, 250).empty());
  EXPECT_EQ(AfterSecond(above, 100, 251).size(), 1U);

  IcmpFlood steady{IcmpFlood::Config{}}, just_under{IcmpFlood::Config{}};
  for (uint64_t second = 100; second < 104; ++second) {
    EXPECT_TRUE(AfterSecond(steady, second, 26).empty());
  }
  const std::vector<Finding> findings = AfterSecond(steady, 104, 26);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].severity, Severity::kMedium);
  EXPECT_EQ(findings[0].start_us, 100'000'000U);
  for (uint64_t second = 100; second < 130; ++second) {
    EXPECT_TRUE(AfterSecond(just_under, second, 25).empty());
  }
}

TEST(IcmpFlood, AGapOfTheCaptureEndsTheRow) {
  IcmpFlood detector{IcmpFlood::Config{}};
  for (uint64_t second = 100; second < 130; second += second % 4 == 3 ? 3 : 1) {
    EXPECT_TRUE(AfterSecond(detector, second, 26).empty()) << second;
  }
}

}  // namespace
}  // namespace vedette
