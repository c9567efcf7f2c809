// What events are made of besides the life of alerts: ids, flow events, feature names, and that the
// JSON has every field of its schema, in its order.
#include "sensor/event/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dataplane/decode/address_text.h"
#include "sensor/event/flow_event.h"
#include "tests/traffic.h"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

template <typename Event>
std::vector<std::string> NamesOf(const Event& event) {
  std::string text;
  AppendJson(event, text);
  std::vector<std::string> names;
  const nlohmann::ordered_json json = nlohmann::ordered_json::parse(text);
  for (const auto& [name, value] : json.items()) {
    EXPECT_FALSE(value.is_null()) << name;
    names.push_back(name);
  }
  return names;
}

std::vector<std::string> Required(const std::string& type) {
  std::ifstream file(absl::StrCat(SOURCE_ROOT "/conf/events/", type, ".schema.json"));
  return nlohmann::json::parse(file).at("required").get<std::vector<std::string>>();
}

TEST(Events, HaveEveryFieldOfTheirSchemaInItsOrder) {
  EXPECT_EQ(NamesOf(AlertEvent{}), Required("alert"));
  EXPECT_EQ(NamesOf(DeviceEvent{}), Required("device"));
  EXPECT_EQ(NamesOf(FlowEvent{}), Required("flow"));
  EXPECT_EQ(NamesOf(HealthEvent{}), Required("health"));
}

// printf 'a\nb\n' | sha256sum
TEST(IdOf, IsTheFirstHalfOfSha256OverTheLines) {
  EXPECT_EQ(IdOf({"a", "b"}), "911169ddaaf146aff539f58c26c489af");
  EXPECT_NE(IdOf({"a", "bc"}), IdOf({"ab", "c"}));
  EXPECT_NE(IdOf({"a", ""}), IdOf({"a"}));
  EXPECT_THAT(IdOf({}), SizeIs(32));
}

