// IPv4 (RFC 791), its options (IANA ip-parameters) and fragments (RFC 815, 1858).
#include <algorithm>

#include "dataplane/decode/checksum.h"
#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

constexpr uint32_t kHeaderMin = 20;
constexpr uint32_t kDatagramMax = 65'535;
constexpr uint16_t kReserved = 0x8000, kDontFragment = 0x4000, kMoreFragments = 0x2000;

// Kept out of line, like all that ordinary packets do not need: DecodeIp4 stays short.
[[gnu::noinline]] void NoteUnusualAddresses(DecodeState& state, uint32_t source,
                                            uint32_t target) noexcept {
  DecodedPacket& out = state.out;
  const uint32_t top = source >> 24;
  if (source == 0xffffffff) {
    out.Note(DecodeStatus::kIp4SourceBroadcast);
  } else if (top >= 240 || (top == 0 && source != 0)) {
    out.Note(DecodeStatus::kIp4SourceReserved);
  } else if (top >= 224) {
    out.Note(DecodeStatus::kIp4SourceMulticast);
  }
  if (target == 0) out.Note(DecodeStatus::kIp4TargetZero);
  if (state.on_wire && (top == 127 || target >> 24 == 127)) {
    out.Note(DecodeStatus::kIp4LoopbackOnWire);
  }
  // A host that talks to itself does so on its loopback interface, whose frames have no addresses.
  if (source == target && top != 127 && state.on_wire) out.Note(DecodeStatus::kIp4Land);
}

// Lengths as the standards fix them; 0: any that fits.
uint8_t OptionLength(uint8_t type) {
  switch (type) {
    case 136:  // stream id
    case 148:  // router alert
      return 4;
    default:
      return 0;
  }
}
bool IsRoute(uint8_t type) { return type == 7 || type == 131 || type == 137; }

bool OptionFits(const uint8_t* option, uint32_t room) noexcept {
  if (room < 2 || option[1] < 2 || option[1] > room) return false;
  const uint8_t type = option[0], length = option[1], fixed = OptionLength(type);
  if (fixed != 0 && length != fixed) return false;
  if (IsRoute(type)) return length >= 3 && length % 4 == 3 && option[2] >= 4 && option[2] % 4 == 0;
  if (type == 68) return length >= 4 && option[2] >= 5;  // time stamp
  return true;
}

[[gnu::noinline]] void NoteOptions(DecodedPacket& out, const uint8_t* options,
                                   uint32_t bytes) noexcept {
  for (uint32_t i = 0; i < bytes;) {
    const uint8_t type = options[i];
    if (type == 0) return;
    if (type == 1) {
      ++i;
      continue;
    }
    if (!OptionFits(options + i, bytes - i)) return out.Note(DecodeStatus::kIp4BadOption);
    if (type == 131 || type == 137) out.Note(DecodeStatus::kIp4SourceRoute);
    i += options[i + 1];
  }
}

[[gnu::noinline]] void SetFragment(DecodedPacket& out, uint16_t word,
                                   uint32_t data_bytes) noexcept {
  if ((word & kReserved) != 0) out.Note(DecodeStatus::kIp4ReservedFlag);
  FragmentFields& fragment = out.fragment;
  fragment.is_fragment = (word & 0x3fff) != 0;
  if (!fragment.is_fragment) return;
  fragment.more = (word & kMoreFragments) != 0;
  fragment.offset_bytes = static_cast<uint16_t>((word & 0x1fff) * 8);
  if ((word & kDontFragment) != 0) out.Note(DecodeStatus::kFragDontFragment);
  if (data_bytes == 0) out.Note(DecodeStatus::kFragEmpty);
  if (fragment.more && data_bytes % 8 != 0) out.Note(DecodeStatus::kFragBadLength);
  // Another eight bytes would have fitted through any link (RFC 791: 68 bytes): cut to hide.
  constexpr uint32_t kMtuMin = 68;
  if (fragment.more && data_bytes != 0 && data_bytes + 8 <= kMtuMin - kHeaderMin) {
    out.Note(DecodeStatus::kFragTiny);
  }
  if (fragment.offset_bytes + data_bytes > kDatagramMax - kHeaderMin) {
    out.Note(DecodeStatus::kFragTooLong);
  }
  const bool tcp = out.protocol == static_cast<uint8_t>(IpProtocol::kTcp);
  if (tcp && fragment.offset_bytes == 8) out.Note(DecodeStatus::kFragOffsetOne);
}

