// What kind of thing a packet is to the tracker: tried, answered or refused. Pure; worker cores.
#ifndef VEDETTE_DATAPLANE_TRACK_PACKET_KIND_H_
#define VEDETTE_DATAPLANE_TRACK_PACKET_KIND_H_

#include <cstdint>

#include "dataplane/decode/decode.h"

namespace vedette {

inline bool Is(const DecodedPacket& packet, IpProtocol protocol) {
  return packet.protocol == static_cast<uint8_t>(protocol);
}

inline bool IsIcmp(const DecodedPacket& packet) {
  return Is(packet, IpProtocol::kIcmp) || Is(packet, IpProtocol::kIcmp6);
}

inline bool IsEchoRequest(const DecodedPacket& p) {
  return p.icmp_type == (Is(p, IpProtocol::kIcmp) ? 8 : 128);
}

inline bool IsUnreachable(const DecodedPacket& p) {
  return p.icmp_type == (Is(p, IpProtocol::kIcmp) ? 3 : 1);
}

// A datagram from a service's port to a port no service has answers a question that took another
// road, or came before the capture. So do leases, whose question was a broadcast, and all of ICMP
// but requests: a router advertises itself to whoever asked a group of addresses.
inline bool LooksLikeAnswer(const DecodedPacket& packet) {
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
inline bool LooksLikeService(const DecodedPacket& packet) {
  constexpr uint16_t kWellKnownMax = 1'023, kClientMin = 32'768;
  return (packet.source_port <= kWellKnownMax && packet.target_port > kWellKnownMax) ||
         (packet.target_port >= kClientMin && packet.source_port < packet.target_port);
}

// The kind of thing that is tried: a TCP or UDP port, else the protocol itself.
// Traceroute walks through UDP ports from 33434 on, one a probe: they are one service.
inline uint64_t ServiceOf(uint8_t protocol, uint16_t port) {
  constexpr uint16_t kTracerouteFirst = 33'434, kTracerouteLast = 33'533;
  const bool traceroute = protocol == static_cast<uint8_t>(IpProtocol::kUdp) &&
                          port >= kTracerouteFirst && port <= kTracerouteLast;
  return uint64_t{protocol} << 16 | (traceroute ? kTracerouteFirst : port);
}

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_PACKET_KIND_H_