TEST(Seal, NamesTheEventAndItsTime) {
  DeviceEvent device{.sensor = "s", .device = "lab/0/10.0.0.1"};
  device.window_start_ms = 20'000;
  device.window_ms = 10'000;
  Seal(device);
  EXPECT_EQ(device.id, IdOf({"s", "lab/0/10.0.0.1", "20000"}));
  EXPECT_EQ(device.time_ms, 30'000);

  HealthEvent health{.sensor = "s"};
  health.window_start_ms = 20'000;
  health.window_ms = 10'000;
  Seal(health);
  EXPECT_EQ(health.id, IdOf({"s", "0", "20000"}));
  EXPECT_EQ(health.time_ms, 30'000);
}

DeviceIdentity Identify(const EndpointKey& key) {
  return {.device = absl::StrCat("lab/", key.vlan, "/", IpText(key.ip))};
}

// 10.0.0.9:443 is the higher end of the key and began.
FlowRecord Record() {
  FlowRecord record;
  Flow& flow = record.flow;
  flow.key = {.low_ip = IpAddress::V4(10, 0, 0, 1),
              .high_ip = IpAddress::V4(10, 0, 0, 9),
              .low_port = 443,
              .high_port = 50'000,
              .protocol = 6};
  flow.initiator_is_low = false;
  flow.vlan = 7;
  flow.vlan_count = 2;
  flow.vlans = {7, 8};
  flow.tunnel_count = 2;
  flow.tunnels = {Tunnel::kVxlan, Tunnel::kGre};
  flow.direction = Direction::kInternal;
  flow.part = 2;
  flow.first_us = 1'000'000;
  flow.start_us = 5'000'000;
  flow.last_us = 6'500'999;
  flow.packets = {3, 2};
  flow.all_packets = {30, 20};
  flow.bytes = {300, 200};
  flow.tcp_flags = {0x02, 0x12};
  record.end = FlowEnd::kActive;
  record.server_name = {'a', '.', 'b'};
  return record;
}

TEST(FlowEvent, IsToldByTheInitiator) {
  const FlowEvent event = MakeFlowEvent(Record(), {.sensor = "s", .site = "lab"}, Identify);
  EXPECT_EQ(event.src_ip, "10.0.0.9");
  EXPECT_EQ(event.src_port, 50'000);
  EXPECT_EQ(event.dst_ip, "10.0.0.1");
  EXPECT_EQ(event.dst_port, 443);
  EXPECT_EQ(event.device, "lab/7/10.0.0.9");
  EXPECT_EQ(event.peer_device, "lab/7/10.0.0.1");
  EXPECT_EQ(event.protocol, 6);
  EXPECT_EQ(event.vlan, 7);
  EXPECT_THAT(event.vlans, ElementsAre(7, 8));
  EXPECT_EQ(event.tunnel, "vxlan/gre");
  EXPECT_EQ(event.direction, "internal");
  EXPECT_EQ(event.part, 2);
  EXPECT_EQ(event.start_us, 5'000'000);
  EXPECT_EQ(event.end_us, 6'500'999);
  EXPECT_EQ(event.time_ms, 6'500);
  EXPECT_EQ(event.packets_fwd, 3);
  EXPECT_EQ(event.packets_rev, 2);
  EXPECT_EQ(event.bytes_fwd, 300);
  EXPECT_EQ(event.bytes_rev, 200);
  EXPECT_EQ(event.tcp_flags_fwd, 0x02);
  EXPECT_EQ(event.tcp_flags_rev, 0x12);
  EXPECT_EQ(event.end_reason, "active");
  EXPECT_EQ(event.server_name, "a.b");
  EXPECT_FALSE(event.one_way);
  EXPECT_EQ(event.id, IdOf({"s", event.flow_id, "2"}));
}

// Parts of one flow are told apart by `part`, lives of one five-tuple by when they began.
TEST(FlowEvent, FlowIdIsOfTheWholeFlow) {
  const EventIdentity identity{.sensor = "s", .site = "lab"};
  const FlowRecord record = Record();
  FlowRecord next_part = record, next_life = record;
  next_part.flow.part = 3;
  next_part.flow.start_us += 10;
  next_life.flow.first_us += 10;
  const FlowEvent event = MakeFlowEvent(record, identity, Identify);
  EXPECT_EQ(MakeFlowEvent(next_part, identity, Identify).flow_id, event.flow_id);
  EXPECT_NE(MakeFlowEvent(next_part, identity, Identify).id, event.id);
  EXPECT_NE(MakeFlowEvent(next_life, identity, Identify).flow_id, event.flow_id);
}

TEST(FlowEvent, IcmpHasNoPortsAndOneWayIsOfTheWholeFlow) {
  FlowRecord record = Record();
  record.flow.key.protocol = 1;
  record.flow.all_packets = {5, 0};
  record.server_name.fill('x');  // no NUL at the end
  record.end = FlowEnd::kIdle;
  const FlowEvent event = MakeFlowEvent(record, {.sensor = "s", .site = "lab"}, Identify);
  EXPECT_EQ(event.src_port, 0);
  EXPECT_EQ(event.dst_port, 0);
  EXPECT_TRUE(event.one_way);
  EXPECT_EQ(event.end_reason, "idle");
  EXPECT_THAT(event.server_name, SizeIs(64));
}

// Through the whole line: who began, by handshake, else home side, else earlier.
TEST(FlowEvent, TheInitiatorIsWhoBegan) {
  const auto tcp = [](const char* from, uint16_t port, const char* to, uint16_t to_port,
                      uint8_t flags) {
    return PacketBuilder().Ethernet().Ip4(from, to).Tcp(port, to_port, flags).Build();
  };
  Traffic traffic;
  // The SYN-ACK of a handshake whose SYN was lost.
  traffic.At(1'000'000, tcp("10.0.0.1", 80, "10.0.0.2", 5'000, kTcpSyn | kTcpAck));
  // In mid-stream: the home side, though the other is seen first.
  traffic.At(1'000'100, tcp("192.0.2.1", 443, "10.0.0.3", 6'000, kTcpAck));
  traffic.At(1'000'200, tcp("10.0.0.3", 6'000, "192.0.2.1", 443, kTcpAck));
  // In mid-stream, both home: the earlier.
  traffic.At(1'000'300, tcp("10.0.0.5", 7'000, "10.0.0.4", 443, kTcpAck));
  // A SYN from outside.
  traffic.At(1'000'400, tcp("192.0.2.9", 8'000, "10.0.0.6", 22, kTcpSyn));
  std::vector<std::string> flows;
  for (const FlowEvent& flow : Replayed(traffic).flows) {
    flows.push_back(absl::StrCat(flow.src_ip, ">", flow.dst_ip, " ", flow.direction,
                                 flow.one_way ? " one way" : ""));
  }
  EXPECT_THAT(flows, testing::UnorderedElementsAre("10.0.0.2>10.0.0.1 internal one way",
                                                   "10.0.0.3>192.0.2.1 outbound",
                                                   "10.0.0.5>10.0.0.4 internal one way",
                                                   "192.0.2.9>10.0.0.6 inbound one way"));
}

// Health of a replay: windows of ten seconds that hold every packet once.
TEST(HealthEvent, WindowsCoverTheCaptureAndAddUp) {
  Traffic traffic;
  constexpr int kPackets = 500;
  for (int i = 0; i < kPackets; ++i) {
    PacketBuilder builder;
    builder.Ethernet().Ip4("10.0.0.1", "192.0.2.1").Udp(5'000, static_cast<uint16_t>(i + 1));
    if (i % 5 == 0) builder.Set16(4, 3);  // a UDP length below 8
    traffic.At(100'000'000 + i * 97'000, builder.Build());
  }
  const Told told = Replayed(traffic);
  ASSERT_THAT(told.healths, SizeIs(5));
  int64_t received = 0, malformed = 0, last_ms = 0;
  for (const HealthEvent& health : told.healths) {
    int64_t decoded = 0, dropped = 0;
    for (const auto& [name, count] : health.decoded) decoded += count;
    for (const auto& [name, count] : health.dropped) dropped += count;
    EXPECT_EQ(health.packets_received, health.packets_processed + dropped);
    EXPECT_EQ(health.packets_processed, decoded);
    EXPECT_EQ(health.window_start_ms % 10'000, 0);
    EXPECT_GT(health.window_start_ms, last_ms);
    EXPECT_EQ(health.home_share, 1);
    EXPECT_GE(health.queue_skew, 1);
    EXPECT_EQ(health.clock_source, "capture");
    EXPECT_EQ(health.clock_offset_us, 0);
    for (const auto& [name, count] : health.irregularities) {
      EXPECT_THAT(name, testing::Not(testing::StartsWith("capture.")));
      malformed += name == "udp.bad_length" ? count : 0;
    }
    received += health.packets_received;
    last_ms = health.window_start_ms;
  }
  EXPECT_EQ(received, kPackets);
  EXPECT_EQ(malformed, kPackets / 5);
}

}  // namespace
}  // namespace vedette
