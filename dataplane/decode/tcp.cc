// TCP (RFC 9293) with its options (IANA tcp-parameters).
#include <algorithm>

#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

constexpr uint32_t kHeaderMin = 20;

// RFC 8684, 3: length by subtype, 0 where any that fits will do.
bool MultipathFits(const uint8_t* option) noexcept {
  const uint8_t length = option[1];
  if (length < 3) return false;
  switch (option[2] >> 4) {
    case 0:  // MP_CAPABLE
      return length == 4 || length == 12 || length == 20 || length == 22 || length == 24;
    case 1:  // MP_JOIN
      return length == 12 || length == 16 || length == 24;
    case 2: {  // DSS
      if (length < 4) return false;
      const uint8_t flags = option[3];
      uint32_t need = 4;
      if ((flags & 1) != 0) need += (flags & 2) != 0 ? 8 : 4;
      if ((flags & 4) != 0) need += ((flags & 8) != 0 ? 8U : 4U) + 6;
      return length == need || ((flags & 4) != 0 && length == need + 2);
    }
    default:
      return true;
  }
}

bool LengthFits(const uint8_t* option) noexcept {
  const uint8_t length = option[1];
  switch (option[0]) {
    case 2:  // maximum segment size
      return length == 4;
    case 3:  // window scale
      return length == 3 && option[2] <= 14;
    case 4:  // SACK permitted
      return length == 2;
    case 5:  // SACK
      return length >= 10 && length % 8 == 2;
    case 8:  // time stamps
      return length == 10;
    case 19:  // MD5 signature
      return length == 18;
    case 28:  // user time-out
      return length == 4;
    case 29:  // authentication
      return length >= 4;
    case 30:
      return MultipathFits(option);
    case 34:  // fast open cookie
      return length == 2 || (length >= 6 && length <= 18);
    default:
      return true;
  }
}

void NoteOddities(DecodedPacket& out, uint8_t offset_byte) noexcept {
  const DecodeStatus oddity = TcpFlagOddity(out.tcp_flags);
  if (oddity != DecodeStatus::kOk) out.Note(oddity);
  // The lowest of the four is accurate ECN's (RFC 3540, 9768).
  if ((offset_byte & 0x0e) != 0) out.Note(DecodeStatus::kTcpReservedBits);
  if (out.source_port == 0 || out.target_port == 0) out.Note(DecodeStatus::kTcpZeroPort);
  const uint8_t* target = out.target_ip.bytes.data() + (out.is_v6 ? 0 : 12);
  const bool to_group = out.is_v6 ? target[0] == 0xff : target[0] >= 224;
  if (to_group) out.Note(DecodeStatus::kTcpToGroup);
}

void SetFields(DecodedPacket& out, const uint8_t* at) noexcept {
  out.source_port = LoadBe16(at);
  out.target_port = LoadBe16(at + 2);
  out.tcp_sequence = LoadBe32(at + 4);
  out.tcp_acknowledgment = LoadBe32(at + 8);
  out.tcp_flags = at[13];
  out.tcp_window = LoadBe16(at + 14);
  out.deepest = Layer::kTransport;
}

}  // namespace

void NoteTcpOptions(DecodedPacket& out, const uint8_t* at, uint32_t bytes, bool whole) noexcept {
  const bool handshake = (out.tcp_flags & (kTcpSyn | kTcpRst)) != 0;
  const uint8_t* const end = at + bytes;
  while (at != end) {
    const uint8_t kind = at[0];
    if (kind == 0) return;
    if (kind == 1) {
      ++at;
      continue;
    }
    const auto left = static_cast<uint32_t>(end - at);
    if (left < 2 || at[1] > left) {
      if (whole) out.Note(DecodeStatus::kTcpBadOption);
      return;
    }
    if (at[1] < 2 || !LengthFits(at)) return out.Note(DecodeStatus::kTcpBadOption);
    if (kind <= 4 && !handshake) out.Note(DecodeStatus::kTcpOptionOutsideSyn);
    at += at[1];
  }
}

Next DecodeTcp(DecodeState& state) noexcept {
  if (!HasTransportHeader(state, kHeaderMin, DecodeStatus::kTcpTruncatedHeader)) return Next::kEnd;
  ByteCursor rest = state.rest;
  DecodedPacket& out = state.out;
  const uint8_t offset_byte = rest.at[12];
  const uint32_t header = (offset_byte >> 4) * 4U;
  if (header < kHeaderMin) return state.End(DecodeStatus::kTcpBadHeaderLength);
  if (header > rest.wire) {
    EndWithoutTransportHeader(state, header, DecodeStatus::kTcpTruncatedOptions);
    return Next::kEnd;
  }
  SetFields(out, rest.at);
  NoteOddities(out, offset_byte);
  if (CanVerify(state)) {
    NoteTransportChecksum(out, SumIsRight(state), DecodeStatus::kChecksumTcp);
  }
  if (header > kHeaderMin) {
    const uint32_t captured = std::min(header, rest.captured);
    NoteTcpOptions(out, rest.at + kHeaderMin, captured - kHeaderMin, captured == header);
  }
  if (!rest.Has(header)) {
    SetPayload(out, {nullptr, 0, rest.wire - header});
    return state.End(DecodeStatus::kSnapLength);
  }
  rest.Skip(header);
  SetPayload(out, rest);
  return Next::kEnd;
}

}  // namespace vedette
