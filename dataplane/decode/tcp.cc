// TCP (RFC 9293) with its options (IANA tcp-parameters).
#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

constexpr uint32_t kHeaderMin = 20;

constexpr DecodeStatus FlagOddity(uint8_t flags) {
  const bool ack = (flags & kTcpAck) != 0, syn = (flags & kTcpSyn) != 0,
             fin = (flags & kTcpFin) != 0, rst = (flags & kTcpRst) != 0;
  if (flags == 0) return DecodeStatus::kTcpNullFlags;
  if (syn && fin) return DecodeStatus::kTcpSynFin;
  if (syn && rst) return DecodeStatus::kTcpSynRst;
  constexpr uint8_t kXmas = kTcpFin | kTcpPsh | kTcpUrg;
  if (!ack && (flags & kXmas) == kXmas) return DecodeStatus::kTcpXmas;
  if (!ack && !syn && !rst) return DecodeStatus::kTcpFlagsWithoutAck;
  return DecodeStatus::kOk;
}
// Every combination of the six flags that say what a segment is; ECE and CWR go with any.
constexpr auto kFlagOddities = [] {
  std::array<DecodeStatus, 64> table{};
  for (uint8_t flags = 0; flags < table.size(); ++flags) table[flags] = FlagOddity(flags);
  return table;
}();

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

bool OptionFits(const uint8_t* option, uint32_t room) noexcept {
  if (room < 2 || option[1] < 2 || option[1] > room) return false;
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

// Judged only as far as they were captured.
[[gnu::noinline]] void NoteOptions(DecodedPacket& out, ByteCursor options) noexcept {
  while (options.captured != 0) {
    const uint8_t kind = options.at[0];
    if (kind == 0) return;
    if (kind == 1) {
      options.Skip(1);
      continue;
    }
    const bool whole = options.Has(2) && options.Has(options.at[1]);
    if (!whole && !options.whole()) return;
    if (!OptionFits(options.at, options.captured)) return out.Note(DecodeStatus::kTcpBadOption);
    const bool handshake = kind >= 2 && kind <= 4;
    if (handshake && (out.tcp_flags & (kTcpSyn | kTcpRst)) == 0) {
      out.Note(DecodeStatus::kTcpOptionOutsideSyn);
    }
    options.Skip(options.at[1]);
  }
}

void NoteOddities(DecodedPacket& out, uint8_t offset_byte) noexcept {
  const DecodeStatus oddity = kFlagOddities[out.tcp_flags & 0x3f];
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
    ByteCursor options = rest;
    options.Clip(header);
    options.Skip(kHeaderMin);
    NoteOptions(out, options);
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
