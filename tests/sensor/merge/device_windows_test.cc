#include "sensor/merge/device_windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "dataplane/decode/address_text.h"
#include "detectors/feature_vector.h"
#include "tests/sensor/merge/random_windows.h"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Addresses that differ in the last bit are one device.
DeviceIdentity Identify(const EndpointKey& key) {
  DeviceIdentity identity{.ip = IpText(key.ip), .vlan = key.vlan, .home = true};
  identity.device = absl::StrCat("lab/", key.vlan, "/", key.ip.bytes[15] / 2);
  return identity;
}

// What a device did in a window, counted the plain way.
struct Plain {
  int64_t packets_out = 0, packets_in = 0, bytes_out = 0, tcp = 0, udp = 0;
  std::set<IpAddress> peers, destinations;
  std::map<IpAddress, std::pair<int64_t, int64_t>> egress;
  std::map<std::string, int64_t> errors;
  std::set<uint64_t> seconds;
  std::pair<uint64_t, EndpointKey> last;
};
using PlainWindow = std::map<std::string, Plain>;

void Count(const Observation& o, PlainWindow& window) {
  if (o.endpoint.ip.bytes[12] != 10) return;
  Plain& plain = window[Identify(o.endpoint).device];
  ++plain.packets_out;
  plain.packets_in += o.dice % 3;
  plain.bytes_out += static_cast<int64_t>(o.bytes);
  ++(o.dice % 2 == 0 ? plain.tcp : plain.udp);
  plain.peers.insert(o.peer);
  if (o.dice % 2 == 0) plain.destinations.insert(o.peer);
  plain.egress[o.peer].first += static_cast<int64_t>(o.bytes);
  ++plain.egress[o.peer].second;
  if (o.irregularity != DecodeStatus::kOk) {
    ++plain.errors[std::string(Describe(o.irregularity).wire_name)];
  }
  plain.seconds.insert(o.at_us / 1'000'000);
  plain.last = std::max(plain.last, {o.at_us, o.endpoint});
}

void ExpectSame(const DeviceEvent& event, const Plain& plain) {
  SCOPED_TRACE(event.device);
  EXPECT_EQ(event.device_ip, IpText(plain.last.second.ip));
  EXPECT_EQ(event.packets_out, plain.packets_out);
  EXPECT_EQ(event.packets_in, plain.packets_in);
  EXPECT_EQ(event.bytes_out, plain.bytes_out);
  EXPECT_EQ(event.tcp_packets, plain.tcp);
  EXPECT_EQ(event.udp_packets, plain.udp);
  EXPECT_EQ(event.peers_estimate, static_cast<int64_t>(plain.peers.size()));
  EXPECT_EQ(event.destinations_estimate, static_cast<int64_t>(plain.destinations.size()));
  EXPECT_EQ(event.errors, plain.errors);
  EXPECT_EQ(event.one_way, plain.packets_in == 0 || plain.packets_out == 0);
  ThetaSet peers;
  for (const IpAddress& ip : plain.peers) peers.Add(ThetaHashOf(ip));
  EXPECT_EQ(event.peers_sketch, peers.ToHex());
  ASSERT_THAT(event.features, SizeIs(kFeatureCount));
  EXPECT_DOUBLE_EQ(event.features[0], static_cast<double>(plain.packets_out) / 10);
  EXPECT_DOUBLE_EQ(event.features[22], static_cast<double>(plain.seconds.size()) / 10);

  std::vector<std::tuple<int64_t, IpAddress, int64_t>> top;
  for (const auto& [ip, traffic] : plain.egress)
    top.emplace_back(-traffic.first, ip, traffic.second);
  std::sort(top.begin(), top.end());
  ASSERT_EQ(event.egress_top.size(), std::min<size_t>(10, top.size()));
  for (size_t i = 0; i < event.egress_top.size(); ++i) {
    EXPECT_EQ(event.egress_top[i].ip, IpText(std::get<1>(top[i])));
    EXPECT_EQ(event.egress_top[i].bytes, -std::get<0>(top[i]));
    EXPECT_EQ(event.egress_top[i].packets, std::get<2>(top[i]));
  }
}

