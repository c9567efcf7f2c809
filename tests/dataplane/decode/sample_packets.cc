#include "tests/dataplane/decode/sample_packets.h"

#include "dataplane/decode/decode.h"

namespace vedette {
namespace {

constexpr char kA[] = "10.0.0.1", kB[] = "10.0.0.2";
constexpr char kA6[] = "2001:db8::1", kB6[] = "2001:db8::2";

PacketBuilder Frame() { return PacketBuilder().Ethernet(); }
PacketBuilder Frame4() { return Frame().Ip4(kA, kB); }
PacketBuilder Frame6() { return Frame().Ip6(kA6, kB6); }
PacketBuilder UdpFrame(uint16_t port) { return Frame4().Udp(40'000, port); }
// An inner packet that no outer one resembles.
PacketBuilder& Inner4(PacketBuilder& outer) {
  return outer.Ip4("192.0.2.1", "192.0.2.2").Tcp(1234, 443, kTcpAck).Payload("inner");
}
PacketBuilder& InnerFrame(PacketBuilder& outer) {
  outer.Ethernet(Mac(11), Mac(12));
  return Inner4(outer);
}

std::vector<uint8_t> Zeros(size_t bytes) { return std::vector<uint8_t>(bytes); }

void AddLinks(std::vector<SamplePacket>& to) {
  const auto add = [&](const char* name, LinkType link, const PacketBuilder& packet) {
    to.push_back({name, link, packet.Build()});
  };
  add("raw4", LinkType::kRawIp, PacketBuilder().Ip4(kA, kB).Udp(1, 2).Payload(5));
  add("raw6", LinkType::kRawIp, PacketBuilder().Ip6(kA6, kB6).Udp(1, 2).Payload(5));
  add("null", LinkType::kNull, PacketBuilder().Null(2).Ip4(kA, kB).Udp(1, 2).Payload(5));
  add("null6", LinkType::kNull, PacketBuilder().Null(0x1e000000).Ip6(kA6, kB6).Icmp6(128));
  add("sll", LinkType::kLinuxSll, PacketBuilder().LinuxSll().Ip4(kA, kB).Udp(1, 2).Payload(5));
  add("sll2", LinkType::kLinuxSll2, PacketBuilder().LinuxSll2().Ip4(kA, kB).Tcp(1, 2));
  add("ppp", LinkType::kPpp, PacketBuilder().Ppp().Ip4(kA, kB).Udp(1, 2).Payload(5));
  add("ppp_bare", LinkType::kPpp, PacketBuilder().Ppp(false).Ip6(kA6, kB6).Udp(1, 2).Payload(5));
  add("ieee80211", LinkType::kIeee80211,
      PacketBuilder().Ieee80211().Ip4(kA, kB).Udp(1, 2).Payload(5));
  add("radiotap", LinkType::kRadiotap,
      PacketBuilder().Radiotap().Ieee80211().Ip4(kA, kB).Udp(1, 2).Payload(5));
}

void AddPlain(std::vector<SamplePacket>& to) {
  const auto add = [&](const char* name, const PacketBuilder& packet) {
    to.push_back({name, LinkType::kEthernet, packet.Build()});
  };
  add("arp", Frame().Arp(1, Mac(1), kA, {}, kB));
  add("tcp_syn", Frame4().Tcp(40'000, 443, kTcpSyn).Options({2, 4, 5, 0xb4, 1, 3, 3, 7, 4, 2}));
  add("tcp_data", Frame4().Tcp(40'000, 443, kTcpAck | kTcpPsh).Payload("hello, world"));
  add("tcp_6", Frame6().Tcp(40'000, 443, kTcpAck).Payload("hello"));
  add("udp", UdpFrame(53).Payload(21));
  add("udp_6", Frame6().Udp(40'000, 53).Payload(22));
  add("icmp_echo", Frame4().Icmp(8, 0, 77, 3).Payload(32));
  add("icmp_error", Frame().Ip4(kB, kA).Icmp(3, 3).Ip4(kA, kB).Udp(5, 6).Payload(4));
  add("icmp6_echo", Frame6().Icmp6(128, 0, 77, 3).Payload(32));
  add("neighbor", Frame()
                      .Ip6("fe80::1", "ff02::1:ff00:2", 255)
                      .Icmp6(135)
                      .Raw({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2})
                      .Raw({1, 1, 2, 0, 0, 0, 0, 1}));
  add("router", Frame()
                    .Ip6("fe80::1", "ff02::1", 255)
                    .Icmp6(134)
                    .Payload(8)
                    .Raw({24, 1, 0, 0, 0, 0, 0, 60})
                    .Raw({3, 4, 64, 0xc0})
                    .Payload(28));
  add("igmp", Frame().Ip4(kA, "224.0.0.251", 1).Options({148, 4, 0, 0}).Igmp(0x16, "224.0.0.251"));
  add("igmp3",
      Frame().Ip4(kA, "224.0.0.22", 1).Igmp(0x22, "0.0.0.1").Raw({4, 0, 0, 0, 239, 1, 2, 3}));
  add("sctp", Frame4().Sctp(5000, 38412).SctpChunk(0, 3, Zeros(15)));
  add("ip4_options", Frame().Ip4(kA, kB).Options({7, 7, 4, 0, 0, 0, 0}).Udp(1, 2).Payload(3));
  add("ip6_extensions",
      Frame6()
          .Extension(0, {5, 2, 0, 0})
          .Extension(60, {})
          .Extension(43, {4, 0, 0, 0, 0, 0, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2})
          .Extension(60, {})
          .Tcp(40'000, 443, kTcpSyn));
  add("ah", Frame6().Extension(51, Zeros(22)).Udp(1, 2).Payload(3));
  add("fragment_first", Frame().Ip4(kA, kB).Fragment(9, 0, true).Udp(1, 2).Payload(64));
  add("fragment_last", Frame().Ip4(kA, kB).Fragment(9, 72, false).Protocol(17).Payload(30));
  add("fragment6_first", Frame6().Fragment6(9, 0, true).Udp(1, 2).Payload(64));
  add("fragment6_last", Frame6().Fragment6(9, 72, false).Set8(0, 17).Payload(30));
  add("atomic_fragment", Frame6().Fragment6(9, 0, false).Udp(1, 2).Payload(3));
}

void AddEncapsulated(std::vector<SamplePacket>& to) {
  const auto add = [&](const char* name, PacketBuilder outer, auto inner) {
    to.push_back({name, LinkType::kEthernet, inner(outer).Build()});
  };
  add("vlan", Frame().Vlan(7), Inner4);
  add("qinq", Frame().Vlan(100, 0x88a8).Vlan(7), Inner4);
  add("snap", PacketBuilder().Ethernet802_3().Snap(), Inner4);
  add("mpls", Frame().Mpls(16).Mpls(17), Inner4);
  add("mpls_pseudowire", Frame().Mpls(18).Raw({0, 0, 0, 0}), InnerFrame);
  add("pppoe", Frame().Pppoe(5), Inner4);
  add("gre", Frame4().Gre(), Inner4);
  add("gre_checksum_key", Frame4().Gre(0xb000, {0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1}), Inner4);
  add("gre_bridge", Frame4().Gre(), InnerFrame);
  add("pptp", Frame4().Gre(0x3081, {0, 24, 0, 7, 0, 0, 0, 1, 0, 0, 0, 1}).Set16(2, 0x880b).Ppp(),
      Inner4);
  add("erspan1", Frame4().ErspanI(), InnerFrame);
  add("erspan2", Frame4().ErspanII(7), InnerFrame);
  add("erspan3", Frame4().ErspanIII(7), InnerFrame);
  add("vxlan", UdpFrame(4789).Vxlan(5000), InnerFrame);
  add("geneve", UdpFrame(6081).Geneve(5000, {1, 2, 3, 1, 0, 0, 0, 0}), InnerFrame);
  add("gtp_u", UdpFrame(2152).GtpU(99), Inner4);
  add("gtp_u_extended", UdpFrame(2152).GtpU(99).Set8(0, 0x34).Raw({0, 1, 0, 0x85, 1, 0, 9, 0}),
      Inner4);
  add("ip_in_ip", Frame4(), Inner4);
  add("6in4", Frame4().Ip6(kA6, kB6).Udp(1, 2),
      [](PacketBuilder& b) -> PacketBuilder& { return b.Payload(9); });
  add("4in6", Frame6(), Inner4);
  add("teredo", Frame4().Udp(40'000, 3544).Ip6(kA6, kB6).Udp(7, 8),
      [](PacketBuilder& b) -> PacketBuilder& { return b.Payload(9); });
  add("four_tunnels", Frame4().Gre().Ip4(kA, kB).Ip4(kA, kB).Udp(1, 4789).Vxlan(1), InnerFrame);
}

}  // namespace

std::vector<SamplePacket> ValidPackets() {
  std::vector<SamplePacket> packets;
  AddLinks(packets);
  AddPlain(packets);
  AddEncapsulated(packets);
  return packets;
}

std::vector<SamplePacket> OrdinaryOddPackets() {
  std::vector<SamplePacket> packets;
  const auto add = [&](const char* name, const PacketBuilder& packet,
                       LinkType link = LinkType::kEthernet) {
    packets.push_back({name, link, packet.Build()});
  };
  add("ethernet_padding", Frame4().Tcp(40'000, 443, kTcpSyn).PadTo(60));
  add("ethernet_trailer", Frame4().Udp(1, 2).Payload(80).PadTo(200));
  add("spanning_tree", PacketBuilder().Ethernet802_3().Llc(0x42, 0x42).Payload(35).PadTo(60));
  add("cdp", PacketBuilder().Ethernet802_3().Snap(0x0c).EtherType(0x2000).Payload(40));
  add("lldp", Frame().EtherType(0x88cc).Payload(40));
  add("unknown_type", Frame().EtherType(0x9999).Payload(40));
  add("dhcp_discover", Frame().Ip4("0.0.0.0", "255.255.255.255").Udp(68, 67).Payload(300));
  add("igmp_from_zero", Frame().Ip4("0.0.0.0", "224.0.0.1", 1).Igmp(0x11, "0.0.0.0", 100));
  add("arp_probe", Frame().Arp(1, Mac(1), "0.0.0.0", {}, kB).PadTo(60));
  add("gratuitous_arp", Frame().Arp(2, Mac(1), kA, {}, kA).PadTo(60));
  add("keep_alive", Frame4().Tcp(40'000, 443, kTcpAck).Raw({0}));
  add("explicit_congestion", Frame4().Tcp(40'000, 443, kTcpSyn | kTcpEce | kTcpCwr));
  add("accurate_ecn", Frame4().Tcp(40'000, 443, kTcpSyn | kTcpEce | kTcpCwr).Set8(12, 0x51));
  add("reset_without_ack", Frame4().Tcp(40'000, 443, kTcpRst));
  add("duplicate_address", Frame()
                               .Ip6("::", "ff02::1:ff00:2", 255)
                               .Icmp6(135)
                               .Raw({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}));
  add("multicast_dns", Frame().Ip4(kA, "224.0.0.251", 255).Udp(5353, 5353).Payload(30));
  add("no_udp_checksum", Frame4().Udp(1, 2).NoChecksum().Payload(30));
  add("udp_source_port_0", Frame4().Udp(0, 514).Payload(30));
  add("large_send_offload", Frame().Ip4(kA, kB).TotalLength(0).Tcp(1, 2).Payload(3000));
  add("large_send_offload_6", Frame().Ip6(kA6, kB6).PayloadLength(0).Tcp(1, 2).Payload(3000));
  add("self_on_loopback", PacketBuilder().Null().Ip4(kA, kA).Udp(1, 2).Payload(3), LinkType::kNull);
  add("loopback", PacketBuilder().Ethernet({}, {}).Ip4("127.0.0.1", "127.0.0.1").Udp(1, 2));
  add("loopback_6", PacketBuilder().Ethernet({}, {}).Ip6("::1", "::1").Udp(1, 2));
  add("vxlan_port_other_bytes", UdpFrame(4789).Payload(60));
  add("geneve_port_other_bytes", UdpFrame(6081).Raw({0xff, 0xff}).Payload(60));
  add("gtp_u_echo", UdpFrame(2152).Raw({0x32, 1, 0, 4, 0, 0, 0, 0, 0, 1, 0, 0}));
  add("gtp_u_other_length", UdpFrame(2152).GtpU(99).Set16(2, 7).Ip4(kA, kB).Udp(1, 2));
  add("teredo_port_other_bytes", UdpFrame(3544).Raw({0x60}).Payload(60));
  add("vxlan_over_6_no_checksum", [] {
    PacketBuilder outer = Frame6().Udp(40'000, 4789).NoChecksum().Vxlan(5);
    return InnerFrame(outer);
  }());
  return packets;
}

namespace {

using Irregular = std::vector<IrregularPacket>;

void Add(Irregular& to, DecodeStatus expected, const PacketBuilder& packet,
         LinkType link = LinkType::kEthernet) {
  to.push_back({expected, link, packet.Build()});
}
void AddCut(Irregular& to, DecodeStatus expected, const PacketBuilder& packet, size_t bytes,
            LinkType link = LinkType::kEthernet) {
  to.push_back({expected, link, packet.Build()});
  to.back().bytes.resize(bytes);
}

void AddLink(Irregular& to) {
  using enum DecodeStatus;
  Add(to, kUnsupportedLink, PacketBuilder().Payload(10), LinkType::kUnsupported);
  Add(to, kUnknownEtherType, Frame().EtherType(0x88cc).Payload(10));
  Add(to, kEncrypted, PacketBuilder().Ieee80211().Ip4(kA, kB), LinkType::kIeee80211);
  to.back().bytes[1] |= std::byte{0x40};
  AddCut(to, kLinkTruncated, PacketBuilder().LinuxSll(), 15, LinkType::kLinuxSll);
  Add(to, kLinkBadHeader, PacketBuilder().Raw({1, 0, 8, 0, 0, 0, 0, 0}), LinkType::kRadiotap);
  Add(to, kLinkBadHeader, PacketBuilder().Raw({0, 0, 7, 0, 0, 0, 0, 0}), LinkType::kRadiotap);
  AddCut(to, kEthTruncated, Frame(), 13);
  Add(to, kEthLlcTruncated, PacketBuilder().Ethernet802_3().Raw({0xaa, 0xaa}));
  Add(to, kEthLlcTruncated, PacketBuilder().Ethernet802_3().Raw({0xaa, 0xaa, 3, 0, 0, 0, 8}));
  Add(to, kEthBadLength, PacketBuilder().Ethernet802_3().Set16(12, 50).Llc(0x42, 0x42));
  Add(to, kEthReservedType, Frame().EtherType(1535).Payload(10));
  Add(to, kEthSourceGroup, PacketBuilder().Ethernet({{3, 0, 0, 0, 0, 1}}).Ip4(kA, kB).Udp(1, 2));
  AddCut(to, kVlanTruncated, Frame().Vlan(7), 17);
  Add(to, kVlanTooDeep, Frame().Vlan(1).Vlan(2).Vlan(3).Vlan(4).Vlan(5).Ip4(kA, kB));
  Add(to, kVlanReservedId, Frame().Vlan(4095).Ip4(kA, kB).Udp(1, 2));
  AddCut(to, kMplsTruncated, Frame().Mpls(16), 17);
  PacketBuilder labels = Frame();
  for (uint32_t label = 16; label < 26; ++label) labels.Mpls(label);
  Add(to, kMplsTooDeep, labels);
  Add(to, kMplsReservedLabel, Frame().Mpls(3).Ip4(kA, kB).Udp(1, 2));
  Add(to, kMplsTtlZero, Frame().Mpls(16, 0).Ip4(kA, kB).Udp(1, 2));
  Add(to, kUnknownTunnelPayload, Frame().Mpls(16).Raw({0x10, 0, 0, 7, 1, 2}));
  Add(to, kPppoeTruncated, Frame().Pppoe().Set16(4, 99).Ip4(kA, kB).Udp(1, 2));
  Add(to, kPppoeBadVersion, Frame().Pppoe().Set8(0, 0x21).Ip4(kA, kB).Udp(1, 2));
  Add(to, kPppoeBadCode, Frame().Pppoe().Set8(1, 9).Ip4(kA, kB).Udp(1, 2));
  Add(to, kPppoeBadCode, Frame().PppoeDiscovery(0x33).Raw({1, 1, 0, 0}));
  Add(to, kPppoeBadTag, Frame().PppoeDiscovery(9).Raw({1, 1, 0, 9, 0}));
  AddCut(to, kArpTruncated, Frame().Arp(1, Mac(1), kA, {}, kB), 14 + 27);
  Add(to, kArpBadLengths, Frame().Arp(1, Mac(1), kA, {}, kB).Set8(4, 7));
  Add(to, kArpBadOperation, Frame().Arp(26, Mac(1), kA, {}, kB));
  Add(to, kArpSenderGroup, Frame().Arp(2, Mac(1), "224.0.0.5", Mac(2), kB));
  Add(to, kArpSenderMismatch, Frame().Arp(2, Mac(9), kA, Mac(2), kB));
}

void AddIp4(Irregular& to) {
  using enum DecodeStatus;
  AddCut(to, kIp4TruncatedHeader, Frame4(), 14 + 19);
  Add(to, kIp4BadVersion, Frame4().Set8(0, 0x55).Udp(1, 2));
  Add(to, kIp4BadHeaderLength, Frame4().Set8(0, 0x44).Udp(1, 2));
  Add(to, kIp4BadTotalLength, Frame4().TotalLength(19).Udp(1, 2));
  Add(to, kIp4Truncated, Frame4().TotalLength(29).Udp(1, 2));
  Add(to, kIp4BadOption, Frame4().Options({148, 3, 0}).Udp(1, 2));
  Add(to, kIp4BadOption, Frame4().Options({7, 40, 4, 0}).Udp(1, 2));
  Add(to, kIp4SourceRoute, Frame4().Options({131, 7, 4, 1, 2, 3, 4}).Udp(1, 2));
  Add(to, kIp4ReservedFlag, Frame4().Set16(6, 0x8000).Udp(1, 2));
  Add(to, kIp4TtlZero, Frame().Ip4(kA, kB, 0).Udp(1, 2));
  Add(to, kIp4Land, Frame().Ip4(kA, kA).Tcp(80, 80, kTcpSyn));
  Add(to, kIp4SourceMulticast, Frame().Ip4("224.0.0.1", kB).Udp(1, 2));
  Add(to, kIp4SourceBroadcast, Frame().Ip4("255.255.255.255", kB).Udp(1, 2));
  Add(to, kIp4SourceReserved, Frame().Ip4("0.1.2.3", kB).Udp(1, 2));
  Add(to, kIp4SourceReserved, Frame().Ip4("240.1.2.3", kB).Udp(1, 2));
  Add(to, kIp4LoopbackOnWire, Frame().Ip4("127.0.0.1", kB).Udp(1, 2));
  Add(to, kIp4TargetZero, Frame().Ip4(kA, "0.0.0.0").Udp(1, 2));
  Add(to, kIp4ReservedProtocol, Frame4().Protocol(200).Payload(9));
  Add(to, kUnknownProtocol, Frame4().Protocol(89).Payload(9));
}

void AddIp6(Irregular& to) {
  using enum DecodeStatus;
  AddCut(to, kIp6TruncatedHeader, Frame6(), 14 + 39);
  Add(to, kIp6BadVersion, Frame6().Set8(0, 0x50).Udp(1, 2));
  Add(to, kIp6Truncated, Frame6().PayloadLength(9).Udp(1, 2));
  Add(to, kIp6TruncatedExtension, Frame6().Extension(60, {}).Set8(1, 3).Udp(1, 2));
  PacketBuilder chain = Frame6();
  for (int i = 0; i < 9; ++i) chain.Extension(60, {});
  Add(to, kIp6TooManyExtensions, chain.Udp(1, 2));
  Add(to, kIp6BadJumbo, Frame6().PayloadLength(0).Extension(0, {0xc2, 4, 0, 0, 0, 16}).Udp(1, 2));
  Add(to, kIp6DuplicateExtension, Frame6().Extension(60, {}).Extension(60, {}).Udp(1, 2));
  Add(to, kIp6DuplicateExtension, Frame6().Extension(51, Zeros(22)).Extension(51, Zeros(22)));
  Add(to, kIp6ExtensionOrder, Frame6().Extension(60, {}).Extension(0, {}).Udp(1, 2));
  Add(to, kIp6ExtensionOrder, Frame6().Extension(51, Zeros(22)).Fragment6(1, 0, false).Udp(1, 2));
  Add(to, kIp6BadExtension, Frame6().Extension(43, {2, 9, 0, 0, 0, 0}).Udp(1, 2));
  Add(to, kIp6BadOption, Frame6().Extension(60, {0x1e, 99, 0, 0, 0, 0}).Udp(1, 2));
  Add(to, kIp6BadOption, Frame6().Extension(0, {5, 1, 0, 1, 1, 0}).Udp(1, 2));
  Add(to, kIp6UnknownOption, Frame6().Extension(60, {0x22, 2, 7, 7, 1, 0}).Udp(1, 2));
  Add(to, kIp6PaddingData, Frame6().Extension(60, {1, 4, 's', 'e', 'c', 'r'}).Udp(1, 2));
  Add(to, kIp6RoutingType0, Frame6().Extension(43, {0, 0, 0, 0, 0, 0}).Udp(1, 2));
  Add(to, kIp6DataAfterNoNext, Frame6().Protocol(59).Payload(9));
  Add(to, kIp6HopLimitZero, Frame().Ip6(kA6, kB6, 0).Udp(1, 2));
  Add(to, kIp6Land, Frame().Ip6(kA6, kA6).Udp(1, 2));
  Add(to, kIp6SourceMulticast, Frame().Ip6("ff02::1", kB6).Udp(1, 2));
  Add(to, kIp6LoopbackOnWire, Frame().Ip6("::1", kB6).Udp(1, 2));
  Add(to, kIp6TargetZero, Frame().Ip6(kA6, "::").Udp(1, 2));
  Add(to, kIp6MappedAddress, Frame().Ip6("::ffff:1.2.3.4", kB6).Udp(1, 2));
  Add(to, kIp6ReservedProtocol, Frame6().Protocol(200).Payload(9));
}

void AddFragments(Irregular& to) {
  using enum DecodeStatus;
  Add(to, kFragment, Frame4().Fragment(9, 64, false).Protocol(17).Payload(9));
  Add(to, kFragTooLong, Frame4().Fragment(9, 65'528, false).Protocol(1).Payload(64));
  Add(to, kFragTooLong, Frame6().Fragment6(9, 65'528, false).Set8(0, 17).Payload(64));
  Add(to, kFragTiny, Frame4().Fragment(9, 0, true).Protocol(6).Payload(16));
  Add(to, kFragBadLength, Frame4().Fragment(9, 0, true).Udp(1, 2).Payload(9));
  Add(to, kFragBadLength, Frame6().Fragment6(9, 64, true).Set8(0, 17).Payload(9));
  Add(to, kFragEmpty, Frame4().Fragment(9, 64, false).Protocol(17));
  Add(to, kFragOffsetOne, Frame4().Fragment(9, 8, false).Protocol(6).Payload(32));
  Add(to, kFragReservedBits, Frame6().Fragment6(9, 64, false).Set8(1, 1).Set8(0, 17).Payload(9));
  Add(to, kFragDontFragment, Frame4().Fragment(9, 0, true).Set16(6, 0x6000).Udp(1, 2).Payload(8));
  Add(to, kFragNeighborDiscovery,
      Frame().Ip6("fe80::1", "fe80::2", 255).Fragment6(9, 0, true).Icmp6(136).Payload(16));
}

void AddTcp(Irregular& to) {
  using enum DecodeStatus;
  const auto flags = [&](DecodeStatus expected, uint8_t bits) {
    Add(to, expected, Frame4().Tcp(1, 2, bits));
  };
  Add(to, kTcpTruncatedHeader, Frame4().Protocol(6).Payload(19));
  Add(to, kTcpBadHeaderLength, Frame4().Tcp(1, 2).Set8(12, 0x40));
  Add(to, kTcpTruncatedOptions, Frame4().Tcp(1, 2).Set8(12, 0x60));
  Add(to, kTcpBadOption, Frame4().Tcp(1, 2, kTcpSyn).Options({2, 5, 0, 0, 0}));
  Add(to, kTcpBadOption, Frame4().Tcp(1, 2, kTcpSyn).Options({1, 1, 1, 8}));
  Add(to, kTcpBadOption, Frame4().Tcp(1, 2, kTcpSyn).Options({30, 3, 0x20}));
  Add(to, kTcpOptionOutsideSyn, Frame4().Tcp(1, 2, kTcpAck).Options({2, 4, 5, 0xb4}));
  flags(kTcpSynFin, kTcpSyn | kTcpFin);
  flags(kTcpSynFin, kTcpSyn | kTcpFin | kTcpAck | kTcpRst | kTcpPsh | kTcpUrg);
  flags(kTcpSynRst, kTcpSyn | kTcpRst);
  flags(kTcpNullFlags, 0);
  flags(kTcpXmas, kTcpFin | kTcpPsh | kTcpUrg);
  flags(kTcpFlagsWithoutAck, kTcpFin);
  flags(kTcpFlagsWithoutAck, kTcpPsh);
  Add(to, kTcpReservedBits, Frame4().Tcp(1, 2).Set8(12, 0x5e));
  Add(to, kTcpZeroPort, Frame4().Tcp(0, 2, kTcpSyn));
  Add(to, kTcpZeroPort, Frame4().Tcp(1, 0, kTcpSyn));
  Add(to, kTcpToGroup, Frame().Ip4(kA, "239.1.1.1").Tcp(1, 2, kTcpSyn));
}

void AddDatagrams(Irregular& to) {
  using enum DecodeStatus;
  Add(to, kUdpTruncatedHeader, Frame4().Protocol(17).Payload(7));
  Add(to, kUdpBadLength, Frame4().Udp(1, 2).Set16(4, 7));
  Add(to, kUdpTruncated, Frame4().Udp(1, 2).Set16(4, 9));
  Add(to, kUdpTrailingData, Frame4().Udp(1, 2).Set16(4, 8).NoChecksum().Payload(3));
  Add(to, kUdpZeroPort, Frame4().Udp(1, 0));
  Add(to, kUdpNoChecksum, Frame6().Udp(1, 2).NoChecksum());
  Add(to, kSctpTruncatedHeader, Frame4().Protocol(132).Payload(11));
  Add(to, kSctpBadChunk, Frame4().Sctp(1, 2).SctpChunk(0, 0, Zeros(12)).Set16(2, 99));
  Add(to, kSctpBadChunk, Frame4().Sctp(1, 2).Raw({0, 0, 0}));
  Add(to, kSctpUnknownChunk, Frame4().Sctp(1, 2).SctpChunk(0x30, 0, {}));
  Add(to, kSctpInitBundled, Frame4().Sctp(1, 2, 0).SctpChunk(1, 0, Zeros(16)).SctpChunk(4, 0, {}));
  Add(to, kSctpBadTag, Frame4().Sctp(1, 2, 7).SctpChunk(1, 0, Zeros(16)));
  Add(to, kSctpBadTag, Frame4().Sctp(1, 2, 0).SctpChunk(4, 0, {}));
  Add(to, kSctpZeroPort, Frame4().Sctp(0, 2).SctpChunk(4, 0, {}));
}

void AddIcmp(Irregular& to) {
  using enum DecodeStatus;
  Add(to, kIcmpTruncated, Frame4().Protocol(1).Payload(7));
  Add(to, kIcmpTruncated, Frame4().Icmp(13).Payload(8));
  Add(to, kIcmpUnknownType, Frame4().Icmp(99));
  Add(to, kIcmpUnknownCode, Frame4().Icmp(8, 1));
  Add(to, kIcmpBadQuote, Frame4().Icmp(3, 3).Payload(28));
  Add(to, kIcmpBadQuote, Frame4().Icmp(11).Payload(4));
  Add(to, kIcmp6Truncated, Frame6().Protocol(58).Payload(3));
  Add(to, kIcmp6Truncated, Frame().Ip6("fe80::1", "fe80::2", 255).Icmp6(135).Payload(8));
  Add(to, kIcmp6UnknownType, Frame6().Icmp6(99));
  Add(to, kIcmp6UnknownCode, Frame6().Icmp6(128, 1));
  Add(to, kIcmp6BadQuote, Frame6().Icmp6(1, 4).Payload(20));
  Add(to, kIcmp6BadQuote, Frame6().Icmp6(1, 4).Payload(60));
  Add(to, kIcmp6BadOption,
      Frame().Ip6("fe80::1", "ff02::1", 255).Icmp6(134).Payload(8).Raw({3, 1, 0, 0, 0, 0, 0, 0}));
  Add(to, kIcmp6BadOption,
      Frame().Ip6("fe80::1", "ff02::1", 255).Icmp6(134).Payload(8).Raw({1, 0, 0, 0, 0, 0, 0, 0}));
  Add(to, kIcmp6NdHopLimit, Frame().Ip6("fe80::1", "ff02::1", 64).Icmp6(134).Payload(8));
  Add(to, kIcmp6NdBadAddress, Frame().Ip6(kA6, "ff02::1", 255).Icmp6(134).Payload(8));
  Add(to, kIcmp6NdBadAddress,
      Frame().Ip6("fe80::1", "fe80::2", 255).Icmp6(136).Raw({0xff}).Payload(15));
  Add(to, kIgmpTruncated, Frame4().Protocol(2).Payload(7));
  Add(to, kIgmpUnknownType, Frame4().Igmp(0x77, "224.0.0.5"));
  Add(to, kIgmpBadGroup, Frame4().Igmp(0x16, kA));
  Add(to, kIgmpBadRecord, Frame4().Igmp(0x22, "0.0.0.2").Raw({4, 0, 0, 0, 239, 1, 2, 3}));
  Add(to, kIgmpBadRecord, Frame4().Igmp(0x11, "224.0.0.5").Raw({0, 0, 0, 2, 10, 0, 0, 9}));
}

void AddTunnels(Irregular& to) {
  using enum DecodeStatus;
  const auto gre = [&](DecodeStatus expected, PacketBuilder outer) {
    Add(to, expected, Inner4(outer));
  };
  Add(to, kTunnelTruncated, Frame4().Gre(0x2000));
  Add(to, kTunnelTruncated, Frame4().ErspanIII().Set8(11, 1).Payload(3));
  Add(to, kTunnelTooDeep,
      Frame4().Ip4(kA, kB).Ip4(kA, kB).Ip4(kA, kB).Ip4(kA, kB).Ip4(kA, kB).Udp(1, 2));
  gre(kTunnelBadVersion, Frame4().Gre(0x0002));
  Add(to, kTunnelBadVersion, Frame4().ErspanII().Set8(0, 0x70).Ethernet().Ip4(kA, kB).Udp(1, 2));
  gre(kTunnelBadHeader, Frame4().Gre(0x0001, {0, 0, 0, 7}).Set16(2, 0x880b).Ppp());
  gre(kTunnelReservedBits, Frame4().Gre(0x0008));
  gre(kChecksumGre, Frame4().Gre(0x8000, {0, 0, 0, 0}).WrongChecksum());
}

void AddChecksums(Irregular& to) {
  using enum DecodeStatus;
  Add(to, kChecksumIp4, Frame4().WrongChecksum().Udp(1, 2));
  Add(to, kChecksumTcp, Frame4().Tcp(1, 2).WrongChecksum().Payload(7));
  Add(to, kChecksumUdp, Frame6().Udp(1, 2).WrongChecksum().Payload(7));
  Add(to, kChecksumIcmp, Frame4().Icmp(8).WrongChecksum());
  Add(to, kChecksumIcmp6, Frame6().Icmp6(128).WrongChecksum());
  Add(to, kChecksumIgmp, Frame4().Igmp(0x16, "224.0.0.5").WrongChecksum());
  Add(to, kChecksumSctp, Frame4().Sctp(1, 2).WrongChecksum().SctpChunk(4, 0, {}));
}

}  // namespace

std::vector<IrregularPacket> IrregularPackets() {
  Irregular packets;
  AddLink(packets);
  AddIp4(packets);
  AddIp6(packets);
  AddFragments(packets);
  AddTcp(packets);
  AddDatagrams(packets);
  AddIcmp(packets);
  AddTunnels(packets);
  AddChecksums(packets);
  return packets;
}

}  // namespace vedette
