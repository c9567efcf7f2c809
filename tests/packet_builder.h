// Builds packets for tests, layer by layer from the outside in:
//   PacketBuilder().Ethernet().Vlan(7).Ip4("10.0.0.1", "10.0.0.2").Tcp(4000, 80, kTcpSyn).Build()
// Lengths, next protocols and checksums are right unless a setter says otherwise; setters change
// the layer added last. Values put by Set8/16/32 are in place before checksums are computed, and
// put again afterwards, so that a changed field keeps a right checksum and a changed checksum stays
// wrong. Tests only; single-threaded; plain code that shares nothing with the decoder it checks.
#ifndef VEDETTE_TESTS_PACKET_BUILDER_H_
#define VEDETTE_TESTS_PACKET_BUILDER_H_

#include <arpa/inet.h>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/capture/packet_source.h"
#include "dataplane/decode/addresses.h"

namespace vedette {

using PacketBytes = std::vector<std::byte>;

inline IpAddress Ip(const std::string& text) {
  IpAddress ip = IpAddress::V4(0, 0, 0, 0);
  const bool v6 = text.find(':') != std::string::npos;
  [[maybe_unused]] const int parsed = v6 ? inet_pton(AF_INET6, text.c_str(), ip.bytes.data())
                                         : inet_pton(AF_INET, text.c_str(), ip.bytes.data() + 12);
  assert(parsed == 1);
  return ip;
}
inline MacAddress Mac(uint8_t last) { return {{0x02, 0, 0, 0, 0, last}}; }

inline PacketView ViewOf(const PacketBytes& bytes, uint64_t arrival_us = 1'000'000,
                         LinkType link = LinkType::kEthernet) {
  return {.bytes = bytes,
          .wire_length = static_cast<uint32_t>(bytes.size()),
          .link = link,
          .arrival = {arrival_us}};
}

class PacketBuilder {
 public:
  PacketBuilder& Ethernet(MacAddress source = Mac(1), MacAddress target = Mac(2)) {
    Part& part = Add(Kind::kEthernet);
    PutMac(part, target);
    PutMac(part, source);
    Put16(part.header, 0);
    return *this;
  }
  // 802.3 frame: a length in place of the EtherType.
  PacketBuilder& Ethernet802_3(MacAddress source = Mac(1), MacAddress target = Mac(2)) {
    Ethernet(source, target);
    Last().kind = Kind::kEthernet802_3;
    return *this;
  }
  PacketBuilder& Llc(uint8_t dsap, uint8_t ssap, uint8_t control = 3) {
    return Raw({dsap, ssap, control});
  }
  PacketBuilder& Snap(uint32_t organization = 0) {
    Part& part = Add(Kind::kSnap);
    part.header = {
        0xaa, 0xaa, 3, Byte(organization >> 16), Byte(organization >> 8), Byte(organization), 0, 0};
    return *this;
  }
  PacketBuilder& Vlan(uint16_t id, uint16_t tpid = 0x8100) {
    Part& part = Add(Kind::kVlan);
    part.ether_type = tpid;
    Put16(part.header, id);
    Put16(part.header, 0);
    return *this;
  }
  PacketBuilder& Mpls(uint32_t label, uint8_t ttl = 64) {
    Put32(Add(Kind::kMpls).header, label << 12 | ttl);
    return *this;
  }
  PacketBuilder& Pppoe(uint16_t session = 1) {
    Part& part = Add(Kind::kPppoe);
    part.header = {0x11, 0};
    Put16(part.header, session);
    Put32(part.header, 0);
    return *this;
  }
  PacketBuilder& PppoeDiscovery(uint8_t code) {
    Part& part = Add(Kind::kPppoeDiscovery);
    part.header = {0x11, code, 0, 0, 0, 0};
    return *this;
  }
  // With the HDLC address and control bytes, or without.
  PacketBuilder& Ppp(bool hdlc = true) {
    Part& part = Add(Kind::kPpp);
    if (hdlc) part.header = {0xff, 0x03};
    Put16(part.header, 0);
    return *this;
  }
  PacketBuilder& Null(uint32_t family = 2) {  // big-endian; Set32 for another order
    Put32(Add(Kind::kRaw).header, family);
    return *this;
  }
  PacketBuilder& LinuxSll(uint16_t packet_type = 0, MacAddress source = Mac(1)) {
    Part& part = Add(Kind::kSll);
    Put16(part.header, packet_type);
    Put16(part.header, 1);  // ARPHRD_ETHER
    Put16(part.header, 6);
    PutMac(part, source);
    Put32(part.header, 0);  // two bytes of padding, protocol
    return *this;
  }
  PacketBuilder& LinuxSll2(uint8_t packet_type = 0, MacAddress source = Mac(1)) {
    Part& part = Add(Kind::kSll2);
    Put32(part.header, 0);  // protocol, reserved
    Put32(part.header, 3);  // interface
    Put16(part.header, 1);
    part.header.push_back(packet_type);
    part.header.push_back(6);
    PutMac(part, source);
    Put16(part.header, 0);
    return *this;
  }
  // A data frame from a station to its access point, then LLC/SNAP.
  PacketBuilder& Ieee80211(MacAddress source = Mac(1), MacAddress target = Mac(2)) {
    Part& part = Add(Kind::kRaw);
    part.header = {0x08, 0x01, 0, 0};
    PutMac(part, Mac(99));
    PutMac(part, source);
    PutMac(part, target);
    Put16(part.header, 0);
    return Snap();
  }
  PacketBuilder& Radiotap() { return Raw({0, 0, 8, 0, 0, 0, 0, 0}); }

