// Intervals of one second become one event per active device and window. Devices are told apart at
// the window's end, when the directory has seen all of it. Owned and called by the control thread.
#ifndef VEDETTE_SENSOR_MERGE_DEVICE_WINDOWS_H_
#define VEDETTE_SENSOR_MERGE_DEVICE_WINDOWS_H_

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "dataplane/decode/decode_status.h"
#include "detectors/interval_view.h"
#include "sensor/event/events.h"
#include "sensor/merge/device_identity.h"
#include "sensor/merge/interval_merge.h"

namespace vedette {

// What the events of a window do not say of it.
struct ToldWindow {
  std::vector<EndpointKey> keys;  // whose events they are, in their order
  // Of the window: before the source began, after it ended, or while packets were lost or none
  // came.
  double unwatched_share = 0;
  double lost_share = 0;  // of the packets there were
};

class DeviceWindows {
 public:
  struct Limits {
    uint64_t window_us = 10'000'000;  // whole seconds
    // Addresses in one window, a quarter of them for those that send: a scan of silent ones must
    // not take the place of devices. Further ones are counted in refused().
    size_t devices_max = 16'384;
    size_t destinations_max = 4'096;  // of one address; beyond it the lighter half is forgotten
  };
  explicit DeviceWindows(const Limits& limits) : limits_(limits) {}

  // Appends the events of windows that lie wholly before the interval.
  void Observe(const IntervalView& view, absl::Span<const ShardRow> rows,
               const IdentityOf& identify, std::vector<DeviceEvent>& out);
  // Packets that were lost before anybody could say whose they were: each device's event tells
  // them.
  void AddLost(uint64_t packets) { lost_packets_ += packets; }
  // The source has ended: closes the window that is open.
  void Finish(const IdentityOf& identify, std::vector<DeviceEvent>& out);
  // The window whose events came last.
  const ToldWindow& told() const { return told_; }
  uint64_t window_us() const { return limits_.window_us; }

  uint64_t refused() const { return refused_; }

  // Of the window that is open; see detectors/keep.h. Who reads it in calls OnRestored.
  template <typename Io>
  void Keep(Io& io) {
    io("open", open_);
    io("begin_us", begin_us_);
    io("window_us", kept_window_us_);
    io("lost_packets", lost_packets_);
    io("packets", packets_);
    io("watched_until_us", watched_until_us_);
    io("unwatched_us", unwatched_us_);
    io("accounts", accounts_);
  }
  // A window of another length is forgotten.
  void OnRestored();

 private:
  struct Traffic {
    uint64_t bytes = 0, packets = 0;

    template <typename Io>
    void Keep(Io& io) {
      io("bytes", bytes);
      io("packets", packets);
    }
  };
  using Egress = absl::btree_map<IpAddress, Traffic>;
  using Destination = std::pair<IpAddress, Traffic>;
  static std::vector<Destination> Heaviest(const Egress& egress, size_t max);

  // What one device, or one of its addresses, did in the window.
  struct Account {
    EndpointKey key;                                  // of the address that sent last
    uint64_t last_us = 0;                             // when that was; 0: it sent nothing
    absl::InlinedVector<uint64_t, 1> active_seconds;  // a bit for each of the window's
    EndpointCounters counters;
    DistinctBitmap<512> ports;
    ThetaSet peers, destinations;
    Egress egress;
    absl::btree_map<DecodeStatus, uint64_t> errors;

    template <typename Io>
    void Keep(Io& io) {
      io("key", key);
      io("last_us", last_us);
      io("active_seconds", active_seconds);
      io("counters", counters);
      io("ports", ports);
      io("peers", peers);
      io("destinations", destinations);
      io("egress", egress);
      io("errors", errors);
    }
    void Merge(const Account& other);
    void MergeSketches(absl::Span<const ShardRow> rows);
  };
  using Accounts = absl::btree_map<EndpointKey, Account>;

  // How much of the window the sensor saw, and what of its packets.
  void Watch(const IntervalView& view);
  void Close(const IdentityOf& identify, std::vector<DeviceEvent>& out);
  void ObserveEndpoints(const IntervalView& view, absl::Span<const ShardRow> rows);
  Account* Obtain(const EndpointInterval& endpoint);  // null, and counted: no room
  void ObservePairs(const IntervalView& view);
  void AddEgress(Account& account, const EgressPair& pair) const;
  DeviceEvent EventOf(const Account& account, const DeviceIdentity& identity) const;

  Limits limits_;
  uint64_t kept_window_us_ = limits_.window_us;  // of the run that wrote
  bool open_ = false;
  uint64_t begin_us_ = 0;
  uint64_t lost_packets_ = 0;
  uint64_t packets_ = 0;           // of everybody, in the open window
  uint64_t watched_until_us_ = 0;  // end of the last interval
  uint64_t unwatched_us_ = 0;      // of the open window
  Accounts accounts_;
  ToldWindow told_;
  uint64_t refused_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_MERGE_DEVICE_WINDOWS_H_
