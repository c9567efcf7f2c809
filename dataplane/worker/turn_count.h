// How often a loop has come round: written by the thread that turns it, read by any that wants to
// know whether it still does. A plain store, as there is one writer.
#ifndef VEDETTE_DATAPLANE_WORKER_TURN_COUNT_H_
#define VEDETTE_DATAPLANE_WORKER_TURN_COUNT_H_

#include <atomic>
#include <cstdint>

#include "dataplane/worker/spsc_ring.h"

namespace vedette {

class alignas(kCacheLineBytes) TurnCount {
 public:
  // The loop's own thread.
  void Add() noexcept {
    turns_.store(turns_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  // Any thread.
  uint64_t load() const noexcept { return turns_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> turns_{0};
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_WORKER_TURN_COUNT_H_
