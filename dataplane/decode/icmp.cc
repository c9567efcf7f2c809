// ICMP (RFC 792, 950, 1256, 8335; IANA icmp-parameters).
#include "dataplane/decode/checksum.h"
#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

constexpr uint32_t kHeader = 8;
constexpr int kUnknown = -1;

// Highest code of a type; kUnknown if the type is not assigned.
int CodeMax(uint8_t type) noexcept {
  switch (type) {
    case 3:  // destination unreachable
      return 15;
    case 5:  // redirect
      return 3;
    case 9:  // router advertisement: 0 and 16
      return 16;
    case 11:  // time exceeded
      return 1;
    case 12:  // parameter problem
      return 2;
    case 40:  // security failures
      return 5;
    case 43:  // extended echo reply
      return 4;
    case 253:  // experiments
    case 254:
      return 255;
    case 30:  // traceroute
      return 1;
    default:
      break;
  }
  const bool codeless = type == 0 || type == 4 || type == 6 || type == 8 || type == 10 ||
                        (type >= 13 && type <= 18) || (type >= 31 && type <= 39) || type == 41 ||
                        type == 42;
  return codeless ? 0 : kUnknown;
}

uint32_t LengthMin(uint8_t type) noexcept {
  switch (type) {
    case 13:  // time stamps
    case 14:
      return 20;
    case 17:  // address masks
    case 18:
      return 12;
    default:
      return kHeader;
  }
}

bool IsError(uint8_t type) noexcept {
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

// An error quotes the IP header and at least 8 bytes of what it is about (RFC 792), unless that was
// shorter. Judged only as far as it was captured.
bool QuotesPacket(const ByteCursor& quote) noexcept {
  if (quote.wire < 20) return false;
  if (!quote.Has(20)) return true;
  const uint32_t header = (quote.at[0] & 0x0fU) * 4;
  if (quote.at[0] >> 4 != 4 || header < 20) return false;
  const uint32_t total = LoadBe16(quote.at + 2);
  return quote.wire >= header + 8 || quote.wire >= total;
}

void NoteOddities(DecodeState& state) noexcept {
  DecodedPacket& out = state.out;
  const int code_max = CodeMax(out.icmp_type);
  if (code_max == kUnknown) {
    out.Note(DecodeStatus::kIcmpUnknownType);
  } else if (out.icmp_code > code_max) {
    out.Note(DecodeStatus::kIcmpUnknownCode);
  }
  if (!IsError(out.icmp_type) || out.fragment.is_fragment) return;
  ByteCursor quote = state.rest;
  quote.Skip(kHeader);
  if (!QuotesPacket(quote)) out.Note(DecodeStatus::kIcmpBadQuote);
}

}  // namespace

Next DecodeIcmp(DecodeState& state) noexcept {
  ByteCursor& rest = state.rest;
  DecodedPacket& out = state.out;
  if (!HasTransportHeader(state, kHeader, DecodeStatus::kIcmpTruncated)) return Next::kEnd;
  const uint8_t* at = rest.at;
  out.icmp_type = at[0];
  out.icmp_code = at[1];
  if (out.icmp_type == 8 || out.icmp_type == 0) {
    out.icmp_id = LoadBe16(at + 4);
    out.icmp_sequence = LoadBe16(at + 6);
  }
  out.deepest = Layer::kTransport;
  NoteOddities(state);
  if (CanVerify(state)) {
    const bool right = OnesComplementSum(at, rest.wire) == 0xffff;
    NoteTransportChecksum(out, right, DecodeStatus::kChecksumIcmp);
  }
  const bool cut_by_sender = rest.wire < LengthMin(out.icmp_type) && !out.fragment.is_fragment;
  rest.Skip(kHeader);
  SetPayload(out, rest);
  return cut_by_sender ? state.End(DecodeStatus::kIcmpTruncated) : Next::kEnd;
}

}  // namespace vedette
