// Overlapping fragments against what was sent before. Breaks if an overlap is missed, if changed
// bytes pass for unchanged ones, or if a datagram delivered twice or in any order raises one.
#include "dataplane/track/fragment_tracker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <tuple>

#include "tests/dataplane/track/tracked.h"

namespace vedette {
namespace {

constexpr uint64_t kStart = 1'000'000;

class FragmentTrackerTest : public ::testing::Test {
 protected:
  // `fill` makes the byte at each place of the datagram.
  FragmentVerdict Send(uint16_t begin, uint16_t bytes, uint8_t fill = 0, uint16_t id = 1,
                       uint64_t at_us = kStart, const char* source = "10.0.0.1") {
    std::vector<uint8_t> data(bytes);
    for (uint16_t i = 0; i < bytes; ++i) data[i] = static_cast<uint8_t>((begin + i) * 7 + fill);
    const PacketBytes packet = PacketBuilder()
                                   .Ethernet()
                                   .Ip4(source, "10.0.0.2")
                                   .Fragment(id, begin, true)
                                   .Protocol(17)
                                   .Raw(data)
                                   .Build();
    return Note(packet, at_us);
  }
  FragmentVerdict Note(const PacketBytes& packet, uint64_t at_us) {
    Decode(ViewOf(packet, at_us), Checksums::kVerify, decoded_);
    EXPECT_TRUE(decoded_.fragment.is_fragment);
    return tracker_.OnFragment(decoded_);
  }

