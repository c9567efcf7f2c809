// MPLS label stacks (RFC 3032; special labels: RFC 7274, IANA mpls-label-values) and what they
// carry: IP, or a pseudowire (RFC 4385, 4448).
#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

constexpr int kLabelsMax = 8;
constexpr uint32_t kIp4Null = 0, kIp6Null = 2;

// 3 is only ever signalled; 4 to 6 and 8 to 12 are not assigned.
bool IsReserved(uint32_t label) noexcept {
  return (label >= 3 && label <= 6) || (label >= 8 && label <= 12);
}

// An Ethernet pseudowire without a control word begins with a MAC address; taken for one only if a
// type that is parsed stands where it should.
bool LooksLikeEthernet(const ByteCursor& rest) noexcept {
  if (!rest.Has(14)) return false;
  switch (LoadBe16(rest.at + 12)) {
    case 0x0800:
    case 0x0806:
    case 0x8100:
    case 0x86dd:
      return true;
    default:
      return false;
  }
}

Next Payload(DecodeState& state, uint32_t bottom) noexcept {
  if (bottom == kIp4Null) return Next::kIp4;
  if (bottom == kIp6Null) return Next::kIp6;
  if (!state.rest.Has(1)) return state.Cut(1, DecodeStatus::kMplsTruncated);
  const uint8_t nibble = state.rest.at[0] >> 4;
  if (LooksLikeEthernet(state.rest)) return Next::kEthernet;
  if (nibble == 4 || nibble == 6) return Next::kIpVersion;
  if (nibble == 0 && state.rest.Has(4)) {  // control word
    ByteCursor behind = state.rest;
    behind.Skip(4);
    if (LooksLikeEthernet(behind)) {
      state.rest = behind;
      return Next::kEthernet;
    }
  }
  return state.End(DecodeStatus::kUnknownTunnelPayload);
}

}  // namespace

Next DecodeMpls(DecodeState& state) noexcept {
  if (!state.EnterTunnel(Tunnel::kMpls)) return Next::kEnd;
  for (int labels = 0; labels < kLabelsMax; ++labels) {
    if (!state.rest.Has(4)) return state.Cut(4, DecodeStatus::kMplsTruncated);
    const uint32_t entry = LoadBe32(state.rest.at);
    state.rest.Skip(4);
    const uint32_t label = entry >> 12;
    if (IsReserved(label)) state.out.Note(DecodeStatus::kMplsReservedLabel);
    if ((entry & 0xff) == 0) state.out.Note(DecodeStatus::kMplsTtlZero);
    if ((entry & 0x100) != 0) return Payload(state, label);
  }
  return state.End(DecodeStatus::kMplsTooDeep);
}

}  // namespace vedette
