// The tracker's half that judges beginnings: who tried what on whom, and what came of it.
#include <algorithm>
#include <tuple>

#include "dataplane/track/packet_kind.h"
#include "dataplane/track/tracker.h"

namespace vedette {

void Tracker::ChargeBeginning(const DecodedPacket& packet, const Ends& ends,
                              const TrackedPacket& out) noexcept {
  const Flow& flow = *out.flow;
  if (LooksLikeAnswer(packet)) {
    out.target->sources_in.Add(ends.source_address);
    return;
  }
  if (flow.state != FlowState::kMidstream) return ChargeOpening(packet, ends, out);
  const bool is_reset = Is(packet, IpProtocol::kTcp) && (packet.tcp_flags & kTcpRst) != 0;
  const uint64_t now_us = packet.arrival.us;
  if (!is_reset && packet.payload_wire_length == 0 && !LooksLikeService(packet)) {
    // A lone ACK, FIN, nothing or everything: either the capture began in the middle or a probe.
    AttemptPair* const attempt =
        Attempt(ends.source, out.source_key, packet.target_ip, ends.target_address);
    if (attempt == nullptr) return;
    ++attempt->probes;
    NoteAttempt(*attempt, flow.key.protocol, packet.target_port, now_us);
  } else if (is_reset && (packet.tcp_flags & kTcpAck) != 0) {
    // The answer to a SYN that took another road.
    AttemptPair* const attempt =
        Attempt(ends.target, out.target_key, packet.source_ip, ends.source_address);
    if (attempt == nullptr) return;
    ++attempt->flows;
    ++attempt->refused;
    NoteAttempt(*attempt, flow.key.protocol, packet.source_port, now_us);
  }
}

// A wish to talk, seen from its start.
void Tracker::ChargeOpening(const DecodedPacket& packet, const Ends& ends,
                            const TrackedPacket& out) noexcept {
  const Flow& flow = *out.flow;
  const bool fwd = out.forward;
  EndpointRow& initiator = fwd ? *out.source : *out.target;
  EndpointRow& responder = fwd ? *out.target : *out.source;
  const KeyHash peer = fwd ? ends.target_address : ends.source_address;
  const uint16_t port = flow.responder_port();
  ++initiator.counters.flows_opened;
  ++responder.counters.flows_received;
  responder.counters.syn_flows_in += Is(packet, IpProtocol::kTcp) && fwd;
  responder.sources_in.Add(fwd ? ends.source_address : ends.target_address);
  // Of the strangers who share the overflow row nobody asks whom each of them tried.
  if (window_.endpoints->IsOverflow(initiator)) return window_.attempts->Refuse();
  initiator.ports_out.Add(KeyedHash::Combine({}, ServiceOf(flow.key.protocol, port)));
  AttemptPair* const attempt =
      fwd ? Attempt(ends.source, out.source_key, flow.responder_ip(), peer)
          : Attempt(ends.target, out.target_key, flow.responder_ip(), peer);
  if (attempt == nullptr) return;
  ++attempt->flows;
  NoteAttempt(*attempt, flow.key.protocol, port, packet.arrival.us);
}

void Tracker::NoteAttempt(AttemptPair& attempt, uint8_t protocol, uint16_t port,
                          uint64_t now_us) noexcept {
  attempt.ports.Add(KeyedHash::Combine({}, ServiceOf(protocol, port)));
  attempt.last_port = port;
  attempt.protocol = protocol;
  attempt.last_us = std::max(attempt.last_us, now_us);
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

// No row for the address asked for: a scan would make devices of addresses nobody has.
void Tracker::TrackArp(const DecodedPacket& packet, const PacketKeys& keys) noexcept {
  constexpr uint16_t kRequest = 1, kReply = 2;
  const ArpFields& arp = packet.arp;
  if (arp.operation == kReply) {
    if (arp.target_ip.is_zero() || arp.target_ip == arp.sender_ip) return;
    if (AttemptPair* attempt =
            Attempt({.ip = arp.target_ip, .vlan = packet.vlan()}, arp.sender_ip)) {
      ++attempt->accepted;
      attempt->last_us = std::max(attempt->last_us, packet.arrival.us);
    }
    return;
  }
  if (arp.operation != kRequest) return;
  if (arp.target_ip == arp.sender_ip) return;  // announces itself (RFC 5227)
  if (AttemptPair* attempt = Attempt(keys.source, arp.target_ip)) {
    ++attempt->flows;
    attempt->last_us = std::max(attempt->last_us, packet.arrival.us);
  }
}

}  // namespace vedette
