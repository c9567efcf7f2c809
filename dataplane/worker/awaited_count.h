// A count that one thread raises and one other waits for. Raising it makes a system call only while
// somebody waits: std::atomic's notify_one makes one each time, which costs more than handing over
// a burst. Both sides order their own write before they look at the other's, so that no wake-up is
// missed.
#ifndef VEDETTE_DATAPLANE_WORKER_AWAITED_COUNT_H_
#define VEDETTE_DATAPLANE_WORKER_AWAITED_COUNT_H_

#include <atomic>
#include <cstdint>

namespace vedette {

class AwaitedCount {
 public:
  uint32_t load(std::memory_order order) const noexcept { return count_.load(order); }

  void Raise() noexcept {
    count_.fetch_add(1, std::memory_order_seq_cst);
    if (awaited_.load(std::memory_order_seq_cst)) count_.notify_one();
  }
  // Until it is another than `seen`.
  void WaitBeyond(uint32_t seen) noexcept {
    awaited_.store(true, std::memory_order_seq_cst);
    if (count_.load(std::memory_order_seq_cst) == seen) {
      count_.wait(seen, std::memory_order_acquire);
    }
    awaited_.store(false, std::memory_order_relaxed);
  }

 private:
  std::atomic<uint32_t> count_{0};
  std::atomic<bool> awaited_{false};
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_WORKER_AWAITED_COUNT_H_
