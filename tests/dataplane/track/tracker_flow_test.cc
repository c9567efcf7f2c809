// Flows through the tracker: who began, what became of it, when and why it ended, and that every
// packet is charged to one flow and two endpoints. Breaks if a direction opens a flow of its own,
// an end is late, early or unnamed, or a flood pushes real flows out.
#include <gtest/gtest.h>

#include "tests/dataplane/track/tracked.h"

namespace vedette {
namespace {

constexpr uint64_t kSecond = 1'000'000;
constexpr uint64_t kStart = 1'700'000'000 * kSecond;
constexpr const char* kClient = "10.0.0.1";
constexpr const char* kServer = "198.51.100.7";
constexpr const char* kNeighbour = "10.0.0.9";

// Distinct IP ids: none of these is a mirror's copy of another.
PacketBuilder Segment(bool from_client, uint8_t flags, size_t bytes = 0,
                      uint16_t client_port = 4000, const char* server = kServer) {
  static uint16_t ip_id = 0;
  PacketBuilder builder;
  builder.Ethernet()
      .Ip4(from_client ? kClient : server, from_client ? server : kClient)
      .IpId(++ip_id)
      .Tcp(from_client ? client_port : uint16_t{443}, from_client ? uint16_t{443} : client_port,
           flags);
  if (bytes != 0) builder.Payload(bytes);
  return builder;
}
PacketBuilder Datagram(const char* source, const char* target, uint16_t source_port = 5000,
                       uint16_t target_port = 6000, size_t bytes = 10) {
  static uint16_t ip_id = 0;
  return PacketBuilder()
      .Ethernet()
      .Ip4(source, target)
      .IpId(++ip_id)
      .Udp(source_port, target_port)
      .Payload(bytes);
}

void Handshake(Tracked& tracked, uint64_t at_us, uint16_t client_port = 4000) {
  tracked.Send(at_us, Segment(true, kTcpSyn, 0, client_port));
  tracked.Send(at_us + 10, Segment(false, kTcpSyn | kTcpAck, 0, client_port));
  tracked.Send(at_us + 20, Segment(true, kTcpAck, 0, client_port));
}

TEST(TrackerFlowTest, ConnectionFromHandshakeToFin) {
  Tracked tracked;
  Handshake(tracked, kStart);
  EXPECT_EQ(tracked.last.flow->state, FlowState::kEstablished);
  tracked.Send(kStart + 30, Segment(true, kTcpAck | kTcpPsh, 100));
  tracked.Send(kStart + 40, Segment(false, kTcpAck | kTcpPsh, 1'000));
  tracked.Send(kStart + 50, Segment(true, kTcpAck | kTcpFin));
  tracked.Send(kStart + 60, Segment(false, kTcpAck | kTcpFin));
  EXPECT_EQ(tracked.last.flow->state, FlowState::kClosed);
  tracked.Send(kStart + 70, Segment(true, kTcpAck));
  EXPECT_EQ(tracked.flows(), 1U);
  EXPECT_TRUE(tracked.ended.empty()) << "late segments still belong to it";
  tracked.Mark(kStart / kSecond + 6);
  ASSERT_EQ(tracked.Ends(), std::vector{FlowEnd::kEnd});
  const Flow& flow = tracked.ended[0].flow;
  EXPECT_EQ(flow.initiator_ip(), Ip(kClient));
  EXPECT_EQ(flow.responder_port(), 443);
  EXPECT_EQ(flow.direction, Direction::kOutbound);
  EXPECT_EQ(flow.outcome, FlowOutcome::kAccepted);
  EXPECT_EQ(flow.packets, (std::array<uint64_t, 2>{5, 3}));
  EXPECT_EQ(flow.bytes, (std::array<uint64_t, 2>{5 * 40 + 100, 3 * 40 + 1'000}));
  EXPECT_EQ(flow.tcp_flags[0], kTcpSyn | kTcpAck | kTcpPsh | kTcpFin);
  EXPECT_EQ(flow.start_us, kStart);
  EXPECT_EQ(flow.last_us, kStart + 70);
  const EndpointCounters& client = tracked.Row(kClient)->counters;
  const EndpointCounters& server = tracked.Row(kServer)->counters;
  EXPECT_EQ(client.flows_opened, 1U);
  EXPECT_EQ(client.flows_accepted, 1U);
  EXPECT_EQ(server.flows_received, 1U);
  EXPECT_EQ(server.syn_flows_in, 1U);
  EXPECT_EQ(server.handshakes_in, 1U);
  EXPECT_EQ(client.egress_bytes, 5U * 40 + 100);
  EXPECT_EQ(client.ingress_bytes, 3U * 40 + 1'000);
  EXPECT_EQ(client.syn_out, 1U);
  EXPECT_EQ(client.syn_ack_in, 1U);
  EXPECT_EQ(server.fin_in, 1U);
}

TEST(TrackerFlowTest, RefusedByReset) {
  Tracked tracked;
  tracked.Send(kStart, Segment(true, kTcpSyn));
  tracked.Send(kStart + 10, Segment(false, kTcpRst | kTcpAck));
  EXPECT_EQ(tracked.last.flow->state, FlowState::kReset);
  EXPECT_EQ(tracked.last.flow->outcome, FlowOutcome::kRefused);
  EXPECT_EQ(tracked.Row(kClient)->counters.flows_refused, 1U);
  EXPECT_EQ(tracked.Row(kServer)->counters.flows_refused_in, 1U);
  EXPECT_EQ(tracked.AttemptOf(kClient, kServer)->refused, 1U);
}

TEST(TrackerFlowTest, ResetByItsOwnSenderIsNoRefusal) {
  Tracked tracked;
  tracked.Send(kStart, Segment(true, kTcpSyn));
  tracked.Send(kStart + 10, Segment(true, kTcpRst));
  EXPECT_EQ(tracked.last.flow->state, FlowState::kReset);
  EXPECT_EQ(tracked.Row(kClient)->counters.flows_refused, 0U);
}

TEST(TrackerFlowTest, ResetOfAnOpenConnectionEndsIt) {
  Tracked tracked;
  Handshake(tracked, kStart);
  tracked.Send(kStart + kSecond, Segment(false, kTcpRst | kTcpAck));
  EXPECT_EQ(tracked.last.flow->outcome, FlowOutcome::kAccepted);
  tracked.Mark(kStart / kSecond + 7);
  EXPECT_EQ(tracked.Ends(), std::vector{FlowEnd::kEnd});
}

// RFC 9293, figure 8: both sides send a SYN, then a SYN-ACK.
TEST(TrackerFlowTest, SimultaneousOpenIsOneFlow) {
  Tracked tracked;
  tracked.Send(kStart, Segment(true, kTcpSyn));
  tracked.Send(kStart + 10, Segment(false, kTcpSyn));
  tracked.Send(kStart + 20, Segment(true, kTcpSyn | kTcpAck));
  tracked.Send(kStart + 30, Segment(false, kTcpSyn | kTcpAck));
  tracked.Send(kStart + 40, Segment(true, kTcpAck | kTcpPsh, 10));
  EXPECT_EQ(tracked.counters.flows_opened, 1U);
  EXPECT_EQ(tracked.last.flow->state, FlowState::kEstablished);
  EXPECT_EQ(tracked.last.flow->initiator_ip(), Ip(kClient));
  EXPECT_EQ(tracked.Row(kClient)->counters.flows_accepted, 1U);
  EXPECT_EQ(tracked.Row(kServer)->counters.handshakes_in, 1U);
}

// The capture began in the middle: the home side counts as the beginner, and nobody's attempt.
TEST(TrackerFlowTest, MidstreamBelongsToTheHomeSide) {
  Tracked tracked;
  tracked.Send(kStart, Segment(false, kTcpAck | kTcpPsh, 500));
  EXPECT_EQ(tracked.last.flow->state, FlowState::kMidstream);
  EXPECT_EQ(tracked.last.flow->initiator_ip(), Ip(kClient));
  tracked.Send(kStart + 10, Segment(true, kTcpAck));
  EXPECT_EQ(tracked.last.flow->outcome, FlowOutcome::kAccepted);
  EXPECT_EQ(tracked.Row(kClient)->counters.flows_opened, 0U);
  EXPECT_EQ(tracked.counters.flows_opened, 1U);
}

TEST(TrackerFlowTest, CaptureBeginsWithTheSynAck) {
  Tracked tracked;
  tracked.Send(kStart, Segment(false, kTcpSyn | kTcpAck));
  EXPECT_EQ(tracked.last.flow->initiator_ip(), Ip(kClient));
  EXPECT_EQ(tracked.last.flow->state, FlowState::kSynAck);
  tracked.Send(kStart + 10, Segment(true, kTcpAck));
  EXPECT_EQ(tracked.last.flow->state, FlowState::kEstablished);
}

// One direction only: an initiator that acknowledges has seen the answer for us.
TEST(TrackerFlowTest, OneDirectionOnlyIsStillAccepted) {
  Tracked tracked;
  tracked.Send(kStart, Segment(true, kTcpSyn));
  tracked.Send(kStart + 20, Segment(true, kTcpAck));
  EXPECT_EQ(tracked.last.flow->state, FlowState::kEstablished);
  EXPECT_EQ(tracked.Row(kClient)->counters.flows_accepted, 1U);
  EXPECT_TRUE(tracked.last.flow->one_way());
}

TEST(TrackerFlowTest, FinFirstThenClosedThenAnewOnTheSamePorts) {
  Tracked tracked;
  tracked.Send(kStart, Segment(true, kTcpFin | kTcpAck));
  EXPECT_EQ(tracked.last.flow->state, FlowState::kMidstream);
  tracked.Send(kStart + 10, Segment(false, kTcpFin | kTcpAck));
  EXPECT_EQ(tracked.last.flow->state, FlowState::kClosed);
  tracked.Send(kStart + 20, Segment(true, kTcpAck));
  EXPECT_FALSE(tracked.last.new_flow);
  Handshake(tracked, kStart + 30);
  ASSERT_EQ(tracked.Ends(), std::vector{FlowEnd::kEnd});
  EXPECT_EQ(tracked.ended[0].flow.all_packets[0] + tracked.ended[0].flow.all_packets[1], 3U);
  EXPECT_EQ(tracked.flows(), 1U);
  EXPECT_EQ(tracked.last.flow->state, FlowState::kEstablished);
  EXPECT_EQ(tracked.last.flow->all_packets, (std::array<uint64_t, 2>{2, 1}));
}

// A repeated SYN does not begin anew; a SYN of the other side after the end does, as its own.
TEST(TrackerFlowTest, PortReuseInEitherDirection) {
  Tracked tracked;
  tracked.Send(kStart, Segment(true, kTcpSyn));
  tracked.Send(kStart + 3 * kSecond, Segment(true, kTcpSyn));
  EXPECT_EQ(tracked.counters.flows_opened, 1U);
  tracked.Send(kStart + 3 * kSecond + 10, Segment(false, kTcpRst | kTcpAck));
  tracked.Send(kStart + 4 * kSecond, Segment(false, kTcpSyn));
  EXPECT_EQ(tracked.counters.flows_opened, 2U);
  EXPECT_EQ(tracked.last.flow->initiator_ip(), Ip(kServer));
  EXPECT_EQ(tracked.last.flow->direction, Direction::kInbound);
}

TEST(TrackerFlowTest, TagOnOneDirectionDoesNotSplit) {
  Tracked tracked;
  const auto tagged = PacketBuilder().Ethernet().Vlan(7).Ip4(kClient, kNeighbour).Udp(53000, 53);
  const auto plain = PacketBuilder().Ethernet().Ip4(kNeighbour, kClient).Udp(53, 53000).Payload(9);
  tracked.Send(kStart, tagged);
  tracked.Send(kStart + 10, plain);
  EXPECT_EQ(tracked.counters.flows_opened, 1U);
  EXPECT_EQ(tracked.last.flow->vlan, 7);
  EXPECT_EQ(tracked.Row(kClient, 7)->counters.packets_in, 1U);
  EXPECT_EQ(tracked.Row(kClient, 0), nullptr);
  Tracked reversed;  // the untagged direction first
  reversed.Send(kStart, plain);
  reversed.Send(kStart + 10, tagged);
  EXPECT_EQ(reversed.counters.flows_opened, 1U);
  EXPECT_EQ(reversed.last.flow->vlan, 7);
}

TEST(TrackerFlowTest, EchoAndReplyAreOneFlow) {
  Tracked tracked;
  for (const bool v6 : {false, true}) {
    const auto ping = [&](bool request) {
      PacketBuilder builder;
      builder.Ethernet();
      if (v6) {
        builder.Ip6(request ? "fd00::1" : "fd00::2", request ? "fd00::2" : "fd00::1")
            .Icmp6(request ? 128 : 129, 0, 1, 1);
      } else {
        builder.Ip4(request ? kClient : kNeighbour, request ? kNeighbour : kClient)
            .Icmp(request ? 8 : 0, 0, 1, 1);
      }
      return builder.Payload(32);
    };
    tracked.Send(kStart, ping(true));
    EXPECT_TRUE(tracked.last.new_flow);
    tracked.Send(kStart + 10, ping(false));
    EXPECT_FALSE(tracked.last.new_flow) << (v6 ? "v6" : "v4");
    EXPECT_EQ(tracked.last.flow->outcome, FlowOutcome::kAccepted);
  }
  EXPECT_EQ(tracked.Row(kNeighbour)->counters.icmp_echo_in, 1U);
  EXPECT_EQ(tracked.Row(kNeighbour)->counters.icmp_echo_out, 0U);
}

TEST(TrackerFlowTest, UnreachableRefusesWhatItQuotes) {
  Tracked tracked;
  const PacketBytes asked = Datagram(kClient, kNeighbour).Build();
  tracked.Send(kStart, asked);
  std::vector<uint8_t> quote(asked.size() - 14);
  std::memcpy(quote.data(), asked.data() + 14, quote.size());
  tracked.Send(kStart + 10,
               PacketBuilder().Ethernet().Ip4(kNeighbour, kClient).Icmp(3, 3).Raw(quote));
  EXPECT_EQ(tracked.Row(kClient)->counters.flows_refused, 1U);
  EXPECT_EQ(tracked.Row(kNeighbour)->counters.flows_refused_in, 1U);
  EXPECT_EQ(tracked.AttemptOf(kClient, kNeighbour)->refused, 1U);
  // Who was not the quoted sender is refused nothing, whatever the quote says.
  tracked.Send(kStart + 20,
               PacketBuilder().Ethernet().Ip4(kNeighbour, "10.0.0.3").Icmp(3, 3).Raw(quote));
  EXPECT_EQ(tracked.Row("10.0.0.3")->counters.flows_refused, 0U);
}

TEST(TrackerFlowTest, LaterFragmentsAreChargedWithoutAFlow) {
  Tracked tracked;
  const auto fragment = [](uint16_t begin, bool more) {
    return PacketBuilder().Ethernet().Ip4(kClient, kServer).Fragment(9, begin, more).Protocol(17);
  };
  tracked.Send(kStart, fragment(0, true).Udp(5000, 53).Payload(1'400));
  EXPECT_NE(tracked.last.flow, nullptr);
  tracked.Send(kStart + 10, fragment(1'408, false).Payload(600));
  EXPECT_EQ(tracked.last.flow, nullptr);
  EXPECT_EQ(tracked.counters.flows_opened, 1U);
  EXPECT_EQ(tracked.counters.flow_packets, 1U);
  const EndpointCounters& server = tracked.Row(kServer)->counters;
  EXPECT_EQ(server.fragments_in, 2U);
  EXPECT_EQ(server.packets_in, 2U);
  EXPECT_EQ(server.bytes_in, 20U + 8 + 1'400 + 20 + 600);
}

// A flow's end follows from its own time stamps: the first whole second at or after its deadline.
TEST(TrackerFlowTest, IdleEndIsNeitherEarlyNorLate) {
  const uint64_t start = kStart / kSecond;
  Tracked tracked;
  tracked.Mark(start - 1);
  tracked.Send(kStart + 500'000, Datagram(kClient, kNeighbour, 1, 2));  // deadline 60.5 s
  tracked.Send(kStart + 600'000, Segment(true, kTcpSyn));               // half open: 30.6 s
  Handshake(tracked, kStart + 700'000, 4001);                           // 300.7 s
  const auto ended_at = [&](uint64_t second) {
    tracked.Mark(start + second);
    return tracked.ended.size();
  };
  EXPECT_EQ(ended_at(30), 0U);
  EXPECT_EQ(ended_at(31), 1U);
  EXPECT_EQ(ended_at(60), 1U);
  EXPECT_EQ(ended_at(61), 2U);
  EXPECT_EQ(ended_at(300), 2U);
  EXPECT_EQ(ended_at(301), 3U);
  for (const FlowEnd end : tracked.Ends()) EXPECT_EQ(end, FlowEnd::kIdle);
  EXPECT_EQ(tracked.ended[0].flow.outcome, FlowOutcome::kUnanswered);
  EXPECT_EQ(tracked.ended[2].flow.outcome, FlowOutcome::kAccepted);
  EXPECT_EQ(tracked.Row(kClient)->counters.flows_unanswered, 2U);
}

// An idle hour found in one step ends the same flows as 3,600 marks do.
TEST(TrackerFlowTest, EndsDoNotDependOnHowOftenOneLooks) {
  Tracked often, once;
  for (Tracked* tracked : {&often, &once}) {
    for (uint16_t i = 0; i < 200; ++i) {
      tracked->Send(kStart + i * 700'000U, Datagram(kClient, kServer, static_cast<uint16_t>(i), 9));
      if (i % 3 == 0) {
        tracked->Send(kStart + i * 700'000U,
                      Datagram(kServer, kClient, 9, static_cast<uint16_t>(i)));
      }
    }
  }
  for (uint64_t second = 140; second < 3'740; ++second) often.Mark(kStart / kSecond + second);
  once.Mark(kStart / kSecond + 3'740);
  ASSERT_EQ(often.ended.size(), 200U);
  ASSERT_EQ(once.ended.size(), 200U);
  const auto by_port = [](const Tracked::Ended& a, const Tracked::Ended& b) {
    return a.flow.key < b.flow.key;
  };
  std::sort(often.ended.begin(), often.ended.end(), by_port);
  std::sort(once.ended.begin(), once.ended.end(), by_port);
  for (size_t i = 0; i < 200; ++i) {
    EXPECT_EQ(often.ended[i].flow.key, once.ended[i].flow.key);
    EXPECT_EQ(often.ended[i].end, once.ended[i].end);
    EXPECT_EQ(often.ended[i].flow.last_us, once.ended[i].flow.last_us);
    EXPECT_EQ(often.ended[i].flow.outcome, once.ended[i].flow.outcome);
  }
}

// A long flow is told of in parts that add up to it.
TEST(TrackerFlowTest, LongFlowComesInParts) {
  Tracked tracked;
  uint64_t sent = 0;
  for (uint64_t second = 0; second < 4'000; second += 20) {
    tracked.Mark(kStart / kSecond + second);
    tracked.Send(kStart + second * kSecond, second % 40 == 0
                                                ? Datagram(kClient, kServer)
                                                : Datagram(kServer, kClient, 6000, 5000));
    ++sent;
  }
  tracked.EndAll();
  EXPECT_EQ(tracked.Ends(), (std::vector{FlowEnd::kActive, FlowEnd::kActive, FlowEnd::kForced}));
  uint64_t packets = 0;
  for (size_t i = 0; i < tracked.ended.size(); ++i) {
    const Flow& part = tracked.ended[i].flow;
    EXPECT_EQ(part.part, i);
    EXPECT_EQ(part.first_us, kStart);
    EXPECT_LE(part.last_us - part.start_us, 1'800 * kSecond);
    packets += part.packets[0] + part.packets[1];
  }
  EXPECT_EQ(packets, sent);
  EXPECT_EQ(tracked.ended.back().flow.all_packets[0] + tracked.ended.back().flow.all_packets[1],
            sent);
  EXPECT_EQ(tracked.counters.flows_opened, 1U);
  EXPECT_EQ(tracked.counters.flows_ended, 1U);
  EXPECT_EQ(tracked.counters.flow_bytes.total(), 1U);
}

TEST(TrackerFlowTest, EveryFlowEndsOnceWithAReason) {
  Tracked tracked({.flows = 64});
  std::map<FlowEnd, uint64_t> ends;
  for (uint16_t i = 0; i < 1'000; ++i) {
    const uint64_t at_us = kStart + i * 200'000U;
    tracked.Mark(at_us / kSecond);
    if (i % 5 == 0) {
      Handshake(tracked, at_us, i);
      tracked.Send(at_us + 30, Segment(false, kTcpRst, 0, i));
    } else {
      tracked.Send(at_us, Datagram(kClient, kServer, i, 9));
    }
    ASSERT_LE(tracked.flows(), 64U);
  }
  tracked.Mark(kStart / kSecond + 200 + 10);
  tracked.EndAll();
  for (const FlowEnd end : tracked.Ends()) ++ends[end];
  EXPECT_EQ(tracked.counters.flows_opened, 1'000U);
  EXPECT_EQ(tracked.counters.flows_ended, 1'000U);
  EXPECT_EQ(tracked.ended.size(), 1'000U);
  EXPECT_EQ(tracked.flows(), 0U);
  EXPECT_GT(ends[FlowEnd::kEnd], 0U);
  EXPECT_GT(ends[FlowEnd::kForced], 0U);
  EXPECT_GT(ends[FlowEnd::kLackOfResources], 0U);
  EXPECT_EQ(ends[FlowEnd::kLackOfResources], tracked.counters.flows_evicted);
  EXPECT_EQ(tracked.counters.flow_bytes.total(), 1'000U);
}

// A shard's worth of 16 shards at their default size, in one: 524,288 places.
TEST(TrackerFlowTest, TenThousandConnectionsOutliveAMillionSpoofedSyns) {
  constexpr uint16_t kConnections = 10'000;
  Tracked tracked({.flows = 16 * 32'768});
  for (uint16_t i = 0; i < kConnections; ++i) Handshake(tracked, kStart + i, i);
  PacketBytes syn = PacketBuilder().Ethernet().Ip4("1.0.0.0", kClient).Tcp(0, 443, kTcpSyn).Build();
  tracked.ClearWindow();
  for (uint32_t i = 0; i < 1'000'000; ++i) {
    // Another source and port each; the checksum does not matter to a flow.
    for (int byte = 0; byte < 4; ++byte) {
      syn[26 + byte] =
          static_cast<std::byte>((i * 2'654'435'761U + 0x33000000U) >> (24 - 8 * byte));
    }
    syn[34] = static_cast<std::byte>(i >> 8);
    syn[35] = static_cast<std::byte>(i);
    if (i % 100'000 == 0) tracked.ClearWindow();
    tracked.Send(kStart + kSecond + 5 * i, syn);
  }
  tracked.ended.clear();
  tracked.ClearWindow();
  for (uint16_t i = 0; i < kConnections; ++i) {
    tracked.Send(kStart + 8 * kSecond, Segment(true, kTcpAck | kTcpPsh, 10, i));
    ASSERT_FALSE(tracked.last.new_flow) << "connection " << i << " was pushed out";
    ASSERT_EQ(tracked.last.flow->state, FlowState::kEstablished);
  }
}

}  // namespace
}  // namespace vedette
