// Classic pcap files: both byte orders, both clocks, records that lie, and every truncation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/substitute.h"
#include "tests/dataplane/capture/capture_writer.h"
#include "tests/dataplane/capture/replayed.h"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint32_t kMicroseconds = 0xa1b2c3d4, kNanoseconds = 0xa1b23c4d, kPatched = 0xa1b2cd34;

TEST(Pcap, BothByteOrdersAndClocksGiveTheSamePackets) {
  for (const ByteOrder order : {ByteOrder::kLittle, ByteOrder::kBig}) {
    for (const bool nano : {false, true}) {
      PcapWriter writer({.order = order, .magic = nano ? kNanoseconds : kMicroseconds});
      const uint64_t unit = nano ? 1000 : 1;
      writer.Record(1, 2 * unit, "one").Record(1, 999'999 * unit, "two!", 100).Record(2, 0, "");
      const Replayed replayed = ReplayBytes(writer.file());
      EXPECT_THAT(replayed.Texts(), ElementsAre("one", "two!", ""));
      EXPECT_THAT(replayed.Arrivals(), ElementsAre(1'000'002, 1'999'999, 2'000'000));
      ASSERT_THAT(replayed.packets, SizeIs(3));
      EXPECT_EQ(replayed.packets[1].wire_length, 100U);
      EXPECT_THAT(replayed.faults, IsEmpty());
      EXPECT_EQ(replayed.files[0].format, "pcap");
      EXPECT_EQ(replayed.counters.bytes, 7U);
    }
  }
}

TEST(Pcap, NanosecondsAreCutNotRounded) {
  const Replayed replayed = ReplayBytes(
      PcapWriter({.magic = kNanoseconds}).Record(7, 999'999'999, "a").Record(8, 1'999, "b").file());
  EXPECT_THAT(replayed.Arrivals(), ElementsAre(7'999'999, 8'000'001));
}

TEST(Pcap, AFractionBeyondASecondCarriesOver) {
  const Replayed replayed = ReplayBytes(PcapWriter().Record(1, 2'500'000, "a").file());
  EXPECT_THAT(replayed.Arrivals(), ElementsAre(3'500'000));
}

TEST(Pcap, TheFirstAndTheLastSecondOf32Bits) {
  const Replayed replayed =
      ReplayBytes(PcapWriter().Record(0, 0, "1970").Record(0xffffffff, 999'999, "2106").file());
  EXPECT_THAT(replayed.Arrivals(), ElementsAre(0, 4'294'967'295'999'999));
  EXPECT_EQ(replayed.counters.time_backwards, 0U);
}

TEST(Pcap, TimeThatRunsBackwardsCountsAtTheLatestTime) {
  const Replayed replayed = ReplayBytes(
      PcapWriter().Record(5, 0, "a").Record(4, 0, "b").Record(3, 9, "c").Record(6, 0, "d").file());
  EXPECT_THAT(replayed.Arrivals(), ElementsAre(5'000'000, 5'000'000, 5'000'000, 6'000'000));
  EXPECT_EQ(replayed.counters.time_backwards, 2U);
}

TEST(Pcap, AFileWithoutPacketsIsNoFault) {
  const Replayed replayed = ReplayBytes(PcapWriter().file());
  EXPECT_EQ(replayed.refused, "");
  EXPECT_THAT(replayed.packets, IsEmpty());
  EXPECT_THAT(replayed.faults, IsEmpty());
}

TEST(Pcap, RecordsLargerThanTheSnapLengthAreRead) {
  const std::string large(100'000, 'x');
  const Replayed replayed =
      ReplayBytes(PcapWriter({.snap_length = 64}).Record(1, 0, large).Record(1, 1, "y").file());
  EXPECT_THAT(replayed.Texts(), ElementsAre(large, "y"));
}

TEST(Pcap, TheLargestRecordIsReadAndOneByteMoreIsDamage) {
  const std::string largest(262'144, 'x');
  const std::string file = PcapWriter().Record(1, 0, largest).file();
  EXPECT_THAT(ReplayBytes(file).Texts(), ElementsAre(largest));

  const Replayed damaged = ReplayBytes(
      PcapWriter().Record(1, 0, "before").Record(1, 1, "liar", 262'145, 262'145).file());
  EXPECT_THAT(damaged.Texts(), ElementsAre("before"));
  ASSERT_THAT(damaged.faults, SizeIs(1));
  EXPECT_EQ(damaged.faults[0].offset_bytes, 24U + 16 + 6);
  EXPECT_THAT(damaged.faults[0].cause, HasSubstr("claims 262145 captured bytes"));
  EXPECT_THAT(damaged.faults[0].cause, HasSubstr("at most 262144"));
}

TEST(Pcap, WireLengthsThatCannotBeAreNotBelieved) {
  const Replayed replayed = ReplayBytes(PcapWriter()
                                            .Record(1, 0, "twogigabytes", 0x7fffffff)
                                            .Record(1, 1, "short", 2)
                                            .Record(1, 2, "cut", 262'144)
                                            .file());
  ASSERT_THAT(replayed.packets, SizeIs(3));
  EXPECT_EQ(replayed.packets[0].wire_length, 12U);
  EXPECT_EQ(replayed.packets[1].wire_length, 5U);
  EXPECT_EQ(replayed.packets[2].wire_length, 262'144U);
  EXPECT_EQ(replayed.counters.oversized_wire_length, 1U);
}

TEST(Pcap, OldVersionsHoldTheWireLengthFirst) {
  const std::string old =
      PcapWriter({.minor = 2}).Record(1, 0, "abc", /*wire=*/3, /*captured=*/60).file();
  const Replayed replayed = ReplayBytes(old);
  EXPECT_THAT(replayed.Texts(), ElementsAre("abc"));
  ASSERT_THAT(replayed.packets, SizeIs(1));
  EXPECT_EQ(replayed.packets[0].wire_length, 60U);
}

TEST(Pcap, ThePatchedFormatHasALongerRecordHeader) {
  OrderedBytes record;
  record.U32(1).U32(5).U32(3).U32(3).U32(2).U16(0x0008).U8(0).U8(0).Text("abc");
  const Replayed replayed =
      ReplayBytes(PcapWriter({.magic = kPatched}).Raw(record.text()).Raw(record.text()).file());
  EXPECT_THAT(replayed.Texts(), ElementsAre("abc", "abc"));
  EXPECT_THAT(replayed.faults, IsEmpty());
}

TEST(Pcap, UnknownVersionsAreNamed) {
  const Replayed replayed = ReplayBytes(PcapWriter({.major = 3}).Record(1, 0, "a").file());
  EXPECT_THAT(replayed.packets, IsEmpty());
  ASSERT_THAT(replayed.faults, SizeIs(1));
  EXPECT_EQ(replayed.faults[0].offset_bytes, 4U);
  EXPECT_THAT(replayed.faults[0].cause, HasSubstr("version 3 is unknown"));
}

TEST(Pcap, LinkTypesAreTranslatedAndUnknownOnesCounted) {
  const auto link_of = [](uint32_t number) {
    const Replayed replayed = ReplayBytes(PcapWriter({.link = number}).Record(1, 0, "a").file());
    EXPECT_THAT(replayed.packets, SizeIs(1)) << number;
    EXPECT_EQ(replayed.counters.unsupported_link,
              replayed.packets.at(0).link == LinkType::kUnsupported ? 1U : 0U);
    return replayed.packets.at(0).link;
  };
  EXPECT_EQ(link_of(1), LinkType::kEthernet);
  EXPECT_EQ(link_of(0xf4000001), LinkType::kEthernet) << "length of the check sequence above it";
  for (const uint32_t raw : {12U, 14U, 101U, 228U, 229U}) EXPECT_EQ(link_of(raw), LinkType::kRawIp);
  EXPECT_EQ(link_of(0), LinkType::kNull);
  EXPECT_EQ(link_of(108), LinkType::kNull);
  EXPECT_EQ(link_of(9), LinkType::kPpp);
  EXPECT_EQ(link_of(105), LinkType::kIeee80211);
  EXPECT_EQ(link_of(127), LinkType::kRadiotap);
  EXPECT_EQ(link_of(113), LinkType::kLinuxSll);
  EXPECT_EQ(link_of(276), LinkType::kLinuxSll2);
  EXPECT_EQ(link_of(189), LinkType::kUnsupported);
  EXPECT_EQ(link_of(0x00010001), LinkType::kUnsupported) << "not 16 bits: not Ethernet";
}

// Whatever is cut off, the packets before the cut are read, and the fault names the first byte of
// the record that is not whole.
TEST(Pcap, EveryTruncationGivesThePacketsBeforeTheCut) {
  const std::string packets[] = {"alpha", "", "gamma-gamma"};
  PcapWriter writer;
  std::vector<size_t> ends = {24};
  for (const std::string& packet : packets) {
    writer.Record(1, 0, packet);
    ends.push_back(writer.file().size());
  }
  const Folder folder;
  for (size_t cut = 4; cut <= writer.file().size(); ++cut) {
    SCOPED_TRACE(cut);
    const Replayed replayed = Replay({folder.Put("cut.pcap", writer.file().substr(0, cut))});
    const auto whole = std::upper_bound(ends.begin(), ends.end(), cut) - ends.begin();
    const size_t packets_before = whole == 0 ? 0 : static_cast<size_t>(whole - 1);
    EXPECT_EQ(replayed.Texts(), std::vector<std::string>(packets, packets + packets_before));
    const size_t border = whole == 0 ? 0 : ends[packets_before];
    if (cut == border) {
      EXPECT_THAT(replayed.faults, IsEmpty());
      continue;
    }
    ASSERT_THAT(replayed.faults, SizeIs(1));
    EXPECT_EQ(replayed.faults[0].offset_bytes, border);
    EXPECT_THAT(replayed.faults[0].cause, HasSubstr(absl::Substitute("$0 of ", cut - border)));
  }
}

TEST(Pcap, ManyPacketsCrossTheBordersOfTheWindow) {
  PcapWriter writer;
  std::vector<std::string> packets;
  for (int i = 0; i < 2'000; ++i) {
    packets.push_back(std::string(static_cast<size_t>(i * 7919 % 3'001), static_cast<char>(i)));
    writer.Record(static_cast<uint64_t>(i / 100), static_cast<uint64_t>(i % 100), packets.back());
  }
  const Replayed replayed = ReplayBytes(writer.file());
  EXPECT_TRUE(replayed.Texts() == packets);
  EXPECT_THAT(replayed.faults, IsEmpty());
}

TEST(Pcap, WhatIsNoCaptureIsRefusedWithAdvice) {
  EXPECT_THAT(ReplayBytes("").refused, HasSubstr("is empty"));
  EXPECT_THAT(ReplayBytes("BZh91AY").refused, HasSubstr("bunzip2"));
  EXPECT_THAT(ReplayBytes("hello world").refused, HasSubstr("68 65 6c 6c"));
  const Folder folder;
  EXPECT_THAT(Replay({folder.path()}).refused, HasSubstr("is a directory"));
  EXPECT_THAT(Replay({folder.path() + "/none"}).refused, HasSubstr("cannot open"));
  EXPECT_THAT(Replay({}).refused, HasSubstr("no capture is named"));
}

TEST(Pcap, AllRefusedFilesAreNamedAtOnce) {
  const Folder folder;
  const Replayed replayed = Replay({folder.path() + "/one", folder.Put("two", "garbage")});
  EXPECT_THAT(replayed.refused, HasSubstr("/one"));
  EXPECT_THAT(replayed.refused, HasSubstr("/two"));
}

}  // namespace
}  // namespace vedette
