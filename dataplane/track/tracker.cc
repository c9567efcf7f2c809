#include "dataplane/track/tracker.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/match.h"

namespace vedette {
namespace {

constexpr uint64_t kSecondUs = 1'000'000;
constexpr uint64_t kCallQuietUs = 1'000'000;
constexpr uint32_t kEthernetMtuBytes = 1'500;

bool Is(const DecodedPacket& packet, IpProtocol protocol) {
  return packet.protocol == static_cast<uint8_t>(protocol);
}
bool IsIcmp(const DecodedPacket& packet) {
  return Is(packet, IpProtocol::kIcmp) || Is(packet, IpProtocol::kIcmp6);
}

Carried CarriedBy(const DecodedPacket& packet) {
  if (!packet.has_ip()) return Carried::kNoIp;
  if (Is(packet, IpProtocol::kTcp)) return Carried::kTcp;
  if (Is(packet, IpProtocol::kUdp)) return Carried::kUdp;
  return IsIcmp(packet) ? Carried::kIcmp : Carried::kOtherIp;
}

// Whether two rows are of one home device talking to another says nothing of a group's address.
bool IsOutside(const IpAddress& ip, bool home) {
  return !home && !ip.is_multicast() && !ip.is_broadcast() && !ip.is_zero() && !ip.is_loopback();
}

Direction DirectionOf(bool from_home, bool from_outside, bool to_home, bool to_outside) {
  if (from_home) return to_outside ? Direction::kOutbound : Direction::kInternal;
  if (to_home) return from_outside ? Direction::kInbound : Direction::kInternal;
  return Direction::kExternal;
}

bool IsOver(const Flow& flow) {
  return flow.state == FlowState::kClosed || flow.state == FlowState::kReset;
}

bool IsChecksum(DecodeStatus kind) {
  return absl::StartsWith(Describe(kind).wire_name, "checksum.");
}

// A datagram from a service's port to a port no service has answers a question that took another
// road, or came before the capture. So do leases, whose question was a broadcast, and all of ICMP
// but requests: a router advertises itself to whoever asked a group of addresses.
bool LooksLikeAnswer(const DecodedPacket& packet) {
  constexpr uint16_t kWellKnownMax = 1'023;  // RFC 6335
  if (Is(packet, IpProtocol::kIcmp)) {
    return packet.icmp_type != 8 && packet.icmp_type != 13 && packet.icmp_type != 17;
  }
  if (Is(packet, IpProtocol::kIcmp6)) return packet.icmp_type != 128 && packet.icmp_type != 135;
  if (!Is(packet, IpProtocol::kUdp) || packet.source_port == 0) return false;
  const bool lease = (packet.source_port == 67 && packet.target_port == 68) ||
                     (packet.source_port == 547 && packet.target_port == 546);
  return lease || (packet.source_port <= kWellKnownMax && packet.target_port > kWellKnownMax);
}

// A bare ACK from a service to the port a client chose: of a connection that began before the
// capture, and no probe. Clients choose high ports (RFC 6056).
bool LooksLikeService(const DecodedPacket& packet) {
  constexpr uint16_t kWellKnownMax = 1'023, kClientMin = 32'768;
  return (packet.source_port <= kWellKnownMax && packet.target_port > kWellKnownMax) ||
         (packet.target_port >= kClientMin && packet.source_port < packet.target_port);
}

// An answer to somebody who asked; of a connection whose start was not seen the port says it.
bool Serves(const DecodedPacket& packet, const TrackedPacket& out) {
  if (out.flow == nullptr) return false;
  return out.flow->direction == Direction::kInbound ||
         (out.flow->state == FlowState::kMidstream && LooksLikeService(packet));
}

// The kind of thing that is tried: a TCP or UDP port, else the protocol itself.
// Traceroute walks through UDP ports from 33434 on, one a probe: they are one service.
uint64_t ServiceOf(uint8_t protocol, uint16_t port) {
  constexpr uint16_t kTracerouteFirst = 33'434, kTracerouteLast = 33'533;
  const bool traceroute = protocol == static_cast<uint8_t>(IpProtocol::kUdp) &&
                          port >= kTracerouteFirst && port <= kTracerouteLast;
  return uint64_t{protocol} << 16 | (traceroute ? kTracerouteFirst : port);
}

void CountTcpFlags(uint8_t flags, EndpointCounters& source, EndpointCounters* target) {
  const bool syn = (flags & kTcpSyn) != 0, ack = (flags & kTcpAck) != 0;
  source.syn_out += syn && !ack;
  source.syn_ack_out += syn && ack;
  source.fin_out += (flags & kTcpFin) != 0;
  source.rst_out += (flags & kTcpRst) != 0;
  if (target == nullptr) return;
  target->syn_in += syn && !ack;
  target->syn_ack_in += syn && ack;
  target->fin_in += (flags & kTcpFin) != 0;
  target->rst_in += (flags & kTcpRst) != 0;
}

bool IsEchoRequest(const DecodedPacket& p) {
  return p.icmp_type == (Is(p, IpProtocol::kIcmp) ? 8 : 128);
}
bool IsUnreachable(const DecodedPacket& p) {
  return p.icmp_type == (Is(p, IpProtocol::kIcmp) ? 3 : 1);
}

void CountIcmp(const DecodedPacket& packet, uint32_t bytes, EndpointCounters& source,
               EndpointCounters& target) {
  ++source.icmp_packets;
  ++target.icmp_packets;
  ++target.icmp_in;
  target.icmp_bytes_in += bytes;
  if (packet.deepest != Layer::kTransport) return;
  if (IsEchoRequest(packet)) {
    ++source.icmp_echo_out;
    ++target.icmp_echo_in;
  } else if (IsUnreachable(packet)) {
    ++source.icmp_unreachable_out;
    ++target.icmp_unreachable_in;
  }
}

}  // namespace

Tracker::Tracker(const TrackerOptions& options, const KeyedHash& hash, const HomeNetworks& home,
                 FlowEndObserver& observer)
    : options_(options),
      hash_(hash),
      home_(home),
      observer_(observer),
      flows_(options.flows),
      duplicates_(options.duplicates),
      fragments_(hash, options.datagrams),
      pairs_(options.pairs) {}

void Tracker::Prefetch(const DecodedPacket& packet, PacketKeys& keys) const noexcept {
  keys.fingerprint = duplicates_.FingerprintOf(packet, keys.pair_hash);
  duplicates_.Prefetch(keys.fingerprint);
  if (keys.has_flow) {
    flows_.Prefetch(keys.flow_hash);
    pairs_.Prefetch(keys.pair_hash);
  }
  window_.endpoints->Prefetch(keys.source_hash);
  if (keys.has_target) window_.endpoints->Prefetch(keys.target_hash);
}

void Tracker::PrefetchRecords(const DecodedPacket& packet, const PacketKeys& keys) const noexcept {
  if (keys.has_flow) flows_.PrefetchFlow(keys.flow_hash, packet.arrival.us);
  window_.endpoints->PrefetchRow(keys.source_hash);
  if (keys.has_target) window_.endpoints->PrefetchRow(keys.target_hash);
}

bool Tracker::Track(const DecodedPacket& packet, const PacketKeys& keys,
                    TrackedPacket& out) noexcept {
  ShardCounters& counters = *window_.counters;
  ++counters.packets;
  counters.bytes += packet.wire_length;
  counters.packet_bytes.Add(packet.wire_length);
  const auto carried = static_cast<size_t>(CarriedBy(packet));
  ++counters.carried_packets[carried];
  counters.carried_bytes[carried] += packet.wire_length;
  ++counters.decoded[static_cast<size_t>(packet.status)];
  if (duplicates_.IsDuplicate(keys.fingerprint, packet.arrival.us)) {
    ++counters.duplicates;
    return false;
  }
  out = {};
  out.packet = &packet;
  out.source_key = keys.source_hash;
  out.target_key = keys.target_hash;
  if (packet.has_ip()) {
    TrackIp(packet, keys, out);
  } else {
    TrackLink(packet, keys, out);
  }
  if (packet.noted_count != 0 || packet.status != DecodeStatus::kOk) {
    ChargeIrregularities(packet, out);
  }
  return true;
}

Tracker::Sides Tracker::SidesOf(const EndpointKey& source,
                                const EndpointKey& target) const noexcept {
  Sides sides;
  sides.source_home = !source.is_mac && home_.Contains(source.ip);
  sides.target_home = home_.Contains(target.ip);
  sides.source_outside = !source.is_mac && IsOutside(source.ip, sides.source_home);
  sides.target_outside = IsOutside(target.ip, sides.target_home);
  return sides;
}

void Tracker::TrackIp(const DecodedPacket& packet, const PacketKeys& keys,
                      TrackedPacket& out) noexcept {
  const Sides sides = SidesOf(keys.source, keys.target);
  window_.counters->home_packets += sides.source_home || sides.target_home;
  window_.counters->oversized_packets += packet.ip_total_length > kEthernetMtuBytes;
  out.bytes = packet.ip_total_length != 0 ? packet.ip_total_length : packet.wire_length;
  out.direction =
      DirectionOf(sides.source_home, sides.source_outside, sides.target_home, sides.target_outside);
  Ends ends{keys.source, keys.target, keys.source_address, keys.target_address};
  EndpointKey &source = ends.source, &target = ends.target;
  if (keys.has_flow) {
    out.flow = &FindOrBegin(packet, keys, sides, out.new_flow);
    if (out.flow->vlan != source.vlan) {  // one direction is tagged, the other is not
      source.vlan = target.vlan = out.flow->vlan;
      out.source_key = hash_.OfEndpoint(source);
      out.target_key = hash_.OfEndpoint(target);
    }
  }
  out.target = window_.endpoints->Obtain(target, out.target_key, sides.target_home);
  out.source = window_.endpoints->Obtain(source, out.source_key, sides.source_home);
  ChargeEndpoints(packet, sides, out);
  if (out.flow != nullptr) {
    ++window_.counters->flow_packets;
    out.forward = keys.source_is_low == out.flow->initiator_is_low;
    if (out.new_flow) ChargeSets(packet, sides, out);
    ChargeFlow(packet, ends, out);
  }
  if (packet.fragment.is_fragment) NoteFragment(packet, out);
  if (IsIcmp(packet) && packet.deepest == Layer::kTransport && IsUnreachable(packet)) {
    ChargeUnreachable(packet, out);
  }
}

Flow& Tracker::FindOrBegin(const DecodedPacket& packet, const PacketKeys& keys, const Sides& sides,
                           bool& begun) noexcept {
  Flow* flow = flows_.Find(keys.flow, keys.flow_hash);
  if (flow != nullptr && BeginsAnew(*flow, packet)) {
    End(*flow, FlowEnd::kEnd);
    flows_.Remove(*flow);
    flow = nullptr;
  }
  if (flow == nullptr) {
    flow = flows_.Insert(keys.flow, keys.flow_hash, packet.arrival.us, [this](Flow& victim) {
      ++window_.counters->flows_evicted;
      End(victim, FlowEnd::kLackOfResources);
    });
    Describe(packet, keys, sides, *flow);
    flows_.Schedule(*flow, DeadlineOf(*flow));
    ++window_.counters->flows_opened;
    begun = true;
  } else if (flow->vlan == 0 && packet.vlan_count != 0) {
    flow->vlan = packet.vlan();
    flow->vlan_count = packet.vlan_count;
    flow->vlans = packet.vlans;
  }
  return *flow;
}

void Tracker::Describe(const DecodedPacket& packet, const PacketKeys& keys, const Sides& sides,
                       Flow& flow) noexcept {
  bool source_begins = true;
  switch (BeginnerOf(packet)) {
    case Beginner::kSource:
      break;
    case Beginner::kTarget:
      source_begins = false;
      break;
    case Beginner::kUnknown:
      source_begins = sides.source_home || !sides.target_home;
      break;
  }
  flow.initiator_is_low = source_begins == keys.source_is_low;
  flow.state = FirstState(packet);
  flow.direction = source_begins ? DirectionOf(sides.source_home, sides.source_outside,
                                               sides.target_home, sides.target_outside)
                                 : DirectionOf(sides.target_home, sides.target_outside,
                                               sides.source_home, sides.source_outside);
  flow.vlan = packet.vlan();
  flow.vlan_count = packet.vlan_count;
  flow.vlans = packet.vlans;
  flow.tunnel_count = packet.tunnel_count;
  flow.tunnels = packet.tunnels;
  flow.start_us = flow.first_us = flow.last_us = packet.arrival.us;
  flow.first_contact = pairs_.Meet(keys.pair_hash);
}

void Tracker::ChargeFlow(const DecodedPacket& packet, const Ends& ends,
                         TrackedPacket& out) noexcept {
  Flow& flow = *out.flow;
  const size_t side = out.forward ? 0 : 1;
  out.unasked = flow.all_packets[1 - side] == 0;
  const uint64_t quiet_us = packet.arrival.us - flow.last_us;
  flow.last_us = packet.arrival.us;
  if (flow.start_us == 0) flow.start_us = packet.arrival.us;  // the first of a new part
  ++flow.packets[side];
  ++flow.all_packets[side];
  flow.bytes[side] += out.bytes;
  flow.all_bytes[side] += out.bytes;
  flow.tcp_flags[side] |= packet.tcp_flags;
  if (flow.direction == Direction::kOutbound) UpdateCall(packet, out, quiet_us);
  if (out.new_flow) ChargeBeginning(packet, ends, out);
  const HandshakeStep step = Advance(flow, packet, out.forward);
  ChargeOutcome(packet, ends, out, step);
  if (step.closed) flows_.Schedule(flow, DeadlineOf(flow));

  EndpointCounters& target = out.target->counters;
  const bool first_answer = !out.forward && flow.all_packets[1] == 1;
  if (first_answer && Is(packet, IpProtocol::kUdp)) {
    out.source->counters.udp_answered_in += flow.all_packets[0];
  }
  if (!out.unasked) return;
  if (Is(packet, IpProtocol::kUdp)) {
    ++target.udp_unasked_in;
    target.udp_unasked_bytes_in += out.bytes;
  } else if (flow.state == FlowState::kSynAck && !out.forward) {
    ++target.syn_ack_unasked_in;
  } else if (flow.state == FlowState::kMidstream ||
             (flow.state == FlowState::kReset && flow.tcp_flags[1 - side] == 0 &&
              (flow.tcp_flags[side] & kTcpSyn) == 0)) {
    ++target.tcp_unasked_in;
  }
}

// Sets that other programs add up: who talked to whom, by home endpoints alone.
void Tracker::ChargeSets(const DecodedPacket& packet, const Sides& sides,
                         const TrackedPacket& out) noexcept {
  if (out.source->home) {
    window_.endpoints->AddPeer(*out.source, ThetaHashOf(packet.target_ip), sides.target_outside);
  }
  if (out.target->home) {
    window_.endpoints->AddPeer(*out.target, ThetaHashOf(packet.source_ip), sides.source_outside);
  }
}

void Tracker::ChargeBeginning(const DecodedPacket& packet, const Ends& ends,
                              const TrackedPacket& out) noexcept {
  const Flow& flow = *out.flow;
  if (LooksLikeAnswer(packet)) {
    out.target->sources_in.Add(ends.source_address);
    return;
  }
  const bool begun_here = flow.state != FlowState::kMidstream;
  const bool is_reset = Is(packet, IpProtocol::kTcp) && (packet.tcp_flags & kTcpRst) != 0;
  AttemptPair* attempt = nullptr;
  if (begun_here) {
    const bool fwd = out.forward;
    EndpointRow& initiator = fwd ? *out.source : *out.target;
    EndpointRow& responder = fwd ? *out.target : *out.source;
    const KeyHash peer = fwd ? ends.target_address : ends.source_address;
    ++initiator.counters.flows_opened;
    ++responder.counters.flows_received;
    responder.counters.syn_flows_in += Is(packet, IpProtocol::kTcp) && fwd;
    const uint64_t service = ServiceOf(flow.key.protocol, flow.responder_port());
    initiator.targets_out.Add(peer);
    initiator.services_out.Add(KeyedHash::Combine(peer, service));
    initiator.ports_out.Add(KeyedHash::Combine({}, service));
    responder.sources_in.Add(fwd ? ends.source_address : ends.target_address);
    attempt = fwd ? Attempt(ends.source, out.source_key, flow.responder_ip(), peer)
                  : Attempt(ends.target, out.target_key, flow.responder_ip(), peer);
  } else if (!is_reset && packet.payload_wire_length == 0 && !LooksLikeService(packet)) {
    // A lone ACK, FIN, nothing or everything: either the capture began in the middle or a probe.
    attempt = Attempt(ends.source, out.source_key, packet.target_ip, ends.target_address);
  } else if (is_reset && (packet.tcp_flags & kTcpAck) != 0) {
    // The answer to a SYN that took another road.
    attempt = Attempt(ends.target, out.target_key, packet.source_ip, ends.source_address);
  }
  if (attempt == nullptr) return;
  const bool answered_elsewhere = !begun_here && is_reset;
  const uint16_t port = answered_elsewhere ? packet.source_port
                        : begun_here       ? flow.responder_port()
                                           : packet.target_port;
  if (begun_here || answered_elsewhere) ++attempt->flows;
  if (answered_elsewhere) ++attempt->refused;
  if (!begun_here && !is_reset) ++attempt->probes;
  attempt->ports.Add(KeyedHash::Combine({}, ServiceOf(flow.key.protocol, port)));
  attempt->last_port = port;
  attempt->protocol = flow.key.protocol;
  attempt->last_us = std::max(attempt->last_us, packet.arrival.us);
}

AttemptPair* Tracker::Attempt(const EndpointKey& source, const IpAddress& target) noexcept {
  return Attempt(source, hash_.OfEndpoint(source), target, hash_.OfAddress(target));
}

AttemptPair* Tracker::Attempt(const EndpointKey& source, KeyHash source_key,
                              const IpAddress& target, KeyHash target_address) noexcept {
  // The overflow row, and who has no address yet, stand for many: nothing is said of them.
  if (source == EndpointKey{}) return nullptr;
  AttemptPair* const attempt = window_.attempts->Obtain(
      source, target, KeyedHash::Combine(source_key, target_address.value));
  if (attempt != nullptr) attempt->target_hash = target_address;
  return attempt;
}

void Tracker::ChargeOutcome(const DecodedPacket& packet, const Ends& ends, const TrackedPacket& out,
                            const HandshakeStep& step) noexcept {
  EndpointRow& initiator = out.forward ? *out.source : *out.target;
  EndpointRow& responder = out.forward ? *out.target : *out.source;
  if (step.completed) ++responder.counters.handshakes_in;
  if (!step.accepted && !step.refused) return;
  initiator.counters.flows_accepted += step.accepted;
  initiator.counters.flows_refused += step.refused;
  responder.counters.flows_refused_in += step.refused;
  if (out.flow->state == FlowState::kMidstream) return;
  AttemptPair* const attempt =
      out.forward ? Attempt(ends.source, out.source_key, ends.target.ip, ends.target_address)
                  : Attempt(ends.target, out.target_key, ends.source.ip, ends.source_address);
  if (attempt == nullptr) return;
  attempt->accepted += step.accepted;
  attempt->refused += step.refused;
  attempt->last_us = std::max(attempt->last_us, packet.arrival.us);
}

// The quoted header says whose wish was refused (RFC 792, RFC 4443). Quotes are as hostile as all
// else: nothing is believed but that the recipient of the error is the quoted sender.
void Tracker::ChargeUnreachable(const DecodedPacket& packet, const TrackedPacket& out) noexcept {
  const Bytes quote = packet.payload;
  const auto at = [&quote](size_t i) { return static_cast<uint8_t>(quote[i]); };
  const auto port = [&at](size_t i) { return static_cast<uint16_t>(at(i) << 8 | at(i + 1)); };
  IpAddress sender, asked;
  uint8_t protocol = 0;
  size_t header_length = 0;
  if (quote.size() >= 20 && at(0) >> 4 == 4) {
    sender = IpAddress::V4(at(12), at(13), at(14), at(15));
    asked = IpAddress::V4(at(16), at(17), at(18), at(19));
    protocol = at(9);
    header_length = size_t{4} * (at(0) & 0x0f);
  } else if (quote.size() >= 40 && at(0) >> 4 == 6) {
    for (size_t i = 0; i < 16; ++i) {
      sender.bytes[i] = at(8 + i);
      asked.bytes[i] = at(24 + i);
    }
    protocol = at(6);
    header_length = 40;
  } else {
    return;
  }
  if (sender != packet.target_ip) return;
  const bool has_ports =
      quote.size() >= header_length + 4 && (protocol == static_cast<uint8_t>(IpProtocol::kTcp) ||
                                            protocol == static_cast<uint8_t>(IpProtocol::kUdp) ||
                                            protocol == static_cast<uint8_t>(IpProtocol::kSctp));
  RefuseQuoted(packet, out, asked, protocol, has_ports ? port(header_length) : uint16_t{0},
               has_ports ? port(header_length + 2) : uint16_t{0});
}

void Tracker::RefuseQuoted(const DecodedPacket& packet, const TrackedPacket& out,
                           const IpAddress& asked, uint8_t protocol, uint16_t source_port,
                           uint16_t asked_port) noexcept {
  Flow* flow = nullptr;
  if (asked == packet.source_ip) {  // a flow of another pair lives in another shard
    const bool sender_is_low =
        std::tie(packet.target_ip, source_port) <= std::tie(asked, asked_port);
    const FlowKey key = {.low_ip = sender_is_low ? packet.target_ip : asked,
                         .high_ip = sender_is_low ? asked : packet.target_ip,
                         .low_port = sender_is_low ? source_port : asked_port,
                         .high_port = sender_is_low ? asked_port : source_port,
                         .protocol = protocol};
    flow = flows_.Find(key, hash_.OfFlow(key));
    if (flow != nullptr && flow->outcome != FlowOutcome::kPending) return;
    if (flow != nullptr) flow->outcome = FlowOutcome::kRefused;
  }
  ++out.target->counters.flows_refused;
  ++out.source->counters.flows_refused_in;
  AttemptPair* attempt = Attempt(out.target->key, asked);
  if (attempt == nullptr) return;
  ++attempt->refused;
  attempt->last_us = std::max(attempt->last_us, packet.arrival.us);
  if (flow != nullptr) return;
  ++attempt->flows;
  attempt->ports.Add(KeyedHash::Combine({}, ServiceOf(protocol, asked_port)));
  attempt->last_port = asked_port;
  attempt->protocol = protocol;
}

void Tracker::ChargeEndpoints(const DecodedPacket& packet, const Sides& sides,
                              const TrackedPacket& out) noexcept {
  EndpointRow& source_row = *out.source;
  EndpointCounters& source = source_row.counters;
  EndpointCounters& target = out.target->counters;
  ++source.packets_out;
  source.bytes_out += out.bytes;
  ++target.packets_in;
  target.bytes_in += out.bytes;
  if (!source_row.seen_sending) source_row.first_us = packet.arrival.us;
  source_row.seen_sending = true;
  source_row.last_us = packet.arrival.us;
  if (!source_row.mac_known && packet.has_mac && packet.tunnel_count == 0) {
    source_row.mac_known = true;
    source_row.mac = packet.source_mac;
    source_row.mac_seen_us = packet.arrival.us;
  }
  if (sides.source_home && sides.target_outside) {
    ++source.egress_packets;
    source.egress_bytes += out.bytes;
    if (Serves(packet, out)) source.served_bytes += out.bytes;
    window_.egress->Add(source_row.key, packet.target_ip,
                        KeyedHash::Combine(out.source_key, out.target_key.value), out.bytes);
  } else if (sides.target_home && sides.source_outside) {
    target.ingress_bytes += out.bytes;
  }
  source.payload_packets_out += packet.payload_wire_length != 0;
  if (packet.fragment.is_fragment) {
    ++source.fragments;
    ++target.fragments;
    ++target.fragments_in;
  }
  if (Is(packet, IpProtocol::kTcp)) {
    ++source.tcp_packets;
    ++target.tcp_packets;
    if (packet.deepest == Layer::kTransport) CountTcpFlags(packet.tcp_flags, source, &target);
  } else if (Is(packet, IpProtocol::kUdp)) {
    ++source.udp_packets;
    ++target.udp_packets;
    ++target.udp_in;
    target.udp_bytes_in += out.bytes;
  } else if (IsIcmp(packet)) {
    CountIcmp(packet, out.bytes, source, target);
  } else {
    ++source.other_packets;
    ++target.other_packets;
    ++target.other_in;
  }
  const bool verified = packet.ip_checksum_checked || packet.transport_checksum_checked;
  source.checksums_verified += verified;
}

void Tracker::TrackLink(const DecodedPacket& packet, const PacketKeys& keys,
                        TrackedPacket& out) noexcept {
  const bool home = packet.is_arp && !keys.source.is_mac && home_.Contains(keys.source.ip);
  window_.counters->home_packets += home;
  out.bytes = packet.wire_length;
  out.source = window_.endpoints->Obtain(keys.source, keys.source_hash, home);
  EndpointRow& row = *out.source;
  ++row.counters.packets_out;
  row.counters.bytes_out += out.bytes;
  ++row.counters.other_packets;
  if (!row.seen_sending) row.first_us = packet.arrival.us;
  row.seen_sending = true;
  row.last_us = packet.arrival.us;
  if (!row.mac_known && packet.has_mac) {
    row.mac_known = true;
    row.mac = packet.is_arp ? packet.arp.sender_mac : packet.source_mac;
    row.mac_seen_us = packet.arrival.us;
  }
  if (packet.is_arp) TrackArp(packet, keys, out);
}

// No row for the address asked for: a scan would make devices of addresses nobody has.
void Tracker::TrackArp(const DecodedPacket& packet, const PacketKeys& keys,
                       TrackedPacket& out) noexcept {
  constexpr uint16_t kRequest = 1, kReply = 2;
  const ArpFields& arp = packet.arp;
  if (arp.operation == kReply) {
    ++out.source->counters.arp_replies_out;
    if (arp.target_ip.is_zero() || arp.target_ip == arp.sender_ip) return;
    if (AttemptPair* attempt =
            Attempt({.ip = arp.target_ip, .vlan = packet.vlan()}, arp.sender_ip)) {
      ++attempt->accepted;
      attempt->last_us = std::max(attempt->last_us, packet.arrival.us);
    }
    return;
  }
  if (arp.operation != kRequest) return;
  ++out.source->counters.arp_requests_out;
  if (arp.target_ip == arp.sender_ip) return;  // announces itself (RFC 5227)
  out.source->targets_out.Add(hash_.OfAddress(arp.target_ip));
  if (AttemptPair* attempt = Attempt(keys.source, arp.target_ip)) {
    ++attempt->flows;
    attempt->last_us = std::max(attempt->last_us, packet.arrival.us);
  }
}

void Tracker::ChargeIrregularities(const DecodedPacket& packet, const TrackedPacket& out) noexcept {
  EndpointRow& sender = *out.source;
  const IpAddress target = packet.has_ip() ? packet.target_ip : IpAddress{};
  bool malformed = false;
  const auto note = [&](DecodeStatus kind) {
    ++window_.counters->irregularities[static_cast<size_t>(kind)];
    window_.irregularities->Note(sender.key, out.source_key, target, kind, packet.arrival.us);
    malformed |= !IsChecksum(kind);
  };
  if (IsIrregularity(packet.status)) note(packet.status);
  for (size_t i = 0; i < packet.noted_count; ++i) note(packet.noted[i]);
  sender.counters.malformed_packets += malformed;
  sender.counters.checksum_errors += packet.ip_checksum_bad || packet.transport_checksum_bad;
}

void Tracker::NoteFragment(const DecodedPacket& packet, const TrackedPacket& out) noexcept {
  const FragmentVerdict verdict = fragments_.OnFragment(packet);
  DecodeStatus kind;
  switch (verdict) {
    case FragmentVerdict::kOverlapSame:
      kind = DecodeStatus::kFragOverlap;
      break;
    case FragmentVerdict::kOverlapDifferent:
      kind = DecodeStatus::kFragOverlapDifferent;
      break;
    default:
      return;
  }
  ++window_.counters->irregularities[static_cast<size_t>(kind)];
  window_.irregularities->Note(out.source->key, out.source_key, packet.target_ip, kind,
                               packet.arrival.us);
}

// Keep-alives (no payload, or one stale byte: RFC 9293, 3.8.4) are nobody's call.
void Tracker::UpdateCall(const DecodedPacket& packet, const TrackedPacket& out,
                         uint64_t quiet_us) noexcept {
  Flow& flow = *out.flow;
  const bool tcp = Is(packet, IpProtocol::kTcp);
  const bool talks = !tcp || packet.payload_wire_length > 1;
  const bool opens = out.new_flow && (flow.state != FlowState::kMidstream || talks);
  const bool resumes =
      !out.new_flow && talks && (quiet_us >= kCallQuietUs || flow.call_start_us == 0);
  if (out.forward && (opens || resumes)) {
    if (flow.call_start_us != 0) {
      LogCall(flow, ContactPhase::kEnd, resumes, packet.arrival.us - quiet_us);
    }
    flow.call_start_us = packet.arrival.us;
    flow.call_bytes_out = flow.call_bytes_in = 0;
    LogCall(flow, ContactPhase::kStart, resumes, 0);
  }
  (out.forward ? flow.call_bytes_out : flow.call_bytes_in) += out.bytes;
}

void Tracker::LogCall(const Flow& flow, ContactPhase phase, bool resumed,
                      uint64_t end_us) noexcept {
  Contact* contact = window_.contacts->Append();
  if (contact == nullptr) return;
  *contact = {.phase = phase,
              .outcome = flow.outcome,
              .protocol = flow.key.protocol,
              .app = flow.app,
              .resumed = resumed,
              .vlan = flow.vlan,
              .port = flow.responder_port(),
              .device = flow.initiator_ip(),
              .destination = flow.responder_ip(),
              .start_us = flow.call_start_us,
              .end_us = end_us,
              .bytes_out = phase == ContactPhase::kEnd ? flow.call_bytes_out : 0,
              .bytes_in = phase == ContactPhase::kEnd ? flow.call_bytes_in : 0};
}

uint64_t Tracker::IdleEndUs(const Flow& flow) const noexcept {
  uint64_t idle_s = options_.idle_timeout_s;
  if (flow.key.protocol == static_cast<uint8_t>(IpProtocol::kTcp)) {
    const bool half_open = flow.state == FlowState::kSyn || flow.state == FlowState::kSynAck;
    idle_s = half_open ? options_.handshake_timeout_s : options_.tcp_idle_timeout_s;
  }
  if (IsOver(flow)) idle_s = options_.closed_linger_s;
  return flow.last_us + idle_s * kSecondUs;
}

uint64_t Tracker::ActiveEndUs(const Flow& flow) const noexcept {
  const uint64_t start_us = flow.start_us != 0 ? flow.start_us : flow.last_us;
  return start_us + options_.active_timeout_s * kSecondUs;
}

uint64_t Tracker::DeadlineOf(const Flow& flow) const noexcept {
  const uint64_t end_us = std::min(IdleEndUs(flow), ActiveEndUs(flow));
  return (end_us + kSecondUs - 1) / kSecondUs;
}

void Tracker::ExpireUntil(uint64_t second) noexcept {
  flows_.ExpireUntil(second, [this, second](Flow& flow) { return OnDue(flow, second); });
}

// Packets move a flow's last_us, not its place in the wheel: it is looked at when the deadline it
// had comes, and put off if it has a later one now.
uint64_t Tracker::OnDue(Flow& flow, uint64_t second) noexcept {
  const uint64_t deadline_s = DeadlineOf(flow);
  if (deadline_s > second) return deadline_s;
  if (ActiveEndUs(flow) < IdleEndUs(flow)) {
    observer_.OnFlowEnd(flow, FlowEnd::kActive);
    ++flow.part;
    flow.packets = flow.bytes = {};
    flow.start_us = 0;
    return DeadlineOf(flow);
  }
  End(flow, IsOver(flow) ? FlowEnd::kEnd : FlowEnd::kIdle);
  return 0;
}

void Tracker::EndAll() noexcept {
  flows_.EndAll([this](Flow& flow) { End(flow, FlowEnd::kForced); });
}

void Tracker::End(Flow& flow, FlowEnd end) noexcept {
  ShardCounters& counters = *window_.counters;
  ++counters.flows_ended;
  counters.flows_ended_one_way += flow.one_way();
  counters.flow_bytes.Add(flow.all_bytes[0] + flow.all_bytes[1]);
  const bool group = flow.responder_ip().is_multicast() || flow.responder_ip().is_broadcast();
  if (flow.outcome == FlowOutcome::kPending && end != FlowEnd::kForced && !group &&
      flow.state != FlowState::kMidstream) {
    flow.outcome = FlowOutcome::kUnanswered;
    // A stranger's row may be gone, and a flood must not bring it back a flow at a time.
    if (home_.Contains(flow.initiator_ip())) {
      const EndpointKey key = {.ip = flow.initiator_ip(), .vlan = flow.vlan};
      ++window_.endpoints->Obtain(key, hash_.OfEndpoint(key), true)->counters.flows_unanswered;
    }
  }
  if (flow.direction == Direction::kOutbound && flow.call_start_us != 0) {
    LogCall(flow, ContactPhase::kEnd, false, flow.last_us);
  }
  observer_.OnFlowEnd(flow, end);
}

}  // namespace vedette
