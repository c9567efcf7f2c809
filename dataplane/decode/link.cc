// Ethernet II, 802.3 with LLC and SNAP, VLAN tags (IEEE 802.1Q, 802.1ad, 802.1BR), the BSD null
// header and the Linux cooked ones (tcpdump.org LINKTYPE_LINUX_SLL, _SLL2).
#include <cstring>

#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

constexpr uint32_t kEthernetHeader = 14;
constexpr uint16_t kLengthMax = 1500;      // larger: not an 802.3 length
constexpr uint16_t kEtherTypeMin = 0x600;  // smaller: not an EtherType

bool IsVlanTag(uint16_t type) {
  return type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200 || type == 0x9300;
}

// `at` is the two bytes behind the addresses or a tag.
Next TypeOrLength(DecodeState& state, uint16_t type) noexcept {
  state.out.ether_type = type;
  if (type == 0x0800) return DecodeIp4(state);
  if (type >= kEtherTypeMin) return Next::kEtherType;
  if (type > kLengthMax) {
    state.out.Note(DecodeStatus::kEthReservedType);
    return state.End(DecodeStatus::kUnknownEtherType);
  }
  if (type > state.rest.wire) state.out.Note(DecodeStatus::kEthBadLength);
  state.rest.Clip(type);
  return Next::kLlc;
}

Next DecodeVlans(DecodeState& state) noexcept {
  DecodedPacket& out = state.out;
  while (IsVlanTag(out.ether_type)) {
    if (!state.rest.Has(4)) return state.Cut(4, DecodeStatus::kVlanTruncated);
    if (out.vlan_count == kVlansMax) return state.End(DecodeStatus::kVlanTooDeep);
    const uint16_t id = LoadBe16(state.rest.at) & 0x0fff;
    if (id == 0x0fff) out.Note(DecodeStatus::kVlanReservedId);
    out.vlans[out.vlan_count++] = id;
    out.ether_type = LoadBe16(state.rest.at + 2);
    state.rest.Skip(4);
  }
  return TypeOrLength(state, out.ether_type);
}

// 802.1BR and VN tags: a longer tag without a VLAN id of its own.
Next SkipTag(DecodeState& state, uint32_t bytes) noexcept {
  if (!state.rest.Has(bytes)) return state.Cut(bytes, DecodeStatus::kVlanTruncated);
  const uint16_t type = LoadBe16(state.rest.at + bytes - 2);
  state.rest.Skip(bytes);
  return TypeOrLength(state, type);
}

// Cooked headers give the sender's address only, and none for loopback.
void SetCookedSource(DecodeState& state, uint16_t address_length, const uint8_t* address) noexcept {
  if (address_length != 6) return;
  state.out.source_mac = LoadMac(address);
  state.out.target_mac = {};
  state.out.has_mac = state.on_wire = !state.out.source_mac.is_zero();
}

constexpr uint16_t kArphrdNetlink = 824;

Next CookedProtocol(DecodeState& state, uint16_t hardware, uint16_t protocol) noexcept {
  state.out.deepest = Layer::kLink;
  if (hardware == kArphrdNetlink) return state.End(DecodeStatus::kUnsupportedLink);
  state.out.ether_type = protocol;
  if (protocol == 4) return Next::kLlc;  // LINUX_SLL_P_802_2
  if (protocol < kEtherTypeMin) return state.End(DecodeStatus::kUnknownEtherType);
  return Next::kEtherType;
}

}  // namespace

Next DecodeEthernet(DecodeState& state) noexcept {
  if (!state.rest.Has(kEthernetHeader)) {
    return state.Cut(kEthernetHeader, DecodeStatus::kEthTruncated);
  }
  DecodedPacket& out = state.out;
  const uint8_t* at = state.rest.at;
  state.rest.Skip(kEthernetHeader);
  if (!state.inside_tunnel) {
    std::memcpy(out.target_mac.bytes.data(), at, 6);
    std::memcpy(out.source_mac.bytes.data(), at + 6, 6);
    out.has_mac = true;
    // Loopback interfaces give frames between two zero addresses.
    state.on_wire = (LoadBe32(at) | LoadBe32(at + 4) | LoadBe32(at + 8)) != 0;
    out.deepest = Layer::kLink;
  }
  if ((at[6] & 1) != 0) out.Note(DecodeStatus::kEthSourceGroup);
  return TypeOrLength(state, LoadBe16(at + 12));
}

