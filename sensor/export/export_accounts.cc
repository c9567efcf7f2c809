#include "sensor/export/export_accounts.h"

#include <algorithm>
#include <bit>

namespace vedette {

// What leaves is read before what was made: an event is made first, so that none is spooled
// "-1 times".
EventCounts ExportAccounts::Of(Topic topic) const {
  const size_t i = Index(topic);
  EventCounts counts;
  counts.delivered = static_cast<int64_t>(delivered_[i].load(std::memory_order_acquire));
  for (const Count& dropped : dropped_[i]) {
    counts.dropped += static_cast<int64_t>(dropped.load(std::memory_order_acquire));
  }
  counts.made = static_cast<int64_t>(made_[i].load(std::memory_order_acquire));
  counts.spooled = counts.made - counts.delivered - counts.dropped;
  return counts;
}

uint64_t ExportAccounts::DroppedBy(DropReason reason) const {
  uint64_t sum = 0;
  for (const auto& topic : dropped_) sum += topic[static_cast<size_t>(reason)].load(kRelaxed);
  return sum;
}

void LatencyHistogram::Add(int64_t ms) {
  const auto value = static_cast<uint64_t>(std::max<int64_t>(ms, 0));
  const size_t step = std::min<size_t>(static_cast<size_t>(std::bit_width(value)), kSteps - 1);
  steps_[step].store(steps_[step].load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
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
