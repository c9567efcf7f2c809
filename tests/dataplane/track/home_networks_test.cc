// Home networks against a bit-by-bit comparison. Breaks if an address falls on the wrong side of a
// border, or a mistyped network passes.
#include "dataplane/track/home_networks.h"

#include <gtest/gtest.h>

#include <random>

#include "dataplane/decode/address_text.h"
#include "tests/packet_builder.h"

namespace vedette {
namespace {

bool BitOf(const IpAddress& ip, unsigned bit) {
  return (ip.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0;
}

bool NaivelyIn(const IpAddress& ip, const std::vector<Prefix>& prefixes) {
  for (const Prefix& prefix : prefixes) {
    unsigned same = 0;
    while (same < 128 && BitOf(ip, same) == BitOf(prefix.address, same)) ++same;
    if (same >= prefix.length) return true;
  }
  return false;
}

TEST(HomeNetworksTest, LikeTheNaiveComparison) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 50; ++round) {
    std::vector<Prefix> prefixes;
    for (size_t i = 0; i < 1 + random() % 8; ++i) {
      IpAddress ip;
      for (uint8_t& byte : ip.bytes) byte = static_cast<uint8_t>(random());
      const bool v4 = random() % 2 == 0;
      if (v4) ip = IpAddress::V4(ip.bytes[0], ip.bytes[1], ip.bytes[2], ip.bytes[3]);
      const auto length = static_cast<uint8_t>(v4 ? 96 + random() % 33 : random() % 129);
      for (unsigned bit = length; bit < 128; ++bit) {
        ip.bytes[bit / 8] = static_cast<uint8_t>(ip.bytes[bit / 8] & ~(0x80U >> bit % 8));
      }
      prefixes.push_back({ip, length});
    }
    const HomeNetworks home(prefixes);
    for (int i = 0; i < 2'000; ++i) {
      IpAddress ip = prefixes[random() % prefixes.size()].address;
      // At and around a border: a bit or some bits changed.
      for (size_t flips = random() % 4; flips > 0; --flips) {
        const size_t bit = random() % 128;
        ip.bytes[bit / 8] = static_cast<uint8_t>(ip.bytes[bit / 8] ^ (0x80U >> bit % 8));
      }
      ASSERT_EQ(home.Contains(ip), NaivelyIn(ip, prefixes)) << IpText(ip);
      const bool nobody =
          ip.is_multicast() || ip.is_broadcast() || ip.is_zero() || ip.is_loopback();
      ASSERT_EQ(home.RealmOf(ip).outside, !home.Contains(ip) && !nobody) << IpText(ip);
    }
  }
}

TEST(HomeNetworksTest, DefaultsAreThePrivateOnes) {
  const HomeNetworks home = HomeNetworks::Default();
  for (const char* inside : {"10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255",
                             "192.168.0.0", "192.168.255.255", "100.64.0.0", "100.127.255.255",
                             "169.254.1.1", "fc00::1", "fdff::1", "fe80::1", "febf::1"}) {
    EXPECT_TRUE(home.Contains(Ip(inside))) << inside;
  }
  for (const char* outside :
       {"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255",
        "192.169.0.0", "100.63.255.255", "100.128.0.0", "169.253.255.255", "8.8.8.8", "::1",
        "fec0::1", "fbff::1", "2001:db8::1", "ff02::1", "::10.0.0.1"}) {
    EXPECT_FALSE(home.Contains(Ip(outside))) << outside;
  }
}

// IPv4 is held mapped: ::/0 must not be taken to mean IPv4 only, nor the other way round.
TEST(HomeNetworksTest, WholeFamilies) {
  const HomeNetworks all_v4({*ParsePrefix("0.0.0.0/0")});
  EXPECT_TRUE(all_v4.Contains(Ip("8.8.8.8")));
  EXPECT_FALSE(all_v4.Contains(Ip("2001:db8::1")));
  const HomeNetworks none({});
  EXPECT_FALSE(none.Contains(Ip("10.0.0.1")));
}

TEST(HomeNetworksTest, PrefixesAreReadStrictly) {
  for (const char* text : {"10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32", "::/0", "fe80::1/128"}) {
    const absl::StatusOr<Prefix> prefix = ParsePrefix(text);
    ASSERT_TRUE(prefix.ok()) << text;
    EXPECT_EQ(prefix->ToText(), text);
  }
  EXPECT_EQ(ParsePrefix("192.0.2.1")->ToText(), "192.0.2.1/32");
  EXPECT_EQ(ParsePrefix("fd00::1")->ToText(), "fd00::1/128");
  for (const char* text :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "fd00::/129",
        "10.0.0.0/8/9", "10.0.0.1/8", "fd00::1/64", "home", "10.0.0.0/0x8"}) {
    EXPECT_FALSE(ParsePrefix(text).ok()) << text;
  }
  EXPECT_NE(ParsePrefix("10.0.0.1/8").status().message().find("did you mean 10.0.0.0/8?"),
            absl::string_view::npos);
}

}  // namespace
}  // namespace vedette
