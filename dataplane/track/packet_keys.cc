#include "dataplane/track/packet_keys.h"

#include "dataplane/track/community_id.h"

namespace vedette {
namespace {

bool CarriesPorts(uint8_t protocol) {
  return protocol == static_cast<uint8_t>(IpProtocol::kTcp) ||
         protocol == static_cast<uint8_t>(IpProtocol::kUdp) ||
         protocol == static_cast<uint8_t>(IpProtocol::kSctp);
}

bool IsIcmp(const DecodedPacket& packet) {
  return packet.protocol == static_cast<uint8_t>(IpProtocol::kIcmp) ||
         packet.protocol == static_cast<uint8_t>(IpProtocol::kIcmp6);
}

// A first fragment holds the ports, later ones do not; a transport header that was cut or broken
// leaves ports unset, and port 0 would make a flow that never was.
bool BelongsToFlow(const DecodedPacket& packet) {
  if (!packet.has_ip() || packet.fragment.offset_bytes != 0) return false;
  return packet.deepest == Layer::kTransport || !(CarriesPorts(packet.protocol) || IsIcmp(packet));
}

IpAddress MacAsAddress(const MacAddress& mac) { return EndpointKey::OfMac(mac, 0).ip; }

// 0.0.0.0 and :: are no one's address (DHCP, ARP probes): the MAC is the better name.
bool GoesByMac(const DecodedPacket& packet, const IpAddress& ip) {
  return ip.is_zero() && packet.has_mac;
}

struct PairOfHashes {
  KeyHash source, target;
};
PairOfHashes AddressHashes(const DecodedPacket& packet, const KeyedHash& hash) {
  if (packet.has_ip()) return {hash.OfAddress(packet.source_ip), hash.OfAddress(packet.target_ip)};
  if (packet.is_arp) {
    return {hash.OfAddress(packet.arp.sender_ip), hash.OfAddress(packet.arp.target_ip)};
  }
  if (!packet.has_mac) return {hash.OfAddress({}), hash.OfAddress({})};
  return {hash.OfAddress(MacAsAddress(packet.source_mac)),
          hash.OfAddress(MacAsAddress(packet.target_mac))};
}

bool HasAddresses(const DecodedPacket& packet) {
  return packet.has_ip() || packet.is_arp || packet.has_mac;
}

void EndpointsOfIp(const DecodedPacket& packet, const KeyedHash& hash, PacketKeys& keys) {
  const KeyHash source = hash.OfAddress(packet.source_ip);
  const KeyHash target = hash.OfAddress(packet.target_ip);
  keys.source_address = source;
  keys.target_address = target;
  keys.pair_hash = hash.OfPair(source, target);
  keys.has_target = true;
  const uint16_t vlan = packet.vlan();
  keys.target = {.ip = packet.target_ip, .vlan = vlan};
  keys.target_hash = hash.OfEndpoint(keys.target, target);
  keys.source = {.ip = packet.source_ip, .vlan = vlan};
  keys.source_hash = hash.OfEndpoint(keys.source, source);
  if (GoesByMac(packet, packet.source_ip)) [[unlikely]] {
    keys.source = EndpointKey::OfMac(packet.source_mac, vlan);
    keys.source_hash = hash.OfEndpoint(keys.source);
  }
}

void EndpointsOfLink(const DecodedPacket& packet, const KeyedHash& hash, PacketKeys& keys) {
  const auto [source, target] = AddressHashes(packet, hash);
  keys.source_address = source;
  keys.target_address = target;
  keys.pair_hash = HasAddresses(packet) ? hash.OfPair(source, target) : KeyHash{};
  keys.has_target = packet.is_arp;
  const uint16_t vlan = packet.vlan();
  if (packet.is_arp && !GoesByMac(packet, packet.arp.sender_ip)) {
    keys.source = {.ip = packet.arp.sender_ip, .vlan = vlan};
  } else {
    keys.source =
        packet.has_mac ? EndpointKey::OfMac(packet.source_mac, vlan) : EndpointKey{.vlan = vlan};
  }
  keys.source_hash = hash.OfEndpoint(keys.source);
  if (!packet.is_arp) return;
  keys.target = {.ip = packet.arp.target_ip, .vlan = vlan};
  keys.target_hash = hash.OfEndpoint(keys.target, target);
}

void FlowOf(const DecodedPacket& packet, const KeyedHash& hash, PacketKeys& keys) {
  IcmpPorts ports{packet.source_port, packet.target_port};
  if (IsIcmp(packet)) ports = IcmpPortsOf(packet.is_v6, packet.icmp_type, packet.icmp_code);
  const auto order = packet.source_ip <=> packet.target_ip;
  keys.source_is_low = ports.one_way || order < 0 || (order == 0 && ports.source <= ports.target);
  if (keys.source_is_low) {
    keys.flow = {packet.source_ip, packet.target_ip, ports.source, ports.target, packet.protocol};
    keys.flow_hash = hash.OfFlow(keys.flow, keys.source_address, keys.target_address);
  } else {
    keys.flow = {packet.target_ip, packet.source_ip, ports.target, ports.source, packet.protocol};
    keys.flow_hash = hash.OfFlow(keys.flow, keys.target_address, keys.source_address);
  }
}

}  // namespace

KeyHash PairHash(const DecodedPacket& packet, const KeyedHash& hash) noexcept {
  if (!HasAddresses(packet)) return {};
  const auto [source, target] = AddressHashes(packet, hash);
  return hash.OfPair(source, target);
}

void KeysOf(const DecodedPacket& packet, const KeyedHash& hash, PacketKeys& keys) noexcept {
  if (packet.has_ip()) [[likely]] {
    EndpointsOfIp(packet, hash, keys);
    keys.has_flow = BelongsToFlow(packet);
    if (keys.has_flow) FlowOf(packet, hash, keys);
  } else {
    EndpointsOfLink(packet, hash, keys);
    keys.has_flow = false;
  }
}

}  // namespace vedette