TEST(DeviceWindows, AgreeWithAPlainCount) {
  for (uint32_t seed = 0; seed < 5; ++seed) {
    std::mt19937 random(seed);
    const HomeNetworks home = HomeNetworks::Default();
    IntervalMerger merger(home, {});
    DeviceWindows windows({});
    std::map<int64_t, PlainWindow> plain;
    std::vector<DeviceEvent> events;
    // With idle seconds, and whole idle windows.
    for (uint64_t second = 107; second < 180; second += 1 + (random() % 5) * (random() % 5)) {
      const auto observations = RandomObservations(random, second, 1 + random() % 300);
      const ShardWindows shards = DealtOut(observations, 4, [&](size_t) { return random() % 4; });
      for (const Observation& o : observations) {
        Count(o, plain[static_cast<int64_t>(second / 10 * 10'000)]);
      }
      const IntervalView& view = merger.Merge(second, PointersTo(shards));
      windows.Observe(view, merger.rows(), Identify, events);
    }
    windows.Finish(Identify, events);
    size_t expected = 0;
    for (const auto& [start_ms, devices] : plain) expected += devices.size();
    ASSERT_EQ(events.size(), expected) << "seed " << seed;
    for (const DeviceEvent& event : events) {
      EXPECT_EQ(event.window_ms, 10'000);
      ASSERT_TRUE(plain[event.window_start_ms].contains(event.device)) << event.device;
      ExpectSame(event, plain[event.window_start_ms][event.device]);
    }
    EXPECT_EQ(windows.refused(), 0U);
  }
}

// Single seconds by hand.
class Seconds {
 public:
  explicit Seconds(DeviceWindows::Limits limits) : windows_(limits) {}

  void At(uint64_t second, std::vector<EndpointInterval> endpoints,
          std::vector<EgressPair> egress = {}) {
    IntervalView view;
    view.begin_us = second * 1'000'000;
    view.end_us = view.begin_us + 1'000'000;
    view.endpoints = endpoints;
    view.egress = egress;
    windows_.Observe(view, {}, identify, events);
  }
  void Finish() { windows_.Finish(identify, events); }
  uint64_t refused() const { return windows_.refused(); }

  IdentityOf identify = Identify;
  std::vector<DeviceEvent> events;

 private:
  DeviceWindows windows_;
};

EndpointInterval Endpoint(uint16_t number, uint64_t sent, uint64_t received, bool home = true) {
  EndpointInterval endpoint;
  endpoint.key.ip = IpAddress::V4(10, 0, static_cast<uint8_t>(number / 128),
                                  static_cast<uint8_t>(2 * (number % 128)));
  endpoint.key.vlan = static_cast<uint16_t>(number / 128);
  endpoint.home = home;
  endpoint.counters.packets_out = sent;
  endpoint.counters.packets_in = received;
  endpoint.last_us = sent;
  return endpoint;
}

TEST(DeviceWindows, AreAlignedAndEndWhenTimeHasPassedThem) {
  Seconds seconds({.window_us = 10'000'000});
  seconds.At(17, {Endpoint(1, 1, 1)});
  seconds.At(19, {Endpoint(1, 1, 1)});
  EXPECT_THAT(seconds.events, IsEmpty());
  seconds.At(20, {Endpoint(1, 1, 1)});
  ASSERT_THAT(seconds.events, SizeIs(1));
  EXPECT_EQ(seconds.events[0].window_start_ms, 10'000);
  EXPECT_EQ(seconds.events[0].packets_out, 2);
  seconds.At(7'205, {Endpoint(1, 1, 1)});  // two idle hours are no windows
  ASSERT_THAT(seconds.events, SizeIs(2));
  seconds.Finish();
  ASSERT_THAT(seconds.events, SizeIs(3));
  EXPECT_EQ(seconds.events[2].window_start_ms, 7'200'000);
  seconds.Finish();
  EXPECT_THAT(seconds.events, SizeIs(3));
}

TEST(DeviceWindows, TellOfHomeAlone) {
  Seconds seconds({});
  seconds.At(1, {Endpoint(1, 1, 1), Endpoint(2, 1, 1, /*home=*/false)});
  seconds.Finish();
  EXPECT_THAT(seconds.events, SizeIs(1));
}

TEST(DeviceWindows, OneWayIsSaid) {
  Seconds seconds({});
  seconds.At(1, {Endpoint(1, 5, 0), Endpoint(2, 0, 5), Endpoint(3, 5, 5)});
  seconds.Finish();
  ASSERT_THAT(seconds.events, SizeIs(3));
  EXPECT_TRUE(seconds.events[0].one_way);
  EXPECT_TRUE(seconds.events[1].one_way);
  EXPECT_FALSE(seconds.events[2].one_way);
}

// The name a device has at the window's end holds for all of it.
TEST(DeviceWindows, DevicesAreToldApartAtTheEnd) {
  Seconds seconds({});
  EndpointInterval four = Endpoint(1, 7, 1);
  EndpointInterval mac;  // a frame without an address, later
  mac.key = EndpointKey::OfMac({{0, 1, 2, 3, 4, 5}}, 0);
  mac.home = true;
  mac.last_us = 9;
  mac.counters.packets_out = 2;
  seconds.At(1, {four, mac});
  seconds.identify = [](const EndpointKey& key) {
    return DeviceIdentity{.device = "lab/0/00:01:02:03:04:05",
                          .ip = key.is_mac ? "" : IpText(key.ip),
                          .mac = "00:01:02:03:04:05"};
  };
  seconds.Finish();
  ASSERT_THAT(seconds.events, SizeIs(1));
  EXPECT_EQ(seconds.events[0].packets_out, 9);
  EXPECT_EQ(seconds.events[0].device_ip, "10.0.0.2");
  EXPECT_EQ(seconds.events[0].device_mac, "00:01:02:03:04:05");
  EXPECT_DOUBLE_EQ(seconds.events[0].features[22], 0.1);  // both in one second
}

// A sweep over silent addresses leaves room for those that speak.
TEST(DeviceWindows, AreBoundedAndKeepAPlaceForWhoSends) {
  Seconds seconds({.devices_max = 100});
  std::vector<EndpointInterval> swept;
  for (uint16_t i = 0; i < 128; ++i) swept.push_back(Endpoint(i, 0, 1));
  seconds.At(1, swept);
  EXPECT_EQ(seconds.refused(), 128U - 75);
  std::vector<EndpointInterval> senders;
  for (uint16_t i = 200; i < 228; ++i) senders.push_back(Endpoint(i, 1, 1));
  seconds.At(2, senders);
  EXPECT_EQ(seconds.refused(), 128U - 75 + 3);
  seconds.Finish();
  EXPECT_THAT(seconds.events, SizeIs(100));
}

// Who gets the data stays known, however many others got a packet.
TEST(DeviceWindows, HeavyDestinationsOutlastManyLightOnes) {
  Seconds seconds({.destinations_max = 64});
  const EndpointKey device = Endpoint(1, 1, 1).key;
  const auto to = [&](uint8_t a, uint8_t b, uint64_t bytes, uint64_t error_bytes = 0) {
    return EgressPair{.device = device,
                      .destination = IpAddress::V4(192, 0, a, b),
                      .bytes = bytes,
                      .packets = 1,
                      .error_bytes = error_bytes};
  };
  for (uint8_t second = 0; second < 9; ++second) {
    std::vector<EgressPair> egress;
    for (uint8_t i = 0; i < 200; ++i) egress.push_back(to(second, i, 60));
    egress.push_back(to(250, 1, 1'000));
    egress.push_back(to(250, 2, 60'900, 60'000));  // it took another's place: 900 are its own
    seconds.At(second, {Endpoint(1, 1, 1)}, egress);
  }
  seconds.Finish();
  ASSERT_THAT(seconds.events, SizeIs(1));
  const std::vector<EgressTop>& top = seconds.events[0].egress_top;
  ASSERT_THAT(top, SizeIs(10));
  EXPECT_EQ(top[0].ip, "192.0.250.1");
  EXPECT_EQ(top[0].bytes, 9'000);
  EXPECT_EQ(top[0].packets, 9);
  EXPECT_EQ(top[1].ip, "192.0.250.2");
  EXPECT_EQ(top[1].bytes, 8'100);
}

TEST(DeviceWindows, EqualDestinationsAreInOrderOfAddress) {
  Seconds seconds({});
  const EndpointKey device = Endpoint(1, 1, 1).key;
  std::vector<EgressPair> egress;
  for (const uint8_t last : std::initializer_list<uint8_t>{9, 10, 100}) {
    egress.push_back({.device = device,
                      .destination = IpAddress::V4(192, 0, 2, last),
                      .bytes = 50,
                      .packets = 1});
  }
  seconds.At(1, {Endpoint(1, 1, 1)}, egress);
  seconds.Finish();
  std::vector<std::string> ips;
  for (const EgressTop& top : seconds.events.at(0).egress_top) ips.push_back(top.ip);
  EXPECT_THAT(ips, ElementsAre("192.0.2.9", "192.0.2.10", "192.0.2.100"));
}

}  // namespace
}  // namespace vedette