  PacketBuilder& Arp(uint16_t operation, MacAddress sender_mac, const std::string& sender_ip,
                     MacAddress target_mac, const std::string& target_ip) {
    Part& part = Add(Kind::kArp);
    part.header = {0, 1, 8, 0, 6, 4};
    Put16(part.header, operation);
    PutMac(part, sender_mac);
    PutIp4(part, Ip(sender_ip));
    PutMac(part, target_mac);
    PutIp4(part, Ip(target_ip));
    return *this;
  }
  PacketBuilder& Ip4(const std::string& source, const std::string& target, uint8_t ttl = 64) {
    Part& part = Add(Kind::kIp4);
    part.header = {0x45, 0, 0, 0, 0, 1, 0, 0, ttl, 0, 0, 0};
    PutIp4(part, Ip(source));
    PutIp4(part, Ip(target));
    part.checksum_at = 10;
    return *this;
  }
  PacketBuilder& Ip6(const std::string& source, const std::string& target, uint8_t hops = 64) {
    Part& part = Add(Kind::kIp6);
    part.header = {0x60, 0, 0, 0, 0, 0, 0, hops};
    for (uint8_t byte : Ip(source).bytes) part.header.push_back(byte);
    for (uint8_t byte : Ip(target).bytes) part.header.push_back(byte);
    return *this;
  }
  // IPv6 extension header: 0 hop-by-hop, 43 routing, 60 destination options, 51 AH ... `body` is
  // what follows next header and length, padded with PadN to a multiple of 8.
  PacketBuilder& Extension(uint8_t protocol, std::vector<uint8_t> body) {
    Part& part = Add(Kind::kExtension);
    part.protocol = protocol;
    part.header = {0, 0};
    part.header.insert(part.header.end(), body.begin(), body.end());
    const size_t missing = (8 - part.header.size() % 8) % 8;
    if (missing == 1) part.header.push_back(0);
    if (missing > 1) {
      part.header.push_back(1);
      part.header.push_back(Byte(missing - 2));
      part.header.resize(part.header.size() + missing - 2);
    }
    part.header[1] =
        protocol == 51 ? Byte(part.header.size() / 4 - 2) : Byte(part.header.size() / 8 - 1);
    return *this;
  }
  PacketBuilder& Fragment6(uint32_t id, uint16_t offset_bytes, bool more) {
    Part& part = Add(Kind::kExtension);
    part.protocol = 44;
    part.header = {0, 0};
    Put16(part.header, static_cast<uint16_t>((offset_bytes & 0xfff8) | (more ? 1 : 0)));
    Put32(part.header, id);
    return *this;
  }
  PacketBuilder& Tcp(uint16_t source_port, uint16_t target_port, uint8_t flags = 0x10,
                     uint32_t sequence = 1000, uint32_t acknowledgment = 2000) {
    Part& part = AddPorts(Kind::kTcp, source_port, target_port);
    Put32(part.header, sequence);
    Put32(part.header, (flags & 0x10) != 0 ? acknowledgment : 0);
    part.header.push_back(0x50);
    part.header.push_back(flags);
    Put16(part.header, 8192);
    Put32(part.header, 0);
    part.checksum_at = 16;
    return *this;
  }
  PacketBuilder& Udp(uint16_t source_port, uint16_t target_port) {
    Part& part = AddPorts(Kind::kUdp, source_port, target_port);
    Put32(part.header, 0);
    part.checksum_at = 6;
    return *this;
  }
  PacketBuilder& Icmp(uint8_t type, uint8_t code = 0, uint16_t id = 0, uint16_t sequence = 0) {
    return AddIcmp(Kind::kIcmp, type, code, id, sequence);
  }
  PacketBuilder& Icmp6(uint8_t type, uint8_t code = 0, uint16_t id = 0, uint16_t sequence = 0) {
    return AddIcmp(Kind::kIcmp6, type, code, id, sequence);
  }
  PacketBuilder& Igmp(uint8_t type, const std::string& group, uint8_t response_time = 0) {
    Part& part = Add(Kind::kIgmp);
    part.header = {type, response_time, 0, 0};
    PutIp4(part, Ip(group));
    part.checksum_at = 2;
    return *this;
  }
  PacketBuilder& Sctp(uint16_t source_port, uint16_t target_port, uint32_t tag = 0x1234) {
    Part& part = AddPorts(Kind::kSctp, source_port, target_port);
    Put32(part.header, tag);
    Put32(part.header, 0);
    part.checksum_at = 8;
    return *this;
  }
  PacketBuilder& SctpChunk(uint8_t type, uint8_t flags, const std::vector<uint8_t>& value) {
    Part& part = Add(Kind::kRaw);
    part.header = {type, flags};
    Put16(part.header, static_cast<uint16_t>(4 + value.size()));
    part.header.insert(part.header.end(), value.begin(), value.end());
    part.header.resize((part.header.size() + 3) & ~size_t{3});
    return *this;
  }
  // Optional words after the first four bytes (checksum, key, sequence) are the caller's.
  PacketBuilder& Gre(uint16_t flags_and_version = 0, const std::vector<uint8_t>& words = {}) {
    Part& part = Add(Kind::kGre);
    Put16(part.header, flags_and_version);
    Put16(part.header, 0);
    part.header.insert(part.header.end(), words.begin(), words.end());
    if ((flags_and_version & 0x8000) != 0) part.checksum_at = 4;
    return *this;
  }
  PacketBuilder& ErspanI() {  // GRE without a sequence number, no header of its own
    Gre();
    return Set16(2, 0x88be);
  }
  PacketBuilder& ErspanII(uint16_t vlan = 0, uint16_t session = 1) {
    Gre(0x1000, {0, 0, 0, 1}).Set16(2, 0x88be);
    Part& part = Add(Kind::kRaw);
    Put16(part.header, static_cast<uint16_t>(0x1000 | vlan));
    Put16(part.header, session);
    Put32(part.header, 0);
    return *this;
  }
  PacketBuilder& ErspanIII(uint16_t vlan = 0, uint16_t session = 1) {
    Gre(0x1000, {0, 0, 0, 1}).Set16(2, 0x22eb);
    Part& part = Add(Kind::kRaw);
    Put16(part.header, static_cast<uint16_t>(0x2000 | vlan));
    Put16(part.header, session);
    Put32(part.header, 0);  // time stamp
    Put32(part.header, 0);  // frame type 0 (Ethernet), no platform sub-header
    return *this;
  }
  PacketBuilder& Vxlan(uint32_t vni) {
    Part& part = Add(Kind::kRaw);
    Put32(part.header, 0x08000000);
    Put32(part.header, vni << 8);
    return *this;
  }
  PacketBuilder& Geneve(uint32_t vni, const std::vector<uint8_t>& options = {}) {
    Part& part = Add(Kind::kGeneve);
    part.header = {Byte(options.size() / 4), 0, 0, 0};
    Put32(part.header, vni << 8);
    part.header.insert(part.header.end(), options.begin(), options.end());
    return *this;
  }
  PacketBuilder& GtpU(uint32_t tunnel_id) {
    Part& part = Add(Kind::kGtpU);
    part.header = {0x30, 0xff, 0, 0};
    Put32(part.header, tunnel_id);
    return *this;
  }

