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

// RFC 9293, 3.1; RFC 8200, 8.1. Unfolded, in memory order.
uint64_t PseudoHeaderSum(const DecodedPacket& out, uint32_t bytes) noexcept {
  const uint64_t rest = __builtin_bswap32(out.protocol + bytes);
  if (!out.is_v6) return (out.source_ip.low() >> 32) + (out.target_ip.low() >> 32) + rest;
  return AddSums(AddSums(PartialSum(out.source_ip.bytes.data(), 16),
                         PartialSum(out.target_ip.bytes.data(), 16)),
                 rest);
}

}  // namespace

Next DecodeProtocol(DecodeState& state) noexcept {
  DecodedPacket& out = state.out;
  ResetTransport(out);
  SetPayload(out, state.rest);
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

void EndWithoutTransportHeader(DecodeState& state, uint32_t bytes, DecodeStatus senders) noexcept {
  if (state.out.fragment.is_fragment && state.rest.wire < bytes) {
    state.out.Note(DecodeStatus::kFragTiny);
    state.End(DecodeStatus::kFragment);
    return;
  }
  state.Cut(bytes, senders);
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

bool SumIsRight(const DecodeState& state) noexcept {
  const ByteCursor& rest = state.rest;
  return FoldsToOnes(
      AddSums(PartialSum(rest.at, rest.wire), PseudoHeaderSum(state.out, rest.wire)));
}

}  // namespace vedette
