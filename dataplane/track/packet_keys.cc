#include "dataplane/track/packet_keys.h"

#include <tuple>

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
EndpointKey SourceOf(const DecodedPacket& packet, const IpAddress& ip) {
  if (ip.is_zero() && packet.has_mac) return EndpointKey::OfMac(packet.source_mac, packet.vlan());
  return {.ip = ip, .vlan = packet.vlan()};
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

}  // namespace

KeyHash PairHash(const DecodedPacket& packet, const KeyedHash& hash) noexcept {
  if (!HasAddresses(packet)) return {};
  const auto [source, target] = AddressHashes(packet, hash);
  return hash.OfPair(source, target);
}

void KeysOf(const DecodedPacket& packet, const KeyedHash& hash, PacketKeys& keys) noexcept {
  const auto [source_address, target_address] = AddressHashes(packet, hash);
  keys.source_address = source_address;
  keys.target_address = target_address;
  keys.pair_hash = HasAddresses(packet) ? hash.OfPair(source_address, target_address) : KeyHash{};
  keys.has_flow = BelongsToFlow(packet);
  keys.has_target = packet.has_ip() || packet.is_arp;
  if (packet.has_ip()) {
    keys.source = SourceOf(packet, packet.source_ip);
    keys.target = {.ip = packet.target_ip, .vlan = packet.vlan()};
  } else if (packet.is_arp) {
    keys.source = SourceOf(packet, packet.arp.sender_ip);
    keys.target = {.ip = packet.arp.target_ip, .vlan = packet.vlan()};
  } else {
    keys.source = packet.has_mac ? EndpointKey::OfMac(packet.source_mac, packet.vlan())
                                 : EndpointKey{.vlan = packet.vlan()};
  }
  // A source without an address of its own goes by its MAC.
  keys.source_hash = keys.source.is_mac && keys.has_target
                         ? hash.OfEndpoint(keys.source)
                         : hash.OfEndpoint(keys.source, keys.source_address);
  if (keys.has_target) keys.target_hash = hash.OfEndpoint(keys.target, keys.target_address);
  if (!keys.has_flow) return;
  IcmpPorts ports{packet.source_port, packet.target_port};
  if (IsIcmp(packet)) ports = IcmpPortsOf(packet.is_v6, packet.icmp_type, packet.icmp_code);
  const auto source = std::tie(packet.source_ip, ports.source);
  const auto target = std::tie(packet.target_ip, ports.target);
  keys.source_is_low = ports.one_way || source <= target;
  const auto& low = keys.source_is_low ? source : target;
  const auto& high = keys.source_is_low ? target : source;
  keys.flow = {.low_ip = std::get<0>(low),
               .high_ip = std::get<0>(high),
               .low_port = std::get<1>(low),
               .high_port = std::get<1>(high),
               .protocol = packet.protocol};
  keys.flow_hash =
      hash.OfFlow(keys.flow, keys.source_is_low ? keys.source_address : keys.target_address,
                  keys.source_is_low ? keys.target_address : keys.source_address);
}

}  // namespace vedette
