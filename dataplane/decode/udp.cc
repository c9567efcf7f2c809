// UDP (RFC 768; without a checksum over IPv6: RFC 6935).
#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

constexpr uint32_t kHeader = 8;

// In a first fragment the length is the whole datagram's. 0 is a jumbo's (RFC 2675) or left to the
// network card to fill in.
void ApplyLength(DecodeState& state, uint32_t length) noexcept {
  if (state.out.fragment.is_fragment || length == 0) return;
  if (length > state.rest.wire) return state.Truncated(DecodeStatus::kUdpTruncated);
  if (length < state.rest.wire) state.out.Note(DecodeStatus::kUdpTrailingData);
  state.rest.Clip(length);
}

}  // namespace

Next DecodeUdp(DecodeState& state) noexcept {
  ByteCursor& rest = state.rest;
  DecodedPacket& out = state.out;
  if (!HasTransportHeader(state, kHeader, DecodeStatus::kUdpTruncatedHeader)) return Next::kEnd;
  const uint8_t* at = rest.at;
  const uint32_t length = LoadBe16(at + 4);
  const bool jumbo = length == 0 && rest.wire > 1500;
  if (length < kHeader && !jumbo) return state.End(DecodeStatus::kUdpBadLength);
  out.source_port = LoadBe16(at);
  out.target_port = LoadBe16(at + 2);
  out.deepest = Layer::kTransport;
  if (out.target_port == 0) out.Note(DecodeStatus::kUdpZeroPort);
  ApplyLength(state, length);
  const bool has_checksum = LoadBe16(at + 6) != 0;
  if (has_checksum && CanVerify(state)) {
    NoteTransportChecksum(out, SumIsRight(state), DecodeStatus::kChecksumUdp);
  }
  rest.Skip(kHeader);
  SetPayload(out, rest);
  const Next tunnel = IsTunnelPort(out) ? DecodeUdpTunnel(state) : Next::kEnd;
  if (!has_checksum && out.is_v6 && !state.inside_tunnel && tunnel == Next::kEnd) {
    out.Note(DecodeStatus::kUdpNoChecksum);
  }
  return tunnel;
}

}  // namespace vedette
