// What payloads and flows told, as bounded records of one interval: written by a shard's worker,
// read by detectors after the merge. All text is as it came from the wire: hostile, bounded here,
// escaped where it leaves the program.
#ifndef VEDETTE_DATAPLANE_INSPECT_OBSERVATIONS_H_
#define VEDETTE_DATAPLANE_INSPECT_OBSERVATIONS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/track/contact.h"
#include "dataplane/track/endpoint_row.h"
#include "dataplane/track/flow.h"
#include "dataplane/track/pair_tables.h"

namespace vedette {

// One DNS message over UDP or TCP, mDNS and NBNS excluded.
struct DnsMessage {
  IpAddress client, server;
  uint16_t vlan = 0;
  uint16_t id = 0;
  uint16_t type = 0;  // of the first question
  uint8_t response_code = 0;
  bool is_response = false;
  uint64_t arrival_us = 0;
  uint32_t message_bytes = 0;
  uint32_t answer_bytes = 0;  // sum of RDATA lengths of the answer section
  uint16_t answers = 0;
  uint16_t answer_type = 0;  // of the first answer record
  uint8_t name_length = 0;
  std::array<char, 255> name{};  // first question, lower case, dots between labels, no final dot
};

// A name an endpoint gave itself.
enum class NameSource : uint8_t { kDhcp, kMdns, kNetbios };
struct NameSighting {
  EndpointKey endpoint;
  MacAddress mac;
  NameSource source = NameSource::kDhcp;
  uint64_t arrival_us = 0;
  uint8_t name_length = 0;
  std::array<char, 63> name{};
};

// A verified pattern in clear text leaving home. Never the matched bytes themselves.
struct ContentMatch {
  FlowKey flow;
  EndpointKey device;
  IpAddress destination;
  uint16_t port = 0;
  uint16_t pattern = 0;  // index into the compiled pattern set
  uint64_t arrival_us = 0;
  uint64_t offset_bytes = 0;  // of the match's end in the flow's outbound stream
  uint64_t digest = 0;        // keyed, tells distinct matches apart; never leaves the sensor
};

using DnsLog = BoundedLog<DnsMessage, 1'024>;
using NameLog = BoundedLog<NameSighting, 128>;
using MatchLog = BoundedLog<ContentMatch, 256>;

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_INSPECT_OBSERVATIONS_H_
