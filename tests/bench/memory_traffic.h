// The traffic the whole sensor is measured with, written into memory in a second or two: right
// checksums, whole connections, the same for a seed. Every kind is a round: what follows the last
// packet is the first one. Benchmarks only.
#ifndef VEDETTE_TESTS_BENCH_MEMORY_TRAFFIC_H_
#define VEDETTE_TESTS_BENCH_MEMORY_TRAFFIC_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/packet_memory.h"

namespace vedette {

struct TrafficOptions {
  uint64_t packets = 0;  // of the round, for syn60 and flows; 0: as the kind has it
  uint64_t flows = 0;    // at one time, for imix, attack and flows; 0: as the kind has it
  uint64_t seed = 1;
  uint64_t flow_buckets = 4'096;          // of a shard, for keys-chosen and keys-known
  std::array<uint64_t, 2> real_secret{};  // for keys-known
};

struct TrafficKind {
  const char* name;
  const char* what;
  double packets_per_s;  // at which its time goes: that of the figure it is made for
  std::unique_ptr<PacketMemory> (*make)(const TrafficOptions& options);
};

const std::vector<TrafficKind>& TrafficKinds();

}  // namespace vedette
#endif  // VEDETTE_TESTS_BENCH_MEMORY_TRAFFIC_H_
