// GRE (RFC 2784, 2890; routing: RFC 1701; PPTP's version 1: RFC 2637) and ERSPAN types I, II and
// III (draft-foschiano-erspan).
#include "dataplane/decode/checksum.h"
#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

constexpr uint16_t kChecksum = 0x8000, kRouting = 0x4000, kKey = 0x2000, kSequence = 0x1000,
                   kReserved = 0x0078, kAcknowledgment = 0x0080, kVersion = 0x0007;
constexpr int kRoutesMax = 8;

Next UnknownPayload(DecodeState& state) noexcept {
  return state.End(DecodeStatus::kUnknownTunnelPayload);
}

// RFC 1701: source route entries up to one of length 0.
bool SkipRoutes(DecodeState& state) noexcept {
  for (int routes = 0; routes < kRoutesMax; ++routes) {
    if (!state.rest.Has(4)) {
      state.Cut(4, DecodeStatus::kTunnelTruncated);
      return false;
    }
    const uint32_t bytes = state.rest.at[3];
    const bool last = bytes == 0 && LoadBe16(state.rest.at) == 0;
    state.rest.Skip(4);
    if (last) return true;
    if (!state.rest.Has(bytes)) {
      state.Cut(bytes, DecodeStatus::kTunnelTruncated);
      return false;
    }
    state.rest.Skip(bytes);
  }
  state.out.Note(DecodeStatus::kTunnelBadHeader);
  return false;
}

Next DecodeErspan2(DecodeState& state) noexcept {
  constexpr uint32_t kHeader = 8;
  if (!state.rest.Has(kHeader)) return state.Cut(kHeader, DecodeStatus::kTunnelTruncated);
  if (state.rest.at[0] >> 4 != 1) return state.End(DecodeStatus::kTunnelBadVersion);
  state.rest.Skip(kHeader);
  return Next::kEthernet;
}

Next DecodeErspan3(DecodeState& state) noexcept {
  constexpr uint32_t kHeader = 12, kPlatform = 8;
  if (!state.rest.Has(kHeader)) return state.Cut(kHeader, DecodeStatus::kTunnelTruncated);
  if (state.rest.at[0] >> 4 != 2) return state.End(DecodeStatus::kTunnelBadVersion);
  const uint16_t word = LoadBe16(state.rest.at + 10);
  const uint32_t bytes = (word & 1) != 0 ? kHeader + kPlatform : kHeader;
  if (!state.rest.Has(bytes)) return state.Cut(bytes, DecodeStatus::kTunnelTruncated);
  state.rest.Skip(bytes);
  const uint16_t frame_type = (word >> 10) & 0x1f;
  if (frame_type == 0) return Next::kEthernet;
  return frame_type == 2 ? Next::kIpVersion : UnknownPayload(state);
}

Next Payload(DecodeState& state, uint16_t protocol, bool has_sequence) noexcept {
  DecodedPacket& out = state.out;
  switch (protocol) {
    case 0x6558:  // transparent Ethernet bridging
      return Next::kEthernet;
    case 0x88be:
      out.tunnels[out.tunnel_count - 1] = Tunnel::kErspan;
      return has_sequence ? DecodeErspan2(state) : Next::kEthernet;
    case 0x22eb:
      out.tunnels[out.tunnel_count - 1] = Tunnel::kErspan;
      return DecodeErspan3(state);
    case 0x0800:
    case 0x86dd:
    case 0x8100:
    case 0x8847:
    case 0x8848:
      out.ether_type = protocol;
      return Next::kEtherType;
    case 0x880b:
      return state.rest.wire == 0 ? Next::kEnd : Next::kPpp;  // empty: an acknowledgment alone
    default:
      return UnknownPayload(state);
  }
}

// Optional words behind the first four bytes.
uint32_t HeaderBytes(uint16_t flags) noexcept {
  uint32_t bytes = 4;
  if ((flags & kVersion) == 1) {
    bytes += 4;  // payload length and call id stand in the place of the key
    if ((flags & kSequence) != 0) bytes += 4;
    if ((flags & kAcknowledgment) != 0) bytes += 4;
    return bytes;
  }
  if ((flags & (kChecksum | kRouting)) != 0) bytes += 4;
  if ((flags & kKey) != 0) bytes += 4;
  if ((flags & kSequence) != 0) bytes += 4;
  return bytes;
}

void NoteOddities(DecodeState& state, uint16_t flags) noexcept {
  DecodedPacket& out = state.out;
  const bool pptp = (flags & kVersion) == 1;
  if ((flags & kReserved) != 0 || (!pptp && (flags & kAcknowledgment) != 0)) {
    out.Note(DecodeStatus::kTunnelReservedBits);
  }
  if (pptp && ((flags & (kChecksum | kRouting)) != 0 || (flags & kKey) == 0)) {
    out.Note(DecodeStatus::kTunnelBadHeader);
  }
  const bool has_checksum = !pptp && (flags & kChecksum) != 0;
  if (has_checksum && state.verify && state.rest.whole() && !IsMalformed(out.status) &&
      OnesComplementSum(state.rest.at, state.rest.wire) != 0xffff) {
    out.Note(DecodeStatus::kChecksumGre);
  }
}

}  // namespace

Next DecodeGre(DecodeState& state) noexcept {
  if (state.out.fragment.is_fragment) return state.End(DecodeStatus::kFragment);
  ByteCursor& rest = state.rest;
  if (!rest.Has(4)) return state.Cut(4, DecodeStatus::kTunnelTruncated);
  const uint16_t flags = LoadBe16(rest.at), protocol = LoadBe16(rest.at + 2);
  if ((flags & kVersion) > 1) return state.End(DecodeStatus::kTunnelBadVersion);
  const uint32_t header = HeaderBytes(flags);
  if (!rest.Has(header)) return state.Cut(header, DecodeStatus::kTunnelTruncated);
  if (!state.EnterTunnel(Tunnel::kGre)) return Next::kEnd;
  NoteOddities(state, flags);
  rest.Skip(header);
  const bool routed = (flags & kVersion) == 0 && (flags & kRouting) != 0;
  if (routed && !SkipRoutes(state)) return UnknownPayload(state);
  return Payload(state, protocol, (flags & kSequence) != 0);
}

}  // namespace vedette
