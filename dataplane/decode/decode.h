// Bytes to headers. Decodes as deep as the packet allows and says why it stopped; the layers
// already decoded stay valid, so that a malformed packet can still be charged to the device that
// sent it. A pure function of the bytes, called on worker cores, and the fuzz target.
#ifndef VEDETTE_DATAPLANE_DECODE_DECODE_H_
#define VEDETTE_DATAPLANE_DECODE_DECODE_H_

#include <array>
#include <cstdint>

#include "dataplane/capture/packet_source.h"
#include "dataplane/decode/addresses.h"
#include "dataplane/decode/decode_status.h"

namespace vedette {

enum class Layer : uint8_t { kNone, kLink, kNetwork, kTransport };

enum class Tunnel : uint8_t {
  kNone,
  kGre,
  kErspan,
  kVxlan,
  kGeneve,
  kGtpU,
  kIpInIp,
  kTeredo,
  kPppoe,
  kMpls
};
inline constexpr size_t kTunnelsMax = 4;  // deeper nesting: tunnel.too_deep
inline constexpr size_t kVlansMax = 4;    // deeper tag stacks: vlan.too_deep
inline constexpr size_t kNotedMax = 8;    // further irregularities of one packet are not noted

enum class IpProtocol : uint8_t {
  kIcmp = 1,
  kIgmp = 2,
  kIpIp = 4,
  kTcp = 6,
  kUdp = 17,
  kIp6 = 41,
  kGre = 47,
  kIcmp6 = 58,
  kSctp = 132
};

enum TcpFlag : uint8_t {
  kTcpFin = 1,
  kTcpSyn = 2,
  kTcpRst = 4,
  kTcpPsh = 8,
  kTcpAck = 16,
  kTcpUrg = 32,
  kTcpEce = 64,
  kTcpCwr = 128
};

// What an ARP packet says. Set when DecodedPacket::is_arp.
struct ArpFields {
  uint16_t operation = 0;  // 1 request, 2 reply (RFC 826)
  MacAddress sender_mac, target_mac;
  IpAddress sender_ip, target_ip;
};

struct FragmentFields {
  uint32_t id = 0;
  uint16_t offset_bytes = 0;
  bool more = false;
  bool is_fragment = false;  // any fragment, the first included
};

// Grouped by cache line: what every packet sets and most readers ask for fills the first two.
struct alignas(64) DecodedPacket {
  Timestamp arrival;
  uint32_t wire_length = 0;
  uint32_t captured_length = 0;

  // The innermost IP header.
  IpAddress source_ip, target_ip;
  uint32_t ip_total_length = 0;  // header included, by the header; at most what the frame held
  uint16_t ip_header_length = 0;
  uint8_t ttl = 0;
  uint8_t protocol = 0;  // last next-header of an IPv6 chain

  // Transport. For ICMP the ports are 0.
  uint16_t source_port = 0, target_port = 0;
  uint8_t tcp_flags = 0;

  Layer deepest = Layer::kNone;  // fields of deeper layers are not set
  DecodeStatus status = DecodeStatus::kOk;
  uint8_t noted_count = 0;

  Bytes payload{};                   // transport payload, as much of it as was captured
  Bytes ip_bytes{};                  // the innermost IP packet as captured, padding removed
  uint32_t payload_wire_length = 0;  // transport payload by the headers, cut or not
  uint32_t tcp_sequence = 0, tcp_acknowledgment = 0;
  uint16_t tcp_window = 0;
  uint16_t ether_type = 0;  // innermost seen, host byte order
  FragmentFields fragment;
  bool has_mac = false;  // link layers that carry none: raw, null, PPP
  bool is_arp = false;
  bool is_v6 = false;
  bool snap_cut = false;  // our snap length cut this packet somewhere
  // Checksums of the innermost packet that could be verified (not cut, not a fragment's part).
  bool ip_checksum_checked = false, ip_checksum_bad = false;
  bool transport_checksum_checked = false, transport_checksum_bad = false;

  uint8_t vlan_count = 0;
  uint8_t tunnel_count = 0;
  uint8_t icmp_type = 0, icmp_code = 0;
  uint16_t icmp_id = 0, icmp_sequence = 0;  // echo only
  MacAddress target_mac, source_mac;        // of the outermost Ethernet header
  std::array<uint16_t, kVlansMax> vlans{};  // 12-bit ids, outermost first
  std::array<Tunnel, kTunnelsMax> tunnels{};
  std::array<DecodeStatus, kNotedMax> noted{};  // kIrregular ones, each at most once
  ArpFields arp;

  uint16_t vlan() const { return vlan_count == 0 ? 0 : vlans[0]; }
  bool has_ip() const { return deepest >= Layer::kNetwork && !is_arp; }
  // Rare, and asked for in many places: out of the straight path.
  [[gnu::cold, gnu::noinline]] void Note(DecodeStatus irregular) noexcept {
    for (uint8_t i = 0; i < noted_count; ++i) {
      if (noted[i] == irregular) return;
    }
    if (noted_count < kNotedMax) noted[noted_count++] = irregular;
  }
};

// kSkip serves the fan-out, which needs addresses only.
enum class Checksums : uint8_t { kVerify, kSkip };

// Never throws, never allocates, never reads outside packet.bytes.
void Decode(const PacketView& packet, Checksums checksums, DecodedPacket& out) noexcept;

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_DECODE_DECODE_H_
