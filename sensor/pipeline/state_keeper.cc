#include "sensor/pipeline/state_keeper.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "absl/strings/str_join.h"

namespace vedette {

StateKeeper::StateKeeper(StateFile file, Options options)
    : file_(std::move(file)), options_(std::move(options)) {
  thread_ = std::jthread([this](const std::stop_token& ended) { Work(ended); });
}

StateKeeper::~StateKeeper() {
  thread_.request_stop();
  changed_.notify_all();
}

StateHeader StateKeeper::HeaderOf(uint64_t second, bool at_stop) const {
  return {.sensor = options_.sensor,
          .site = options_.site,
          .program = VEDETTE_VERSION,
          .boot_ms = options_.boot_ms,
          .second = second,
          .at_stop = at_stop,
          .secret = options_.secret};
}

void StateKeeper::OnTick(Control& control, uint64_t second) {
  if (taken_second_ == 0) taken_second_ = second;  // there was one at the start, or nothing to keep
  if (second < taken_second_ + options_.every_s) return;
  const std::lock_guard lock(mutex_);
  if (writing_ || taken_) return;
  taken_second_ = second;
  taken_.emplace(Taken{HeaderOf(second, /*at_stop=*/false), control.CopyMemory()});
  changed_.notify_all();
}

void StateKeeper::Work(const std::stop_token& ended) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, ended, [this] { return taken_.has_value(); })) {
    Taken taken = *std::exchange(taken_, std::nullopt);
    writing_ = true;
    lock.unlock();
    static_cast<void>(Write(taken));  // told there
    lock.lock();
    writing_ = false;
    changed_.notify_all();
  }
}

absl::Status StateKeeper::OnStop(const Control& control) {
  std::unique_lock lock(mutex_);
  taken_.reset();
  changed_.wait(lock, [this] { return !writing_; });
  Taken taken{HeaderOf(control.second(), /*at_stop=*/true), control.CopyMemory()};
  return Write(taken);
}

absl::Status StateKeeper::Write(Taken& taken) {
  const WrittenState state = EncodeMemory(taken.header, taken.memory, file_.bytes_max());
  if (!state.left_out.empty()) {
    spdlog::warn("state: no room within state.mib_max for {}", absl::StrJoin(state.left_out, ", "));
  }
  const absl::Status status = file_.Write(state.bytes);
  if (!status.ok()) {
    failed_.fetch_add(1, std::memory_order_relaxed);
    spdlog::warn("state is not kept this time: {}", std::string(status.message()));
    return status;
  }
  written_.fetch_add(1, std::memory_order_relaxed);
  bytes_.store(state.bytes.size(), std::memory_order_relaxed);
  second_.store(taken.header.second, std::memory_order_relaxed);
  return status;
}

StateFigures StateKeeper::figures() const {
  return {.written = written_.load(std::memory_order_relaxed),
          .failed = failed_.load(std::memory_order_relaxed),
          .bytes = bytes_.load(std::memory_order_relaxed),
          .second = second_.load(std::memory_order_relaxed)};
}

}  // namespace vedette
