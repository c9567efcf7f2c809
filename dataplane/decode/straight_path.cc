// Nearly all packets are whole TCP segments and UDP datagrams in IPv4 or IPv6 behind an Ethernet
// header with at most one VLAN tag, and there is nothing to say about them. They are decoded here
// in one go, with everything in registers. Whatever is unusual but a wrong checksum or TCP options
// gives up before the first remark and is left to the layers, which alone know the rare.
#include <cstddef>
#include <cstring>

#include "dataplane/decode/checksum.h"
#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

constexpr uint32_t kEthernetHeader = 14, kVlanTag = 4, kIp4Header = 20, kIp6Header = 40;
constexpr uint32_t kTcpHeader = 20, kUdpHeader = 8;
constexpr uint16_t kIp4Type = 0x0800, kIp6Type = 0x86dd, kVlanType = 0x8100;

// One function to the compiler: everything stays in registers.
#define VEDETTE_STRAIGHT [[gnu::always_inline]] inline

// Bytes that were captured.
struct Part {
  const uint8_t* at;
  uint32_t bytes;
};

VEDETTE_STRAIGHT Bytes Span(Part part) noexcept {
  return {reinterpret_cast<const std::byte*>(part.at), part.bytes};
}

VEDETTE_STRAIGHT void SetTransport(DecodedPacket& out, const uint8_t* at, Part payload,
                                   uint8_t tcp_flags) noexcept {
  out.source_port = LoadBe16(at);
  out.target_port = LoadBe16(at + 2);
  out.tcp_flags = tcp_flags;
  out.deepest = Layer::kTransport;
  out.status = DecodeStatus::kOk;
  out.payload = Span(payload);
  out.payload_wire_length = payload.bytes;
}

// `addresses` is their part of the pseudo header's sum.
VEDETTE_STRAIGHT void NoteSum(DecodedPacket& out, Part segment, IpProtocol protocol,
                              uint64_t addresses, DecodeStatus wrong) noexcept {
  const uint64_t rest = __builtin_bswap32(static_cast<uint8_t>(protocol) + segment.bytes);
  const uint64_t sum = AddSums(PartialSum(segment.at, segment.bytes), AddSums(addresses, rest));
  const bool right = FoldsToOnes(sum);
  out.transport_checksum_checked = true;
  out.transport_checksum_bad = !right;
  if (!right) [[unlikely]] {
    out.Note(wrong);
  }
}

VEDETTE_STRAIGHT void SetNetwork(DecodedPacket& out, Part ip, uint32_t header) noexcept {
  out.ip_total_length = ip.bytes;
  out.ip_header_length = static_cast<uint16_t>(header);
  out.ip_bytes = Span(ip);
  out.noted_count = 0;
}

// A bit for each combination of the six flags that say what a segment is.
constexpr uint64_t kOrdinaryTcpFlags = [] {
  uint64_t ordinary = 0;
  for (uint8_t flags = 0; flags < 64; ++flags) {
    if (TcpFlagOddity(flags) == DecodeStatus::kOk) ordinary |= uint64_t{1} << flags;
  }
  return ordinary;
}();

// Forms about which there is nothing to say: none, a time stamp as nearly all segments behind the
// handshake have it, or nothing but the segment size in a SYN.
VEDETTE_STRAIGHT bool HasUsualOptions(const uint8_t* segment, uint32_t header) noexcept {
  constexpr uint32_t kTwoNopsAndTimeStamp = 0x0101080a;
  constexpr uint16_t kSegmentSize = 0x0204;
  const uint8_t* options = segment + kTcpHeader;
  if (header == kTcpHeader) return true;
  if (header == kTcpHeader + 12) return LoadBe32(options) == kTwoNopsAndTimeStamp;
  return header == kTcpHeader + 4 && LoadBe16(options) == kSegmentSize &&
         (segment[13] & kTcpSyn) != 0;
}

VEDETTE_STRAIGHT bool Tcp(DecodedPacket& out, Part segment, bool verify,
                          uint64_t addresses) noexcept {
  if (segment.bytes < kTcpHeader) return false;
  const uint8_t* at = segment.at;
  const uint32_t header = (at[12] >> 4) * 4U;
  if (header < kTcpHeader || header > segment.bytes || (at[12] & 0x0e) != 0) return false;
  if (LoadBe16(at) == 0 || LoadBe16(at + 2) == 0) return false;
  if ((kOrdinaryTcpFlags >> (at[13] & 63) & 1) == 0) return false;
  SetTransport(out, at, {at + header, segment.bytes - header}, at[13]);
  out.tcp_sequence = LoadBe32(at + 4);
  out.tcp_acknowledgment = LoadBe32(at + 8);
  out.tcp_window = LoadBe16(at + 14);
  if (verify) [[likely]] {
    NoteSum(out, segment, IpProtocol::kTcp, addresses, DecodeStatus::kChecksumTcp);
  }
  if (!HasUsualOptions(at, header)) {
    NoteTcpOptions(out, at + kTcpHeader, header - kTcpHeader, true);
  }
  return true;
}

// At least a header long.
VEDETTE_STRAIGHT bool Udp(DecodedPacket& out, Part datagram, bool verify,
                          uint64_t addresses) noexcept {
  const uint8_t* at = datagram.at;
  if (LoadBe16(at + 4) != datagram.bytes) return false;
  const bool has_checksum = LoadBe16(at + 6) != 0;
  if (LoadBe16(at + 2) == 0 || (!has_checksum && out.is_v6)) return false;
  SetTransport(out, at, {at + kUdpHeader, datagram.bytes - kUdpHeader}, 0);
  if (IsTunnelPort(out)) return false;
  out.tcp_sequence = out.tcp_acknowledgment = 0;
  out.tcp_window = 0;
  if (verify && has_checksum) [[likely]] {
    NoteSum(out, datagram, IpProtocol::kUdp, addresses, DecodeStatus::kChecksumUdp);
  }
  return true;
}