// Length of the packet by its header. 0 means that the sender's network card was to cut a larger
// one (TSO) and the capture saw it before: the frame's length counts then.
uint32_t TotalLength(const ByteCursor& rest, uint32_t header) noexcept {
  const uint32_t total = LoadBe16(rest.at + 2);
  return total == 0 && rest.wire > header + kHeaderMin ? rest.wire : total;
}

void SetNetwork(DecodedPacket& out, const uint8_t* at, uint32_t header) noexcept {
  out.source_ip = LoadIp4(at + 12);
  out.target_ip = LoadIp4(at + 16);
  out.is_v6 = false;
  out.ttl = at[8];
  out.protocol = at[9];
  out.ip_header_length = static_cast<uint16_t>(header);
  out.deepest = Layer::kNetwork;
  out.transport_checksum_checked = out.transport_checksum_bad = false;
}

// Addresses, checksum, time to live and options.
void NoteHeader(DecodeState& state, const uint8_t* at, uint32_t header) noexcept {
  DecodedPacket& out = state.out;
  const uint32_t source = LoadBe32(at + 12), target = LoadBe32(at + 16);
  if (!AreOrdinaryIp4(source, target)) NoteUnusualAddresses(state, source, target);
  out.ip_checksum_checked = state.verify;
  out.ip_checksum_bad = state.verify && OnesComplementSum(at, header) != 0xffff;
  if (out.ip_checksum_bad) out.Note(DecodeStatus::kChecksumIp4);
  if (out.ttl == 0) out.Note(DecodeStatus::kIp4TtlZero);
  if (header > kHeaderMin) NoteOptions(out, at + kHeaderMin, header - kHeaderMin);
}

}  // namespace

Next DecodeIp4(DecodeState& state) noexcept {
  ByteCursor rest = state.rest;
  if (!rest.Has(1)) return state.Cut(1, DecodeStatus::kIp4TruncatedHeader);
  const uint8_t* at = rest.at;
  if (at[0] >> 4 != 4) return state.End(DecodeStatus::kIp4BadVersion);
  const uint32_t header = (at[0] & 0x0fU) * 4;
  if (header < kHeaderMin) return state.End(DecodeStatus::kIp4BadHeaderLength);
  if (!rest.Has(header)) return state.Cut(header, DecodeStatus::kIp4TruncatedHeader);
  const uint32_t total = TotalLength(rest, header);
  if (total > rest.wire) state.Truncated(DecodeStatus::kIp4Truncated);
  DecodedPacket& out = state.out;
  SetNetwork(out, at, header);
  state.pseudo_header_known = true;
  NoteHeader(state, at, header);
  out.ip_total_length = std::min(total, rest.wire);
  out.ip_bytes = {reinterpret_cast<const std::byte*>(at), std::min(total, rest.captured)};
  if (total < header) {
    ResetTransport(out);
    SetPayload(out, {});
    return state.End(DecodeStatus::kIp4BadTotalLength);
  }
  rest.Clip(total);
  out.fragment = {.id = LoadBe16(at + 4)};
  const uint16_t flags_and_offset = LoadBe16(at + 6);
  if ((flags_and_offset & ~kDontFragment) != 0) SetFragment(out, flags_and_offset, total - header);
  rest.Skip(header);
  state.rest = rest;
  return DecodeProtocol(state);
}

}  // namespace vedette
