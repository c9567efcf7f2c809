// What beacons are found at, and what calls as regularly and is none.
#include "detectors/exfil/beacon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/detectors/conversations.h"

namespace vedette {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kDevice[] = "192.168.1.20", kOutside[] = "203.0.113.9", kInside[] = "192.168.1.2";
constexpr absl::string_view kKind = Beacon::kName;

// `jitter_share` of the interval, evenly around it.
Traffic Calls(size_t calls, double interval_s, double jitter_share = 0,
              const std::string& device = kDevice, const std::string& destination = kOutside) {
  Traffic traffic;
  Noise noise(7);
  double at_s = 1;
  for (size_t i = 0; i < calls; ++i) {
    const auto at_us = kStartUs + static_cast<uint64_t>(at_s * 1e6);
    Connection(traffic, device, destination, static_cast<uint16_t>(40'000 + i), 8443, at_us)
        .Open()
        .Say("any orders?")
        .Answer("none")
        .Close();
    const double noise_share = static_cast<double>(noise.Below(2'001)) / 1'000 - 1;
    at_s += interval_s * (1 + jitter_share * noise_share);
  }
  return traffic;
}

std::vector<AlertEvent> Beacons(const Traffic& traffic) {
  return AlertsOf(Replayed(traffic), std::string(kKind));
}

TEST(BeaconTest, RegularCallsAreOneAlertOfTheDevice) {
  const std::vector<AlertEvent> alerts = Beacons(Calls(12, 10));
  ASSERT_THAT(alerts, SizeIs(1));
  EXPECT_EQ(alerts[0].device_ip, kDevice);
  EXPECT_EQ(alerts[0].role, "actor");
  EXPECT_EQ(alerts[0].severity, "medium");
  EXPECT_EQ(alerts[0].service, "tcp/8443");
  EXPECT_THAT(alerts[0].peers, Contains(kOutside));
  EXPECT_LT(alerts[0].evidence.measured, alerts[0].evidence.limit);
  EXPECT_NEAR(alerts[0].evidence.baseline, 10, 0.01);
  EXPECT_EQ(alerts[0].evidence.unit, "dispersion of intervals");
}

TEST(BeaconTest, FourCallsAreTooFewAndFiveEnough) {
  EXPECT_THAT(Beacons(Calls(4, 20)), IsEmpty());
  EXPECT_THAT(Beacons(Calls(5, 20)), SizeIs(1));
}

TEST(BeaconTest, LongIntervalsNeedMoreCalls) {
  EXPECT_THAT(Beacons(Calls(8, 300)), IsEmpty()) << "a check for updates";
  EXPECT_THAT(Beacons(Calls(21, 300)), SizeIs(1));
  EXPECT_THAT(Beacons(Calls(21, 3'600)), SizeIs(1)) << "hours of sleep";
}

TEST(BeaconTest, JitterIsSeenThroughWithTimeAndChanceIsNot) {
  EXPECT_THAT(Beacons(Calls(40, 20, 0.3)), SizeIs(1));
  EXPECT_THAT(Beacons(Calls(40, 20, 0.9)), IsEmpty());
}

TEST(BeaconTest, InsideServersAndInfrastructureAreQuiet) {
  EXPECT_THAT(Beacons(Calls(20, 10, 0, kDevice, kInside)), IsEmpty()) << "monitoring at home";
  Traffic traffic;
  for (size_t i = 0; i < 30; ++i) {
    Datagram(traffic, kStartUs + i * 16 * kSecond, kDevice, kOutside, 123, 123, 48);
    AskDns(traffic, kStartUs + i * 10 * kSecond, kDevice, kOutside, "time.example.com", 1, "abcd");
  }
  EXPECT_THAT(Beacons(traffic), IsEmpty());
}

TEST(BeaconTest, WhatManyDevicesCallIsAService) {
  Traffic traffic;
  for (size_t device = 1; device <= 4; ++device) {
    traffic.Add(Calls(20, 10, 0, "192.168.1." + std::to_string(device + 30)));
  }
  EXPECT_THAT(Beacons(traffic), IsEmpty());
}

TEST(BeaconTest, CallsThatReachNobodyAreNone) {
  Traffic refused, silent;
  for (size_t i = 0; i < 20; ++i) {
    const auto port = static_cast<uint16_t>(41'000 + i);
    const uint64_t at_us = kStartUs + i * 10 * kSecond;
    Connection(refused, kDevice, kOutside, port, 443, at_us).Refused();
    silent.At(at_us, PacketBuilder().Ethernet().Ip4(kDevice, kOutside).Tcp(port, 443, 2).Build());
  }
  EXPECT_THAT(Beacons(refused), IsEmpty());
  EXPECT_THAT(Beacons(silent), IsEmpty());
}

Traffic Heartbeats(size_t beats, uint16_t port, const std::string& first) {
  Traffic traffic;
  Connection connection(traffic, kDevice, kOutside, 45'000, port, kStartUs);
  connection.Open().Say(first).Answer("welcome");
  for (size_t i = 0; i < beats; ++i) connection.Wait(5 * kSecond).Say("ping").Answer("pong");
  return traffic;
}

TEST(BeaconTest, CallsInsideOneConnectionNeedMoreOfThem) {
  EXPECT_THAT(Beacons(Heartbeats(6, 1337, "hello")), IsEmpty());
  const std::vector<AlertEvent> alerts = Beacons(Heartbeats(14, 1337, "hello"));
  ASSERT_THAT(alerts, SizeIs(1));
  EXPECT_THAT(alerts[0].service, "tcp/1337");
}

TEST(BeaconTest, ProtocolsThatKeepConnectionsAliveAreQuiet) {
  EXPECT_THAT(Beacons(Heartbeats(40, 22, "SSH-2.0-OpenSSH\r\n")), IsEmpty());
  EXPECT_THAT(Beacons(Heartbeats(40, 1883, "MQTT")), IsEmpty());
}

TEST(BeaconTest, OneDirectionOfAConnectionIsEnough) {
  Traffic traffic;
  Connection connection(traffic, kDevice, kOutside, 45'000, 8080, kStartUs);
  connection.Both(false);  // and its start was not captured
  for (size_t i = 0; i < 12; ++i) connection.Wait(5 * kSecond).Say("beacon");
  EXPECT_THAT(Beacons(traffic), SizeIs(1));
}

TEST(BeaconTest, DatagramsNeedNoAnswerButSmallAnsweredOnesKeepAHoleOpen) {
  Traffic unanswered, answered, call;
  for (size_t i = 0; i < 30; ++i) {
    const uint64_t at_us = kStartUs + i * 5 * kSecond;
    Datagram(unanswered, at_us, kDevice, kOutside, 40'000, 6667, 40);
    Datagram(answered, at_us, kDevice, kOutside, 40'000, 4500, 20);
    Datagram(answered, at_us + 20'000, kOutside, kDevice, 4500, 40'000, 20);
  }
  for (size_t i = 0; i < 3'000; ++i) {  // a call: 20 ms frames both ways
    const uint64_t at_us = kStartUs + i * 20'000;
    Datagram(call, at_us, kDevice, kOutside, 40'000, 16'384, 172);
    Datagram(call, at_us + 7'000, kOutside, kDevice, 16'384, 40'000, 172);
  }
  EXPECT_THAT(Beacons(unanswered), SizeIs(1));
  EXPECT_THAT(Beacons(answered), IsEmpty());
  EXPECT_THAT(Beacons(call), IsEmpty());
}

TEST(BeaconTest, ForgetsPairsRatherThanGrow) {
  Beacon detector({});
  std::vector<Finding> findings;
  std::vector<Contact> contacts(2'000);
  for (uint64_t second = 1; second <= 40; ++second) {
    IntervalView view;
    view.begin_us = kStartUs + second * kSecond;
    view.end_us = view.begin_us + kSecond;
    for (size_t i = 0; i < contacts.size(); ++i) {
      const uint64_t n = second * contacts.size() + i;
      contacts[i] = {
          .protocol = 6,
          .port = 443,
          .device = IpAddress::V4(10, 0, 0, 1),
          .destination = IpAddress::V4(203, static_cast<uint8_t>(n >> 16),
                                       static_cast<uint8_t>(n >> 8), static_cast<uint8_t>(n)),
          .start_us = view.begin_us};
    }
    view.contacts = contacts;
    detector.Evaluate({}, view, findings);
  }
  EXPECT_THAT(findings, IsEmpty());
}

}  // namespace
}  // namespace vedette
