// A source that goes on until it is told to stop: an interface, a NIC's queue. What it lost before
// it could give it is counted by the end it met, so that received = processed + lost holds.
#ifndef VEDETTE_DATAPLANE_CAPTURE_LIVE_SOURCE_H_
#define VEDETTE_DATAPLANE_CAPTURE_LIVE_SOURCE_H_

#include <cstdint>

#include "dataplane/capture/packet_source.h"

namespace vedette {

// Packets since the source was opened. The names are those of the health event.
struct SourceLosses {
  uint64_t nic_missed = 0;  // the NIC had no free descriptor (imissed)
  uint64_t no_mbuf = 0;     // the pool was empty (rx_nombuf)
  uint64_t nic_errors = 0;  // the NIC refused the frame (ierrors)
  uint64_t kernel = 0;      // the kernel's socket or ring had no room
  uint64_t ring_full = 0;   // the distributor's queue to a worker had no room
  uint64_t other = 0;       // seen by the interface and by nobody else: reconciled

  uint64_t total() const { return nic_missed + no_mbuf + nic_errors + kernel + ring_full + other; }
  SourceLosses& operator+=(const SourceLosses& o) {
    nic_missed += o.nic_missed, no_mbuf += o.no_mbuf, nic_errors += o.nic_errors;
    kernel += o.kernel, ring_full += o.ring_full, other += o.other;
    return *this;
  }
  SourceLosses& operator-=(const SourceLosses& o) {
    nic_missed -= o.nic_missed, no_mbuf -= o.no_mbuf, nic_errors -= o.nic_errors;
    kernel -= o.kernel, ring_full -= o.ring_full, other -= o.other;
    return *this;
  }
  friend bool operator==(const SourceLosses&, const SourceLosses&) = default;
};

// `now` of a burst is the host's time. It begins at the start time, moves by at most one whole
// second a call and also with no packet, so that all sources that were opened with one start time
// mark the same seconds (LiveClock does this).
class LiveSource : public PacketSource {
 public:
  // Any thread; never decreases.
  virtual SourceLosses losses() const noexcept = 0;
  // Any thread, a signal handler too: Receive gives what is already there, then ends.
  virtual void Stop() noexcept = 0;
  // Any thread: the host's wall clock minus the time that is told.
  virtual int64_t clock_offset_us() const noexcept { return 0; }
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_LIVE_SOURCE_H_
