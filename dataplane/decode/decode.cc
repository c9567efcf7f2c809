#include "dataplane/decode/decode.h"

#include <cstddef>
#include <cstring>
#include <type_traits>

#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

// Clears what a reader may look at whatever the packet holds: from the IP lengths to the ICMP
// fields, which lie together for it. Addresses, ARP fields and the arrays behind the counts are
// left as they are: they are only read after they were set.
void Reset(Timestamp arrival, const ByteCursor& frame, DecodedPacket& out) noexcept {
  static_assert(std::is_standard_layout_v<DecodedPacket>);
  static_assert(std::is_trivially_copyable_v<DecodedPacket>);
  constexpr size_t kBegin = offsetof(DecodedPacket, ip_total_length);
  constexpr size_t kEnd = offsetof(DecodedPacket, target_mac);
  static_assert(offsetof(DecodedPacket, target_ip) < kBegin &&
                offsetof(DecodedPacket, icmp_sequence) < kEnd);
  static_assert(Layer{} == Layer::kNone && DecodeStatus{} == DecodeStatus::kOk);
  std::memset(reinterpret_cast<std::byte*>(&out) + kBegin, 0, kEnd - kBegin);
  out.arrival = arrival;
  out.captured_length = frame.captured;
  out.wire_length = frame.wire;
  out.snap_cut = !frame.whole();
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

void DecodeByLayers(const PacketView& packet, Checksums checksums, DecodedPacket& out) noexcept {
  const ByteCursor frame = FrameOf(packet);
  Reset(packet.arrival, frame, out);
  DecodeState state{.out = out, .rest = frame, .verify = checksums == Checksums::kVerify};
  Next next = DecodeLink(packet.link, state);
  for (int steps = 1; next != Next::kEnd; ++steps) {
    next = steps < kStepsMax ? Step(next, state) : state.End(DecodeStatus::kTunnelTooDeep);
  }
}

void Decode(const PacketView& packet, Checksums checksums, DecodedPacket& out) noexcept {
  if (DecodeStraight(packet, checksums, out)) return;
  DecodeByLayers(packet, checksums, out);
}

}  // namespace vedette
