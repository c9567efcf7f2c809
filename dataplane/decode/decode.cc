#include "dataplane/decode/decode.h"

#include <algorithm>

#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

// Clears what a reader may look at whatever the packet holds. Addresses, ARP fields and the arrays
// behind the counts are left as they are: they are only read after they were set.
void Reset(const PacketView& packet, DecodedPacket& out) noexcept {
  out.arrival = packet.arrival;
  out.deepest = Layer::kNone;
  out.status = DecodeStatus::kOk;
  out.noted_count = 0;
  out.has_mac = out.is_arp = out.is_v6 = out.snap_cut = false;
  out.vlan_count = 0;
  out.tunnel_count = 0;
  out.ether_type = 0;
  out.ip_total_length = 0;
  out.ip_header_length = 0;
  out.ttl = out.protocol = 0;
  out.fragment = {};
  out.source_port = out.target_port = 0;
  out.tcp_flags = 0;
  out.icmp_type = out.icmp_code = 0;
  out.icmp_id = out.icmp_sequence = 0;
  out.tcp_window = 0;
  out.tcp_sequence = out.tcp_acknowledgment = 0;
  out.payload_wire_length = 0;
  out.payload = {};
  out.ip_bytes = {};
  out.ip_checksum_checked = out.ip_checksum_bad = false;
  out.transport_checksum_checked = out.transport_checksum_bad = false;
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
