#include "dataplane/decode/decode.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

// Clears what a reader may look at whatever the packet holds. Addresses, ARP fields and the arrays
// behind the counts are left as they are: they are only read after they were set. The fields from
// the IP lengths to the checksums lie together and are cleared as one block, in a few wide stores.
void Reset(const PacketView& packet, DecodedPacket& out) noexcept {
  static_assert(std::is_standard_layout_v<DecodedPacket>);
  static_assert(std::is_trivially_copyable_v<DecodedPacket>);
  constexpr size_t kBegin = offsetof(DecodedPacket, ip_total_length);
  constexpr size_t kEnd = offsetof(DecodedPacket, arp);
  static_assert(offsetof(DecodedPacket, target_ip) < kBegin &&
                offsetof(DecodedPacket, transport_checksum_bad) < kEnd);
  std::memset(reinterpret_cast<std::byte*>(&out) + kBegin, 0, kEnd - kBegin);
  out.arrival = packet.arrival;
  out.deepest = Layer::kNone;
  out.status = DecodeStatus::kOk;
  out.noted_count = 0;
  out.has_mac = out.is_arp = out.is_v6 = out.snap_cut = false;
  out.vlan_count = 0;
  out.tunnel_count = 0;
  out.ether_type = 0;
}

Next DecodeLink(LinkType link, DecodeState& state) noexcept {
  switch (link) {
    case LinkType::kEthernet:
      return DecodeEthernet(state);
    case LinkType::kRawIp:
      return DecodeIpVersion(state);
    case LinkType::kNull:
      return DecodeNull(state);
    case LinkType::kLinuxSll:
      return DecodeLinuxSll(state);
    case LinkType::kLinuxSll2:
      return DecodeLinuxSll2(state);
    case LinkType::kPpp:
      return DecodePpp(state);
    case LinkType::kIeee80211:
      return DecodeIeee80211(state);
    case LinkType::kRadiotap:
      return DecodeRadiotap(state);
    case LinkType::kUnsupported:
      break;
  }
  return state.End(DecodeStatus::kUnsupportedLink);
}

Next Step(Next next, DecodeState& state) noexcept {
  switch (next) {
    case Next::kEthernet:
      return DecodeEthernet(state);
    case Next::kEtherType:
      return DecodeEtherType(state);
    case Next::kLlc:
      return DecodeLlc(state);
    case Next::kPpp:
      return DecodePpp(state);
    case Next::kIpVersion:
      return DecodeIpVersion(state);
    case Next::kIp4:
      return DecodeIp4(state);
    case Next::kIp6:
      return DecodeIp6(state);
    case Next::kProtocol:
      return DecodeProtocol(state);
    case Next::kEnd:
      break;
  }
  return Next::kEnd;
}

}  // namespace

void Decode(const PacketView& packet, Checksums checksums, DecodedPacket& out) noexcept {
  Reset(packet, out);
  const auto captured =
      static_cast<uint32_t>(std::min<size_t>(packet.bytes.size(), kWireLengthMax));
  const uint32_t wire = std::clamp(packet.wire_length, captured, kWireLengthMax);
  out.captured_length = captured;
  out.wire_length = wire;
  out.snap_cut = captured < wire;
  DecodeState state{.out = out,
                    .rest = {reinterpret_cast<const uint8_t*>(packet.bytes.data()), captured, wire},
                    .verify = checksums == Checksums::kVerify};
  Next next = DecodeLink(packet.link, state);
  for (int steps = 1; next != Next::kEnd; ++steps) {
    next = steps < kStepsMax ? Step(next, state) : state.End(DecodeStatus::kTunnelTooDeep);
  }
}

}  // namespace vedette
