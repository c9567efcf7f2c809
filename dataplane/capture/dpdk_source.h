// Polls one queue of every port: a poll's packets are views of the driver's buffers, given back
// with the burst. Time is the host's by the processor's counter, or the NIC's where it stamps and
// its clock can be read. Made by DpdkPorts, polled by one thread of its own.
#ifndef VEDETTE_DATAPLANE_CAPTURE_DPDK_SOURCE_H_
#define VEDETTE_DATAPLANE_CAPTURE_DPDK_SOURCE_H_

#include <rte_mbuf.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "dataplane/capture/dpdk_clock.h"
#include "dataplane/capture/dpdk_device.h"
#include "dataplane/capture/live_source.h"

namespace vedette {

// Frames that lie in several buffers are put together here, a place for each that is in use.
class FrameJoiner {
 public:
  static constexpr size_t kFrameBytesMax = 65'536;

  // Memory is touched as far as it is used.
  explicit FrameJoiner(size_t places)
      : bytes_(std::make_unique_for_overwrite<std::byte[]>(places * kFrameBytesMax)) {}

  // The frame's bytes: in place, or joined as far as the place holds them.
  Bytes BytesOf(const rte_mbuf& frame, size_t place) noexcept {
    if (frame.nb_segs == 1) {
      return {rte_pktmbuf_mtod(&frame, const std::byte*), frame.data_len};
    }
    return Join(frame, place);
  }

 private:
  Bytes Join(const rte_mbuf& frame, size_t place) noexcept;

  std::unique_ptr<std::byte[]> bytes_;
};

// Where drivers put time stamps; found once a port that stamps has started.
struct TimeStampField {
  static std::optional<TimeStampField> Find() noexcept;
  bool Set(const rte_mbuf& frame) const noexcept { return (frame.ol_flags & flag) != 0; }
  uint64_t Of(const rte_mbuf& frame) const noexcept {
    return *RTE_MBUF_DYNFIELD(&frame, offset, const rte_mbuf_timestamp_t*);
  }
  int offset = 0;
  uint64_t flag = 0;
};

// What a polling thread tells of one queue; a cache line of its own, written by that thread alone.
struct alignas(64) DpdkQueueCounters {
  std::atomic<uint64_t> received{0};
  std::atomic<uint64_t> emptied{0};

  void Received(size_t packets) noexcept {
    received.store(received.load(std::memory_order_relaxed) + packets, std::memory_order_relaxed);
  }
  void Emptied() noexcept {
    emptied.store(emptied.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
};

struct DpdkQueue {
  DpdkDevice& device;
  DpdkQueueCounters& counters;
};

struct DpdkSourceOptions {
  uint16_t queue = 0;
  bool hardware_fan_out = false;  // the NIC's hash chooses the shard
  bool counts_losses = false;     // one of the sources does
  int processor = -1;             // to run on; -1: any
  Timestamp start;
};

class DpdkSource final : public LiveSource {
 public:
  DpdkSource(std::vector<DpdkQueue> queues, const DpdkSourceOptions& options);
  ~DpdkSource() override;

  SourceState Receive(PacketBurst& burst) noexcept override;
  void Release(PacketBurst& burst) noexcept override;
  SourceLosses losses() const noexcept override;
  void Stop() noexcept override { stop_.store(true, std::memory_order_release); }

 private:
  struct Polled {
    DpdkQueue queue;
    uint16_t port;
    std::optional<NicClock> clock;
    std::optional<InterfaceCounters> seen_at_stop;
  };

  void Begin() noexcept;
  void MoveTime() noexcept;
  void BeginToEnd() noexcept;
  void End() noexcept;
  void Poll(PacketBurst& burst) noexcept;
  void Fill(const Polled& from, size_t frames, PacketBurst& burst) noexcept;
  void Nap() noexcept;

  std::vector<Polled> polled_;
  const DpdkSourceOptions options_;
  std::optional<TimeStampField> time_stamp_;
  DpdkClock clock_;
  FrameJoiner joiner_{kBurstMax};
  std::array<rte_mbuf*, kBurstMax> held_{};
  size_t held_count_ = 0;
  size_t next_ = 0;  // of polled_: nobody's turn is always first
  uint64_t now_us_;
  uint64_t latest_us_ = 0;  // of a packet
  uint64_t clocks_checked_us_ = 0;
  uint64_t idle_polls_ = 0;
  bool may_nap_ = true;
  bool begun_ = false, registered_ = false;
  bool ending_ = false;
  uint64_t left_to_drain_ = 0;
  std::atomic<bool> stop_{false};
  mutable std::mutex losses_mutex_;
  mutable SourceLosses losses_;
  std::atomic<bool> ended_{false};
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_DPDK_SOURCE_H_