  PacketBuilder& Raw(std::vector<uint8_t> bytes) {
    Add(Kind::kRaw).header = std::move(bytes);
    return *this;
  }
  PacketBuilder& Payload(const std::string& text) {
    return Raw(std::vector<uint8_t>(text.begin(), text.end()));
  }
  PacketBuilder& Payload(size_t bytes) {
    std::vector<uint8_t> filler(bytes);
    for (size_t i = 0; i < bytes; ++i) filler[i] = Byte(i);
    return Raw(std::move(filler));
  }

  // Setters of the layer added last.
  PacketBuilder& Set8(size_t at, uint8_t value) { return Set(at, {value}); }
  PacketBuilder& Set16(size_t at, uint16_t value) {
    return Set(at, {Byte(value >> 8), Byte(value)});
  }
  PacketBuilder& Set32(size_t at, uint32_t value) {
    return Set(at, {Byte(value >> 24), Byte(value >> 16), Byte(value >> 8), Byte(value)});
  }
  PacketBuilder& EtherType(uint16_t type) { return Set16(Last().header.size() - 2, type); }
  PacketBuilder& IpId(uint16_t id) { return Set16(4, id); }
  PacketBuilder& Protocol(uint8_t protocol) {
    return Set8(Last().kind == Kind::kIp4 ? 9 : Last().kind == Kind::kIp6 ? 6 : 0, protocol);
  }
  PacketBuilder& TotalLength(uint16_t bytes) { return Set16(2, bytes); }
  PacketBuilder& PayloadLength(uint16_t bytes) { return Set16(4, bytes); }  // IPv6
  PacketBuilder& DontFragment() { return Set16(6, 0x4000); }
  PacketBuilder& Fragment(uint16_t id, uint16_t offset_bytes, bool more) {
    IpId(id);
    return Set16(6, static_cast<uint16_t>(offset_bytes / 8 | (more ? 0x2000 : 0)));
  }
  PacketBuilder& Window(uint16_t window) { return Set16(14, window); }
  // IPv4 or TCP options, padded with zeros to a multiple of 4.
  PacketBuilder& Options(const std::vector<uint8_t>& options) {
    Part& part = Last();
    part.header.insert(part.header.end(), options.begin(), options.end());
    part.header.resize((part.header.size() + 3) & ~size_t{3});
    const uint8_t words = Byte(part.header.size() / 4);
    if (part.kind == Kind::kIp4) part.header[0] = Byte(0x40 | words);
    if (part.kind == Kind::kTcp) part.header[12] = Byte(words << 4);
    return *this;
  }
  PacketBuilder& WrongChecksum() {
    Last().wrong_checksum = true;
    return *this;
  }
  PacketBuilder& NoChecksum() {
    Last().no_checksum = true;
    return *this;
  }
  // Zero bytes behind everything, until the packet has this size: Ethernet padding.
  PacketBuilder& PadTo(size_t bytes) {
    pad_to_ = bytes;
    return *this;
  }

