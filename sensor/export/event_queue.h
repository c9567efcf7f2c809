// Events on their way from the control thread to one sink's. Bounded in count and bytes; as it
// fills, the topics of less worth are refused first, so that alerts still pass when flows have
// filled it. Never blocks the giver, unless it asks for that.
#ifndef VEDETTE_SENSOR_EXPORT_EVENT_QUEUE_H_
#define VEDETTE_SENSOR_EXPORT_EVENT_QUEUE_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "absl/time/time.h"
#include "sensor/export/export_event.h"

namespace vedette {

class EventQueue {
 public:
  EventQueue(size_t events_max, uint64_t bytes_max)
      : events_max_(events_max), bytes_max_(bytes_max) {}

  // False: no room for an event of this topic.
  bool Offer(const EventPointer& event);
  // The same, but waits for room: for a replay, where who is ahead waits.
  bool OfferWaiting(const EventPointer& event, absl::Duration limit);

  // Appends at most `max` events, oldest first. Waits up to `limit` for the first of them.
  void Take(size_t max, absl::Duration limit, std::vector<EventPointer>& out);
  size_t size() const;
  void WakeTaker();

 private:
  bool HasRoom(const ExportEvent& event) const;
  void Push(const EventPointer& event);

  const size_t events_max_;
  const uint64_t bytes_max_;
  mutable std::mutex mutex_;
  std::condition_variable filled_, emptied_;
  std::deque<EventPointer> events_;
  uint64_t bytes_ = 0;
  bool woken_ = false;
  bool taker_waits_ = false;
  bool giver_waits_ = false;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_EVENT_QUEUE_H_