// At least the shorter of the two headers long.
VEDETTE_STRAIGHT bool Transport(DecodedPacket& out, Part rest, uint8_t protocol, bool to_group,
                                bool verify, uint64_t addresses) noexcept {
  out.protocol = protocol;
  out.transport_checksum_checked = out.transport_checksum_bad = false;
  if (protocol == static_cast<uint8_t>(IpProtocol::kTcp)) {
    return !to_group && Tcp(out, rest, verify, addresses);
  }
  return protocol == static_cast<uint8_t>(IpProtocol::kUdp) && Udp(out, rest, verify, addresses);
}

VEDETTE_STRAIGHT bool Ip4(DecodedPacket& out, Part frame, bool verify) noexcept {
  if (frame.bytes < kIp4Header + kUdpHeader) return false;
  const uint8_t* at = frame.at;
  // Version and header length; no fragment and no reserved flag.
  constexpr uint64_t kMask = 0xffbf'0000'0000'00ff, kPlain = 0x45;
  if ((LoadWord64(at) & kMask) != kPlain || at[8] == 0) return false;
  const uint32_t total = LoadBe16(at + 2);
  if (total < kIp4Header + kUdpHeader || total > frame.bytes) return false;
  const auto source = static_cast<uint32_t>(LoadWord32(at + 12));
  const auto target = static_cast<uint32_t>(LoadWord32(at + 16));
  if (!AreOrdinaryIp4(__builtin_bswap32(source), __builtin_bswap32(target))) return false;
  SetNetwork(out, {at, total}, kIp4Header);
  out.source_ip = Ip4FromWord(source);
  out.target_ip = Ip4FromWord(target);
  out.ttl = at[8];
  out.is_v6 = false;
  out.fragment = {.id = LoadBe16(at + 4)};
  const bool wrong = !FoldsToOnes(SumOf20(at));
  out.ip_checksum_checked = verify;
  out.ip_checksum_bad = verify && wrong;
  if (verify && wrong) [[unlikely]] {
    out.Note(DecodeStatus::kChecksumIp4);
  }
  const bool to_group = (target & 0xff) >= 224;
  return Transport(out, {at + kIp4Header, total - kIp4Header}, at[9], to_group, verify,
                   uint64_t{source} + target);
}

// Mapped addresses, :: and ::1 have no bit in their first half; neither has any other address that
// is in use.
bool AreOrdinary(const IpAddress& source, const IpAddress& target) noexcept {
  return source.high() != 0 && target.high() != 0 && source.bytes[0] != 0xff && source != target;
}

// Apart from IPv4's, so that neither's registers cost the other.
[[gnu::noinline]] bool Ip6(DecodedPacket& out, Part frame, bool verify) noexcept {
  if (frame.bytes < kIp6Header + kUdpHeader) return false;
  const uint8_t* at = frame.at;
  const uint32_t payload = LoadBe16(at + 4);
  if (payload < kUdpHeader || payload > frame.bytes - kIp6Header) return false;
  if (at[0] >> 4 != 6 || at[7] == 0) return false;
  const IpAddress source = LoadIp6(at + 8), target = LoadIp6(at + 24);
  if (!AreOrdinary(source, target)) return false;
  SetNetwork(out, {at, kIp6Header + payload}, kIp6Header);
  out.source_ip = source;
  out.target_ip = target;
  out.ttl = at[7];
  out.is_v6 = true;
  out.fragment = {};
  out.ip_checksum_checked = out.ip_checksum_bad = false;
  const uint64_t addresses =
      AddSums(AddSums(source.high(), source.low()), AddSums(target.high(), target.low()));
  return Transport(out, {at + kIp6Header, payload}, at[6], at[24] == 0xff, verify, addresses);
}

#undef VEDETTE_STRAIGHT

}  // namespace

bool DecodeStraight(const PacketView& packet, Checksums checksums, DecodedPacket& out) noexcept {
  const ByteCursor frame = FrameOf(packet);
  if (packet.link != LinkType::kEthernet || !frame.Has(kEthernetHeader + kVlanTag)) return false;
  const uint8_t* at = frame.at;
  if ((at[6] & 1) != 0) return false;
  out.arrival = packet.arrival;
  out.captured_length = frame.captured;
  out.wire_length = frame.wire;
  out.snap_cut = !frame.whole();
  out.has_mac = true;
  out.is_arp = false;
  constexpr size_t kMacs = offsetof(DecodedPacket, target_mac);
  static_assert(offsetof(DecodedPacket, source_mac) == kMacs + 6);
  std::memcpy(reinterpret_cast<std::byte*>(&out) + kMacs, at, 12);
  out.vlan_count = out.tunnel_count = 0;
  out.icmp_type = out.icmp_code = 0;
  out.icmp_id = out.icmp_sequence = 0;
  Part rest{at + kEthernetHeader, frame.captured - kEthernetHeader};
  uint16_t type = LoadBe16(at + 12);
  if (type == kVlanType) {
    const uint16_t id = LoadBe16(rest.at) & 0x0fff;
    if (id == 0x0fff) return false;
    out.vlans[0] = id;
    out.vlan_count = 1;
    type = LoadBe16(rest.at + 2);
    rest = {rest.at + kVlanTag, rest.bytes - kVlanTag};
  }
  out.ether_type = type;
  const bool verify = checksums == Checksums::kVerify;
  if (type == kIp4Type) [[likely]]
    return Ip4(out, rest, verify);
  return type == kIp6Type && Ip6(out, rest, verify);
}

}  // namespace vedette
