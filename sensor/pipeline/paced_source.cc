#include "sensor/pipeline/paced_source.h"

#include <thread>

namespace vedette {

SourceState PacedSource::Receive(PacketBurst& burst) noexcept {
  const SourceState state = source_.Receive(burst);
  if (burst.count == 0) return state;
  const uint64_t first_us = burst.packets[0].arrival.us;
  if (!started_) {
    started_ = true;
    first_us_ = first_us;
    begin_ = std::chrono::steady_clock::now();
  }
  std::this_thread::sleep_until(begin_ + std::chrono::microseconds(first_us - first_us_));
  return state;
}

}  // namespace vedette
