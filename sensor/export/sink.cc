#include "sensor/export/sink.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace vedette {
namespace {

constexpr size_t kEventsATurn = 8'192;
// A giver that waits gives up for good after this, until there is room again.
constexpr absl::Duration kRoomWait = absl::Seconds(30);

}  // namespace

Sink::Sink(std::string name, size_t queue_events, uint64_t queue_bytes_max)
    : name_(std::move(name)), queue_(queue_events, queue_bytes_max) {}

Sink::~Sink() {
  if (thread_.joinable()) static_cast<void>(Stop({}));
}

void Sink::Start(std::unique_ptr<SinkWriter> writer) {
  writer_ = std::move(writer);
  thread_ = std::thread([this] { Run(); });
}

bool Sink::Give(const EventPointer& event, bool wait_for_room) {
  accounts_.Made(event->topic);
  bool given = queue_.Offer(event);
  if (given) gave_up_waiting_ = false;
  if (!given && wait_for_room && !gave_up_waiting_) {
    given = queue_.OfferWaiting(event, kRoomWait);
    gave_up_waiting_ = !given;
  }
  if (!given) accounts_.Dropped(event->topic, DropReason::kQueueFull);
  return given;
}

void Sink::OneTurn(std::vector<EventPointer>& events) {
  events.clear();
  queue_.Take(std::min(writer_->Room(), kEventsATurn), absl::Milliseconds(kTurnMs), events);
  if (!events.empty()) writer_->Write(std::move(events));
  writer_->Turn();
  turns_.fetch_add(1, std::memory_order_relaxed);
}

// As long as the writer takes some.
void Sink::EmptyQueue(absl::Time begin) {
  std::vector<EventPointer> events;
  absl::Time last = begin;
  for (size_t before = queue_.size(); before != 0;) {
    OneTurn(events);
    const absl::Time now = absl::Now();
    const size_t left = queue_.size();
    if (left != before) last = now;
    if (now - begin >= limits_.total || now - last >= limits_.quiet) return;
    before = left;
  }
}

void Sink::Run() {
  pthread_setname_np(pthread_self(), absl::StrCat("export-", name_).substr(0, 15).c_str());
  std::vector<EventPointer> events;
  while (!stop_.load(std::memory_order_acquire)) OneTurn(events);
  const absl::Time begin = absl::Now();
  EmptyQueue(begin);
  // What is left is the writer's to keep or to drop, wanted or not.
  events.clear();
  queue_.Take(queue_.size(), absl::ZeroDuration(), events);
  if (!events.empty()) writer_->Write(std::move(events));
  limits_.total = std::max(limits_.total - (absl::Now() - begin), absl::ZeroDuration());
  finished_ = writer_->Finish(limits_);
}

void Sink::BeginStop(const StopLimits& limits) {
  if (stop_.load(std::memory_order_relaxed)) return;
  limits_ = limits;
  stop_.store(true, std::memory_order_release);
  queue_.WakeTaker();
}

absl::Status Sink::Stop(const StopLimits& limits) {
  if (!thread_.joinable()) return finished_;
  BeginStop(limits);
  thread_.join();
  writer_.reset();
  return finished_;
}

}  // namespace vedette
