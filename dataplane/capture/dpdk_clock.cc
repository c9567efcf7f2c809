#include "dataplane/capture/dpdk_clock.h"

#include <rte_ethdev.h>

#include <ctime>

namespace vedette {
namespace {

constexpr uint64_t kUsPerSecond = 1'000'000;
constexpr uint64_t kChecksPerSecond = 10;

uint64_t HostUs() noexcept {
  timespec time = {};
  clock_gettime(CLOCK_REALTIME, &time);
  return static_cast<uint64_t>(time.tv_sec) * kUsPerSecond +
         static_cast<uint64_t>(time.tv_nsec) / 1'000;
}

}  // namespace

DpdkClock::DpdkClock(Timestamp start)
    : us_per_cycle_((kUsPerSecond << 32) / rte_get_tsc_hz()),
      check_cycles_(rte_get_tsc_hz() / kChecksPerSecond),
      checked_cycles_(rte_rdtsc()),
      base_us_(std::max(start.us, HostUs())),
      latest_us_(start.us) {}

void DpdkClock::Check(uint64_t cycles) noexcept {
  // The thread may not have run for a while: the product of At might not fit.
  const uint64_t passed = cycles - checked_cycles_;
  const uint64_t counted_us =
      base_us_ + static_cast<uint64_t>(static_cast<double>(passed) / 4294967296.0 *
                                       static_cast<double>(us_per_cycle_));
  const uint64_t host_us = HostUs();
  const bool set_back = host_us + kUsPerSecond < counted_us;
  base_us_ = set_back ? counted_us : host_us;
  checked_cycles_ = cycles;
}

bool NicClock::Check(Timestamp now) noexcept {
  uint64_t ticks = 0;
  if (rte_eth_read_clock(port_, &ticks) != 0) {
    us_per_tick_ = 0;
    return false;
  }
  // A clock that was set, or wrapped, is a new one.
  if (!begun_ || ticks <= last_ticks_ || now.us <= last_us_) {
    begun_ = true;
    first_ticks_ = last_ticks_ = ticks;
    first_us_ = last_us_ = now.us;
    us_per_tick_ = 0;
    return true;
  }
  last_ticks_ = ticks;
  last_us_ = now.us;
  us_per_tick_ =
      static_cast<double>(last_us_ - first_us_) / static_cast<double>(last_ticks_ - first_ticks_);
  return true;
}

Timestamp NicClock::TimeOf(uint64_t ticks, Timestamp earliest, Timestamp latest) const noexcept {
  const double since =
      static_cast<double>(static_cast<int64_t>(ticks - last_ticks_)) * us_per_tick_;
  const double us = static_cast<double>(last_us_) + since;
  if (!(us > static_cast<double>(earliest.us))) return earliest;
  return us < static_cast<double>(latest.us) ? Timestamp{static_cast<uint64_t>(us)} : latest;
}

}  // namespace vedette
