// Intervals of one second become one event per active device and window. Devices are told apart at
// the window's end, when the directory has seen all of it. Owned and called by the control thread.
#ifndef VEDETTE_SENSOR_MERGE_DEVICE_WINDOWS_H_
#define VEDETTE_SENSOR_MERGE_DEVICE_WINDOWS_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/types/span.h"
#include "dataplane/decode/decode_status.h"
#include "detectors/interval_view.h"
#include "sensor/event/events.h"
#include "sensor/merge/device_identity.h"
#include "sensor/merge/interval_merge.h"

namespace vedette {

class DeviceWindows {
 public:
  struct Limits {
    uint64_t window_us = 10'000'000;  // whole seconds
    size_t devices_max = 16'384;      // in one window; further ones are counted in refused()
    size_t destinations_max = 4'096;  // of one device, by order of address within a second
  };
  explicit DeviceWindows(const Limits& limits) : limits_(limits) {}

  // Appends the events of windows that lie wholly before the interval.
  void Observe(const IntervalView& view, absl::Span<const ShardRow> rows,
               const IdentityOf& identify, std::vector<DeviceEvent>& out);
  // Closes the window that is open.
  void Finish(const IdentityOf& identify, std::vector<DeviceEvent>& out);

  uint64_t refused() const { return refused_; }

 private:
  struct Traffic {
    uint64_t bytes = 0, packets = 0;
  };
  // What one device, or one of its addresses, did in the window.
  struct Account {
    EndpointKey key;  // of the address that was active last
    uint64_t last_us = 0;
    uint64_t active_seconds = 0;
    uint64_t last_active_second = 0;
    EndpointCounters counters;
    DistinctBitmap<512> ports;
    ThetaSet peers, destinations;
    absl::btree_map<IpAddress, Traffic> egress;
    absl::btree_map<DecodeStatus, uint64_t> errors;
    void Merge(const Account& other);
  };

  void ObserveEndpoints(const IntervalView& view);
  void ObserveSketches(absl::Span<const ShardRow> rows);
  void ObservePairs(const IntervalView& view);
  DeviceEvent EventOf(const Account& account, const DeviceIdentity& identity) const;

  Limits limits_;
  bool open_ = false;
  uint64_t begin_us_ = 0;
  absl::btree_map<EndpointKey, Account> accounts_;
  uint64_t refused_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_MERGE_DEVICE_WINDOWS_H_
