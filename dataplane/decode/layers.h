// The steps of Decode(), one per layer. Each reads the header at the cursor, writes what it learnt,
// moves the cursor behind it and names the next step; decode.cc runs them in a bounded loop, so
// that no nesting of hostile headers can recurse. Ordinary packets never get here: the straight
// path decodes them in one go, and a test holds its answers against those of the layers. Worker
// cores; one DecodeState a packet, on the stack.
#ifndef VEDETTE_DATAPLANE_DECODE_LAYERS_H_
#define VEDETTE_DATAPLANE_DECODE_LAYERS_H_

#include <algorithm>
#include <cstdint>

#include "dataplane/decode/byte_cursor.h"
#include "dataplane/decode/decode.h"

namespace vedette {

// All of a packet that may be believed.
inline ByteCursor FrameOf(const PacketView& packet) noexcept {
  const auto captured =
      static_cast<uint32_t>(std::min<size_t>(packet.bytes.size(), kWireLengthMax));
  return {reinterpret_cast<const uint8_t*>(packet.bytes.data()), captured,
          std::clamp(packet.wire_length, captured, kWireLengthMax)};
}

// decode.cc: any packet, layer by layer.
void DecodeByLayers(const PacketView& packet, Checksums checksums, DecodedPacket& out) noexcept;
// straight_path.cc. False: not an ordinary packet; then `out` holds nothing.
bool DecodeStraight(const PacketView& packet, Checksums checksums, DecodedPacket& out) noexcept;

enum class Next : uint8_t {
  kEnd,
  kEthernet,
  kEtherType,  // by out.ether_type
  kLlc,
  kPpp,
  kIpVersion,  // IPv4 or IPv6 by the first nibble
  kIp4,
  kIp6,
  kProtocol,  // by out.protocol
};

// Steps a packet may take. Tags, labels and extension headers are bounded by their own layers; four
// tunnels of Ethernet, IP and UDP each stay under it.
inline constexpr int kStepsMax = 32;

struct DecodeState {
  DecodedPacket& out;
  ByteCursor rest;
  bool verify = true;          // checksums
  bool inside_tunnel = false;  // a MAC address has been seen already
  bool on_wire = false;        // an Ethernet frame between two hosts, not a host talking to itself
  bool pseudo_header_known = true;  // false: the final addresses are not those of the IP header
  uint32_t frame_wire = 0;

