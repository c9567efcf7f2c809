// pcapng: all block kinds, clocks of any resolution, several sections, and blocks that lie.
#include "dataplane/capture/pcapng_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/dataplane/capture/capture_writer.h"
#include "tests/dataplane/capture/replayed.h"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr ByteOrder kOrders[] = {ByteOrder::kLittle, ByteOrder::kBig};

OrderedBytes Resolution(OrderedBytes bytes, uint8_t value) {
  return bytes.U16(9).U16(1).U8(value).PadTo4();
}
OrderedBytes Offset(OrderedBytes bytes, int64_t seconds) {
  return bytes.U16(14).U16(8).U64(static_cast<uint64_t>(seconds));
}

TEST(Pcapng, EveryBlockKindInBothByteOrders) {
  for (const ByteOrder order : kOrders) {
    PcapngWriter writer(order);
    writer.Section().Interface(1, 0).Interface(101, 0);
    writer.Enhanced(0, 5'000'001, "abc", 60).Enhanced(1, 5'000'002, "defgh");
    writer.Block(4, writer.Bytes().U32(0)).Block(5, writer.Bytes().U32(0).U64(0));
    writer.Block(0x0bad, writer.Bytes().Text("custom block!").PadTo4());
    writer.Obsolete(1, 7, 5'000'003, "old").Simple("simple");
    const Replayed replayed = ReplayBytes(writer.file());
    EXPECT_THAT(replayed.Texts(), ElementsAre("abc", "defgh", "old", "simple"));
    EXPECT_THAT(replayed.Arrivals(), ElementsAre(5'000'001, 5'000'002, 5'000'003, 5'000'003));
    ASSERT_THAT(replayed.packets, SizeIs(4));
    EXPECT_EQ(replayed.packets[0].wire_length, 60U);
    EXPECT_EQ(replayed.packets[0].link, LinkType::kEthernet);
    EXPECT_EQ(replayed.packets[1].link, LinkType::kRawIp);
    EXPECT_EQ(replayed.packets[2].link, LinkType::kRawIp);
    EXPECT_EQ(replayed.packets[3].link, LinkType::kEthernet);
    EXPECT_EQ(replayed.counters.time_backwards, 0U) << "a simple packet has no time to run back";
    EXPECT_THAT(replayed.faults, IsEmpty());
    EXPECT_EQ(replayed.files[0].format, "pcapng");
  }
}

uint64_t ArrivalOf(const OrderedBytes& options, uint64_t time) {
  PcapngWriter writer;
  writer.Section().Interface(1, 0, options).Enhanced(0, time, "a");
  const Replayed replayed = ReplayBytes(writer.file());
  EXPECT_THAT(replayed.packets, SizeIs(1));
  return replayed.packets.at(0).arrival_us;
}