  PacketBytes Build() const {
    std::vector<uint8_t> body;
    for (size_t i = parts_.size(); i-- > 0;) {
      std::vector<uint8_t> whole = Finish(i, body);
      body = std::move(whole);
    }
    if (body.size() < pad_to_) body.resize(pad_to_);
    PacketBytes bytes(body.size());
    if (!body.empty()) std::memcpy(bytes.data(), body.data(), body.size());
    return bytes;
  }

 private:
  enum class Kind {
    kEthernet,
    kEthernet802_3,
    kSnap,
    kVlan,
    kMpls,
    kPppoe,
    kPppoeDiscovery,
    kPpp,
    kSll,
    kSll2,
    kArp,
    kIp4,
    kIp6,
    kExtension,
    kTcp,
    kUdp,
    kIcmp,
    kIcmp6,
    kIgmp,
    kSctp,
    kGre,
    kGeneve,
    kGtpU,
    kRaw
  };
  struct Part {
    Kind kind = Kind::kRaw;
    std::vector<uint8_t> header;
    std::vector<std::pair<size_t, std::vector<uint8_t>>> overrides;
    size_t checksum_at = 0;  // 0: has none
    uint16_t ether_type = 0x8100;
    uint8_t protocol = 0;
    bool wrong_checksum = false, no_checksum = false;
  };

