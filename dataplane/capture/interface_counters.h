// What the kernel counted on an interface, for drivers that lose packets without noticing: what an
// interface has seen and nobody received is a loss. Reads files; not for the packet path.
#ifndef VEDETTE_DATAPLANE_CAPTURE_INTERFACE_COUNTERS_H_
#define VEDETTE_DATAPLANE_CAPTURE_INTERFACE_COUNTERS_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace vedette {

struct InterfaceCounters {
  uint64_t received = 0;     // rx_packets
  uint64_t transmitted = 0;  // tx_packets
  uint64_t missed = 0;       // rx_missed_errors + rx_fifo_errors: never reached the kernel
};

// Of /sys/class/net; NotFound when there is no such interface (any more).
absl::StatusOr<InterfaceCounters> ReadInterfaceCounters(absl::string_view interface);

// Everything there is, for a message.
std::string InterfaceNames();

// How many packets of an interface were lost on the way to a receiver that empties its ring now and
// then. Packets still in the ring are no loss: a count is compared only with what had been received
// when the ring was empty afterwards. Any thread.
class LossReconciler {
 public:
  // `both_directions`: the receiver also sees what the host sends.
  LossReconciler(std::string interface, bool both_directions, InterfaceCounters start)
      : interface_(std::move(interface)), both_directions_(both_directions), start_(start) {}

  // What the receiver counts: packets, then (with release) how often it found the ring empty; and
  // the losses that the driver itself has `told`. Returns what is lost for certain; never
  // decreases. A lost packet is counted at the second call after it, where the ring was empty
  // between the two.
  uint64_t Update(const std::atomic<uint64_t>& received, const std::atomic<uint64_t>& emptied,
                  uint64_t told);
  // At the end: `seen` was read before the ring was emptied for the last time.
  uint64_t Finish(const InterfaceCounters& seen, uint64_t received, uint64_t told);
  uint64_t lost() const;

  absl::StatusOr<InterfaceCounters> Read() const { return ReadInterfaceCounters(interface_); }
  const std::string& interface() const { return interface_; }

 private:
  struct Seen {
    uint64_t packets;
    uint64_t emptied;
  };
  uint64_t PacketsSince(const InterfaceCounters& now) const;
  void Compare(uint64_t seen, uint64_t received, uint64_t told);

  std::string interface_;
  bool both_directions_;
  InterfaceCounters start_;
  mutable std::mutex mutex_;
  std::optional<Seen> waiting_;
  uint64_t lost_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_INTERFACE_COUNTERS_H_
