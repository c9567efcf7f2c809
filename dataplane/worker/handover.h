// What goes from a worker to the control thread and back: windows and ended flows out, empty ones
// in. One hand-over a worker; its items keep their order, so that what a mark closes lies before
// it.
#ifndef VEDETTE_DATAPLANE_WORKER_HANDOVER_H_
#define VEDETTE_DATAPLANE_WORKER_HANDOVER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/track/flow.h"
#include "dataplane/worker/shard_window.h"
#include "dataplane/worker/spsc_ring.h"

namespace vedette {

// A shard's interval with the detectors' hot states beside it.
template <typename Observe>
struct Window {
  ShardWindow tables;
  Observe hot;
  void Clear() noexcept {
    tables.Clear();
    hot.Clear();
  }
};

struct FlowChunk {
  static constexpr size_t kRecords = 128;
  size_t count = 0;
  std::array<FlowRecord, kRecords> records;
  bool full() const { return count == kRecords; }
  std::span<const FlowRecord> view() const { return {records.data(), count}; }
};

// An empty place that one side fills and the other takes.
template <typename T>
class Mailbox {
 public:
  void Put(T* item) noexcept {
    item_.store(item, std::memory_order_relaxed);
    put_.Raise();
  }
  T* WaitAndTake() noexcept {
    uint32_t put = put_.load(std::memory_order_acquire);
    for (; put == taken_; put = put_.load(std::memory_order_acquire)) put_.WaitBeyond(put);
    taken_ = put;
    return item_.load(std::memory_order_relaxed);
  }

 private:
  alignas(kCacheLineBytes) AwaitedCount put_;
  std::atomic<T*> item_{nullptr};
  uint32_t taken_ = 0;  // the taker's own
};

// One for all workers: whoever waits for any of them waits here.
class HandoverBell {
 public:
  void Ring() noexcept { rung_.Raise(); }
  uint32_t rung() const noexcept { return rung_.load(std::memory_order_acquire); }
  void WaitBeyond(uint32_t heard) noexcept { rung_.WaitBeyond(heard); }

 private:
  alignas(kCacheLineBytes) AwaitedCount rung_;
};

enum class HandoverKind : uint8_t {
  kWindow,  // of one shard, for the interval of the next mark
  kFlows,   // ended flows
  kMark,    // the interval is complete
  kEnd,     // nothing more comes from this worker
};

template <typename Observe>
struct HandoverItem {
  HandoverKind kind = HandoverKind::kEnd;
  uint8_t shard = 0;
  uint64_t second = 0;  // kMark: the interval [second, second + 1) of the source's time
  Window<Observe>* window = nullptr;
  FlowChunk* flows = nullptr;
};

template <typename Observe>
class Handover {
 public:
  using Item = HandoverItem<Observe>;
  static constexpr size_t kSlots = 256;
  static constexpr size_t kChunks = 8;  // beside those being filled

  explicit Handover(HandoverBell& bell) : bell_(bell) {
    for (FlowChunk& chunk : chunks_) GiveBack(&chunk);
  }

  // Worker.
  void Send(const Item& item) noexcept {
    ring_.WaitForFree() = item;
    ring_.Publish();
    // A window is of no use before its mark: waking the control thread for each of sixteen costs
    // more than a quiet second's packets. What is taken at once is what somebody may wait for.
    if (item.kind != HandoverKind::kWindow) bell_.Ring();
  }
  Window<Observe>* WaitForSpare(size_t shard) noexcept { return mailboxes_[shard].WaitAndTake(); }
  FlowChunk* WaitForChunk() noexcept {
    FlowChunk* chunk = free_chunks_.WaitForFilled();
    free_chunks_.Free();
    return chunk;
  }

  // Control thread.
  std::optional<Item> Receive() noexcept {
    const Item* const oldest = ring_.IfFilled();
    if (oldest == nullptr) return std::nullopt;
    const Item item = *oldest;
    ring_.Free();
    return item;
  }
  // A window comes back cleared.
  void GiveBack(size_t shard, Window<Observe>* window) noexcept { mailboxes_[shard].Put(window); }
  void GiveBack(FlowChunk* chunk) noexcept {
    chunk->count = 0;
    free_chunks_.WaitForFree() = chunk;
    free_chunks_.Publish();
  }

 private:
  HandoverBell& bell_;
  SpscRing<Item, kSlots> ring_;
  SpscRing<FlowChunk*, 32> free_chunks_;
  std::array<Mailbox<Window<Observe>>, kShards> mailboxes_;
  std::array<FlowChunk, kChunks + kShards> chunks_;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_WORKER_HANDOVER_H_