  static uint8_t Byte(size_t value) { return static_cast<uint8_t>(value & 0xff); }
  static void Put16(std::vector<uint8_t>& to, uint16_t value) {
    to.push_back(Byte(value >> 8));
    to.push_back(Byte(value));
  }
  static void Put32(std::vector<uint8_t>& to, uint32_t value) {
    Put16(to, static_cast<uint16_t>(value >> 16));
    Put16(to, static_cast<uint16_t>(value & 0xffff));
  }
  static void Write16(std::vector<uint8_t>& to, size_t at, size_t value) {
    to[at] = Byte(value >> 8);
    to[at + 1] = Byte(value);
  }
  static void PutMac(Part& part, const MacAddress& mac) {
    part.header.insert(part.header.end(), mac.bytes.begin(), mac.bytes.end());
  }
  static void PutIp4(Part& part, const IpAddress& ip) {
    part.header.insert(part.header.end(), ip.bytes.begin() + 12, ip.bytes.end());
  }

  Part& Add(Kind kind) {
    parts_.emplace_back();
    parts_.back().kind = kind;
    return parts_.back();
  }
  Part& Last() { return parts_.back(); }
  Part& AddPorts(Kind kind, uint16_t source_port, uint16_t target_port) {
    Part& part = Add(kind);
    Put16(part.header, source_port);
    Put16(part.header, target_port);
    return part;
  }
  PacketBuilder& AddIcmp(Kind kind, uint8_t type, uint8_t code, uint16_t id, uint16_t sequence) {
    Part& part = Add(kind);
    part.header = {type, code, 0, 0};
    Put16(part.header, id);
    Put16(part.header, sequence);
    part.checksum_at = 2;
    return *this;
  }
  PacketBuilder& Set(size_t at, std::vector<uint8_t> bytes) {
    Last().overrides.emplace_back(at, std::move(bytes));
    return *this;
  }
  static void Override(const Part& part, std::vector<uint8_t>& bytes) {
    for (const auto& [at, value] : part.overrides) {
      assert(at + value.size() <= bytes.size());
      std::memcpy(bytes.data() + at, value.data(), value.size());
    }
  }