  Next End(DecodeStatus status) noexcept {
    if (out.status == DecodeStatus::kOk) out.status = status;
    return Next::kEnd;
  }
  // For a header of `bytes` that was not captured: ours if the wire had them, else the sender's.
  Next Cut(uint32_t bytes, DecodeStatus senders) noexcept {
    return End(rest.wire >= bytes ? DecodeStatus::kSnapLength : senders);
  }
  // A layer whose own length runs past the frame: named, but decoded as far as it goes.
  void Truncated(DecodeStatus senders) noexcept {
    if (out.status == DecodeStatus::kOk) out.status = senders;
  }
  // False when tunnels are nested too deep; then the packet has ended.
  bool EnterTunnel(Tunnel tunnel) noexcept {
    if (out.tunnel_count == kTunnelsMax) {
      End(DecodeStatus::kTunnelTooDeep);
      return false;
    }
    out.tunnels[out.tunnel_count++] = tunnel;
    inside_tunnel = true;
    return true;
  }
  bool is(IpProtocol protocol) const noexcept {
    return out.protocol == static_cast<uint8_t>(protocol);
  }
};

// link.cc
Next DecodeEthernet(DecodeState& state) noexcept;
Next DecodeEtherType(DecodeState& state) noexcept;
Next DecodeLlc(DecodeState& state) noexcept;
Next DecodeNull(DecodeState& state) noexcept;
Next DecodeLinuxSll(DecodeState& state) noexcept;
Next DecodeLinuxSll2(DecodeState& state) noexcept;
Next DecodeIpVersion(DecodeState& state) noexcept;
// ieee80211.cc
Next DecodeIeee80211(DecodeState& state) noexcept;
Next DecodeRadiotap(DecodeState& state) noexcept;
// mpls.cc, pppoe.cc, arp.cc
Next DecodeMpls(DecodeState& state) noexcept;
Next DecodePppoeDiscovery(DecodeState& state) noexcept;
Next DecodePppoeSession(DecodeState& state) noexcept;
Next DecodePpp(DecodeState& state) noexcept;
Next DecodeArp(DecodeState& state) noexcept;
// ip4.cc, ip6.cc
Next DecodeIp4(DecodeState& state) noexcept;
Next DecodeIp6(DecodeState& state) noexcept;
// transport.cc: what out.protocol names, and checks shared by transports
Next DecodeProtocol(DecodeState& state) noexcept;
// Says why a transport header of `bytes` is not here.
void EndWithoutTransportHeader(DecodeState& state, uint32_t bytes, DecodeStatus senders) noexcept;
// Whether the checksum over everything at the cursor and the pseudo header is right.
bool SumIsRight(const DecodeState& state) noexcept;
// A transport belongs to the innermost packet; an outer one's fields must not shine through.
void ResetTransport(DecodedPacket& out) noexcept;

inline bool HasTransportHeader(DecodeState& state, uint32_t bytes, DecodeStatus senders) noexcept {
  if (state.rest.Has(bytes)) return true;
  EndWithoutTransportHeader(state, bytes, senders);
  return false;
}
inline void SetPayload(DecodedPacket& out, const ByteCursor& rest) noexcept {
  out.payload = {reinterpret_cast<const std::byte*>(rest.at), rest.captured};
  out.payload_wire_length = rest.wire;
}
// True when the transport's checksum can be verified over everything at the cursor.
inline bool CanVerify(const DecodeState& state) noexcept {
  return state.verify && state.rest.whole() && !state.out.fragment.is_fragment &&
         state.pseudo_header_known && !IsMalformed(state.out.status);
}
inline void NoteTransportChecksum(DecodedPacket& out, bool right, DecodeStatus wrong) noexcept {
  out.transport_checksum_checked = true;
  out.transport_checksum_bad = !right;
  if (!right) out.Note(wrong);
}
// Of two IPv4 addresses that nothing is to be said about.
constexpr bool AreOrdinaryIp4(uint32_t source, uint32_t target) noexcept {
  const uint32_t top = source >> 24;
  return top - 1 < 223 && top != 127 && source != target && target != 0 && target >> 24 != 127;
}
// kOk where nothing is odd. ECE and CWR go with any.
constexpr DecodeStatus TcpFlagOddity(uint8_t flags) noexcept {
  const bool ack = (flags & kTcpAck) != 0, syn = (flags & kTcpSyn) != 0,
             fin = (flags & kTcpFin) != 0, rst = (flags & kTcpRst) != 0;
  constexpr uint8_t kXmas = kTcpFin | kTcpPsh | kTcpUrg;
  if ((flags & 0x3f) == 0) return DecodeStatus::kTcpNullFlags;
  if (syn && fin) return DecodeStatus::kTcpSynFin;
  if (syn && rst) return DecodeStatus::kTcpSynRst;
  if (!ack && (flags & kXmas) == kXmas) return DecodeStatus::kTcpXmas;
  if (!ack && !syn && !rst) return DecodeStatus::kTcpFlagsWithoutAck;
  return DecodeStatus::kOk;
}
// tcp.cc: the options as far as they were captured, which need not be `whole`.
void NoteTcpOptions(DecodedPacket& out, const uint8_t* at, uint32_t bytes, bool whole) noexcept;
// tcp.cc, udp.cc, icmp.cc, icmp6.cc, igmp.cc, sctp.cc
Next DecodeTcp(DecodeState& state) noexcept;
Next DecodeUdp(DecodeState& state) noexcept;
Next DecodeIcmp(DecodeState& state) noexcept;
Next DecodeIcmp6(DecodeState& state) noexcept;
Next DecodeIgmp(DecodeState& state) noexcept;
Next DecodeSctp(DecodeState& state) noexcept;
// gre.cc, udp_tunnel.cc
Next DecodeGre(DecodeState& state) noexcept;
bool IsTunnelPort(const DecodedPacket& out) noexcept;
// The tunnel a UDP port stands for, if the payload has exactly that form; else kEnd and untouched.
Next DecodeUdpTunnel(DecodeState& state) noexcept;

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_DECODE_LAYERS_H_
