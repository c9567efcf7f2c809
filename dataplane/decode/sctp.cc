// SCTP (RFC 9260; IANA sctp-parameters).
#include "dataplane/decode/checksum.h"
#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

constexpr uint32_t kHeader = 12;
constexpr uint8_t kInit = 1;
constexpr int kChunksMax = 64;  // a 1,500-byte packet of smallest chunks has more; enough to judge

bool IsAssigned(uint8_t type) noexcept {
  switch (type) {
    case 0x40:  // I-DATA
    case 0x80:  // ASCONF-ACK
    case 0x81:  // PKTDROP
    case 0x82:  // RE-CONFIG
    case 0x84:  // PAD
    case 0xc0:  // FORWARD-TSN
    case 0xc1:  // ASCONF
    case 0xc2:  // I-FORWARD-TSN
      return true;
    default:
      return type <= 15 || (type & 0x3f) == 0x3f;  // the latter reserved for extensions
  }
}

// Judged only as far as it was captured.
void NoteChunks(DecodedPacket& out, ByteCursor chunks, uint32_t tag) noexcept {
  bool init = false;
  int count = 0;
  for (; chunks.wire != 0 && count < kChunksMax; ++count) {
    if (chunks.wire < 4) return out.Note(DecodeStatus::kSctpBadChunk);
    if (!chunks.Has(4)) return;
    const uint8_t type = chunks.at[0];
    const uint32_t length = LoadBe16(chunks.at + 2);
    if (length < 4 || length > chunks.wire) return out.Note(DecodeStatus::kSctpBadChunk);
    if (!IsAssigned(type)) out.Note(DecodeStatus::kSctpUnknownChunk);
    // RFC 9260, 8.5.1: INIT alone carries tag 0, and no other chunk beside it.
    if ((type == kInit) != (tag == 0)) out.Note(DecodeStatus::kSctpBadTag);
    init = init || type == kInit;
    if (init && count > 0) out.Note(DecodeStatus::kSctpInitBundled);
    const uint32_t padded = (length + 3) & ~3U;
    if (padded >= chunks.wire || !chunks.Has(padded)) return;
    chunks.Skip(padded);
  }
}

void VerifyChecksum(const ByteCursor& rest, DecodedPacket& out) noexcept {
  static constexpr uint8_t kZero[4] = {};
  const uint8_t* at = rest.at;
  uint32_t crc = Crc32c(0, at, 8);
  crc = Crc32c(crc, kZero, sizeof(kZero));
  crc = Crc32c(crc, at + kHeader, rest.wire - kHeader);
  const bool right = LoadBe32(at + 8) == __builtin_bswap32(crc);
  NoteTransportChecksum(out, right, DecodeStatus::kChecksumSctp);
}

}  // namespace

Next DecodeSctp(DecodeState& state) noexcept {
  ByteCursor& rest = state.rest;
  DecodedPacket& out = state.out;
  if (!HasTransportHeader(state, kHeader, DecodeStatus::kSctpTruncatedHeader)) return Next::kEnd;
  const uint8_t* at = rest.at;
  out.source_port = LoadBe16(at);
  out.target_port = LoadBe16(at + 2);
  out.deepest = Layer::kTransport;
  if (out.source_port == 0 || out.target_port == 0) out.Note(DecodeStatus::kSctpZeroPort);
  if (CanVerify(state)) VerifyChecksum(rest, out);
  const uint32_t tag = LoadBe32(at + 4);
  rest.Skip(kHeader);
  SetPayload(out, rest);
  if (!out.fragment.is_fragment) NoteChunks(out, rest, tag);
  return Next::kEnd;
}

}  // namespace vedette