  FragmentTracker tracker_{KeyedHash(kTestSecret), 64};
  DecodedPacket decoded_;
};

TEST_F(FragmentTrackerTest, AnyOrderAndTwiceIsPlain) {
  std::mt19937 random(1);
  for (uint16_t id = 1; id <= 20; ++id) {
    std::vector<uint16_t> begins = {0, 256, 512, 768, 1'024, 1'024, 512, 0};
    std::shuffle(begins.begin(), begins.end(), random);
    for (const uint16_t begin : begins) {
      EXPECT_EQ(Send(begin, 256, 0, id), FragmentVerdict::kPlain) << id << " at " << begin;
    }
  }
}

TEST_F(FragmentTrackerTest, OverlapWithTheSameBytes) {
  EXPECT_EQ(Send(0, 512), FragmentVerdict::kPlain);
  EXPECT_EQ(Send(256, 512), FragmentVerdict::kOverlapSame);
}

TEST_F(FragmentTrackerTest, OverlapWithOtherBytes) {
  EXPECT_EQ(Send(0, 512), FragmentVerdict::kPlain);
  EXPECT_EQ(Send(256, 512, 99), FragmentVerdict::kOverlapDifferent);
}

TEST_F(FragmentTrackerTest, SameBordersOtherBytes) {
  EXPECT_EQ(Send(0, 512), FragmentVerdict::kPlain);
  EXPECT_EQ(Send(0, 512, 99), FragmentVerdict::kOverlapDifferent);
}

TEST_F(FragmentTrackerTest, TinyOverlapOfHeader) {  // RFC 3128
  EXPECT_EQ(Send(0, 64), FragmentVerdict::kPlain);
  EXPECT_EQ(Send(8, 56, 5), FragmentVerdict::kOverlapDifferent);
}

// Against a model of the datagram's bytes: every 8-byte unit below 4 KiB is compared.
TEST_F(FragmentTrackerTest, LikeAModelOfBytes) {
  std::mt19937 random(2);
  for (uint16_t id = 1; id <= 300; ++id) {
    std::vector<int> model(4'096, -1);
    std::vector<std::tuple<uint16_t, uint16_t, uint8_t>> sent;
    for (int i = 0; i < 8; ++i) {
      const auto begin = static_cast<uint16_t>(random() % 400 * 8);
      const auto bytes = static_cast<uint16_t>((1 + random() % 60) * 8);
      const auto fill = static_cast<uint8_t>(random() % 6 == 0 ? 1 : 0);
      bool overlaps = false, differs = false, again = false;
      for (const auto& [other_begin, other_bytes, other_fill] : sent) {
        if (other_begin != begin || other_bytes != bytes) continue;
        again |= other_fill == fill;
        differs |= other_fill != fill;
      }
      for (uint16_t at = begin; at < begin + bytes && !again; ++at) {
        const int byte = static_cast<uint8_t>(at * 7 + fill);
        overlaps |= model[at] >= 0;
        differs |= model[at] >= 0 && model[at] != byte;
        model[at] = byte;
      }
      sent.emplace_back(begin, bytes, fill);
      const FragmentVerdict expected = again || !overlaps ? FragmentVerdict::kPlain
                                       : differs          ? FragmentVerdict::kOverlapDifferent
                                                          : FragmentVerdict::kOverlapSame;
      ASSERT_EQ(Send(begin, bytes, fill, id, kStart + id), expected) << "datagram " << id;
    }
  }
}

TEST_F(FragmentTrackerTest, DatagramsAreKeptApart) {
  EXPECT_EQ(Send(0, 512, 0, 1), FragmentVerdict::kPlain);
  EXPECT_EQ(Send(256, 512, 9, 2), FragmentVerdict::kPlain) << "another id";
  EXPECT_EQ(Send(256, 512, 9, 1, kStart, "10.0.0.3"), FragmentVerdict::kPlain) << "another source";
}

TEST_F(FragmentTrackerTest, IdsMayReturnAfterReassemblyTime) {
  EXPECT_EQ(Send(0, 512, 0, 1, kStart), FragmentVerdict::kPlain);
  EXPECT_EQ(Send(256, 512, 9, 1, kStart + 31'000'000), FragmentVerdict::kPlain);
}

TEST_F(FragmentTrackerTest, Ip6) {
  const auto fragment = [](uint16_t begin, uint8_t fill) {
    return PacketBuilder()
        .Ethernet()
        .Ip6("2001:db8::1", "fd00::2")
        .Fragment6(77, begin, true)
        .Set8(0, 17)
        .Raw(std::vector<uint8_t>(256, fill))
        .Build();
  };
  EXPECT_EQ(Note(fragment(0, 1), kStart), FragmentVerdict::kPlain);
  EXPECT_EQ(Note(fragment(128, 1), kStart), FragmentVerdict::kOverlapSame);
  EXPECT_EQ(Note(fragment(64, 2), kStart), FragmentVerdict::kOverlapDifferent);
}

TEST_F(FragmentTrackerTest, ManyDatagramsAreBounded) {
  for (uint16_t id = 1; id < 5'000; ++id) {
    EXPECT_EQ(Send(0, 64, 0, id, kStart + id), FragmentVerdict::kPlain);
  }
  EXPECT_EQ(Send(8, 64, 3, 4'999, kStart + 5'000), FragmentVerdict::kOverlapDifferent)
      << "the latest is remembered";
}

// Through the tracker: charged to the sender, and counted once.
TEST(FragmentChargeTest, OverlapIsCountedAndChargedToItsSender) {
  Tracked tracked;
  const auto send = [&](uint16_t begin, uint8_t fill) {
    tracked.Send(kStart, PacketBuilder()
                             .Ethernet()
                             .Ip4("203.0.113.9", "10.0.0.2")
                             .Fragment(5, begin, true)
                             .Protocol(253)
                             .Raw(std::vector<uint8_t>(512, fill)));
  };
  send(0, 1);
  send(256, 2);
  const auto kind = static_cast<size_t>(DecodeStatus::kFragOverlapDifferent);
  EXPECT_EQ(tracked.counters.irregularities[kind], 1U);
  ASSERT_EQ(tracked.irregularities.records().size(), 1U);
  EXPECT_EQ(tracked.irregularities.records()[0].sender.ip, Ip("203.0.113.9"));
  EXPECT_EQ(tracked.Row("203.0.113.9")->counters.fragments, 2U);
  EXPECT_EQ(tracked.Row("10.0.0.2")->counters.fragments_in, 2U);
}

}  // namespace
}  // namespace vedette
