#include "tests/bench/packet_memory.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>

#include "dataplane/decode/decode.h"
#include "dataplane/track/packet_keys.h"
#include "dataplane/worker/shard.h"

namespace vedette {
namespace {

double SecondsOf(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

PacketView ViewOf(const PacketMemory& memory, const StoredPacket& packet) {
  return {.bytes = {reinterpret_cast<const std::byte*>(memory.At(packet)), packet.bytes},
          .wire_length = packet.bytes};
}

}  // namespace

double ProcessCpuSeconds() { return SecondsOf(CLOCK_PROCESS_CPUTIME_ID); }
double ThreadCpuSeconds() { return SecondsOf(CLOCK_THREAD_CPUTIME_ID); }

double ResidentMib() {
  std::ifstream status("/proc/self/status");
  double sum = 0;
  for (std::string word; status >> word;) {
    double kib = 0;
    if ((word == "VmRSS:" || word == "HugetlbPages:") && status >> kib) sum += kib / 1024;
  }
  return sum;
}

uint8_t* PacketMemory::Append(size_t bytes) {
  const size_t lines = (bytes + kLineBytes - 1) / kLineBytes;
  if ((used_lines_ + lines) * kLineBytes > memory_.size()) std::abort();  // sized by the kind
  packets_.push_back({.line = static_cast<uint32_t>(used_lines_),
                      .position = static_cast<uint32_t>(packets_.size()),
                      .bytes = static_cast<uint16_t>(bytes)});
  uint8_t* const at = memory_.data() + used_lines_ * kLineBytes;
  used_lines_ += lines;
  frame_bytes_ += bytes;
  return at;
}

uint64_t PacketMemory::resident_bytes() const {
  return used_lines_ * kLineBytes + packets_.capacity() * sizeof(StoredPacket);
}

std::vector<std::vector<StoredPacket>> PacketMemory::SplitByShard(size_t workers,
                                                                  const KeyedHash& hash) const {
  std::vector<std::vector<StoredPacket>> parts(workers);
  if (workers == 1) {
    parts[0] = packets_;
    return parts;
  }
  DecodedPacket decoded;
  for (const StoredPacket& packet : packets_) {
    Decode(ViewOf(*this, packet), Checksums::kSkip, decoded);
    parts[ShardOf(PairHash(decoded, hash)) % workers].push_back(packet);
  }
  return parts;
}

MemorySource::MemorySource(const PacketMemory& memory, const std::vector<StoredPacket>& mine,
                           const Pace& pace)
    : memory_(memory), mine_(mine), pace_(pace), us_per_packet_(1e6 / pace.packets_per_s) {}

Timestamp MemorySource::TimeOf(uint64_t position) const {
  return {pace_.start_s * 1'000'000 +
          static_cast<uint64_t>(static_cast<double>(position) * us_per_packet_)};
}

// All sources end at one time, so that all of them mark the same seconds.
SourceState MemorySource::Receive(PacketBurst& burst) noexcept {
  burst.count = 0;
  if (!is_warm_ && (mine_.empty() || PositionOfNext() >= pace_.warm_up)) {
    is_warm_ = true;
    warm_ = ReadClocks();
  }
  if (half_mib_ == 0 && (mine_.empty() || PositionOfNext() >= pace_.packets / 2)) {
    half_mib_ = ResidentMib();
  }
  while (burst.count < kBurstMax) {
    const bool over = mine_.empty() || PositionOfNext() >= pace_.packets;
    const Timestamp arrival = TimeOf(over ? pace_.packets - 1 : PositionOfNext());
    if (burst.count != 0 && arrival.second() != burst.now.second()) break;
    burst.now = arrival;
    if (over) {
      last_ = ReadClocks();
      measured_ += is_warm_ ? burst.count : 0;
      return SourceState::kEnded;
    }
    PacketView& view = burst.packets[burst.count++];
    view = ViewOf(memory_, mine_[next_]);
    view.arrival = arrival;
    if (++next_ == mine_.size()) {
      next_ = 0;
      round_begin_ += memory_.round();
    }
  }
  measured_ += is_warm_ ? burst.count : 0;
  return SourceState::kOpen;
}

}  // namespace vedette