Next DecodeEtherType(DecodeState& state) noexcept {
  switch (state.out.ether_type) {
    case 0x0800:
      return DecodeIp4(state);
    case 0x86dd:
      return DecodeIp6(state);
    case 0x0806:
    case 0x8035:  // RARP has the same form
      return DecodeArp(state);
    case 0x8100:
    case 0x88a8:
    case 0x9100:
    case 0x9200:
    case 0x9300:
      return DecodeVlans(state);
    case 0x8847:
    case 0x8848:
      return DecodeMpls(state);
    case 0x8863:
      return DecodePppoeDiscovery(state);
    case 0x8864:
      return DecodePppoeSession(state);
    case 0x893f:
      return SkipTag(state, 8);
    case 0x8926:
      return SkipTag(state, 6);
    case 0x880b:
      return Next::kPpp;
    default:
      return state.End(DecodeStatus::kUnknownEtherType);
  }
}

// LLC (IEEE 802.2). Spanning tree, CDP, IS-IS and NetBEUI end here: nobody's fault.
Next DecodeLlc(DecodeState& state) noexcept {
  if (!state.rest.Has(3)) return state.Cut(3, DecodeStatus::kEthLlcTruncated);
  const uint8_t* at = state.rest.at;
  if (at[0] != 0xaa || at[1] != 0xaa || at[2] != 3) {
    return state.End(DecodeStatus::kUnknownEtherType);
  }
  if (!state.rest.Has(8)) return state.Cut(8, DecodeStatus::kEthLlcTruncated);
  const uint32_t organization = LoadBe32(at + 2) & 0xffffff;
  if (organization != 0 && organization != 0x0000f8) {
    return state.End(DecodeStatus::kUnknownEtherType);
  }
  state.out.ether_type = LoadBe16(at + 6);
  state.rest.Skip(8);
  if (state.out.ether_type < kEtherTypeMin) return state.End(DecodeStatus::kUnknownEtherType);
  return Next::kEtherType;
}

// The family is a host's number in that host's byte order; only small ones exist.
Next DecodeNull(DecodeState& state) noexcept {
  if (!state.rest.Has(4)) return state.Cut(4, DecodeStatus::kLinkTruncated);
  uint32_t family = LoadBe32(state.rest.at);
  if (family > 0xffff) family = __builtin_bswap32(family);
  state.rest.Skip(4);
  state.out.deepest = Layer::kLink;
  switch (family) {
    case 2:
      state.out.ether_type = 0x0800;
      return Next::kIp4;
    case 10:  // Linux
    case 24:  // NetBSD, OpenBSD
    case 28:  // FreeBSD
    case 30:  // macOS
      state.out.ether_type = 0x86dd;
      return Next::kIp6;
    default:
      return state.End(DecodeStatus::kUnknownEtherType);
  }
}

Next DecodeLinuxSll(DecodeState& state) noexcept {
  constexpr uint32_t kHeader = 16;
  if (!state.rest.Has(kHeader)) return state.Cut(kHeader, DecodeStatus::kLinkTruncated);
  const uint8_t* at = state.rest.at;
  SetCookedSource(state, LoadBe16(at + 4), at + 6);
  state.rest.Skip(kHeader);
  return CookedProtocol(state, LoadBe16(at + 2), LoadBe16(at + 14));
}

Next DecodeLinuxSll2(DecodeState& state) noexcept {
  constexpr uint32_t kHeader = 20;
  if (!state.rest.Has(kHeader)) return state.Cut(kHeader, DecodeStatus::kLinkTruncated);
  const uint8_t* at = state.rest.at;
  SetCookedSource(state, at[11], at + 12);
  state.rest.Skip(kHeader);
  return CookedProtocol(state, LoadBe16(at + 8), LoadBe16(at));
}

Next DecodeIpVersion(DecodeState& state) noexcept {
  if (!state.rest.Has(1)) return state.Cut(1, DecodeStatus::kIp4TruncatedHeader);
  const bool v6 = state.rest.at[0] >> 4 == 6;
  state.out.ether_type = v6 ? 0x86dd : 0x0800;
  return v6 ? DecodeIp6(state) : DecodeIp4(state);
}

}  // namespace vedette
