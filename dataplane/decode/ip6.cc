// IPv6 (RFC 8200): the fixed header, the chain of extension headers, jumbo payloads (RFC 2675).
#include "dataplane/decode/ip6_options.h"
#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

constexpr uint32_t kHeader = 40;
constexpr uint32_t kDatagramMax = 65'535;
constexpr int kExtensionsMax = 8;
constexpr uint8_t kHopByHop = 0, kRouting = 43, kFragment = 44, kAuthentication = 51,
                  kNoNextHeader = 59, kDestination = 60, kMobility = 135, kHostIdentity = 139,
                  kShim6 = 140;

void NoteAddresses(DecodeState& state) noexcept {
  DecodedPacket& out = state.out;
  if (out.source_ip.is_v4() || out.target_ip.is_v4())
    return out.Note(DecodeStatus::kIp6MappedAddress);
  if (out.source_ip.is_multicast()) out.Note(DecodeStatus::kIp6SourceMulticast);
  if (out.target_ip.is_zero()) out.Note(DecodeStatus::kIp6TargetZero);
  const bool loopback = out.source_ip.is_loopback();
  if (state.on_wire && (loopback || out.target_ip.is_loopback())) {
    out.Note(DecodeStatus::kIp6LoopbackOnWire);
  }
  if (state.on_wire && !loopback && out.source_ip == out.target_ip) {
    out.Note(DecodeStatus::kIp6Land);
  }
}

bool IsExtension(uint8_t next) noexcept {
  switch (next) {
    case kHopByHop:
    case kRouting:
    case kFragment:
    case kAuthentication:
    case kDestination:
    case kMobility:
    case kHostIdentity:
    case kShim6:
      return true;
    default:
      return false;
  }
}

// Place in the order that RFC 8200, 4.1 recommends; destination options have two places.
int Rank(uint8_t next) noexcept {
  switch (next) {
    case kHopByHop:
      return 1;
    case kRouting:
      return 2;
    case kFragment:
      return 3;
    case kAuthentication:
      return 4;
    default:
      return 5;
  }
}

struct Chain {
  int count = 0;
  int rank = 0;             // highest seen, destination options aside
  uint8_t previous = 0xff;  // kind of the header before
  int destination_options = 0;
};

void NoteOrder(DecodedPacket& out, uint8_t next, Chain& chain) noexcept {
  if (next == kDestination) {
    // Twice only if a routing header stands between.
    const bool repeated = chain.previous == kDestination || chain.destination_options >= 2 ||
                          (chain.destination_options == 1 && chain.rank < Rank(kRouting));
    if (repeated) out.Note(DecodeStatus::kIp6DuplicateExtension);
    ++chain.destination_options;
  } else {
    const int rank = Rank(next);
    if (rank == chain.rank) out.Note(DecodeStatus::kIp6DuplicateExtension);
    const bool late_first = next == kHopByHop && chain.count != 0;
    if (rank < chain.rank || late_first) out.Note(DecodeStatus::kIp6ExtensionOrder);
    if (rank > chain.rank) chain.rank = rank;
  }
  chain.previous = next;
  ++chain.count;
}

void SetFragment(DecodedPacket& out, const uint8_t* at, uint32_t before, uint32_t data) noexcept {
  const uint16_t word = LoadBe16(at + 2);
  if (at[1] != 0 || (word & 6) != 0) out.Note(DecodeStatus::kFragReservedBits);
  FragmentFields& fragment = out.fragment;
  fragment.id = LoadBe32(at + 4);
  fragment.offset_bytes = word & 0xfff8;
  fragment.more = (word & 1) != 0;
  // An atomic fragment (RFC 6946) is a whole packet.
  fragment.is_fragment = fragment.more || fragment.offset_bytes != 0;
  if (!fragment.is_fragment) return;
  if (data == 0) out.Note(DecodeStatus::kFragEmpty);
  if (fragment.more && data % 8 != 0) out.Note(DecodeStatus::kFragBadLength);
  if (before + fragment.offset_bytes + data > kDatagramMax) out.Note(DecodeStatus::kFragTooLong);
}

// Type 0 (RFC 5095), 2 (RFC 6275), 4 (RFC 8754). With segments left the last address of the path is
// not the one in the IPv6 header, and the transport's checksum is made with it.
void NoteRouting(DecodeState& state, const uint8_t* at, uint32_t bytes) noexcept {
  const uint8_t type = at[2], left = at[3];
  DecodedPacket& out = state.out;
  if (type == 0) out.Note(DecodeStatus::kIp6RoutingType0);
  if (left != 0) state.pseudo_header_known = false;
  const uint32_t addresses = (bytes - 8) / 16;
  if ((type == 0 || type == 2) && ((bytes - 8) % 16 != 0 || left > addresses)) {
    out.Note(DecodeStatus::kIp6BadExtension);
  }
  if (type == 4 && (at[4] + 1U > addresses || left > at[4] + 1U)) {
    out.Note(DecodeStatus::kIp6BadExtension);
  }
}

