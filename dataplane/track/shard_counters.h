// What one shard counted in one interval. Written by its worker, added up after the hand-over.
#ifndef VEDETTE_DATAPLANE_TRACK_SHARD_COUNTERS_H_
#define VEDETTE_DATAPLANE_TRACK_SHARD_COUNTERS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/decode/decode_status.h"
#include "dataplane/sketch/histogram.h"

namespace vedette {

// Sizes within an eighth; 2^17 is above the largest IP packet with its frame.
using PacketSizes = Histogram<3, 17>;
// Bytes of whole flows within a quarter, up to 1 TiB.
using FlowSizes = Histogram<2, 40>;

// What a packet carries, as coarse as a first look wants it.
enum class Carried : uint8_t { kTcp, kUdp, kIcmp, kOtherIp, kNoIp };
inline constexpr size_t kCarriedCount = 5;

struct ShardCounters {
  uint64_t packets = 0, bytes = 0;  // wire lengths
  uint64_t duplicates = 0;
  uint64_t home_packets = 0;                         // source or target is home
  uint64_t flow_packets = 0, oversized_packets = 0;  // oversized: IP total length above 1500
  uint64_t flows_opened = 0, flows_ended = 0, flows_ended_one_way = 0, flows_evicted = 0;
  uint64_t flow_records_lost = 0;
  std::array<uint64_t, kCarriedCount> carried_packets{}, carried_bytes{};  // add up to the totals
  std::array<uint64_t, kDecodeStatusCount> decoded{};                      // exactly one a packet
  std::array<uint64_t, kDecodeStatusCount> irregularities{};  // malformed and noted ones
  PacketSizes packet_bytes;                                   // wire lengths of all packets
  FlowSizes flow_bytes;  // both directions of each flow that ended, IP total lengths

  void Merge(const ShardCounters& o) noexcept {
    packets += o.packets, bytes += o.bytes, duplicates += o.duplicates;
    home_packets += o.home_packets, flow_packets += o.flow_packets;
    oversized_packets += o.oversized_packets, flows_opened += o.flows_opened;
    flows_ended += o.flows_ended, flows_ended_one_way += o.flows_ended_one_way;
    flows_evicted += o.flows_evicted, flow_records_lost += o.flow_records_lost;
    for (size_t i = 0; i < kCarriedCount; ++i) {
      carried_packets[i] += o.carried_packets[i];
      carried_bytes[i] += o.carried_bytes[i];
    }
    for (size_t i = 0; i < kDecodeStatusCount; ++i) {
      decoded[i] += o.decoded[i];
      irregularities[i] += o.irregularities[i];
    }
    packet_bytes.Merge(o.packet_bytes);
    flow_bytes.Merge(o.flow_bytes);
  }
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_SHARD_COUNTERS_H_
