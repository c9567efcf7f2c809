#include "dataplane/decode/checksum.h"
#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

constexpr uint8_t kAuthentication = 51;  // RFC 4302, in IPv4; IPv6 has it in its chain

Next DecodeAuthentication(DecodeState& state) noexcept {
  if (!state.rest.Has(12)) return state.Cut(12, DecodeStatus::kTunnelTruncated);
  const uint32_t bytes = (state.rest.at[1] + 2U) * 4;
  if (bytes < 12) return state.End(DecodeStatus::kUnknownProtocol);
  if (!state.rest.Has(bytes)) return state.Cut(bytes, DecodeStatus::kTunnelTruncated);
  state.out.protocol = state.rest.at[0];
  state.rest.Skip(bytes);
  return Next::kProtocol;
}

Next EnterIp(DecodeState& state, Next version) noexcept {
  if (state.out.fragment.is_fragment) return state.End(DecodeStatus::kFragment);
  return state.EnterTunnel(Tunnel::kIpInIp) ? version : Next::kEnd;
}

// Protocol numbers 148 to 252 are not assigned, 255 is reserved (IANA protocol-numbers).
Next EndUnknown(DecodeState& state) noexcept {
  DecodedPacket& out = state.out;
  if ((out.protocol >= 148 && out.protocol <= 252) || out.protocol == 255) {
    out.Note(out.is_v6 ? DecodeStatus::kIp6ReservedProtocol : DecodeStatus::kIp4ReservedProtocol);
  }
  return state.End(DecodeStatus::kUnknownProtocol);
}

uint16_t HostOrderSum(uint64_t words) noexcept {  // to the order OnesComplementSum works in
  return __builtin_bswap16(FoldSum(words));
}

}  // namespace

Next DecodeProtocol(DecodeState& state) noexcept {
  DecodedPacket& out = state.out;
  ResetTransport(out);
  SetPayload(state);
  if (out.fragment.offset_bytes != 0) return state.End(DecodeStatus::kFragment);
  switch (static_cast<IpProtocol>(out.protocol)) {
    case IpProtocol::kTcp:
      return DecodeTcp(state);
    case IpProtocol::kUdp:
      return DecodeUdp(state);
    case IpProtocol::kIcmp:
      return out.is_v6 ? state.End(DecodeStatus::kUnknownProtocol) : DecodeIcmp(state);
    case IpProtocol::kIcmp6:
      return out.is_v6 ? DecodeIcmp6(state) : state.End(DecodeStatus::kUnknownProtocol);
    case IpProtocol::kIgmp:
      return out.is_v6 ? state.End(DecodeStatus::kUnknownProtocol) : DecodeIgmp(state);
    case IpProtocol::kSctp:
      return DecodeSctp(state);
    case IpProtocol::kGre:
      return DecodeGre(state);
    case IpProtocol::kIpIp:
      return EnterIp(state, Next::kIp4);
    case IpProtocol::kIp6:
      return EnterIp(state, Next::kIp6);
  }
  if (out.protocol == kAuthentication && !out.is_v6) return DecodeAuthentication(state);
  return EndUnknown(state);
}

bool HasTransportHeader(DecodeState& state, uint32_t bytes, DecodeStatus senders) noexcept {
  if (state.rest.Has(bytes)) return true;
  if (state.out.fragment.is_fragment && state.rest.wire < bytes) {
    state.out.Note(DecodeStatus::kFragTiny);
    state.End(DecodeStatus::kFragment);
    return false;
  }
  state.Cut(bytes, senders);
  return false;
}

void ResetTransport(DecodedPacket& out) noexcept {
  if (out.tunnel_count == 0) return;
  out.source_port = out.target_port = 0;
  out.tcp_flags = 0;
  out.icmp_type = out.icmp_code = 0;
  out.icmp_id = out.icmp_sequence = 0;
  out.tcp_window = 0;
  out.tcp_sequence = out.tcp_acknowledgment = 0;
}

void SetPayload(DecodeState& state) noexcept {
  state.out.payload = {reinterpret_cast<const std::byte*>(state.rest.at), state.rest.captured};
  state.out.payload_wire_length = state.rest.wire;
}

bool CanVerify(const DecodeState& state) noexcept {
  return state.verify && state.rest.whole() && !state.out.fragment.is_fragment &&
         state.pseudo_header_known && !IsMalformed(state.out.status);
}

void NoteTransportChecksum(DecodeState& state, bool right, DecodeStatus wrong) noexcept {
  state.out.transport_checksum_checked = true;
  state.out.transport_checksum_bad = !right;
  if (!right) state.out.Note(wrong);
}

// RFC 9293, 3.1; RFC 8200, 8.1.
uint16_t PseudoHeaderSum(const DecodedPacket& out, uint32_t bytes) noexcept {
  const uint16_t rest = HostOrderSum(uint64_t{out.protocol} + bytes);
  const auto half_words = [](uint64_t word) { return (word & 0xffffffff) + (word >> 32); };
  if (!out.is_v6) {
    return FoldSum((out.source_ip.low() >> 32) + (out.target_ip.low() >> 32) + rest);
  }
  return FoldSum(half_words(out.source_ip.high()) + half_words(out.source_ip.low()) +
                 half_words(out.target_ip.high()) + half_words(out.target_ip.low()) + rest);
}

}  // namespace vedette
