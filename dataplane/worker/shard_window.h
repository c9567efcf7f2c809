// Everything one shard hands over for one interval. Filled by its worker, then read by the
// control thread, then given back cleared; two of them a shard. The detectors' hot states travel
// beside it (Worker's Observe parameter), so that this header knows no detector.
#ifndef VEDETTE_DATAPLANE_WORKER_SHARD_WINDOW_H_
#define VEDETTE_DATAPLANE_WORKER_SHARD_WINDOW_H_

#include <array>
#include <cstdint>

#include "dataplane/decode/decode_status.h"
#include "dataplane/inspect/observations.h"
#include "dataplane/track/endpoint_table.h"
#include "dataplane/track/pair_tables.h"

namespace vedette {

inline constexpr size_t kShards = 16;

struct ShardCounters {
  uint64_t packets = 0, bytes = 0;  // wire lengths
  uint64_t duplicates = 0;
  uint64_t home_packets = 0;        // source or target is home
  uint64_t flow_packets = 0, oversized_packets = 0;  // oversized: IP total length above 1500
  uint64_t flows_opened = 0, flows_ended = 0, flows_ended_one_way = 0, flows_evicted = 0;
  uint64_t flow_records_lost = 0;
  std::array<uint64_t, kDecodeStatusCount> decoded{};         // exactly one a packet
  std::array<uint64_t, kDecodeStatusCount> irregularities{};  // malformed and noted ones

  void Merge(const ShardCounters& o) noexcept {
    packets += o.packets, bytes += o.bytes, duplicates += o.duplicates;
    home_packets += o.home_packets, flow_packets += o.flow_packets;
    oversized_packets += o.oversized_packets, flows_opened += o.flows_opened;
    flows_ended += o.flows_ended, flows_ended_one_way += o.flows_ended_one_way;
    flows_evicted += o.flows_evicted, flow_records_lost += o.flow_records_lost;
    for (size_t i = 0; i < kDecodeStatusCount; ++i) {
      decoded[i] += o.decoded[i];
      irregularities[i] += o.irregularities[i];
    }
  }
};

struct ShardWindow {
  ShardCounters counters;
  uint64_t flows_active = 0;  // in the table at the mark
  EndpointTable endpoints;
  EgressTable egress;
  AttemptTable attempts;
  IrregularityTable irregularities;
  BoundedLog<Contact, 2048> contacts;
  BoundedLog<DnsMessage, 1024> dns;
  BoundedLog<NameSighting, 128> names;
  BoundedLog<ContentMatch, 256> matches;

  void Clear() noexcept {
    counters = {};
    flows_active = 0;
    endpoints.Clear();
    egress.Clear();
    attempts.Clear();
    irregularities.Clear();
    contacts.Clear();
    dns.Clear();
    names.Clear();
    matches.Clear();
  }
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_WORKER_SHARD_WINDOW_H_
