// What Decode() reads from packets of every protocol: link to transport, and nothing of an outer
// packet left in the fields of an inner one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "dataplane/decode/decode.h"
#include "tests/dataplane/decode/sample_packets.h"

namespace vedette {
namespace {

using ::testing::ElementsAre;

// A decoded packet with the bytes its spans point into.
struct OwningPacket : DecodedPacket {
  PacketBytes bytes;
};

OwningPacket DecodeBytes(PacketBytes bytes, LinkType link = LinkType::kEthernet,
                         Checksums checksums = Checksums::kVerify) {
  OwningPacket out;
  out.bytes = std::move(bytes);
  Decode(ViewOf(out.bytes, 5'000'000, link), checksums, out);
  return out;
}

PacketBytes Sample(const std::string& name) {
  for (SamplePacket& sample : ValidPackets()) {
    if (sample.name == name) return sample.bytes;
  }
  ADD_FAILURE() << "no sample named " << name;
  return {};
}

std::vector<Tunnel> TunnelsOf(const DecodedPacket& out) {
  return {out.tunnels.begin(), out.tunnels.begin() + out.tunnel_count};
}
std::vector<uint16_t> VlansOf(const DecodedPacket& out) {
  return {out.vlans.begin(), out.vlans.begin() + out.vlan_count};
}
std::string TextOf(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(DecodeFields, TcpSyn) {
  const PacketBytes bytes = PacketBuilder()
                                .Ethernet(Mac(1), Mac(2))
                                .Ip4("10.0.0.1", "10.0.0.2", 61)
                                .IpId(4711)
                                .Tcp(40'000, 443, kTcpSyn, 0x01020304)
                                .Window(1024)
                                .PadTo(60)
                                .Build();
  const OwningPacket out = DecodeBytes(bytes);
  EXPECT_EQ(out.status, DecodeStatus::kOk);
  EXPECT_EQ(out.noted_count, 0);
  EXPECT_EQ(out.arrival.us, 5'000'000U);
  EXPECT_EQ(out.wire_length, 60U);
  EXPECT_EQ(out.captured_length, 60U);
  EXPECT_FALSE(out.snap_cut);
  EXPECT_EQ(out.deepest, Layer::kTransport);
  EXPECT_TRUE(out.has_mac);
  EXPECT_EQ(out.source_mac, Mac(1));
  EXPECT_EQ(out.target_mac, Mac(2));
  EXPECT_EQ(out.ether_type, 0x0800);
  EXPECT_TRUE(out.has_ip());
  EXPECT_FALSE(out.is_v6);
  EXPECT_EQ(out.source_ip, Ip("10.0.0.1"));
  EXPECT_EQ(out.target_ip, Ip("10.0.0.2"));
  EXPECT_EQ(out.ip_total_length, 40U);
  EXPECT_EQ(out.ip_header_length, 20);
  EXPECT_EQ(out.ip_bytes.size(), 40U) << "padding is not part of the IP packet";
  EXPECT_EQ(out.ttl, 61);
  EXPECT_EQ(out.protocol, 6);
  EXPECT_EQ(out.fragment.id, 4711U);
  EXPECT_FALSE(out.fragment.is_fragment);
  EXPECT_EQ(out.source_port, 40'000);
  EXPECT_EQ(out.target_port, 443);
  EXPECT_EQ(out.tcp_flags, kTcpSyn);
  EXPECT_EQ(out.tcp_sequence, 0x01020304U);
  EXPECT_EQ(out.tcp_acknowledgment, 0U);
  EXPECT_EQ(out.tcp_window, 1024);
  EXPECT_EQ(out.payload_wire_length, 0U);
  EXPECT_TRUE(out.payload.empty());
  EXPECT_TRUE(out.ip_checksum_checked);
  EXPECT_FALSE(out.ip_checksum_bad);
  EXPECT_TRUE(out.transport_checksum_checked);
  EXPECT_FALSE(out.transport_checksum_bad);
}

TEST(DecodeFields, PayloadEndsWhereTheHeadersSay) {
  const OwningPacket out = DecodeBytes(PacketBuilder()
                                           .Ethernet()
                                           .Ip6("2001:db8::1", "2001:db8::2")
                                           .Udp(1000, 2000)
                                           .Payload("hello")
                                           .PadTo(100)
                                           .Build());
  EXPECT_TRUE(out.is_v6);
  EXPECT_EQ(out.source_ip, Ip("2001:db8::1"));
  EXPECT_EQ(out.target_ip, Ip("2001:db8::2"));
  EXPECT_EQ(out.ip_total_length, 53U);
  EXPECT_EQ(out.payload_wire_length, 5U);
  EXPECT_EQ(TextOf(out.payload), "hello");
  EXPECT_EQ(out.source_port, 1000);
  EXPECT_EQ(out.target_port, 2000);
}

TEST(DecodeFields, SnapLengthKeepsWireLengths) {
  const PacketBytes bytes =
      PacketBuilder().Ethernet().Ip4("10.0.0.1", "10.0.0.2").Udp(1, 2).Payload(1000).Build();
  PacketView view = ViewOf(bytes);
  view.bytes = view.bytes.first(100);
  DecodedPacket out;
  Decode(view, Checksums::kVerify, out);
  EXPECT_EQ(out.status, DecodeStatus::kOk) << "all headers were captured";
  EXPECT_TRUE(out.snap_cut);
  EXPECT_EQ(out.wire_length, 1042U);
  EXPECT_EQ(out.captured_length, 100U);
  EXPECT_EQ(out.ip_total_length, 1028U);
  EXPECT_EQ(out.payload_wire_length, 1000U);
  EXPECT_EQ(out.payload.size(), 58U);
  EXPECT_FALSE(out.transport_checksum_checked);
}

TEST(DecodeFields, SnapLengthInsideTcpOptionsKeepsPorts) {
  const PacketBytes bytes = Sample("tcp_syn");
  PacketView view = ViewOf(bytes);
  view.bytes = view.bytes.first(14 + 20 + 24);
  DecodedPacket out;
  Decode(view, Checksums::kVerify, out);
  EXPECT_EQ(out.status, DecodeStatus::kSnapLength);
  EXPECT_EQ(out.deepest, Layer::kTransport);
  EXPECT_EQ(out.target_port, 443);
  EXPECT_TRUE(out.payload.empty());
}

TEST(DecodeFields, Arp) {
  const OwningPacket out = DecodeBytes(
      PacketBuilder().Ethernet().Arp(2, Mac(1), "10.0.0.1", Mac(2), "10.0.0.9").PadTo(60).Build());
  EXPECT_EQ(out.status, DecodeStatus::kOk);
  EXPECT_TRUE(out.is_arp);
  EXPECT_FALSE(out.has_ip());
  EXPECT_EQ(out.deepest, Layer::kNetwork);
  EXPECT_EQ(out.arp.operation, 2);
  EXPECT_EQ(out.arp.sender_mac, Mac(1));
  EXPECT_EQ(out.arp.sender_ip, Ip("10.0.0.1"));
  EXPECT_EQ(out.arp.target_mac, Mac(2));
  EXPECT_EQ(out.arp.target_ip, Ip("10.0.0.9"));
}

TEST(DecodeFields, IcmpEcho) {
  for (const char* name : {"icmp_echo", "icmp6_echo"}) {
    const OwningPacket out = DecodeBytes(Sample(name));
    EXPECT_EQ(out.deepest, Layer::kTransport) << name;
    EXPECT_EQ(out.icmp_type, out.is_v6 ? 128 : 8) << name;
    EXPECT_EQ(out.icmp_code, 0) << name;
    EXPECT_EQ(out.icmp_id, 77) << name;
    EXPECT_EQ(out.icmp_sequence, 3) << name;
    EXPECT_EQ(out.payload_wire_length, 32U) << name;
    EXPECT_EQ(out.source_port, 0) << name;
    EXPECT_EQ(out.target_port, 0) << name;
    EXPECT_TRUE(out.transport_checksum_checked) << name;
  }
}

TEST(DecodeFields, IcmpErrorHasNoEchoFields) {
  const OwningPacket out = DecodeBytes(Sample("icmp_error"));
  EXPECT_EQ(out.icmp_type, 3);
  EXPECT_EQ(out.icmp_code, 3);
  EXPECT_EQ(out.icmp_id, 0);
  EXPECT_EQ(out.source_ip, Ip("10.0.0.2")) << "the quoted packet decides nothing";
  EXPECT_EQ(out.tunnel_count, 0);
}

TEST(DecodeFields, Sctp) {
  const OwningPacket out = DecodeBytes(Sample("sctp"));
  EXPECT_EQ(out.protocol, 132);
  EXPECT_EQ(out.source_port, 5000);
  EXPECT_EQ(out.target_port, 38412);
  EXPECT_EQ(out.payload_wire_length, 20U);
  EXPECT_TRUE(out.transport_checksum_checked);
}

TEST(DecodeFields, Ip6ExtensionChain) {
  const OwningPacket out = DecodeBytes(Sample("ip6_extensions"));
  EXPECT_EQ(out.protocol, 6);
  EXPECT_EQ(out.ip_header_length, 40 + 8 + 8 + 24 + 8);
  EXPECT_EQ(out.target_port, 443);
  EXPECT_TRUE(out.transport_checksum_checked);
}

TEST(DecodeFields, FragmentsOfBothVersions) {
  for (const char* version : {"", "6"}) {
    const std::string prefix = std::string("fragment") + version;
    const OwningPacket first = DecodeBytes(Sample(prefix + "_first"));
    EXPECT_EQ(first.status, DecodeStatus::kOk);
    EXPECT_TRUE(first.fragment.is_fragment);
    EXPECT_TRUE(first.fragment.more);
    EXPECT_EQ(first.fragment.offset_bytes, 0);
    EXPECT_EQ(first.fragment.id, 9U);
    EXPECT_EQ(first.deepest, Layer::kTransport);
    EXPECT_EQ(first.target_port, 2);
    EXPECT_FALSE(first.transport_checksum_checked);
    const OwningPacket last = DecodeBytes(Sample(prefix + "_last"));
    EXPECT_EQ(last.status, DecodeStatus::kFragment);
    EXPECT_TRUE(last.fragment.is_fragment);
    EXPECT_FALSE(last.fragment.more);
    EXPECT_EQ(last.fragment.offset_bytes, 72);
    EXPECT_EQ(last.protocol, 17);
    EXPECT_EQ(last.deepest, Layer::kNetwork);
    EXPECT_EQ(last.source_port, 0);
    EXPECT_EQ(last.payload.size(), 30U);
  }
  const OwningPacket atomic = DecodeBytes(Sample("atomic_fragment"));
  EXPECT_FALSE(atomic.fragment.is_fragment);
  EXPECT_TRUE(atomic.transport_checksum_checked);
}

TEST(DecodeFields, FragmentedTunnelsAreNotEntered) {
  const OwningPacket out = DecodeBytes(PacketBuilder()
                                           .Ethernet()
                                           .Ip4("10.0.0.1", "10.0.0.2")
                                           .Fragment(9, 0, true)
                                           .Gre()
                                           .Ip4("192.0.2.1", "192.0.2.2")
                                           .Payload(64)
                                           .Build());
  EXPECT_EQ(out.status, DecodeStatus::kFragment);
  EXPECT_EQ(out.tunnel_count, 0);
  EXPECT_EQ(out.source_ip, Ip("10.0.0.1"));
}

TEST(DecodeFields, VlanStackOutermostFirst) {
  const OwningPacket out = DecodeBytes(Sample("qinq"));
  EXPECT_THAT(VlansOf(out), ElementsAre(100, 7));
  EXPECT_EQ(out.vlan(), 100);
  EXPECT_EQ(out.target_port, 443);
}

TEST(DecodeFields, LinkLayersWithAddressesAndWithout) {
  for (const SamplePacket& sample : ValidPackets()) {
    const OwningPacket out = DecodeBytes(sample.bytes, sample.link);
    const bool carries_mac = sample.link != LinkType::kRawIp && sample.link != LinkType::kNull &&
                             sample.link != LinkType::kPpp;
    EXPECT_EQ(out.has_mac, carries_mac) << sample.name;
    if (carries_mac) {
      EXPECT_EQ(out.source_mac, Mac(1)) << sample.name;
    }
  }
}

struct TunnelCase {
  const char* sample;
  std::vector<Tunnel> tunnels;
};

TEST(DecodeFields, InnermostAddressesDecideAndTheTunnelStackStaysKnown) {
  using enum Tunnel;
  const TunnelCase cases[] = {
      {"mpls", {kMpls}},
      {"mpls_pseudowire", {kMpls}},
      {"pppoe", {kPppoe}},
      {"gre", {kGre}},
      {"gre_checksum_key", {kGre}},
      {"gre_bridge", {kGre}},
      {"pptp", {kGre}},
      {"erspan1", {kErspan}},
      {"erspan2", {kErspan}},
      {"erspan3", {kErspan}},
      {"vxlan", {kVxlan}},
      {"geneve", {kGeneve}},
      {"gtp_u", {kGtpU}},
      {"gtp_u_extended", {kGtpU}},
      {"ip_in_ip", {kIpInIp}},
      {"4in6", {kIpInIp}},
      {"four_tunnels", {kGre, kIpInIp, kVxlan}},
  };
  for (const TunnelCase& expected : cases) {
    const OwningPacket out = DecodeBytes(Sample(expected.sample));
    EXPECT_EQ(TunnelsOf(out), expected.tunnels) << expected.sample;
    EXPECT_EQ(out.source_ip, Ip("192.0.2.1")) << expected.sample;
    EXPECT_EQ(out.target_ip, Ip("192.0.2.2")) << expected.sample;
    EXPECT_FALSE(out.is_v6) << expected.sample;
    EXPECT_EQ(out.target_port, 443) << expected.sample;
    EXPECT_EQ(TextOf(out.payload), "inner") << expected.sample;
    EXPECT_EQ(out.ip_total_length, 45U) << expected.sample;
    EXPECT_TRUE(out.transport_checksum_checked) << expected.sample;
    EXPECT_EQ(out.source_mac, Mac(1)) << expected.sample << ": of the outermost frame";
  }
  for (const char* name : {"6in4", "teredo"}) {
    const OwningPacket out = DecodeBytes(Sample(name));
    EXPECT_TRUE(out.is_v6) << name;
    EXPECT_EQ(out.source_ip, Ip("2001:db8::1")) << name;
    EXPECT_EQ(out.payload_wire_length, 9U) << name;
  }
}

TEST(DecodeFields, ArpInsideATunnelShedsTheOuterPacket) {
  const OwningPacket out = DecodeBytes(PacketBuilder()
                                           .Ethernet()
                                           .Ip4("10.0.0.1", "10.0.0.2")
                                           .Udp(9, 4789)
                                           .Vxlan(1)
                                           .Ethernet(Mac(11), Mac(12))
                                           .Arp(1, Mac(11), "192.0.2.1", {}, "192.0.2.2")
                                           .Build());
  EXPECT_TRUE(out.is_arp);
  EXPECT_FALSE(out.has_ip());
  EXPECT_EQ(out.source_port, 0);
  EXPECT_EQ(out.payload_wire_length, 0U);
}

TEST(DecodeFields, BrokenInnerPacketLeavesTheOuterOne) {
  const OwningPacket out = DecodeBytes(PacketBuilder()
                                           .Ethernet()
                                           .Ip4("10.0.0.1", "10.0.0.2")
                                           .Gre()
                                           .Ip4("192.0.2.1", "192.0.2.2")
                                           .Set8(0, 0x95)
                                           .Udp(1, 2)
                                           .Build());
  EXPECT_EQ(out.status, DecodeStatus::kIp4BadVersion);
  EXPECT_EQ(out.source_ip, Ip("10.0.0.1"));
  EXPECT_EQ(out.deepest, Layer::kNetwork);
}

TEST(DecodeFields, TunnelPortsWithOtherBytesArePlainUdp) {
  for (const SamplePacket& sample : OrdinaryOddPackets()) {
    const bool other_bytes = sample.name.find("other") != std::string::npos;
    if (!other_bytes && sample.name != "gtp_u_echo") continue;
    const OwningPacket out = DecodeBytes(sample.bytes);
    EXPECT_EQ(out.tunnel_count, 0) << sample.name;
    EXPECT_EQ(out.protocol, 17) << sample.name;
    EXPECT_EQ(out.source_ip, Ip("10.0.0.1")) << sample.name;
    EXPECT_EQ(out.payload.size(), out.ip_total_length - 28) << sample.name;
  }
}

TEST(DecodeFields, ClaimedLengthIsBelievedUpToTheFrame) {
  const OwningPacket out = DecodeBytes(PacketBuilder()
                                           .Ethernet()
                                           .Ip4("10.0.0.1", "10.0.0.2")
                                           .TotalLength(65'535)
                                           .Udp(1, 2)
                                           .Payload(10)
                                           .Build());
  EXPECT_EQ(out.status, DecodeStatus::kIp4Truncated);
  EXPECT_EQ(out.ip_total_length, 38U);
  EXPECT_EQ(out.target_port, 2) << "decoded as far as it goes";
}

TEST(DecodeFields, WireLengthIsBounded) {
  const PacketBytes bytes = Sample("udp");
  PacketView view = ViewOf(bytes);
  view.wire_length = 0xffffffff;
  DecodedPacket out;
  Decode(view, Checksums::kVerify, out);
  EXPECT_EQ(out.wire_length, kWireLengthMax);
  view.wire_length = 3;  // less than was captured
  Decode(view, Checksums::kVerify, out);
  EXPECT_EQ(out.wire_length, bytes.size());
  EXPECT_EQ(out.status, DecodeStatus::kOk);
}

TEST(DecodeFields, SkippedChecksumsAreNotChecked) {
  const PacketBytes bytes = PacketBuilder()
                                .Ethernet()
                                .Ip4("10.0.0.1", "10.0.0.2")
                                .WrongChecksum()
                                .Tcp(1, 2)
                                .WrongChecksum()
                                .Build();
  const OwningPacket skipped = DecodeBytes(bytes, LinkType::kEthernet, Checksums::kSkip);
  EXPECT_EQ(skipped.noted_count, 0);
  EXPECT_FALSE(skipped.ip_checksum_checked);
  EXPECT_FALSE(skipped.transport_checksum_checked);
  const OwningPacket verified = DecodeBytes(bytes);
  EXPECT_TRUE(verified.ip_checksum_bad);
  EXPECT_TRUE(verified.transport_checksum_bad);
  EXPECT_EQ(verified.noted_count, 2);
}

// Everything a reader may look at, so that two decodings can be compared.
std::string Visible(const DecodedPacket& out) {
  std::string text;
  const auto put = [&text](uint64_t value) { text += std::to_string(value) + ' '; };
  const auto put_bytes = [&text](const auto& array) {
    text.append(reinterpret_cast<const char*>(array.data()), array.size());
  };
  put(static_cast<uint64_t>(out.deepest));
  put(static_cast<uint64_t>(out.status));
  for (int i = 0; i < out.noted_count; ++i) put(static_cast<uint64_t>(out.noted[i]));
  put(out.has_mac);
  put(out.is_arp);
  put(out.is_v6);
  put(out.snap_cut);
  if (out.has_mac) put_bytes(out.source_mac.bytes), put_bytes(out.target_mac.bytes);
  for (uint16_t vlan : VlansOf(out)) put(vlan);
  for (Tunnel tunnel : TunnelsOf(out)) put(static_cast<uint64_t>(tunnel));
  put(out.ether_type);
  if (out.has_ip()) put_bytes(out.source_ip.bytes), put_bytes(out.target_ip.bytes);
  for (uint64_t value : {uint64_t{out.ip_total_length},
                         uint64_t{out.ip_header_length},
                         uint64_t{out.ttl},
                         uint64_t{out.protocol},
                         uint64_t{out.fragment.id},
                         uint64_t{out.fragment.offset_bytes},
                         uint64_t{out.fragment.more},
                         uint64_t{out.fragment.is_fragment},
                         uint64_t{out.source_port},
                         uint64_t{out.target_port},
                         uint64_t{out.tcp_flags},
                         uint64_t{out.icmp_type},
                         uint64_t{out.icmp_code},
                         uint64_t{out.icmp_id},
                         uint64_t{out.icmp_sequence},
                         uint64_t{out.tcp_window},
                         uint64_t{out.tcp_sequence},
                         uint64_t{out.tcp_acknowledgment},
                         uint64_t{out.payload_wire_length},
                         uint64_t{out.payload.size()},
                         uint64_t{out.ip_bytes.size()},
                         uint64_t{out.ip_checksum_checked},
                         uint64_t{out.ip_checksum_bad},
                         uint64_t{out.transport_checksum_checked},
                         uint64_t{out.transport_checksum_bad}}) {
    put(value);
  }
  if (out.is_arp) put_bytes(out.arp.sender_ip.bytes), put_bytes(out.arp.target_ip.bytes);
  return text;
}

// One DecodedPacket serves a core for ever: nothing of the packet before may show.
TEST(DecodeFields, ReusedResultEqualsFreshOne) {
  std::vector<SamplePacket> samples = ValidPackets();
  for (IrregularPacket& irregular : IrregularPackets()) {
    samples.push_back({"irregular", irregular.link, std::move(irregular.bytes)});
  }
  DecodedPacket reused;
  for (const SamplePacket& before : samples) {
    for (const SamplePacket& sample : samples) {
      Decode(ViewOf(before.bytes, 1, before.link), Checksums::kVerify, reused);
      Decode(ViewOf(sample.bytes, 5'000'000, sample.link), Checksums::kVerify, reused);
      ASSERT_EQ(Visible(reused), Visible(DecodeBytes(sample.bytes, sample.link)))
          << sample.name << " after " << before.name;
    }
  }
}

}  // namespace
}  // namespace vedette
