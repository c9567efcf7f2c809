// The keys under which one packet is charged, computed for a whole burst before anything is looked
// up, so that the memory they lead to can be fetched meanwhile. Worker cores and the fan-out.
#ifndef VEDETTE_DATAPLANE_TRACK_PACKET_KEYS_H_
#define VEDETTE_DATAPLANE_TRACK_PACKET_KEYS_H_

#include <cstdint>

#include "dataplane/decode/decode.h"
#include "dataplane/sketch/key_hash.h"
#include "dataplane/track/endpoint_row.h"
#include "dataplane/track/flow.h"
#include "dataplane/track/keyed_hash.h"

namespace vedette {

struct PacketKeys {
  FlowKey flow;  // set when has_flow
  KeyHash flow_hash;
  EndpointKey source, target;              // target: set when has_target
  KeyHash source_address, target_address;  // likewise
  KeyHash source_hash, target_hash;
  uint64_t fingerprint = 0;  // of the duplicate filter, set by Tracker::Prefetch
  KeyHash pair_hash;         // symmetric over the address pair; chooses the shard
  bool has_flow = false;     // false: no IP header, a later fragment, a cut or broken transport
  bool has_target = false;   // false: neither an IP header nor an ARP target
  bool source_is_low = true;
};

// The address pair decides alone, so that fragments, ICMP errors and both directions of all flows
// of two addresses land in one shard.
KeyHash PairHash(const DecodedPacket& packet, const KeyedHash& hash) noexcept;

void KeysOf(const DecodedPacket& packet, const KeyedHash& hash, PacketKeys& keys) noexcept;

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_PACKET_KEYS_H_
