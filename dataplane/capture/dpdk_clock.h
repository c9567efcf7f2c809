// The time of a poll, from the processor's cycle counter, held to the host's clock ten times a
// second; and the time of a packet, from the clock of a NIC that stamps. Owned and used by one
// polling thread.
#ifndef VEDETTE_DATAPLANE_CAPTURE_DPDK_CLOCK_H_
#define VEDETTE_DATAPLANE_CAPTURE_DPDK_CLOCK_H_

#include <rte_cycles.h>

#include <algorithm>
#include <cstdint>

#include "dataplane/capture/packet_source.h"

namespace vedette {

class DpdkClock {
 public:
  explicit DpdkClock(Timestamp start);

  // Never runs backwards. A host's clock that is set back is not followed: time goes on by the
  // counter until the host has caught up.
  Timestamp Now() noexcept {
    const uint64_t cycles = rte_rdtsc();
    if (cycles - checked_cycles_ >= check_cycles_) Check(cycles);
    latest_us_ = std::max(latest_us_, At(cycles));
    return {latest_us_};
  }

 private:
  void Check(uint64_t cycles) noexcept;
  uint64_t At(uint64_t cycles) const noexcept {
    // Fewer than check_cycles_ apart, so that the product fits.
    return base_us_ + (((cycles - checked_cycles_) * us_per_cycle_) >> 32);
  }

  uint64_t us_per_cycle_;  // 32 bits behind the point
  uint64_t check_cycles_;
  uint64_t checked_cycles_ = 0;
  uint64_t base_us_ = 0;
  uint64_t latest_us_ = 0;
};

// A NIC's ticks as the host's time. Not every driver that stamps lets its clock be read; without
// that its numbers mean nothing here.
class NicClock {
 public:
  explicit NicClock(uint16_t port) : port_(port) {}

  // Asks the NIC; call it some milliseconds apart. False: it has no clock that can be read.
  bool Check(Timestamp now) noexcept;
  bool known() const noexcept { return us_per_tick_ > 0; }
  // Between `earliest` and `latest`, whatever the NIC says.
  Timestamp TimeOf(uint64_t ticks, Timestamp earliest, Timestamp latest) const noexcept;

 private:
  uint16_t port_;
  bool begun_ = false;
  uint64_t first_ticks_ = 0, first_us_ = 0;
  uint64_t last_ticks_ = 0, last_us_ = 0;
  double us_per_tick_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_DPDK_CLOCK_H_
