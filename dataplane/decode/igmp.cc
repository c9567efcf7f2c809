// IGMP (RFC 1112, 2236, 3376; IANA igmp-type-numbers).
#include "dataplane/decode/checksum.h"
#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

constexpr uint32_t kHeader = 8;
constexpr uint8_t kQuery = 0x11, kReport1 = 0x12, kReport2 = 0x16, kLeave = 0x17, kReport3 = 0x22;

bool IsAssigned(uint8_t type) noexcept {
  return (type >= kQuery && type <= kLeave) || type == 0x1e || type == 0x1f ||
         (type >= kReport3 && type <= 0x26) || (type >= 0x30 && type <= 0x32) ||
         (type >= 0xf0);  // experiments
}

bool GroupFits(uint8_t type, const IpAddress& group) noexcept {
  switch (type) {
    case kQuery:
      return group.is_zero() || group.is_multicast();
    case kReport1:
    case kReport2:
    case kLeave:
      return group.is_multicast();
    default:
      return true;
  }
}

// RFC 3376, 4.2. Judged only as far as it was captured.
void NoteRecords(DecodedPacket& out, ByteCursor records, uint32_t count) noexcept {
  for (uint32_t i = 0; i < count; ++i) {
    if (records.wire < 8) return out.Note(DecodeStatus::kIgmpBadRecord);
    if (!records.Has(8)) return;
    const uint32_t bytes = 8 + LoadBe16(records.at + 2) * 4U + records.at[1] * 4U;
    const uint8_t type = records.at[0];
    if (bytes > records.wire || type == 0 || type > 6) {
      return out.Note(DecodeStatus::kIgmpBadRecord);
    }
    if (!LoadIp4(records.at + 4).is_multicast()) out.Note(DecodeStatus::kIgmpBadGroup);
    if (!records.Has(bytes)) return;
    records.Skip(bytes);
  }
}

void NoteOddities(DecodeState& state, const uint8_t* at) noexcept {
  DecodedPacket& out = state.out;
  const uint8_t type = at[0];
  if (!IsAssigned(type)) return out.Note(DecodeStatus::kIgmpUnknownType);
  if (type == kReport3) {
    ByteCursor records = state.rest;
    records.Skip(kHeader);
    return NoteRecords(out, records, LoadBe16(at + 6));
  }
  if (!GroupFits(type, LoadIp4(at + 4))) out.Note(DecodeStatus::kIgmpBadGroup);
  const bool sources_missing = type == kQuery && state.rest.wire >= 12 && state.rest.Has(12) &&
                               12 + LoadBe16(at + 10) * 4U > state.rest.wire;
  if (sources_missing) out.Note(DecodeStatus::kIgmpBadRecord);
}

}  // namespace

Next DecodeIgmp(DecodeState& state) noexcept {
  ByteCursor& rest = state.rest;
  DecodedPacket& out = state.out;
  if (!HasTransportHeader(state, kHeader, DecodeStatus::kIgmpTruncated)) return Next::kEnd;
  const uint8_t* at = rest.at;
  out.deepest = Layer::kTransport;
  if (!out.fragment.is_fragment) NoteOddities(state, at);
  if (CanVerify(state)) {
    const bool right = OnesComplementSum(at, rest.wire) == 0xffff;
    NoteTransportChecksum(out, right, DecodeStatus::kChecksumIgmp);
  }
  rest.Skip(kHeader);
  SetPayload(out, rest);
  return Next::kEnd;
}

}  // namespace vedette
