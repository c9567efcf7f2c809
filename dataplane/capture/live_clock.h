// The time that live sources tell: the host's, made fit for windows. It never runs backwards and
// moves by at most one whole second a step, so that all sources that were given one start mark the
// same seconds, empty ones too. Owned by one source, used by the thread that polls it; asks no
// clock itself, so that a test can play any.
#ifndef VEDETTE_DATAPLANE_CAPTURE_LIVE_CLOCK_H_
#define VEDETTE_DATAPLANE_CAPTURE_LIVE_CLOCK_H_

#include <time.h>

#include <algorithm>
#include <cstdint>

#include "dataplane/capture/packet_source.h"

namespace vedette {

// Both clocks at one moment. `wall_us` is what people read and what the kernel stamps packets with;
// somebody may set it. `steady_us` nobody sets.
struct HostTime {
  uint64_t wall_us = 0;
  uint64_t steady_us = 0;
};

inline HostTime ReadHostTime() noexcept {
  const auto read = [](clockid_t clock) {
    timespec time = {};
    clock_gettime(clock, &time);
    return static_cast<uint64_t>(time.tv_sec) * 1'000'000 +
           static_cast<uint64_t>(time.tv_nsec) / 1'000;
  };
  return {.wall_us = read(CLOCK_REALTIME), .steady_us = read(CLOCK_MONOTONIC)};
}

class LiveClock {
 public:
  explicit LiveClock(HostTime start) noexcept
      : steady_us_(start.steady_us), host_us_(start.wall_us), told_us_(start.wall_us) {}

  // The host's time now. A wall clock that was set forward is followed, for up to a day; one that
  // was set back is waited for by going on at seven eighths of the pace, as windows must not stand
  // still. What is left of the difference is offset_us().
  Timestamp Observe(HostTime host) noexcept {
    const uint64_t elapsed_us = host.steady_us - std::min(host.steady_us, steady_us_);
    steady_us_ = std::max(host.steady_us, steady_us_);
    if (host.wall_us < host_us_) {
      slowed_us_ += elapsed_us;
      host_us_ += elapsed_us - slowed_us_ / kSlowedPart;
      slowed_us_ %= kSlowedPart;
    } else if (host.wall_us - host_us_ <= kFollowedUsMax) {
      host_us_ = host.wall_us;
    } else {
      host_us_ += elapsed_us;
    }
    offset_us_ = static_cast<int64_t>(host.wall_us - host_us_);
    return {host_us_};
  }

  // A time the kernel has stamped, on this clock; never after the latest time observed.
  Timestamp OfWall(uint64_t wall_us) const noexcept {
    return {std::min(wall_us - static_cast<uint64_t>(offset_us_), host_us_)};
  }

  // What the source tells next: the start at first, whenever that is; then `wanted`, or as much of
  // the way as one step allows.
  Timestamp Tell(Timestamp wanted) noexcept {
    if (begun_) told_us_ = std::clamp(wanted.us, told_us_, told_us_ + kStepUsMax);
    begun_ = true;
    return told();
  }
  Timestamp told() const noexcept { return {told_us_}; }

  // For sources without time stamps of packets: what was told, one step closer to the host's time.
  Timestamp Advance(HostTime host) noexcept { return Tell(Observe(host)); }

  // The host's wall clock minus this one.
  int64_t offset_us() const noexcept { return offset_us_; }

 private:
  static constexpr uint64_t kStepUsMax = 1'000'000;
  // Every second on the way is a mark: a day is 86,400 of them, a minute's work.
  static constexpr uint64_t kFollowedUsMax = uint64_t{86'400} * 1'000'000;
  static constexpr uint64_t kSlowedPart = 8;

  uint64_t steady_us_;
  uint64_t host_us_;
  uint64_t told_us_;
  uint64_t slowed_us_ = 0;  // not yet held back
  int64_t offset_us_ = 0;
  bool begun_ = false;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_LIVE_CLOCK_H_