TEST(Pcapng, ResolutionsOfTenAndTwo) {
  const auto arrival = [](uint8_t resolution, uint64_t time) {
    return ArrivalOf(Resolution(OrderedBytes(), resolution), time);
  };
  EXPECT_EQ(ArrivalOf(OrderedBytes(), 1'234'567), 1'234'567U) << "microseconds if nothing is said";
  EXPECT_EQ(arrival(0, 7), 7'000'000U);
  EXPECT_EQ(arrival(3, 1'999), 1'999'000U);
  EXPECT_EQ(arrival(6, 42), 42U);
  EXPECT_EQ(arrival(9, 1'999'999), 1'999U) << "cut, not rounded";
  EXPECT_EQ(arrival(12, 5'000'000'000'000), 5'000'000U);
  EXPECT_EQ(arrival(127, ~uint64_t{0}), 0U) << "finer than 64 bits can tell";
  EXPECT_EQ(arrival(0x80, 3), 3'000'000U);
  EXPECT_EQ(arrival(0x80 | 10, 1'536), 1'500'000U);
  EXPECT_EQ(arrival(0x80 | 32, uint64_t{5} << 32 | uint64_t{1} << 31), 5'500'000U);
  EXPECT_EQ(arrival(0x80 | 127, ~uint64_t{0}), 0U);
}

TEST(Pcapng, OffsetsMayBeNegativeAndNeverWrapAround) {
  EXPECT_EQ(ArrivalOf(Offset(OrderedBytes(), 100), 5), 100'000'005U);
  EXPECT_EQ(ArrivalOf(Offset(OrderedBytes(), -3), 5'000'000), 2'000'000U);
  EXPECT_EQ(ArrivalOf(Offset(OrderedBytes(), -9), 5'000'000), 0U);
  EXPECT_EQ(ArrivalOf(Offset(OrderedBytes(), INT64_MIN), ~uint64_t{0}), 0U);
  EXPECT_EQ(ArrivalOf(Offset(OrderedBytes(), INT64_MAX), ~uint64_t{0}), kLatestArrivalUs);
}

TEST(Pcapng, MalformedOptionsAreLeftAloneAndThePacketsRead) {
  const OrderedBytes wrong[] = {
      OrderedBytes().U16(9).U16(60'000),                         // runs past the block
      OrderedBytes().U16(9).U16(4).U32(0x03030303),              // a length the option cannot have
      OrderedBytes().U16(14).U16(4).U32(1),                      // the same of the offset
      OrderedBytes().U16(0).U16(0).U16(9).U16(1).U8(3).PadTo4()  // behind the end
  };
  for (const OrderedBytes& options : wrong) EXPECT_EQ(ArrivalOf(options, 77), 77U);
}

TEST(Pcapng, SectionsOfEitherByteOrderEachWithTheirInterfaces) {
  PcapngWriter writer;
  writer.Section(ByteOrder::kLittle).Interface(1).Enhanced(0, 1, "little");
  writer.Section(ByteOrder::kBig).Interface(101).Enhanced(0, 2, "big");
  writer.Section(ByteOrder::kLittle).Interface(113).Enhanced(0, 3, "again");
  const Replayed replayed = ReplayBytes(writer.file());
  EXPECT_THAT(replayed.Texts(), ElementsAre("little", "big", "again"));
  ASSERT_THAT(replayed.packets, SizeIs(3));
  EXPECT_EQ(replayed.packets[1].link, LinkType::kRawIp);
  EXPECT_EQ(replayed.packets[2].link, LinkType::kLinuxSll);
  EXPECT_THAT(replayed.faults, IsEmpty());
}

TEST(Pcapng, TheLengthOfASectionIsNotBelieved) {
  for (const uint64_t length : {uint64_t{0}, uint64_t{4}, uint64_t{1} << 62}) {
    PcapngWriter writer;
    writer.Section(ByteOrder::kLittle, length).Interface(1).Enhanced(0, 1, "a");
    const Replayed replayed = ReplayBytes(writer.file());
    EXPECT_THAT(replayed.Texts(), ElementsAre("a"));
    EXPECT_THAT(replayed.faults, IsEmpty());
  }
}

TEST(Pcapng, ASimplePacketEndsAtTheSnapLength) {
  PcapngWriter writer;
  writer.Section().Interface(1, 5).Simple("abcdefgh", 1'400);
  const Replayed replayed = ReplayBytes(writer.file());
  EXPECT_THAT(replayed.Texts(), ElementsAre("abcde"));
  ASSERT_THAT(replayed.packets, SizeIs(1));
  EXPECT_EQ(replayed.packets[0].wire_length, 1'400U);
}

// What stands before the damage counts; the fault names the block's first byte and the cause.
void ExpectDamage(PcapngWriter writer, const std::string& bytes, const std::string& cause) {
  writer.Enhanced(0, 1, "before");
  const size_t at = writer.file().size();
  writer.Raw(bytes).Enhanced(0, 2, "behind");
  const Replayed replayed = ReplayBytes(writer.file());
  EXPECT_THAT(replayed.Texts(), ElementsAre("before")) << cause;
  ASSERT_THAT(replayed.faults, SizeIs(1)) << cause;
  EXPECT_THAT(replayed.faults[0].cause, HasSubstr(cause));
  EXPECT_EQ(replayed.faults[0].offset_bytes, at) << cause;
}

TEST(Pcapng, BlocksThatLieEndTheFile) {
  PcapngWriter begun;
  begun.Section().Interface(1);
  const auto block = [](uint32_t type, uint32_t length, const std::string& body, uint32_t trailer) {
    return OrderedBytes().U32(type).U32(length).Text(body).U32(trailer).text();
  };
  const std::string zeros(28, '\0');
  ExpectDamage(begun, block(6, 13, zeros, 13), "a length of 13 bytes");
  ExpectDamage(begun, block(6, 8, zeros, 8), "a length of 8 bytes");
  ExpectDamage(begun, block(99, 0x7ffffffc, zeros, 0), "a length of 2147483644 bytes");
  ExpectDamage(begun, block(6, 12, "", 12), "too short for its type");
  ExpectDamage(begun, block(1, 12, "", 12), "too short for its type");
  ExpectDamage(begun, PcapngWriter().Enhanced(9, 3, "x").file(), "interface number 9");
  ExpectDamage(begun, PcapngWriter().Enhanced(0, 3, "abcd", 9, 5).file(), "has room for 4");
  ExpectDamage(begun, PcapngWriter().Section(ByteOrder::kLittle, 0, 2).file(),
               "version 2 is unknown");
  ExpectDamage(begun, block(99, 40, zeros, 44), "ends with length 44, but began with length 40");
  ExpectDamage(begun, block(6, 40, zeros, 44), "ends with length 44, but began with length 40");
}

TEST(Pcapng, APacketBeforeAnyInterfaceIsDamage) {
  PcapngWriter writer;
  writer.Section();
  const size_t at = writer.file().size();
  writer.Simple("x");
  const Replayed replayed = ReplayBytes(writer.file());
  ASSERT_THAT(replayed.faults, SizeIs(1));
  EXPECT_EQ(replayed.faults[0].offset_bytes, at);
  EXPECT_THAT(replayed.faults[0].cause, HasSubstr("the section has described 0"));
}

TEST(Pcapng, LongUnknownBlocksArePassedOver) {
  PcapngWriter writer;
  writer.Section().Interface(1).Block(0x40000001, OrderedBytes().Text(std::string(4 << 20, 'z')));
  writer.Enhanced(0, 9, "behind");
  const Replayed replayed = ReplayBytes(writer.file());
  EXPECT_THAT(replayed.Texts(), ElementsAre("behind"));
  EXPECT_THAT(replayed.faults, IsEmpty());
}

TEST(Pcapng, MoreInterfacesThanAreFollowedAreDamage) {
  PcapngWriter writer;
  writer.Section();
  for (uint32_t i = 0; i <= PcapngReader::kInterfacesMax; ++i) writer.Interface(1);
  const Replayed replayed = ReplayBytes(writer.file());
  ASSERT_THAT(replayed.faults, SizeIs(1));
  EXPECT_THAT(replayed.faults[0].cause, HasSubstr("more than 4096 interfaces"));
}

TEST(Pcapng, EveryTruncationGivesThePacketsBeforeTheCut) {
  for (const ByteOrder order : kOrders) {
    PcapngWriter writer(order);
    std::vector<size_t> borders, packet_ends;
    const auto mark = [&](bool packet) {
      borders.push_back(writer.file().size());
      if (packet) packet_ends.push_back(writer.file().size());
    };
    const std::vector<std::string> packets = {"alpha", "be", "gamma", "delta"};
    writer.Section();
    mark(false);
    writer.Interface(1, 0, Resolution(writer.Bytes(), 9));
    mark(false);
    writer.Enhanced(0, 1, packets[0]);
    mark(true);
    writer.Block(77, writer.Bytes().Text("unknown!"));
    mark(false);
    writer.Simple(packets[1]);
    mark(true);
    writer.Obsolete(0, 0, 2, packets[2]);
    mark(true);
    writer.Section(order).Interface(101);
    borders.push_back(borders.back() + 28);
    mark(false);
    writer.Enhanced(0, 3, packets[3]);
    mark(true);

    const Folder folder;
    for (size_t cut = 4; cut <= writer.file().size(); ++cut) {
      SCOPED_TRACE(cut);
      const Replayed replayed = Replay({folder.Put("cut", writer.file().substr(0, cut))});
      const auto count =
          std::upper_bound(packet_ends.begin(), packet_ends.end(), cut) - packet_ends.begin();
      EXPECT_EQ(replayed.Texts(),
                std::vector<std::string>(packets.begin(), packets.begin() + count));
      const bool at_border = std::find(borders.begin(), borders.end(), cut) != borders.end();
      ASSERT_THAT(replayed.faults, SizeIs(at_border ? 0 : 1));
      if (at_border) continue;
      EXPECT_THAT(replayed.faults[0].cause, HasSubstr("the file ends inside a block"));
      const auto next = std::upper_bound(borders.begin(), borders.end(), cut);
      const size_t block = next == borders.begin() ? 0 : *(next - 1);
      EXPECT_EQ(replayed.faults[0].offset_bytes, block);
    }
  }
}

}  // namespace
}  // namespace vedette
