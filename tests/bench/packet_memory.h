// Packets laid out in memory before anything is measured, as a NIC would have left them, and the
// source that hands them out in bursts, round and round, with time moving on at a fixed rate.
// Benchmarks only. The memory is filled by one thread and only read afterwards.
#ifndef VEDETTE_TESTS_BENCH_PACKET_MEMORY_H_
#define VEDETTE_TESTS_BENCH_PACKET_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/capture/packet_source.h"
#include "dataplane/sketch/zeroed_array.h"
#include "dataplane/track/keyed_hash.h"

namespace vedette {

struct StoredPacket {
  uint32_t line = 0;      // where it begins, in cache lines
  uint32_t position = 0;  // in the round
  uint16_t bytes = 0;
};

class PacketMemory {
 public:
  explicit PacketMemory(size_t bytes_max) : memory_(bytes_max) {}

  // Room for a packet of so many bytes, all zero.
  uint8_t* Append(size_t bytes);

  const std::vector<StoredPacket>& packets() const { return packets_; }
  const uint8_t* At(const StoredPacket& packet) const {
    return memory_.data() + size_t{packet.line} * kLineBytes;
  }
  size_t round() const { return packets_.size(); }
  uint64_t frame_bytes() const { return frame_bytes_; }
  uint64_t resident_bytes() const;  // of packets and their index

  // What each of `workers` is given, by the shard of the address pair: a NIC's job.
  std::vector<std::vector<StoredPacket>> SplitByShard(size_t workers, const KeyedHash& hash) const;

 private:
  static constexpr size_t kLineBytes = 64;

  ZeroedArray<uint8_t> memory_;
  std::vector<StoredPacket> packets_;
  size_t used_lines_ = 0;
  uint64_t frame_bytes_ = 0;
};

struct Pace {
  uint64_t packets = 0;      // of all sources together, rounds included
  uint64_t warm_up = 0;      // the first so many are not measured
  double packets_per_s = 0;  // of the packets' own time
  uint64_t start_s = 1'750'000'000;
};

double ProcessCpuSeconds();
double ThreadCpuSeconds();
double ResidentMib();  // of the process now, its hugepages included

// Polled by one worker. Says what the CPU clocks (the process's, the worker's own) and the memory
// were when the warm-up was over and when the last packet was handed out.
class MemorySource final : public PacketSource {
 public:
  // `memory` and `mine` outlive the source. `mine` are packets of `memory`, in their order.
  MemorySource(const PacketMemory& memory, const std::vector<StoredPacket>& mine, const Pace& pace);

  SourceState Receive(PacketBurst& burst) noexcept override;

  struct Clocks {
    double process_s = 0, thread_s = 0, resident_mib = 0;
  };
  const Clocks& warm() const { return warm_; }
  const Clocks& last() const { return last_; }
  double half_mib() const { return half_mib_; }    // resident when half of all was handed out
  uint64_t measured() const { return measured_; }  // packets after the warm-up

 private:
  static Clocks ReadClocks() { return {ProcessCpuSeconds(), ThreadCpuSeconds(), ResidentMib()}; }
  uint64_t PositionOfNext() const { return round_begin_ + mine_[next_].position; }
  Timestamp TimeOf(uint64_t position) const;

  const PacketMemory& memory_;
  const std::vector<StoredPacket>& mine_;
  Pace pace_;
  double us_per_packet_;
  size_t next_ = 0;
  uint64_t round_begin_ = 0;
  uint64_t measured_ = 0;
  bool is_warm_ = false;
  double half_mib_ = 0;
  Clocks warm_, last_;
};

}  // namespace vedette
#endif  // VEDETTE_TESTS_BENCH_PACKET_MEMORY_H_