  uint16_t ChildEtherType(size_t i) const {
    if (i + 1 >= parts_.size()) return 0x88b5;  // for local experiments
    switch (parts_[i + 1].kind) {
      case Kind::kIp4:
        return 0x0800;
      case Kind::kIp6:
        return 0x86dd;
      case Kind::kArp:
        return 0x0806;
      case Kind::kMpls:
        return 0x8847;
      case Kind::kPppoe:
        return 0x8864;
      case Kind::kPppoeDiscovery:
        return 0x8863;
      case Kind::kVlan:
        return parts_[i + 1].ether_type;
      case Kind::kEthernet:
      case Kind::kEthernet802_3:
        return 0x6558;
      default:
        return 0x88b5;
    }
  }
  uint8_t ChildProtocol(size_t i) const {
    if (i + 1 >= parts_.size()) return parts_[i].kind == Kind::kIp4 ? 253 : 59;
    switch (parts_[i + 1].kind) {
      case Kind::kIp4:
        return 4;
      case Kind::kIp6:
        return 41;
      case Kind::kExtension:
        return parts_[i + 1].protocol;
      case Kind::kTcp:
        return 6;
      case Kind::kUdp:
        return 17;
      case Kind::kIcmp:
        return 1;
      case Kind::kIcmp6:
        return 58;
      case Kind::kIgmp:
        return 2;
      case Kind::kSctp:
        return 132;
      case Kind::kGre:
        return 47;
      default:
        return 253;  // for experiments
    }
  }
  void SetLengths(size_t i, size_t body_bytes, std::vector<uint8_t>& header) const {
    const bool child_v6 = i + 1 < parts_.size() && parts_[i + 1].kind == Kind::kIp6;
    const bool child_mpls = i + 1 < parts_.size() && parts_[i + 1].kind == Kind::kMpls;
    const size_t size = header.size();
    switch (parts_[i].kind) {
      case Kind::kEthernet:
      case Kind::kVlan:
      case Kind::kSnap:
      case Kind::kSll:
        Write16(header, size - 2, ChildEtherType(i));
        break;
      case Kind::kSll2:
        Write16(header, 0, ChildEtherType(i));
        break;
      case Kind::kEthernet802_3:
        Write16(header, 12, body_bytes);
        break;
      case Kind::kMpls:
        header[2] = Byte((header[2] & 0xfe) | (child_mpls ? 0 : 1));
        break;
      case Kind::kPppoe:
        Write16(header, 4, body_bytes + 2);
        Write16(header, 6, child_v6 ? 0x57 : 0x21);
        break;
      case Kind::kPppoeDiscovery:
        Write16(header, 4, body_bytes);
        break;
      case Kind::kPpp:
        Write16(header, size - 2, child_v6 ? 0x57 : 0x21);
        break;
      case Kind::kIp4:
        Write16(header, 2, size + body_bytes);
        header[9] = ChildProtocol(i);
        break;
      case Kind::kIp6:
        Write16(header, 4, body_bytes);
        header[6] = ChildProtocol(i);
        break;
      case Kind::kExtension:
        header[0] = ChildProtocol(i);
        break;
      case Kind::kUdp:
        Write16(header, 4, size + body_bytes);
        break;
      case Kind::kGre:
      case Kind::kGeneve:
        Write16(header, 2, ChildEtherType(i));
        break;
      case Kind::kGtpU:
        Write16(header, 2, body_bytes + size - 8);
        break;
      default:
        break;
    }
  }
  std::vector<uint8_t> Finish(size_t i, const std::vector<uint8_t>& body) const {
    const Part& part = parts_[i];
    std::vector<uint8_t> whole = part.header;
    SetLengths(i, body.size(), whole);
    const size_t header_bytes = whole.size();
    whole.insert(whole.end(), body.begin(), body.end());
    Override(part, whole);
    if (part.checksum_at != 0 && !part.no_checksum) PutChecksum(i, header_bytes, whole);
    Override(part, whole);
    return whole;
  }
  void PutChecksum(size_t i, size_t header_bytes, std::vector<uint8_t>& whole) const {
    const Part& part = parts_[i];
    const size_t at = part.checksum_at;
    const uint16_t spoil = part.wrong_checksum ? 0x5555 : 0;
    if (part.kind == Kind::kSctp) {
      const uint32_t crc = Crc32c(whole) ^ spoil;
      for (size_t k = 0; k < 4; ++k) whole[at + k] = Byte(crc >> (8 * k));
      return;
    }
    uint32_t sum =
        part.kind == Kind::kIp4 ? Sum(whole.data(), header_bytes) : Sum(whole.data(), whole.size());
    if (part.kind == Kind::kTcp || part.kind == Kind::kUdp || part.kind == Kind::kIcmp6) {
      sum += PseudoHeaderSum(i, whole.size());
    }
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    uint16_t checksum = static_cast<uint16_t>(~sum & 0xffff);
    if (part.kind == Kind::kUdp && checksum == 0) checksum = 0xffff;
    Write16(whole, at, checksum ^ spoil);
  }
  uint32_t PseudoHeaderSum(size_t i, size_t segment_bytes) const {
    const uint8_t protocol = ChildProtocol(i - 1);
    uint32_t sum = protocol + static_cast<uint32_t>(segment_bytes & 0xffff) +
                   static_cast<uint32_t>(segment_bytes >> 16);
    for (size_t k = i; k-- > 0;) {
      const std::vector<uint8_t>& ip = parts_[k].header;
      if (parts_[k].kind == Kind::kIp4) return sum + Sum(ip.data() + 12, 8);
      if (parts_[k].kind == Kind::kIp6) return sum + Sum(ip.data() + 8, 32);
    }
    return sum;
  }
  static uint32_t Sum(const uint8_t* data, size_t size) {
    uint32_t sum = 0;
    for (size_t k = 0; k < size; ++k) sum += k % 2 == 0 ? uint32_t{data[k]} << 8 : data[k];
    return sum;
  }
  static uint32_t Crc32c(const std::vector<uint8_t>& bytes) {
    uint32_t crc = 0xffffffff;
    for (uint8_t byte : bytes) {
      crc ^= byte;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0);
    }
    return ~crc;
  }

  std::vector<Part> parts_;
  size_t pad_to_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_TESTS_PACKET_BUILDER_H_
