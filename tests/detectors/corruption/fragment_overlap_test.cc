#include "detectors/corruption/fragment_overlap.h"

#include <gtest/gtest.h>

#include "tests/detectors/alerts_of.h"
#include "tests/detectors/hand_made_view.h"

namespace vedette {
namespace {

constexpr uint64_t kStartUs = 1'600'000'000'000'000;
constexpr char kDevice[] = "192.168.1.90", kTarget[] = "192.168.1.91";

PacketBytes Piece(uint16_t id, uint16_t offset_bytes, bool more, size_t bytes, uint8_t fill) {
  return PacketBuilder()
      .Ethernet()
      .Ip4(kDevice, kTarget)
      .Fragment(id, offset_bytes, more)
      .Protocol(17)
      .Raw(std::vector<uint8_t>(bytes, fill))
      .Build();
}
std::vector<Finding> AfterSecond(FragmentOverlap& detector, uint64_t second, uint64_t packets,
                                 DecodeStatus kind) {
  HandMadeView view;
  view.Irregular(kDevice, kind, packets);
  return view.Judge(detector, second);
}

TEST(FragmentOverlap, OtherBytesInTheSamePlaceAreOneHighAlert) {
  Traffic traffic;
  for (uint16_t id = 1; id <= 5; ++id) {
    traffic.At(kStartUs + id * 100'000, Piece(id, 0, true, 800, 1));
    traffic.At(kStartUs + id * 100'000 + 10, Piece(id, 400, true, 800, 2));
    traffic.At(kStartUs + id * 100'000 + 20, Piece(id, 1'200, false, 100, 3));
  }
  const Told told = Replayed(traffic);
  const std::vector<AlertEvent> opened = OpenedOf(told, "corruption.fragment_overlap");
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].device_ip, kDevice);
  EXPECT_EQ(opened[0].role, "actor");
  EXPECT_EQ(opened[0].severity, "high");
  EXPECT_EQ(opened[0].peers, std::vector<std::string>{kTarget});
  EXPECT_EQ(KindsOpenedOf(told, "corruption").size(), 1U);
}

TEST(FragmentOverlap, WholeDatagramsAndFragmentsDeliveredTwiceAreQuiet) {
  Traffic traffic;
  for (uint16_t id = 1; id <= 50; ++id) {
    const uint64_t at_us = kStartUs + id * 50'000;
    traffic.At(at_us, Piece(id, 0, true, 1'480, 1));
    traffic.At(at_us + 10, Piece(id, 1'480, true, 1'480, 1));
    traffic.At(at_us + 5'000, Piece(id, 1'480, true, 1'480, 1));  // again, too late for a mirror's
    traffic.At(at_us + 6'000, Piece(id, 2'960, false, 100, 1));
  }
  EXPECT_TRUE(KindsOpenedOf(Replayed(traffic), "corruption").empty());
}

TEST(FragmentOverlap, TheLimitIsExactAndOtherBytesCountAtOnce) {
  FragmentOverlap at_limit{FragmentOverlap::Config{}}, above{FragmentOverlap::Config{}},
      different{FragmentOverlap::Config{}};
  EXPECT_TRUE(AfterSecond(at_limit, 100, 2, DecodeStatus::kFragOverlap).empty());
  const std::vector<Finding> same = AfterSecond(above, 100, 3, DecodeStatus::kFragOverlap);
  ASSERT_EQ(same.size(), 1U);
  EXPECT_EQ(same[0].severity, Severity::kMedium);
  const std::vector<Finding> other =
      AfterSecond(different, 100, 1, DecodeStatus::kFragOverlapDifferent);
  ASSERT_EQ(other.size(), 1U);
  EXPECT_EQ(other[0].severity, Severity::kHigh);
}

TEST(FragmentOverlap, TwoInTenMinutesAndTwoLaterAreQuiet) {
  FragmentOverlap detector{FragmentOverlap::Config{}};
  EXPECT_TRUE(AfterSecond(detector, 100, 2, DecodeStatus::kFragOverlap).empty());
  EXPECT_TRUE(AfterSecond(detector, 701, 2, DecodeStatus::kFragOverlap).empty());
}

}  // namespace
}  // namespace vedette
