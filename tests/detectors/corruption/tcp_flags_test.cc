#include "detectors/corruption/tcp_flags.h"

#include <gtest/gtest.h>

#include "tests/detectors/alerts_of.h"
#include "tests/detectors/hand_made_view.h"

namespace vedette {
namespace {

constexpr uint64_t kStartUs = 1'600'000'000'000'000;
constexpr char kDevice[] = "192.168.1.80", kTarget[] = "192.168.1.81";

PacketBytes Segment(const std::string& from, uint8_t flags, uint32_t i) {
  return PacketBuilder()
      .Ethernet()
      .Ip4(from, kTarget)
      .Tcp(4'000, static_cast<uint16_t>(80 + i), flags)
      .Build();
}
std::vector<Finding> AfterSecond(TcpFlags& detector, uint64_t second, uint64_t packets,
                                 DecodeStatus kind) {
  HandMadeView view;
  view.Irregular(kDevice, kind, packets);
  return view.Judge(detector, second);
}

TEST(TcpFlags, CombinationsNoStackSendsAreOneAlertUnderTheirOwnName) {
  Traffic traffic;
  const uint8_t combinations[] = {0, kTcpFin | kTcpPsh | kTcpUrg, kTcpSyn | kTcpFin,
                                  kTcpSyn | kTcpRst};
  for (uint32_t i = 0; i < 40; ++i) {
    traffic.At(kStartUs + i * 100'000, Segment(kDevice, combinations[i % 4], 0));
  }
  const Told told = Replayed(traffic);
  const std::vector<AlertEvent> opened = OpenedOf(told, "corruption.tcp_flags");
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].device_ip, kDevice);
  EXPECT_EQ(opened[0].role, "actor");
  EXPECT_EQ(opened[0].evidence.limit, 2);
  EXPECT_EQ(opened[0].peers, std::vector<std::string>{kTarget});
  EXPECT_EQ(KindsOpenedOf(told, "corruption").size(), 1U)
      << "no corruption.decode_errors beside it";
}

TEST(TcpFlags, OrdinaryCombinationsAreQuiet) {
  Traffic traffic;
  const uint8_t combinations[] = {kTcpSyn,
                                  kTcpSyn | kTcpAck,
                                  kTcpAck,
                                  kTcpAck | kTcpPsh,
                                  kTcpAck | kTcpPsh | kTcpUrg,
                                  kTcpFin | kTcpAck,
                                  kTcpRst,
                                  kTcpRst | kTcpAck};
  for (uint32_t i = 0; i < 80; ++i) {
    traffic.At(kStartUs + i * 100'000, Segment(kDevice, combinations[i % 8], i));
  }
  EXPECT_TRUE(KindsOpenedOf(Replayed(traffic), "corruption").empty());
}

TEST(TcpFlags, TheLimitIsExactAndForgetsAfterTenMinutes) {
  TcpFlags detector{TcpFlags::Config{}};
  EXPECT_TRUE(AfterSecond(detector, 100, 2, DecodeStatus::kTcpXmas).empty());
  EXPECT_TRUE(AfterSecond(detector, 701, 2, DecodeStatus::kTcpXmas).empty());
  EXPECT_EQ(AfterSecond(detector, 702, 1, DecodeStatus::kTcpNullFlags).size(), 1U);
}

TEST(TcpFlags, AFinWithoutAckIsABrokenStack) {
  TcpFlags detector{TcpFlags::Config{}};
  EXPECT_TRUE(AfterSecond(detector, 100, 50, DecodeStatus::kTcpFlagsWithoutAck).empty());
}

TEST(TcpFlags, ForgedSendersOfOneEachAreOneAlertOfTheirNeighbour) {
  Traffic traffic;
  for (uint32_t i = 0; i < 500; ++i) {
    traffic.At(kStartUs + i * 4'000, Segment("198.18.0." + std::to_string(1 + i % 250), 0, 0));
  }
  const std::vector<AlertEvent> opened = OpenedOf(Replayed(traffic), "corruption.tcp_flags");
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].device_mac, "02:00:00:00:00:01");
}

}  // namespace
}  // namespace vedette
