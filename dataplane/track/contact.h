// Calls of home endpoints to the outside, and the fixed log in which such records of one interval
// lie. Written by the shard's worker, read by detectors after the merge.
#ifndef VEDETTE_DATAPLANE_TRACK_CONTACT_H_
#define VEDETTE_DATAPLANE_TRACK_CONTACT_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/decode/addresses.h"
#include "dataplane/sketch/zeroed_array.h"
#include "dataplane/track/flow.h"

namespace vedette {

// A fixed log: takes until it is full, then counts what it did not take.
template <typename T, size_t kCapacity>
class BoundedLog {
 public:
  // The next free record, or null (counted) when full. Its old contents are undefined.
  T* Append() noexcept {
    if (size_ == kCapacity) {
      ++refused_;
      return nullptr;
    }
    return &records_[size_++];
  }
  void Clear() noexcept { size_ = refused_ = 0; }
  std::span<const T> records() const { return {records_.data(), size_}; }
  uint64_t refused() const { return refused_; }

 private:
  size_t size_ = 0;
  uint64_t refused_ = 0;
  ZeroedArray<T> records_{kCapacity};  // no page of it is touched before it is needed
};

// A call of a home endpoint to the outside: the start of a connection, a burst inside one after
// 1 s of quiet, a datagram after such quiet. kEnd carries the sizes of the call that began at
// start_us (at the next call, or the flow's end).
enum class ContactPhase : uint8_t { kStart, kEnd };
struct Contact {
  ContactPhase phase = ContactPhase::kStart;
  FlowOutcome outcome = FlowOutcome::kPending;
  uint8_t protocol = 0;
  uint8_t app = 0;       // AppProtocol, as far as inspect knew by then
  bool resumed = false;  // a burst inside a connection that other calls went before
  uint16_t vlan = 0;
  uint16_t port = 0;  // of the destination
  IpAddress device, destination;
  uint64_t start_us = 0;
  uint64_t end_us = 0;                   // kEnd only
  uint64_t bytes_out = 0, bytes_in = 0;  // kEnd only
};

using ContactLog = BoundedLog<Contact, 2048>;

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_CONTACT_H_
