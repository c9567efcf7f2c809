// What became of the events given to one sink. Written by the control thread (made, refused at the
// queue) and the sink's own, read by anybody: made = delivered + spooled + dropped at every moment,
// as what is neither delivered nor dropped still waits, in memory or on disk.
#ifndef VEDETTE_SENSOR_EXPORT_EXPORT_ACCOUNTS_H_
#define VEDETTE_SENSOR_EXPORT_EXPORT_ACCOUNTS_H_

#include <array>
#include <atomic>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "sensor/event/events.h"
#include "sensor/export/topic.h"

namespace vedette {

enum class DropReason : uint8_t {
  kQueueFull,     // the sink's thread does not keep up
  kSpoolFull,     // the least worth, oldest first
  kDiskFull,      // neither the broker nor the disk took it
  kDiskFailed,    // likewise, for another reason
  kSpoolDamaged,  // was on disk and could not be read back
  kTooLarge,      // for the broker
  kRefused,       // by the broker, for good
  kStopped,       // waiting at the stop, and there is no spool
};
inline constexpr size_t kDropReasonCount = 8;
inline constexpr std::array<absl::string_view, kDropReasonCount> kDropReasonNames = {
    "queue_full",    "spool_full", "disk_full", "disk_failed",
    "spool_damaged", "too_large",  "refused",   "stopped"};

// All accounts of one sink, read so that they agree with each other.
struct AccountsReading {
  std::array<EventCounts, kTopicCount> topics{};
  std::array<int64_t, kDropReasonCount> dropped_by{};  // their sum is that of the topics' dropped
};

class ExportAccounts {
 public:
  void Made(Topic topic) { Add(made_[Index(topic)], 1); }
  void Delivered(Topic topic, uint64_t count = 1) { Add(delivered_[Index(topic)], count); }
  void Dropped(Topic topic, DropReason reason, uint64_t count = 1) {
    Add(dropped_[Index(topic)][static_cast<size_t>(reason)], count);
  }
  // Those of an earlier boot, found in the spool: in accounts of their own.
  void InheritedDelivered(uint64_t count = 1) { Add(inherited_delivered_, count); }
  void InheritedDropped(uint64_t count = 1) { Add(inherited_dropped_, count); }

  AccountsReading Read() const;
  EventCounts Of(Topic topic) const;
  uint64_t DroppedBy(DropReason reason) const;
  uint64_t inherited_delivered() const { return inherited_delivered_.load(kRelaxed); }
  uint64_t inherited_dropped() const { return inherited_dropped_.load(kRelaxed); }

 private:
  using Count = std::atomic<uint64_t>;
  static constexpr std::memory_order kRelaxed = std::memory_order_relaxed;
  static void Add(Count& count, uint64_t n) { count.fetch_add(n, std::memory_order_release); }

  std::array<Count, kTopicCount> made_{}, delivered_{};
  std::array<std::array<Count, kDropReasonCount>, kTopicCount> dropped_{};
  Count inherited_delivered_ = 0, inherited_dropped_ = 0;
};

inline constexpr size_t kLatencySteps = 18;

// How many took less than 1, 2, 4, ... ms; the last step has all that took longer.
struct LatencyReading {
  std::array<uint64_t, kLatencySteps> steps{};
  int64_t sum_ms = 0;
};

// Times from 1 ms to over a minute, doubling: enough to say p50 and p99. One writer, any reader.
class LatencyHistogram {
 public:
  void Add(int64_t ms);
  LatencyReading Read() const;
  // The upper end of the step in which the quantile lies; 0 without any.
  int64_t QuantileMs(double quantile) const;
  uint64_t count() const;

 private:
  static constexpr size_t kSteps = kLatencySteps;
  std::array<std::atomic<uint64_t>, kSteps> steps_{};
  std::atomic<int64_t> sum_ms_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_EXPORT_ACCOUNTS_H_
