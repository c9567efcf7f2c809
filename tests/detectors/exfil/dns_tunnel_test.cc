// Data in DNS names and records, by each way tools carry it; and names that only look like it.
#include "detectors/exfil/dns_tunnel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "detectors/exfil/registered_domain.h"
#include "tests/detectors/conversations.h"

namespace vedette {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kClient[] = "192.168.1.20", kResolver[] = "9.9.9.9";
constexpr uint16_t kA = 1, kCname = 5, kNull = 10, kMx = 15, kTxt = 16, kAaaa = 28;

std::vector<AlertEvent> Tunnels(const Traffic& traffic) {
  return AlertsOf(Replayed(traffic), std::string(DnsTunnel::kName));
}

Traffic Questions(size_t count, uint64_t apart_us, uint16_t type, size_t label_digits,
                  const std::string& domain, const std::string& answer) {
  Traffic traffic;
  Noise noise(label_digits + type);
  for (size_t i = 0; i < count; ++i) {
    AskDns(traffic, kStartUs + i * apart_us, kClient, kResolver,
           "k" + noise.Hex(label_digits) + "." + domain, type, answer);
  }
  return traffic;
}

TEST(DnsTunnelTest, NamesFullOfDataAreOneAlert) {
  const std::vector<AlertEvent> alerts =
      Tunnels(Questions(100, kSecond / 5, kA, 60, "t.example.com", "abcd"));
  ASSERT_THAT(alerts, SizeIs(1));
  EXPECT_EQ(alerts[0].device_ip, kClient);
  EXPECT_EQ(alerts[0].role, "actor");
  EXPECT_EQ(alerts[0].severity, "high");
  EXPECT_EQ(alerts[0].evidence.detail.at("domain"), "example.com");
  EXPECT_GT(alerts[0].evidence.measured, alerts[0].evidence.limit);
  EXPECT_EQ(alerts[0].evidence.unit, "bytes in names");
  EXPECT_LE(alerts[0].packets, 200) << "no packet may count twice";
}

TEST(DnsTunnelTest, EachRecordTypeOfTheToolsIsFoundWithinAMinute) {
  for (const uint16_t type : {kCname, kNull, kMx, kTxt}) {
    const Told told = Replayed(Questions(60, kSecond, type, 24, "example.org", "some data"));
    EXPECT_THAT(AlertsOf(told, std::string(DnsTunnel::kName)), SizeIs(1)) << type;
    EXPECT_LE(told.alerts.front().start_ms, static_cast<int64_t>(kStartUs / 1'000 + 60'000));
  }
  EXPECT_THAT(Tunnels(Questions(60, kSecond, kAaaa, 60, "example.org", "0123456789abcdef")),
              SizeIs(1));
}

TEST(DnsTunnelTest, TheSameNameAgainAndAgainCarriesNothing) {
  Traffic traffic;
  for (size_t i = 0; i < 200; ++i) {
    AskDns(traffic, kStartUs + i * kSecond / 5, kClient, kResolver, "policy.example.com", kTxt,
           "v=1 all");
  }
  EXPECT_THAT(Tunnels(traffic), IsEmpty());
}

// Reflectors answer their victim a question that somebody asked in its name.
TEST(DnsTunnelTest, AnswersNobodyAskedForAreNoTunnelOfTheirVictim) {
  Traffic asked_nothing, asked_little;
  Noise noise(11);
  for (size_t i = 0; i < 600; ++i) {
    const std::string reflector = "198.51.100." + std::to_string(1 + i % 60);
    const uint64_t at_us = kStartUs + i * kSecond / 20;
    const std::string name = noise.Hex(50) + ".example.com";
    const PacketBytes answer = PacketBuilder()
                                   .Ethernet(Mac(2), Mac(1))
                                   .Ip4(reflector, kClient)
                                   .Udp(53, 40'000)
                                   .Payload(DnsText(name, kTxt, 7, std::string(400, 'x')))
                                   .Build();
    asked_nothing.At(at_us, answer);
    asked_little.At(at_us, answer);
    if (i % 100 == 0) {
      AskDns(asked_little, at_us + 10, kClient, kResolver, "www.example.com", kA, "abcd");
    }
  }
  EXPECT_THAT(Tunnels(asked_nothing), IsEmpty());
  EXPECT_THAT(Tunnels(asked_little), IsEmpty());
}

TEST(DnsTunnelTest, NamesThatNobodyRegisteredBelongTogether) {
  Traffic traffic;
  Noise noise(5);
  for (size_t i = 0; i < 60; ++i) {
    AskDns(traffic, kStartUs + i * kSecond / 2, kClient, kResolver,
           "cat." + noise.Hex(60) + "." + noise.Hex(30), kA, "abcd");
  }
  EXPECT_THAT(Tunnels(traffic), SizeIs(1));
}

TEST(DnsTunnelTest, SlowOnesAreFoundWithinTheHour) {
  EXPECT_THAT(Tunnels(Questions(300, 10 * kSecond, kA, 50, "example.net", "abcd")), SizeIs(1));
}

TEST(DnsTunnelTest, SpreadOverSubdomainsStillIsOneDomain) {
  Traffic traffic;
  Noise noise(9);
  for (size_t i = 0; i < 80; ++i) {
    AskDns(traffic, kStartUs + i * kSecond / 2, kClient, kResolver,
           noise.Hex(30) + "." + noise.Hex(30) + ".n" + std::to_string(i) + ".example.co.uk", kA,
           "abcd");
  }
  const std::vector<AlertEvent> alerts = Tunnels(traffic);
  ASSERT_THAT(alerts, SizeIs(1));
  EXPECT_EQ(alerts[0].evidence.detail.at("domain"), "example.co.uk");
}

TEST(DnsTunnelTest, OneDirectionIsEnough) {
  Traffic traffic;
  Noise noise(3);
  for (size_t i = 0; i < 40; ++i) {
    traffic.At(kStartUs + i * kSecond,
               PacketBuilder()
                   .Ethernet()
                   .Ip4(kResolver, kClient)
                   .Udp(53, 5'353 + 100)
                   .Payload(DnsText(noise.Hex(20) + ".example.com", kTxt, static_cast<uint16_t>(i),
                                    "\x08some txt"))
                   .Build());
  }
  EXPECT_THAT(Tunnels(traffic), SizeIs(1));
}

TEST(DnsTunnelTest, OrdinaryNamesAreQuiet) {
  Traffic traffic;
  Noise noise(11);
  for (size_t i = 0; i < 200; ++i) {
    const std::string n = std::to_string(i % 40);
    const uint64_t at_us = kStartUs + i * kSecond / 4;
    // Content networks: generated, long, but the same few again and again.
    AskDns(traffic, at_us, kClient, kResolver,
           "d3f8ykwhia686p" + n + ".edge.media-static-assets.cdn.example.net", kA, "abcd");
    // Reverse lookups and block lists spell addresses.
    AskDns(traffic, at_us + 50'000, kClient, kResolver, std::to_string(i) + ".2.0.192.in-addr.arpa",
           12, "abcd");
    AskDns(traffic, at_us + 100'000, kClient, kResolver,
           std::to_string(i) + ".113.0.203.zen.example.org", kA, "abcd");
    // Reputation services: fingerprints.
    AskDns(traffic, at_us + 150'000, kClient, kResolver,
           "0.0.0.0.1.0.0.4e." + noise.Hex(26) + ".avqs.mcafee.com", kA, "abcd");
    // Directories.
    AskDns(traffic, at_us + 200'000, kClient, kResolver,
           "_ldap._tcp.site" + n + "._sites.dc._msdcs.example.local", 33, "abcd");
  }
  EXPECT_THAT(Tunnels(traffic), IsEmpty());
}

TEST(DnsTunnelTest, MailServersKeysAreQuiet) {
  Traffic traffic;  // DKIM, SPF and DNSSEC of many domains: one question or two for each
  for (size_t i = 0; i < 60; ++i) {
    const std::string domain = "sender" + std::to_string(i) + ".com";
    AskDns(traffic, kStartUs + i * kSecond / 2, kClient, kResolver,
           "selector1._domainkey." + domain, kTxt, "v=DKIM1");
    AskDns(traffic, kStartUs + i * kSecond / 2 + 10'000, kClient, kResolver, domain, kMx, "mail");
    AskDns(traffic, kStartUs + i * kSecond / 2 + 20'000, kClient, kResolver, domain, 48, "key");
  }
  EXPECT_THAT(Tunnels(traffic), IsEmpty());
}

TEST(DnsTunnelTest, JustUnderAndOverTheLimits) {
  EXPECT_THAT(Tunnels(Questions(8, kSecond, kTxt, 8, "example.com", "x")), IsEmpty());
  EXPECT_THAT(Tunnels(Questions(9, kSecond, kTxt, 8, "example.com", "x")), SizeIs(1));
  EXPECT_THAT(Tunnels(Questions(46, kSecond, kA, 40, "example.com", "abcd")), IsEmpty());
  EXPECT_THAT(Tunnels(Questions(60, kSecond, kA, 40, "example.com", "abcd")), SizeIs(1));
}

TEST(RegisteredDomainsTest, RememberWhatTheListSaidAndNoMore) {
  RegisteredDomains domains;
  const absl::string_view hostile("a.example.com\0.b.org", 19);
  for (int round = 0; round < 2; ++round) {  // asked, then remembered
    for (const absl::string_view name : {absl::string_view("a.b.example.co.uk"), hostile,
                                         absl::string_view("cat.0123abcd.77fe")}) {
      EXPECT_EQ(domains.Of(name), RegisteredDomain(name));
    }
  }
  for (int i = 0; i < 20'000; ++i) {
    const std::string name = absl::StrCat("n", i, ".example.org");
    ASSERT_EQ(domains.Of(name), "example.org");
  }
}

TEST(RegisteredDomainTest, FollowsThePublicSuffixList) {
  EXPECT_EQ(RegisteredDomain("a.b.example.co.uk"), "example.co.uk");
  EXPECT_EQ(RegisteredDomain("host.corp.lan"), "corp.lan");
  EXPECT_EQ(RegisteredDomain("localhost"), "localhost");
  EXPECT_EQ(RegisteredDomain("cat.0123abcd.77fe"), "") << "no suffix has digits";
  EXPECT_EQ(RegisteredDomain("x.xn--p1ai"), "x.xn--p1ai");
  EXPECT_EQ(RegisteredDomain(""), "");
}

}  // namespace
}  // namespace vedette
