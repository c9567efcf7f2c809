#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sensor/export/kafka_sink.h"

namespace vedette {
namespace {

// Events older than this are safe on disk after the next sync: together under half a second.
constexpr absl::Duration kWriteBehind = absl::Milliseconds(200);
constexpr absl::Duration kSyncEvery = absl::Milliseconds(150);
constexpr absl::Duration kReviveEvery = absl::Seconds(1);
constexpr size_t kDrainAtOnce = 4'000;

}  // namespace

void KafkaSink::ResendKept() {
  for (size_t left = kept_.size(); left != 0 && ready(); --left) {
    EventPointer event = std::move(kept_.front());
    kept_.pop_front();
    if (MaySend(event->topic)) {
      Ship(std::move(event), 0);
    } else {
      kept_.push_back(std::move(event));
    }
  }
}

void KafkaSink::NoteSpoolFailure(const absl::Status& status) {
  disk_reason_ = status.code() == absl::StatusCode::kResourceExhausted ? DropReason::kDiskFull
                                                                       : DropReason::kDiskFailed;
  next_revival_ = now_ + kReviveEvery;
  log_.Say("spool_failed", absl::StrCat("spool: takes nothing for now: ", status.message()));
}

void KafkaSink::SpoolKept() {
  if (!kept_.empty() && !spool_->failed()) {
    batch_.assign(kept_.begin(), kept_.end());
    const absl::Status appended = spool_->Append(batch_, false, numbers_);
    batch_.clear();
    if (appended.ok()) {
      kept_.clear();
    } else {
      NoteSpoolFailure(appended);
    }
  }
  if (kept_.size() > kKeptMax) DropKeptOverflow();
}

// The least worth first, of one topic the oldest. A quarter at once, as this looks at all of them.
void KafkaSink::DropKeptOverflow() {
  size_t excess = kept_.size() - kKeptMax * 3 / 4;
  for (size_t i = kTopicsByWorth.size(); i-- > 0 && excess != 0;) {
    std::deque<EventPointer> rest;
    for (EventPointer& event : kept_) {
      if (excess != 0 && event->topic == kTopicsByWorth[i]) {
        accounts_.Dropped(event->topic, disk_reason_);
        --excess;
      } else {
        rest.push_back(std::move(event));
      }
    }
    kept_ = std::move(rest);
  }
}

// Copies of what has been under way for long; they stay under way.
void KafkaSink::SpoolRecent() {
  constexpr size_t kAtOnce = 20'000;
  if (spool_->failed()) return;
  std::vector<Cargo*> old;
  batch_.clear();
  size_t passed = 0;
  for (Cargo* cargo : recent_) {
    if (now_ - cargo->sent < kWriteBehind || old.size() == kAtOnce) break;
    ++passed;
    if (cargo->reported) continue;
    old.push_back(cargo);
    batch_.push_back(cargo->event);
  }
  if (old.empty()) return;
  const absl::Status appended = spool_->Append(batch_, true, numbers_);
  batch_.clear();
  if (!appended.ok()) return NoteSpoolFailure(appended);
  for (size_t i = 0; i < old.size(); ++i) old[i]->number = numbers_[i];
  for (; passed != 0; --passed) {
    Cargo* const cargo = recent_.front();
    recent_.pop_front();
    cargo->recent = false;
    if (cargo->reported) delete cargo;
  }
}

// Half of the window at most: live events find the other half.
void KafkaSink::DrainSpool() {
  if (!ready() || spool_->failed() || spool_->waiting() == 0) return;
  const uint64_t bytes_max = config_.in_flight_bytes_max / 2;
  if (in_flight_ >= kInFlightMax / 2 || in_flight_bytes_ >= bytes_max) return;
  std::array<bool, kTopicCount> wanted{};
  for (size_t i = 0; i < kTopicCount; ++i) wanted[i] = blocked_until_[i] <= now_;
  drained_.clear();
  spool_->Take(wanted, kDrainAtOnce, bytes_max - in_flight_bytes_, drained_);
  for (SpooledEvent& spooled : drained_) {
    if (MaySend(spooled.event->topic)) {
      ++backlog_sent_;
      Ship(std::move(spooled.event), spooled.number);
    } else {
      spool_->Return(spooled.event->topic, spooled.number);
    }
  }
}

// The copies of what is under way come and go; a backlog is what nobody has sent for a while.
void KafkaSink::NoteBacklog() {
  constexpr absl::Duration kBacklog = absl::Seconds(2);
  if (spool_->waiting() == 0) {
    if (backlog_since_ == absl::InfiniteFuture()) return;
    log_.Say("spool_empty",
             absl::StrCat("spool: empty again; ", backlog_sent_, " events were sent out of it"));
    backlog_since_ = absl::InfiniteFuture();
    backlog_sent_ = 0;
  } else if (backlog_since_ == absl::InfiniteFuture() &&
             now_ - absl::FromUnixMillis(spool_->oldest_made_ms()) > kBacklog) {
    backlog_since_ = now_;
  }
}

void KafkaSink::TendSpool() {
  if (spool_->failed()) {
    if (now_ < next_revival_) return;
    next_revival_ = now_ + kReviveEvery;
    const absl::Status revived = spool_->Revive();
    if (!revived.ok()) return NoteSpoolFailure(revived);
    log_.Say("spool_revived", "spool: takes events again");
  }
  if (now_ < next_sync_) return;
  next_sync_ = now_ + kSyncEvery;
  if (const absl::Status synced = spool_->Sync(); !synced.ok()) return NoteSpoolFailure(synced);
  spool_->Reclaim();
}

void KafkaSink::KeepForNextStart() {
  now_ = absl::Now();
  if (spool_ == nullptr) {
    for (const EventPointer& event : kept_) accounts_.Dropped(event->topic, DropReason::kStopped);
    if (!kept_.empty()) {
      log_.Say("stopped", absl::StrCat("Kafka: ", kept_.size(),
                                       " events could not be delivered and there is no spool"));
    }
    kept_.clear();
    return;
  }
  if (spool_->failed()) static_cast<void>(spool_->Revive());
  SpoolKept();
  if (spool_->failed()) {
    for (const EventPointer& event : kept_) accounts_.Dropped(event->topic, disk_reason_);
    kept_.clear();
  } else if (const absl::Status synced = spool_->Sync(); !synced.ok()) {
    NoteSpoolFailure(synced);
  }
  if (spool_->entries() != 0) {
    log_.Say("stopped", absl::StrCat("Kafka: ", spool_->entries(),
                                     " events wait in the spool for the next start"));
  }
}

}  // namespace vedette
