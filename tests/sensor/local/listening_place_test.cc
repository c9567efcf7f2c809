#include "sensor/local/listening_place.h"

#include <gtest/gtest.h>

namespace vedette {
namespace {

TEST(ListeningPlace, AddressesAreReadAsWritten) {
  EXPECT_EQ(ParseListeningPlace("unix")->kind, ListeningPlace::Kind::kUnix);
  EXPECT_EQ(ParseListeningPlace("off")->kind, ListeningPlace::Kind::kOff);
  const auto place = ParseListeningPlace("127.0.0.1:9470");
  ASSERT_TRUE(place.ok());
  EXPECT_EQ(place->port, 9470);
  EXPECT_TRUE(place->loopback);
  EXPECT_TRUE(ParseListeningPlace("[::1]:1")->loopback);
  EXPECT_FALSE(ParseListeningPlace("0.0.0.0:9470")->loopback);
  EXPECT_FALSE(ParseListeningPlace("[2001:db8::1]:9470")->loopback);
}

TEST(ListeningPlace, WhatIsNoAddressAndPortIsRefused) {
  for (const char* text :
       {"", "9470", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:+1",
        "::1:9470", "[::1]9470", "[::1", "localhost:9470", "127.0.0.1:9470x", "UNIX"}) {
    EXPECT_FALSE(ParseListeningPlace(text).ok()) << text;
  }
}

TEST(ListeningPlace, ASocketsPathFitsTheSystems) {
  EXPECT_TRUE(CheckSocketPath("/" + std::string(106, 'a')).ok());
  EXPECT_FALSE(CheckSocketPath("/" + std::string(107, 'a')).ok());
  EXPECT_FALSE(CheckSocketPath("vedette.sock").ok());
  EXPECT_FALSE(CheckSocketPath(std::string("/a\0b", 4)).ok());
}

TEST(TokenCheck, TheTokenAloneIsLetIn) {
  const TokenCheck check("correct-horse-battery");
  EXPECT_TRUE(check.Allows("Bearer correct-horse-battery"));
  EXPECT_TRUE(check.Allows("bearer  correct-horse-battery "));
  for (const char* text : {"", "Bearer", "Bearer ", "correct-horse-battery",
                           "Basic correct-horse-battery", "Bearer correct-horse-batter",
                           "Bearer correct-horse-batteryy", "Bearer Correct-horse-battery"}) {
    EXPECT_FALSE(check.Allows(text)) << text;
  }
}

TEST(HostCheck, NamesOfThisMachineAlone) {
  const HostCheck check(*ParseListeningPlace("127.0.0.1:9470"), {"Sensor.example.org"});
  for (const char* host :
       {"127.0.0.1:9470", "127.0.0.1", "localhost:9470", "LOCALHOST", "sensor.example.org:9470"}) {
    EXPECT_TRUE(check.Allows(host)) << host;
  }
  for (const char* host : {"", "evil.example", "127.0.0.1:80", "127.0.0.1.evil.example",
                           "localhost.", "[::1]:9470", "127.0.0.1:9470:9470", "[127.0.0.1"}) {
    EXPECT_FALSE(check.Allows(host)) << host;
  }
  const HostCheck six(*ParseListeningPlace("[::1]:9470"), {});
  EXPECT_TRUE(six.Allows("[::1]:9470"));
  EXPECT_FALSE(HostCheck(*ParseListeningPlace("192.0.2.1:9470"), {}).Allows("localhost:9470"));
}

}  // namespace
}  // namespace vedette
