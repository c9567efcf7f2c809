// PPPoE (RFC 2516) and the protocol field of PPP (RFC 1661, 1662; IANA ppp-numbers).
#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

constexpr uint32_t kHeader = 6;

// Reads the common header and clips to its length. False: the packet has ended.
bool ReadHeader(DecodeState& state, uint8_t& code) noexcept {
  ByteCursor& rest = state.rest;
  if (!rest.Has(kHeader)) {
    state.Cut(kHeader, DecodeStatus::kPppoeTruncated);
    return false;
  }
  if (rest.at[0] != 0x11) {
    state.End(DecodeStatus::kPppoeBadVersion);
    return false;
  }
  code = rest.at[1];
  const uint32_t length = LoadBe16(rest.at + 4);
  rest.Skip(kHeader);
  if (length > rest.wire) state.Truncated(DecodeStatus::kPppoeTruncated);
  rest.Clip(length);
  return true;
}

bool IsDiscoveryCode(uint8_t code) noexcept {
  switch (code) {
    case 0x09:  // PADI
    case 0x07:  // PADO
    case 0x19:  // PADR
    case 0x65:  // PADS
    case 0xa7:  // PADT
    case 0xd3:  // PADM, in wide use
    case 0xd4:  // PADN
    case 0x0a:  // PADG, RFC 5578
    case 0x0b:  // PADC
    case 0x0c:  // PADQ
      return true;
    default:
      return false;
  }
}

}  // namespace

Next DecodePppoeDiscovery(DecodeState& state) noexcept {
  uint8_t code = 0;
  if (!ReadHeader(state, code)) return Next::kEnd;
  if (!IsDiscoveryCode(code)) state.out.Note(DecodeStatus::kPppoeBadCode);
  ByteCursor tags = state.rest;
  while (tags.Has(4)) {
    const uint32_t type = LoadBe16(tags.at), length = LoadBe16(tags.at + 2);
    if (type == 0) break;
    tags.Skip(4);
    if (length > tags.wire) state.out.Note(DecodeStatus::kPppoeBadTag);
    if (!tags.Has(length)) break;
    tags.Skip(length);
  }
  return Next::kEnd;
}

Next DecodePppoeSession(DecodeState& state) noexcept {
  if (!state.EnterTunnel(Tunnel::kPppoe)) return Next::kEnd;
  uint8_t code = 0;
  if (!ReadHeader(state, code)) return Next::kEnd;
  if (code != 0) {
    state.out.Note(DecodeStatus::kPppoeBadCode);
    return state.End(DecodeStatus::kUnknownTunnelPayload);
  }
  return Next::kPpp;
}

Next DecodePpp(DecodeState& state) noexcept {
  ByteCursor& rest = state.rest;
  if (!state.inside_tunnel) state.out.deepest = Layer::kLink;
  if (rest.Has(2) && rest.at[0] == 0xff && rest.at[1] == 0x03) rest.Skip(2);
  if (!rest.Has(1)) return state.Cut(1, DecodeStatus::kLinkTruncated);
  if (rest.at[0] == 0xff) {
    return rest.Has(2) ? state.End(DecodeStatus::kLinkBadHeader)
                       : state.Cut(2, DecodeStatus::kLinkTruncated);
  }
  // An odd first byte is a protocol field compressed to one byte (RFC 1661, 6.5).
  const bool compressed = (rest.at[0] & 1) != 0;
  if (!compressed && !rest.Has(2)) return state.Cut(2, DecodeStatus::kLinkTruncated);
  const uint32_t protocol = compressed ? rest.at[0] : LoadBe16(rest.at);
  rest.Skip(compressed ? 1 : 2);
  switch (protocol) {
    case 0x0021:
      state.out.ether_type = 0x0800;
      return Next::kIp4;
    case 0x0057:
      state.out.ether_type = 0x86dd;
      return Next::kIp6;
    case 0x0281:
      state.out.ether_type = 0x8847;
      return DecodeMpls(state);
    default:  // negotiation, compression, encryption
      return state.End(DecodeStatus::kUnknownEtherType);
  }
}

}  // namespace vedette
