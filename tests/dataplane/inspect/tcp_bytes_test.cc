// Bytes of one side put in order, against a naive model that keeps every byte by its number.
#include "dataplane/inspect/tcp_bytes.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "tests/dataplane/inspect/dns_writer.h"

namespace vedette {
namespace {

std::string TextOf(const TcpBytes::Place& place) {
  return {reinterpret_cast<const char*>(place.bytes().data()), place.bytes().size()};
}

TEST(TcpBytes, OneEarlySegmentIsKept) {
  TcpBytes bytes;
  const int owner = 0;
  TcpBytes::Place& place = bytes.Lend(&owner, 0, 0xfffffffe, 1);
  EXPECT_TRUE(place.Add(0xfffffffe, BytesOf("ab")));
  EXPECT_TRUE(place.Add(2, BytesOf("ef")));
  EXPECT_EQ(TextOf(place), "ab");
  EXPECT_FALSE(place.Add(10, BytesOf("no"))) << "a second gap";
  EXPECT_TRUE(place.Add(0, BytesOf("cd")));
  EXPECT_EQ(TextOf(place), "abcdef");
  EXPECT_TRUE(place.Add(0, BytesOf("XXXX"))) << "sent again";
  EXPECT_EQ(TextOf(place), "abcdef");
}

TEST(TcpBytes, ConsumingMayPassOverWhatIsToCome) {
  TcpBytes bytes;
  const int owner = 0;
  TcpBytes::Place& place = bytes.Lend(&owner, 0, 100, 1);
  place.Add(100, BytesOf("abcd"));
  place.Consume(10);
  EXPECT_EQ(TextOf(place), "");
  EXPECT_TRUE(place.Add(104, BytesOf("efghijKL")));
  EXPECT_EQ(TextOf(place), "KL");
}

TEST(TcpBytes, ThePlaceUsedLongestAgoGivesWay) {
  TcpBytes bytes;
  std::array<int, TcpBytes::kPlaces + 1> owners{};
  for (size_t i = 0; i < TcpBytes::kPlaces; ++i) bytes.Lend(&owners[i], 0, 0, 100 + i);
  ASSERT_NE(bytes.Find(&owners[0], 0, 500), nullptr);
  EXPECT_EQ(bytes.Find(&owners[0], 1, 500), nullptr) << "the other side has none";
  bytes.Lend(&owners.back(), 0, 0, 501);
  EXPECT_NE(bytes.Find(&owners[0], 0, 502), nullptr);
  EXPECT_EQ(bytes.Find(&owners[1], 0, 502), nullptr);
  bytes.ReleaseAll(&owners[5]);
  EXPECT_EQ(bytes.Find(&owners[5], 0, 503), nullptr);
  bytes.Lend(&owners[1], 0, 0, 504);
  EXPECT_NE(bytes.Find(&owners[2], 0, 505), nullptr) << "a free place is taken first";
}

// Random segments of one stream: what is given out is always a prefix of it.
TEST(TcpBytes, AlwaysAPrefixOfTheStream) {
  constexpr unsigned kSeed = 20'260'303;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  TcpBytes bytes;
  const int owner = 0;
  for (int round = 0; round < 300; ++round) {
    const auto base = static_cast<uint32_t>(random());
    std::string stream(1 + random() % 6'000, '\0');
    for (char& c : stream) c = static_cast<char>(random());
    TcpBytes::Place& place = bytes.Lend(&owner, 0, base, 1);
    size_t consumed = 0;
    for (int i = 0; i < 60; ++i) {
      const size_t at = random() % stream.size();
      const size_t near = std::min(consumed + place.bytes().size(), stream.size() - 1);
      const size_t from = random() % 2 == 0 ? at : near - std::min<size_t>(near, random() % 50);
      const std::string segment = stream.substr(from, 1 + random() % 1'460);
      place.Add(base + static_cast<uint32_t>(from), BytesOf(segment));
      ASSERT_EQ(TextOf(place), stream.substr(consumed, place.bytes().size()));
      if (random() % 8 == 0) {
        const size_t taken = random() % (place.bytes().size() + 1);
        place.Consume(taken);
        consumed += taken;
      }
    }
    bytes.ReleaseAll(&owner);
  }
}

}  // namespace
}  // namespace vedette
