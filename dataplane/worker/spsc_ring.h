// A ring between one producer and one consumer. Both may wait where the other is behind: this is
// the hand-over of a replay, in which nothing may be lost. Indexes lie in cache lines of their own.
#ifndef VEDETTE_DATAPLANE_WORKER_SPSC_RING_H_
#define VEDETTE_DATAPLANE_WORKER_SPSC_RING_H_

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/worker/awaited_count.h"

namespace vedette {

inline constexpr size_t kCacheLineBytes = 64;

// Slots are written and read in place: batches of packets are never copied twice.
template <typename T, size_t kSlots>
class SpscRing {
  static_assert((kSlots & (kSlots - 1)) == 0, "a power of two");

 public:
  SpscRing() = default;
  // Uses no more than the first `slots`, a power of two: what is in turn fits a cache.
  explicit SpscRing(uint32_t slots) noexcept : used_slots_(slots) {
    assert(slots <= kSlots && (slots & (slots - 1)) == 0);
  }

  // Set-up, before either side runs: those that will be used.
  std::span<T> slots() noexcept { return {slots_.data(), used_slots_}; }

  // Producer: the next slot to fill, once the consumer has given it back.
  T& WaitForFree() noexcept {
    const uint32_t filled = filled_.load(std::memory_order_relaxed);
    for (uint32_t freed = freed_.load(std::memory_order_acquire); filled - freed == used_slots_;
         freed = freed_.load(std::memory_order_acquire)) {
      freed_.WaitBeyond(freed);
    }
    return slots_[filled & (used_slots_ - 1)];
  }
  // Null while there is none.
  T* IfFree() noexcept {
    const uint32_t filled = filled_.load(std::memory_order_relaxed);
    if (filled - freed_.load(std::memory_order_acquire) == used_slots_) return nullptr;
    return &slots_[filled & (used_slots_ - 1)];
  }
  void Publish() noexcept { filled_.Raise(); }

  // Consumer: the oldest filled slot.
  T& WaitForFilled() noexcept {
    const uint32_t freed = freed_.load(std::memory_order_relaxed);
    for (uint32_t filled = filled_.load(std::memory_order_acquire); filled == freed;
         filled = filled_.load(std::memory_order_acquire)) {
      filled_.WaitBeyond(filled);
    }
    return slots_[freed & (used_slots_ - 1)];
  }
  // Null while there is none.
  const T* IfFilled() const noexcept {
    const uint32_t freed = freed_.load(std::memory_order_relaxed);
    if (filled_.load(std::memory_order_acquire) == freed) return nullptr;
    return &slots_[freed & (used_slots_ - 1)];
  }
  void Free() noexcept { freed_.Raise(); }

 private:
  alignas(kCacheLineBytes) AwaitedCount filled_;
  alignas(kCacheLineBytes) AwaitedCount freed_;
  alignas(kCacheLineBytes) std::array<T, kSlots> slots_{};
  const uint32_t used_slots_ = kSlots;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_WORKER_SPSC_RING_H_
