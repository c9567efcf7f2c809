#include "detectors/dos/udp_flood.h"

#include <gtest/gtest.h>

#include "tests/detectors/alerts_of.h"
#include "tests/detectors/hand_made_view.h"

namespace vedette {
namespace {

constexpr uint64_t kStartUs = 1'600'000'000'000'000;
constexpr char kTarget[] = "192.168.1.20";

PacketBytes Datagram(const std::string& from, const std::string& to, uint16_t from_port,
                     uint16_t to_port, size_t bytes = 100) {
  return PacketBuilder().Ethernet().Ip4(from, to).Udp(from_port, to_port).Payload(bytes).Build();
}
// `sources` senders share `per_second` datagrams that nobody answers.
Traffic Flood(const std::string& target, uint32_t sources, uint32_t per_second, uint32_t seconds,
              uint16_t from_port = 40'000) {
  Traffic traffic;
  for (uint32_t i = 0; i < per_second * seconds; ++i) {
    const uint32_t source = i % sources;
    traffic.At(
        kStartUs + i * 1'000'000ULL / per_second,
        Datagram("198.18." + std::to_string(source / 250) + "." + std::to_string(1 + source % 250),
                 target, from_port, 9'000));
  }
  return traffic;
}
std::vector<Finding> AfterSecond(UdpFlood& detector, uint64_t second, uint64_t unasked,
                                 uint64_t sources, const std::string& target = kTarget) {
  HandMadeView view;
  EndpointInterval& endpoint = view.Endpoint(target);
  endpoint.counters.udp_in = endpoint.counters.udp_unasked_in = unasked;
  for (uint64_t i = 0; i < sources; ++i) endpoint.sources_in.Add(TestHash(i));
  return view.Judge(detector, second);
}

TEST(UdpFlood, OneAlertWithinTwoSeconds) {
  const Told told = Replayed(Flood(kTarget, 200, 2'500, 4));
  const std::vector<AlertEvent> opened = OpenedOf(told, "dos.udp_flood");
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].device_ip, kTarget);
  EXPECT_EQ(opened[0].role, "target");
  EXPECT_EQ(opened[0].severity, "high");
  EXPECT_EQ(opened[0].service, "udp/9000");
  EXPECT_EQ(opened[0].evidence.limit, 2'000);
  EXPECT_GE(opened[0].evidence.measured, 2'490);
  EXPECT_LE(opened[0].last_ms, static_cast<int64_t>(kStartUs / 1'000) + 2'000);
  EXPECT_NEAR(static_cast<double>(opened[0].peer_count), 200, 30);
  EXPECT_EQ(KindsOpenedOf(told, "dos").size(), 1U);
}

// Sources show when their flows begin: the limit for many holds while the flows go on.
TEST(UdpFlood, ManySourcesStayManyWhileTheirFlowsGoOn) {
  UdpFlood detector{UdpFlood::Config{}};
  EXPECT_EQ(AfterSecond(detector, 100, 3'000, 200).size(), 1U);
  EXPECT_EQ(AfterSecond(detector, 101, 3'000, 0).size(), 1U);
}

TEST(UdpFlood, CallsAndGamesAnswer) {
  Traffic traffic;
  for (uint32_t i = 0; i < 6'000; ++i) {
    const std::string peer = "198.18.0." + std::to_string(1 + i % 20);
    traffic.At(kStartUs + i * 400, Datagram(peer, kTarget, 3'478, 50'000));
    traffic.At(kStartUs + i * 400 + 100, Datagram(kTarget, peer, 50'000, 3'478));
  }
  EXPECT_TRUE(KindsOpenedOf(Replayed(traffic), "dos").empty());
}

TEST(UdpFlood, AStreamOfOneSenderSeenInOneDirectionIsQuiet) {
  EXPECT_TRUE(KindsOpenedOf(Replayed(Flood(kTarget, 1, 4'000, 2)), "dos").empty());
  EXPECT_TRUE(KindsOpenedOf(Replayed(Flood(kTarget, 1, 4'000, 2, 443)), "dos").empty())
      << "a download over QUIC";
}

TEST(UdpFlood, PicturesToAGroupAreQuietAndAStormIsNot) {
  UdpFlood stream{UdpFlood::Config{}}, storm{UdpFlood::Config{}};
  EXPECT_TRUE(AfterSecond(stream, 100, 20'000, 3, "239.1.1.1").empty());
  EXPECT_EQ(AfterSecond(storm, 100, 20'000, 200, "239.1.1.1").size(), 1U);
}

TEST(UdpFlood, TheLimitIsExactForManyAndForFew) {
  UdpFlood many{UdpFlood::Config{}}, many_above{UdpFlood::Config{}};
  EXPECT_TRUE(AfterSecond(many, 100, 2'000, 50).empty());
  EXPECT_EQ(AfterSecond(many_above, 100, 2'001, 50).size(), 1U);
  UdpFlood few{UdpFlood::Config{}}, few_above{UdpFlood::Config{}};
  EXPECT_TRUE(AfterSecond(few, 100, 6'000, 1).empty());
  EXPECT_EQ(AfterSecond(few_above, 100, 6'001, 1).size(), 1U);
}

TEST(UdpFlood, ASlowRampTeachesNoMoreThanTheCeiling) {
  UdpFlood detector{UdpFlood::Config{}};
  double rate = 1'000;
  for (uint64_t second = 100; second < 400; ++second, rate *= 1.03) {
    if (!AfterSecond(detector, second, static_cast<uint64_t>(rate), 50).empty()) break;
  }
  EXPECT_LT(rate, 2'000 * 10 * 1.1);
}

TEST(UdpFlood, ACollectorsRateIsLearned) {
  UdpFlood detector{UdpFlood::Config{}};
  for (uint64_t second = 100; second < 160; ++second) {
    EXPECT_TRUE(AfterSecond(detector, second, second % 2 == 0 ? 1'900 : 1'500, 50).empty());
  }
  EXPECT_TRUE(AfterSecond(detector, 160, 2'100, 50).empty()) << "a little more than usual";
  EXPECT_EQ(AfterSecond(detector, 161, 9'000, 50).size(), 1U);
}

}  // namespace
}  // namespace vedette
