#include "sensor/service/service_watch.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace vedette {
namespace {

// Nobody listens: a stuck thread is still worth a line.
constexpr absl::Duration kIntervalWithoutManager = absl::Seconds(30);

// The slowest loop comes round once a second.
constexpr absl::Duration kPatienceMin = absl::Seconds(3);

absl::Duration Interval() {
  const absl::Duration wanted = ServiceManager::WatchdogInterval();
  return wanted > absl::ZeroDuration() ? wanted : kIntervalWithoutManager;
}

absl::Duration Patience() { return std::max(Interval() / 2, kPatienceMin); }

// Some looks in half an interval, so that a message which is late once comes in time.
absl::Duration LookEvery() {
  return std::clamp(Interval() / 8, absl::Milliseconds(50), absl::Seconds(1));
}

absl::Duration Monotonic() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

ServiceWatch::ServiceWatch(Asked asked)
    : asked_(std::move(asked)), look_every_(LookEvery()), progress_(Patience()) {
  thread_ = std::jthread([this](const std::stop_token& ended) { Watch(ended); });
}

void ServiceWatch::Watch(const std::stop_token& ended) {
  std::mutex mutex;
  std::condition_variable_any ending;
  std::unique_lock<std::mutex> lock(mutex);
  do {
    Look(Monotonic());
    ending.wait_for(lock, ended, absl::ToChronoNanoseconds(look_every_), [] { return false; });
  } while (!ended.stop_requested());
}

void ServiceWatch::LetStop(absl::Duration within) {
  stopped_by_ns_ = absl::ToInt64Nanoseconds(Monotonic() + within);
}

void ServiceWatch::Look(absl::Duration now) {
  if (const int64_t stopped_by_ns = stopped_by_ns_; stopped_by_ns != 0) {
    if (now < absl::Nanoseconds(stopped_by_ns)) manager_.Alive();
    return;
  }
  const std::vector<std::string> stuck = progress_.Look(asked_.turns(), now);
  if (stuck != told_) Tell(stuck);
  if (stuck.empty()) {
    manager_.Alive();
    manager_.Status(asked_.status());
  }
}

void ServiceWatch::Tell(const std::vector<std::string>& stuck) {
  const std::string names = absl::StrJoin(stuck, ", ");
  if (stuck.empty()) {
    spdlog::warn("{}: gets on again; the service manager is told that the sensor is alive",
                 absl::StrJoin(told_, ", "));
  } else {
    spdlog::error(
        "{}: stuck for {} and more; the service manager is no longer told that the "
        "sensor is alive",
        names, absl::FormatDuration(Patience()));
    manager_.Status(absl::StrCat("stuck: ", names));
  }
  told_ = stuck;
}

}  // namespace vedette
