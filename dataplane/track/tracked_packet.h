// A decoded packet, charged to its flow and endpoints. What inspectors and detectors' hot halves
// see. Valid during one call.
#ifndef VEDETTE_DATAPLANE_TRACK_TRACKED_PACKET_H_
#define VEDETTE_DATAPLANE_TRACK_TRACKED_PACKET_H_

#include "dataplane/decode/decode.h"
#include "dataplane/sketch/key_hash.h"
#include "dataplane/track/endpoint_row.h"
#include "dataplane/track/flow.h"

namespace vedette {

struct TrackedPacket {
  const DecodedPacket* packet = nullptr;  // never null
  Flow* flow = nullptr;                   // null: no IP header, or a later fragment
  EndpointRow* source = nullptr;          // never null
  EndpointRow* target = nullptr;          // null: frame without an IP header or ARP target
  KeyHash source_key, target_key;
  Direction direction = Direction::kInternal;
  bool forward = true;  // from the flow's initiator
  bool new_flow = false;
  bool unasked = false;  // the target never sent in this flow and did not begin it
  uint32_t bytes = 0;    // IP total length, else frame length
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_TRACKED_PACKET_H_
