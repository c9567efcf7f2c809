// IEEE 802.11 data frames as far as finding the IP packet, with or without radiotap
// (radiotap.org). Management and control frames end as unknown: nobody's fault.
#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

constexpr uint32_t kHeader = 24;
constexpr uint8_t kToDs = 1, kFromDs = 2, kProtected = 0x40, kOrder = 0x80;

uint16_t LoadLe16(const uint8_t* at) noexcept { return static_cast<uint16_t>(at[0] | at[1] << 8); }

// Where the addresses of the hosts stand (IEEE 802.11-2020, table 9-30).
void SetAddresses(DecodedPacket& out, const uint8_t* at, uint8_t ds) noexcept {
  const uint8_t *first = at + 4, *second = at + 10, *third = at + 16;
  out.target_mac = LoadMac((ds & kToDs) != 0 ? third : first);
  const uint8_t* source = (ds & kFromDs) == 0 ? second : third;
  out.source_mac = LoadMac((ds & (kToDs | kFromDs)) == (kToDs | kFromDs) ? at + 24 : source);
  out.has_mac = true;
}

struct DataHeader {
  uint32_t bytes = kHeader;
  bool aggregated = false;
};

DataHeader HeaderOf(const ByteCursor& rest, uint8_t subtype, uint8_t flags) noexcept {
  DataHeader header;
  if ((flags & (kToDs | kFromDs)) == (kToDs | kFromDs)) header.bytes += 6;
  if ((subtype & 8) == 0) return header;
  header.aggregated = rest.Has(header.bytes + 2) && (rest.at[header.bytes] & 0x80) != 0;
  header.bytes += 2;
  if ((flags & kOrder) != 0) header.bytes += 4;
  return header;
}

// Some captures align the payload to 4 bytes behind the header, as radiotap may say.
Next DecodeFrame(DecodeState& state, bool aligned) noexcept {
  ByteCursor& rest = state.rest;
  if (!rest.Has(2)) return state.Cut(2, DecodeStatus::kLinkTruncated);
  const uint8_t type = (rest.at[0] >> 2) & 3, subtype = rest.at[0] >> 4, flags = rest.at[1];
  if (type != 2) return state.End(DecodeStatus::kUnknownEtherType);
  if (!rest.Has(kHeader)) return state.Cut(kHeader, DecodeStatus::kLinkTruncated);
  DataHeader header = HeaderOf(rest, subtype, flags);
  if (!rest.Has(header.bytes)) return state.Cut(header.bytes, DecodeStatus::kLinkTruncated);
  SetAddresses(state.out, rest.at, flags & (kToDs | kFromDs));
  state.on_wire = true;
  state.out.deepest = Layer::kLink;
  const bool later_fragment = (LoadLe16(rest.at + 22) & 0x0f) != 0;
  if ((subtype & 4) != 0 || later_fragment) return state.End(DecodeStatus::kUnknownEtherType);
  if ((flags & kProtected) != 0) return state.End(DecodeStatus::kEncrypted);
  if (aligned) header.bytes = (header.bytes + 3) & ~3U;
  if (header.aggregated) header.bytes += 14;  // first of several: its own small header
  if (!rest.Has(header.bytes)) return state.Cut(header.bytes, DecodeStatus::kLinkTruncated);
  rest.Skip(header.bytes);
  return Next::kLlc;
}

// The flags field of radiotap, behind its bitmaps and the 8-byte aligned time; 0 if it has none.
uint8_t RadiotapFlags(const uint8_t* at, uint32_t bytes) noexcept {
  constexpr uint8_t kTime = 1, kFlags = 2, kMoreBitmaps = 0x80;
  if ((at[4] & kFlags) == 0) return 0;
  uint32_t field = 4;
  while (field + 4 <= bytes && (at[field + 3] & kMoreBitmaps) != 0) field += 4;
  field += 4;
  if ((at[4] & kTime) != 0) field = ((field + 7) & ~7U) + 8;
  return field < bytes ? at[field] : 0;
}

}  // namespace

Next DecodeIeee80211(DecodeState& state) noexcept { return DecodeFrame(state, false); }

Next DecodeRadiotap(DecodeState& state) noexcept {
  constexpr uint32_t kFixed = 8;
  constexpr uint8_t kChecksumAtEnd = 0x10, kAligned = 0x20;
  ByteCursor& rest = state.rest;
  if (!rest.Has(kFixed)) return state.Cut(kFixed, DecodeStatus::kLinkTruncated);
  const uint32_t bytes = LoadLe16(rest.at + 2);
  if (rest.at[0] != 0 || bytes < kFixed) return state.End(DecodeStatus::kLinkBadHeader);
  if (!rest.Has(bytes)) return state.Cut(bytes, DecodeStatus::kLinkTruncated);
  const uint8_t flags = RadiotapFlags(rest.at, bytes);
  rest.Skip(bytes);
  if ((flags & kChecksumAtEnd) != 0 && rest.wire >= 4) rest.Clip(rest.wire - 4);
  return DecodeFrame(state, (flags & kAligned) != 0);
}

}  // namespace vedette