uint32_t ExtensionBytes(uint8_t kind, const uint8_t* at) noexcept {
  if (kind == kFragment) return 8;
  return kind == kAuthentication ? (at[1] + 2U) * 4 : (at[1] + 1U) * 8;
}

void ReadExtension(DecodeState& state, uint8_t kind, uint32_t bytes, uint32_t before) noexcept {
  const uint8_t* at = state.rest.at;
  switch (kind) {
    case kHopByHop:
    case kDestination:
      NoteIp6Options(state, at + 2, bytes - 2, kind == kHopByHop);
      break;
    case kRouting:
      NoteRouting(state, at, bytes);
      break;
    case kFragment:
      SetFragment(state.out, at, before, state.rest.wire - bytes);
      break;
    default:
      break;
  }
}

// The upper-layer header follows the chain: then kProtocol, out.protocol naming it.
Next DecodeExtensions(DecodeState& state, uint8_t kind) noexcept {
  DecodedPacket& out = state.out;
  Chain chain;
  while (IsExtension(kind) && out.fragment.offset_bytes == 0) {
    out.protocol = kind;
    if (chain.count == kExtensionsMax) return state.End(DecodeStatus::kIp6TooManyExtensions);
    if (!state.rest.Has(8)) return state.Cut(8, DecodeStatus::kIp6TruncatedExtension);
    const uint32_t bytes = ExtensionBytes(kind, state.rest.at);
    if (!state.rest.Has(bytes)) return state.Cut(bytes, DecodeStatus::kIp6TruncatedExtension);
    NoteOrder(out, kind, chain);
    ReadExtension(state, kind, bytes, static_cast<uint32_t>(out.ip_header_length - kHeader));
    kind = state.rest.at[0];
    out.ip_header_length = static_cast<uint16_t>(out.ip_header_length + bytes);
    state.rest.Skip(bytes);
  }
  out.protocol = kind;
  const bool no_next = kind == kNoNextHeader && !out.fragment.is_fragment;
  if (no_next) {
    if (state.rest.wire != 0) out.Note(DecodeStatus::kIp6DataAfterNoNext);
    return state.End(DecodeStatus::kOk);
  }
  return DecodeProtocol(state);
}

// Payload length by the header or the jumbo option. 0 before anything but the two headers that may
// have it means that the network card was to cut a larger packet: the frame's length counts then.
uint32_t PayloadLength(DecodeState& state, uint8_t next) noexcept {
  const ByteCursor& rest = state.rest;
  const uint32_t length = LoadBe16(rest.at + 4), frame = rest.wire - kHeader;
  if (length != 0 || next == kNoNextHeader) return length;
  if (next != kHopByHop) return frame > kHeader ? frame : 0;
  const uint32_t jumbo = JumboLength(rest.at + kHeader, rest.captured - kHeader);
  if (jumbo == 0) return frame;
  if (jumbo <= kDatagramMax) state.Truncated(DecodeStatus::kIp6BadJumbo);
  return jumbo;
}

}  // namespace

Next DecodeIp6(DecodeState& state) noexcept {
  ByteCursor& rest = state.rest;
  if (!rest.Has(1)) return state.Cut(1, DecodeStatus::kIp6TruncatedHeader);
  const uint8_t* at = rest.at;
  if (at[0] >> 4 != 6) return state.End(DecodeStatus::kIp6BadVersion);
  if (!rest.Has(kHeader)) return state.Cut(kHeader, DecodeStatus::kIp6TruncatedHeader);
  DecodedPacket& out = state.out;
  out.source_ip = LoadIp6(at + 8);
  out.target_ip = LoadIp6(at + 24);
  out.is_v6 = true;
  out.ttl = at[7];
  out.ip_header_length = kHeader;
  out.deepest = Layer::kNetwork;
  out.fragment = {};
  out.ip_checksum_checked = out.ip_checksum_bad = false;
  out.transport_checksum_checked = out.transport_checksum_bad = false;
  state.pseudo_header_known = true;
  NoteAddresses(state);
  if (out.ttl == 0) out.Note(DecodeStatus::kIp6HopLimitZero);
  const uint8_t next = at[6];
  const uint32_t payload = PayloadLength(state, next);
  if (payload > rest.wire - kHeader) {
    state.Truncated(DecodeStatus::kIp6Truncated);
  } else {
    rest.Clip(kHeader + payload);
  }
  out.ip_total_length = rest.wire;
  out.ip_bytes = {reinterpret_cast<const std::byte*>(at), rest.captured};
  rest.Skip(kHeader);
  return DecodeExtensions(state, next);
}

}  // namespace vedette
