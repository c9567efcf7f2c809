#include "sensor/export/event_queue.h"

#include <algorithm>

namespace vedette {
namespace {

// Sixteenths of the queue up to which a topic may fill it.
constexpr std::array<uint64_t, kTopicCount> kSixteenths = [] {
  std::array<uint64_t, kTopicCount> parts{};
  parts[Index(Topic::kFlows)] = 12;
  parts[Index(Topic::kDevices)] = 14;
  parts[Index(Topic::kHealth)] = 15;
  parts[Index(Topic::kAlerts)] = 16;
  return parts;
}();

}  // namespace

bool EventQueue::HasRoom(const ExportEvent& event) const {
  const uint64_t part = kSixteenths[Index(event.topic)];
  return (events_.size() + 1) * 16 <= events_max_ * part &&
         (bytes_ + event.bytes()) * 16 <= bytes_max_ * part;
}

void EventQueue::Push(const EventPointer& event) {
  bytes_ += event->bytes();
  events_.push_back(event);
}

bool EventQueue::Offer(const EventPointer& event) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (!HasRoom(*event)) return false;
    Push(event);
    wake = taker_waits_;
  }
  if (wake) filled_.notify_one();
  return true;
}

bool EventQueue::OfferWaiting(const EventPointer& event, absl::Duration limit) {
  bool wake = false;
  {
    std::unique_lock lock(mutex_);
    giver_waits_ = true;
    const bool room =
        emptied_.wait_for(lock, absl::ToChronoMilliseconds(limit), [&] { return HasRoom(*event); });
    giver_waits_ = false;
    if (!room) return false;
    Push(event);
    wake = taker_waits_;
  }
  if (wake) filled_.notify_one();
  return true;
}

void EventQueue::Take(size_t max, absl::Duration limit, std::vector<EventPointer>& out) {
  bool wake = false;
  {
    std::unique_lock lock(mutex_);
    taker_waits_ = true;
    filled_.wait_for(lock, absl::ToChronoMilliseconds(limit),
                     [&] { return woken_ || (max != 0 && !events_.empty()); });
    taker_waits_ = woken_ = false;
    const size_t count = std::min(max, events_.size());
    for (size_t i = 0; i < count; ++i) {
      bytes_ -= events_.front()->bytes();
      out.push_back(std::move(events_.front()));
      events_.pop_front();
    }
    wake = giver_waits_ && count != 0;
  }
  if (wake) emptied_.notify_all();
}

size_t EventQueue::size() const {
  const std::lock_guard lock(mutex_);
  return events_.size();
}

void EventQueue::WakeTaker() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  filled_.notify_one();
}

}  // namespace vedette
