// The tracker's half that charges every IP packet to its two endpoints.
#include "dataplane/track/packet_kind.h"
#include "dataplane/track/tracker.h"

namespace vedette {
namespace {

// An answer to somebody who asked; of a connection whose start was not seen the port says it.
bool Serves(const DecodedPacket& packet, const TrackedPacket& out) {
  if (out.flow == nullptr) return false;
  return out.flow->direction == Direction::kInbound ||
         (out.flow->state == FlowState::kMidstream && LooksLikeService(packet));
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
    ++target.icmp_unreachable_in;
  }
}

}  // namespace

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
  if (packet.fragment.is_fragment) {
    ++source.fragments;
    ++target.fragments;
    ++target.fragments_in;
  }
  if (Is(packet, IpProtocol::kTcp)) {
    ++source.tcp_packets;
    ++target.tcp_packets;
    constexpr uint8_t kRare = kTcpSyn | kTcpFin | kTcpRst;
    if (packet.deepest == Layer::kTransport && (packet.tcp_flags & kRare) != 0) {
      CountTcpFlags(packet.tcp_flags, source, &target);
    }
  } else if (Is(packet, IpProtocol::kUdp)) {
    ++source.udp_packets;
    ++target.udp_packets;
    ++target.udp_in;
  } else if (IsIcmp(packet)) {
    CountIcmp(packet, out.bytes, source, target);
  } else {
    ++source.other_packets;
    ++target.other_packets;
  }
  const bool verified = packet.ip_checksum_checked || packet.transport_checksum_checked;
  source.checksums_verified += verified;
}

}  // namespace vedette
