// Card numbers, keys and log-ins in clear text that leaves home, however they are cut up; and
// numbers that are none.
#include "detectors/exfil/sensitive_content.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/detectors/conversations.h"

namespace vedette {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kDevice[] = "192.168.1.20", kOutside[] = "203.0.113.9", kInside[] = "192.168.1.2";
// Test numbers that card issuers publish.
constexpr char kCards[] =
    "POST /in HTTP/1.1\r\nHost: example.com\r\n\r\nname=A&card=4111111111111111&x=1\n"
    "name=B&card=5555 5555 5555 4444&x=2\nname=C&card=3782-822463-10005&x=3\n";

std::vector<AlertEvent> Found(const Traffic& traffic) {
  return AlertsOf(Replayed(traffic), std::string(SensitiveContent::kName));
}

Traffic Said(const std::string& text, uint16_t port = 80, const std::string& server = kOutside) {
  Traffic traffic;
  Connection(traffic, kDevice, server, 40'000, port, kStartUs).Open().Say(text).Close();
  return traffic;
}

TEST(SensitiveContentTest, CardNumbersAreOneAlertWithoutTheNumbers) {
  const Told told = Replayed(Said(kCards));
  const std::vector<AlertEvent> alerts = AlertsOf(told, std::string(SensitiveContent::kName));
  ASSERT_THAT(alerts, SizeIs(1));
  EXPECT_EQ(alerts[0].device_ip, kDevice);
  EXPECT_EQ(alerts[0].severity, "high");
  EXPECT_EQ(alerts[0].service, "tcp/80");
  EXPECT_THAT(alerts[0].peers, Contains(kOutside));
  EXPECT_EQ(alerts[0].evidence.measured, 3);
  EXPECT_EQ(alerts[0].evidence.detail.at("pattern"), "card_number");
  for (const AlertEvent& alert : told.alerts) {
    std::string json;
    AppendJson(alert, json);
    EXPECT_THAT(json, Not(HasSubstr("4111111111111111")));
    EXPECT_THAT(json, Not(HasSubstr("5555 5555")));
  }
}

TEST(SensitiveContentTest, IsToldInTheSecondOfThePacket) {
  const Told told = Replayed(Said(kCards));
  ASSERT_THAT(told.alerts, Not(IsEmpty()));
  EXPECT_EQ(told.alerts.front().state, "open");
  EXPECT_LE(told.alerts.front().last_ms, static_cast<int64_t>(kStartUs / 1'000 + 1'000));
}

// Bytes [at, at + size) of the text as one segment.
void Segment(Traffic& traffic, uint64_t at_us, const std::string& text, size_t at, size_t size) {
  traffic.At(at_us, PacketBuilder()
                        .Ethernet()
                        .Ip4(kDevice, kOutside)
                        .IpId(static_cast<uint16_t>(at))
                        .Tcp(40'000, 80, 0x18, static_cast<uint32_t>(5'000 + at))
                        .Payload(text.substr(at, size))
                        .Build());
}

TEST(SensitiveContentTest, NumbersCutOverSegmentsAreFound) {
  const std::string text = kCards;
  Traffic traffic;
  for (size_t at = 0; at < text.size(); at += 7) {
    Segment(traffic, kStartUs + at * 1'000, text, at, 7);
  }
  ASSERT_THAT(Found(traffic), SizeIs(1));
  EXPECT_EQ(Found(traffic)[0].evidence.measured, 3);
}

TEST(SensitiveContentTest, SegmentsOutOfOrderOrSentTwiceAreFoundOnce) {
  const std::string text = kCards;
  const size_t half = text.find("5555") + 6;
  Traffic traffic;
  Segment(traffic, kStartUs, text, 0, 20);
  Segment(traffic, kStartUs + 1'000, text, half, text.size() - half);
  Segment(traffic, kStartUs + 2'000, text, 20, half - 20);
  Segment(traffic, kStartUs + 50'000, text, 20, half - 20);
  ASSERT_THAT(Found(traffic), SizeIs(1));
  EXPECT_EQ(Found(traffic)[0].evidence.measured, 3);
}

TEST(SensitiveContentTest, OneCardIsABuyerAndTheSameAgainTooBut) {
  EXPECT_THAT(Found(Said("card=4111111111111111&again=4111 1111 1111 1111\n")), IsEmpty());
}

TEST(SensitiveContentTest, NumbersThatAreNoCardsAreQuiet) {
  std::string text = "GET / HTTP/1.1\r\n\r\n";
  Noise noise(3);
  for (size_t i = 0; i < 200; ++i) {
    text += "id=4111111111111112&time=170000000000" + std::to_string(1'000 + i) +
            "&uuid=" + noise.Hex(32) + "&zero=0000000000000000&n=x4111111111111111\n";
  }
  EXPECT_THAT(Found(Said(text)), IsEmpty());
}

TEST(SensitiveContentTest, WhatStaysInsideOrIsEncryptedOrComesInIsQuiet) {
  EXPECT_THAT(Found(Said(kCards, 80, kInside)), IsEmpty());
  const std::string hello("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10);
  EXPECT_THAT(Found(Said(hello + kCards, 443)), IsEmpty());
  Traffic incoming;
  Connection(incoming, kDevice, kOutside, 40'000, 80, kStartUs).Open().Say("GET /").Answer(kCards);
  EXPECT_THAT(Found(incoming), IsEmpty());
}

TEST(SensitiveContentTest, SnapLengthHidesButDoesNotInvent) {
  Traffic whole = Said(kCards), cut;
  for (const Traffic::Packet& packet : whole.Sorted()) {
    PacketBytes bytes = packet.bytes;
    if (bytes.size() > 60) bytes.resize(60);
    cut.At(packet.at_us, bytes, packet.wire_length);
  }
  EXPECT_THAT(Found(cut), IsEmpty());
}

TEST(SensitiveContentTest, PrivateKeysAreCritical) {
  const std::vector<AlertEvent> alerts =
      Found(Said("-----BEGIN RSA PRIVATE KEY-----\n" + std::string(64, 'M') + "\n", 8080));
  ASSERT_THAT(alerts, SizeIs(1));
  EXPECT_EQ(alerts[0].severity, "critical");
}

TEST(SensitiveContentTest, LogInsInTheClearAreToldOfEachProtocol) {
  const std::vector<std::pair<uint16_t, std::string>> logins = {
      {21, "USER alice@example.com\r\nPASS s3cret\r\nTYPE I\r\n"},
      {110, "USER bob\r\nPASS s3cret\r\n"},
      {587, "EHLO pc\r\nAUTH login YWxpY2VAZXhhbXBsZS5jb20=\r\nczNjcmV0czNjcmV0\r\nMAIL FROM:<a>"},
      {25, "EHLO pc\r\nAUTH LOGIN\r\nYWxpY2U=\r\nczNjcmV0\r\n"},
      {587, "EHLO pc\r\nAUTH PLAIN AGFsaWNlAHMzY3JldA==\r\nMAIL FROM:<a>\r\n"},
      {80, "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YWxpY2U6czNjcmV0\r\n\r\n"},
  };
  for (const auto& [port, text] : logins) {
    const std::vector<AlertEvent> alerts = Found(Said(text, port));
    ASSERT_THAT(alerts, SizeIs(1)) << text;
    EXPECT_EQ(alerts[0].severity, "medium");
    EXPECT_THAT(alerts[0].evidence.detail.at("pattern"), HasSubstr("login"));
  }
}

TEST(SensitiveContentTest, NobodysLogInIsNoSecret) {
  EXPECT_THAT(Found(Said("USER anonymous\r\nPASS guest@\r\n", 21)), IsEmpty());
  EXPECT_THAT(Found(Said("USER ftp\r\nPASS guest@\r\n", 21)), IsEmpty());
  EXPECT_THAT(Found(Said("USER alice\r\nPASS s3cret\r\n", 21, kInside)), IsEmpty());
  EXPECT_THAT(Found(Said("EHLO pc\r\nSTARTTLS\r\n", 587)), IsEmpty());
}

TEST(SensitiveContentTest, MinimumOfAPatternHolds) {
  const PatternLabel label{.name = "card_number", .severity = "high", .minimum = 2};
  ContentMatch match{.device = {.ip = IpAddress::V4(192, 168, 1, 20)},
                     .destination = IpAddress::V4(203, 0, 113, 9),
                     .port = 80,
                     .arrival_us = kStartUs};
  match.flow.protocol = 17;
  IntervalView view;
  view.begin_us = kStartUs;
  view.end_us = kStartUs + kSecond;
  view.patterns = {&label, 1};
  SensitiveContent detector({});
  std::vector<Finding> findings;
  for (const uint64_t digest : {1, 1, 1}) {
    match.digest = digest;
    view.matches = {&match, 1};
    detector.Evaluate({}, view, findings);
  }
  EXPECT_THAT(findings, IsEmpty()) << "one number, thrice";
  match.digest = 2;
  detector.Evaluate({}, view, findings);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].service, "udp/80");
  EXPECT_EQ(findings[0].measured, 2);
}

}  // namespace
}  // namespace vedette
