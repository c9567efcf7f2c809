#include "sensor/export/export_accounts.h"

#include <algorithm>
#include <bit>

namespace vedette {

// What leaves is read before what was made: an event is made first, so that none is spooled
// "-1 times".
AccountsReading ExportAccounts::Read() const {
  AccountsReading reading;
  for (size_t i = 0; i < kTopicCount; ++i) {
    EventCounts& counts = reading.topics[i];
    counts.delivered = static_cast<int64_t>(delivered_[i].load(std::memory_order_acquire));
    for (size_t reason = 0; reason < kDropReasonCount; ++reason) {
      const auto dropped =
          static_cast<int64_t>(dropped_[i][reason].load(std::memory_order_acquire));
      counts.dropped += dropped;
      reading.dropped_by[reason] += dropped;
    }
    counts.made = static_cast<int64_t>(made_[i].load(std::memory_order_acquire));
    counts.spooled = counts.made - counts.delivered - counts.dropped;
  }
  return reading;
}

EventCounts ExportAccounts::Of(Topic topic) const { return Read().topics[Index(topic)]; }

uint64_t ExportAccounts::DroppedBy(DropReason reason) const {
  uint64_t sum = 0;
  for (const auto& topic : dropped_) sum += topic[static_cast<size_t>(reason)].load(kRelaxed);
  return sum;
}

void LatencyHistogram::Add(int64_t ms) {
  const auto value = static_cast<uint64_t>(std::max<int64_t>(ms, 0));
  const size_t step = std::min<size_t>(static_cast<size_t>(std::bit_width(value)), kSteps - 1);
  steps_[step].store(steps_[step].load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  sum_ms_.store(sum_ms_.load(std::memory_order_relaxed) + static_cast<int64_t>(value),
                std::memory_order_relaxed);
}

LatencyReading LatencyHistogram::Read() const {
  LatencyReading reading;
  for (size_t step = 0; step < kSteps; ++step) {
    reading.steps[step] = steps_[step].load(std::memory_order_relaxed);
  }
  reading.sum_ms = sum_ms_.load(std::memory_order_relaxed);
  return reading;
}

uint64_t LatencyHistogram::count() const {
  uint64_t sum = 0;
  for (const auto& step : steps_) sum += step.load(std::memory_order_relaxed);
  return sum;
}

int64_t LatencyHistogram::QuantileMs(double quantile) const {
  const uint64_t all = count();
  if (all == 0) return 0;
  const double wanted = quantile * static_cast<double>(all);
  uint64_t sum = 0;
  for (size_t step = 0; step < kSteps; ++step) {
    sum += steps_[step].load(std::memory_order_relaxed);
    if (static_cast<double>(sum) >= wanted) return (int64_t{1} << step) - 1;
  }
  return int64_t{1} << kSteps;
}

}  // namespace vedette
