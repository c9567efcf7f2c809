// Community ID v1, seed 0: the name under which other tools know the same flow. Cold path only.
// Source: the Community ID specification, version 1: base64 of SHA-1 over seed, addresses,
// protocol, a zero byte and ports, in the order of FlowKey. ICMP types stand for ports, see
// IcmpPorts.
#ifndef VEDETTE_DATAPLANE_TRACK_COMMUNITY_ID_H_
#define VEDETTE_DATAPLANE_TRACK_COMMUNITY_ID_H_

#include <cstdint>
#include <string>

#include "dataplane/track/flow.h"

namespace vedette {

// Empty when the hash library fails.
std::string CommunityId(const FlowKey& key);

// Request and reply belong to one flow: the source's "port" is its type, the target's the type that
// answers it. A type nobody answers stands with its code, and its sender comes first.
struct IcmpPorts {
  uint16_t source = 0, target = 0;
  bool one_way = false;
};
IcmpPorts IcmpPortsOf(bool v6, uint8_t type, uint8_t code) noexcept;

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_COMMUNITY_ID_H_
