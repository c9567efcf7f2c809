// Tunnels known by their UDP port: VXLAN (RFC 7348, group policy: draft-smith-vxlan-group-policy,
// VXLAN-GPE: draft-ietf-nvo3-vxlan-gpe), GENEVE (RFC 8926), GTP-U (3GPP TS 29.281), Teredo (RFC
// 4380). Ports are habits, so a payload must have exactly the tunnel's form; anything else is plain
// UDP and no irregularity.
#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

constexpr uint16_t kVxlanPort = 4789, kGenevePort = 6081, kGtpUPort = 2152, kTeredoPort = 3544;
constexpr uint32_t kEthernetHeader = 14;

Next Enter(DecodeState& state, Tunnel tunnel, const ByteCursor& inner, Next next) noexcept {
  if (!state.EnterTunnel(tunnel)) return Next::kEnd;
  state.rest = inner;
  return next;
}

// With the P bit the last byte of the first word names what follows (VXLAN-GPE).
Next VxlanPayload(uint32_t first_word) noexcept {
  switch (first_word) {
    case 0x08000000:
    case 0x0c000003:
      return Next::kEthernet;
    case 0x0c000001:
      return Next::kIp4;
    case 0x0c000002:
      return Next::kIp6;
    default: {
      const bool with_group_policy = (first_word & 0xffb70000) == 0x88000000;
      return with_group_policy ? Next::kEthernet : Next::kEnd;
    }
  }
}

Next DecodeVxlan(DecodeState& state) noexcept {
  ByteCursor inner = state.rest;
  if (!inner.Has(8) || inner.wire < 8 + kEthernetHeader) return Next::kEnd;
  const Next next = VxlanPayload(LoadBe32(inner.at));
  if (next == Next::kEnd || inner.at[7] != 0) return Next::kEnd;
  inner.Skip(8);
  return Enter(state, Tunnel::kVxlan, inner, next);
}

// Options must fill the length that the header gives exactly.
bool GeneveOptionsFit(const uint8_t* options, uint32_t bytes) noexcept {
  while (bytes >= 4) {
    const uint32_t option = 4 + (options[3] & 0x1fU) * 4;
    if (option > bytes) return false;
    options += option;
    bytes -= option;
  }
  return bytes == 0;
}

Next DecodeGeneve(DecodeState& state) noexcept {
  ByteCursor inner = state.rest;
  if (!inner.Has(8)) return Next::kEnd;
  const uint32_t options = (inner.at[0] & 0x3fU) * 4;
  const uint16_t protocol = LoadBe16(inner.at + 2);
  const bool bits_fit = inner.at[0] >> 6 == 0 && (inner.at[1] & 0x3f) == 0 && inner.at[7] == 0;
  if (!bits_fit || !inner.Has(8 + options)) return Next::kEnd;
  if (!GeneveOptionsFit(inner.at + 8, options)) return Next::kEnd;
  inner.Skip(8 + options);
  switch (protocol) {
    case 0x6558:
      return Enter(state, Tunnel::kGeneve, inner, Next::kEthernet);
    case 0x0800:
      return Enter(state, Tunnel::kGeneve, inner, Next::kIp4);
    case 0x86dd:
      return Enter(state, Tunnel::kGeneve, inner, Next::kIp6);
    default:
      return Next::kEnd;
  }
}

// Extension headers: length in units of 4 bytes first, type of the next one last.
bool SkipGtpExtensions(ByteCursor& inner, uint8_t type) noexcept {
  constexpr int kExtensionsMax = 8;
  for (int count = 0; type != 0; ++count) {
    if (count == kExtensionsMax || !inner.Has(1)) return false;
    const uint32_t bytes = inner.at[0] * 4U;
    if (bytes == 0 || !inner.Has(bytes)) return false;
    type = inner.at[bytes - 1];
    inner.Skip(bytes);
  }
  return true;
}

Next DecodeGtpU(DecodeState& state) noexcept {
  constexpr uint32_t kHeader = 8;
  constexpr uint8_t kExtension = 4, kOptional = 7, kUserPacket = 255;
  ByteCursor inner = state.rest;
  if (!inner.Has(kHeader)) return Next::kEnd;
  const uint8_t flags = inner.at[0];
  const bool version_1 = (flags & 0xf8) == 0x30;
  if (!version_1 || inner.at[1] != kUserPacket) return Next::kEnd;
  if (LoadBe16(inner.at + 2) + kHeader != inner.wire) return Next::kEnd;
  inner.Skip(kHeader);
  if ((flags & kOptional) != 0) {
    if (!inner.Has(4)) return Next::kEnd;
    const uint8_t type = (flags & kExtension) != 0 ? inner.at[3] : 0;
    inner.Skip(4);
    if (!SkipGtpExtensions(inner, type)) return Next::kEnd;
  }
  const uint8_t nibble = inner.Has(1) ? inner.at[0] >> 4 : 0;
  if (nibble != 4 && nibble != 6) return Next::kEnd;
  return Enter(state, Tunnel::kGtpU, inner, Next::kIpVersion);
}

// RFC 4380, 5.1.1: authentication and origin indicators may stand before the IPv6 packet.
Next DecodeTeredo(DecodeState& state) noexcept {
  constexpr uint32_t kOrigin = 8, kIp6Header = 40;
  ByteCursor inner = state.rest;
  if (inner.Has(4) && LoadBe16(inner.at) == 1) {
    const uint32_t bytes = 4U + inner.at[2] + inner.at[3] + 9;
    if (!inner.Has(bytes)) return Next::kEnd;
    inner.Skip(bytes);
  }
  if (inner.Has(kOrigin) && LoadBe16(inner.at) == 0) inner.Skip(kOrigin);
  if (!inner.Has(kIp6Header) || inner.at[0] >> 4 != 6) return Next::kEnd;
  if (LoadBe16(inner.at + 4) + kIp6Header != inner.wire) return Next::kEnd;
  return Enter(state, Tunnel::kTeredo, inner, Next::kIp6);
}

bool IsTeredo(const DecodedPacket& out) noexcept {
  return out.target_port == kTeredoPort || out.source_port == kTeredoPort;
}
bool IsGtpU(const DecodedPacket& out) noexcept {
  return out.target_port == kGtpUPort || out.source_port == kGtpUPort;
}

}  // namespace

bool IsTunnelPort(const DecodedPacket& out) noexcept {
  return out.target_port == kVxlanPort || out.target_port == kGenevePort || IsGtpU(out) ||
         IsTeredo(out);
}

Next DecodeUdpTunnel(DecodeState& state) noexcept {
  const DecodedPacket& out = state.out;
  // Inside a fragment the length of the inner packet cannot be judged.
  if (out.fragment.is_fragment || IsMalformed(out.status)) return Next::kEnd;
  if (out.target_port == kVxlanPort) return DecodeVxlan(state);
  if (out.target_port == kGenevePort) return DecodeGeneve(state);
  return IsGtpU(out) ? DecodeGtpU(state) : DecodeTeredo(state);
}

}  // namespace vedette
