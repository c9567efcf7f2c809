// What a running sensor says of itself to programs of its own machine: one picture a tick, never
// changed once it is published. Made on the control thread, read by the local interface's.
#ifndef VEDETTE_SENSOR_LOCAL_SNAPSHOT_H_
#define VEDETTE_SENSOR_LOCAL_SNAPSHOT_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "sensor/event/events.h"
#include "sensor/export/export_accounts.h"
#include "sensor/export/topic.h"

namespace vedette {

enum class LinkState : uint8_t { kUp, kDown, kMissing };

struct InterfaceRow {
  std::string name;
  LinkState link = LinkState::kDown;
  bool capturing = false;
  uint64_t interruptions = 0, reopenings = 0, lost = 0;
};

struct SinkRow {
  std::string name;
  AccountsReading accounts;
  uint64_t queued = 0, in_flight = 0, inherited_delivered = 0, inherited_dropped = 0;
  int64_t spool_bytes_max = 0;  // 0: it has no spool
  int64_t spool_bytes = 0, spool_events = 0, spool_age_ms = 0, spool_quarantined = 0;
  int64_t round_trip_ms = 0;
  LatencyReading from_packets;
  absl::Time last_drop = absl::InfinitePast();  // by SteadyNow
  std::string last_drop_reason;                 // the one that grew most
};

// One device: sums since it was first seen, and its last window.
struct DeviceRow {
  std::string device, ip, mac, name, group;
  int32_t vlan = 0;
  int64_t first_ms = 0, last_ms = 0;  // begin of the first window, end of the last
  struct Counts {
    int64_t packets_in = 0, packets_out = 0, bytes_in = 0, bytes_out = 0;
    int64_t egress_bytes = 0, ingress_bytes = 0;
    int64_t flows_opened = 0, flows_unanswered = 0, flows_refused = 0;
    int64_t dns_queries = 0, malformed_packets = 0;
    void Add(const DeviceEvent& event);
    int64_t bytes() const { return bytes_in + bytes_out; }
    int64_t packets() const { return packets_in + packets_out; }
  } sum, window;
  int64_t window_ms = 0;
  int64_t peers = 0, destinations = 0;  // of the last window, estimates
};

// What passed in one second of the sensor's time.
struct SecondRow {
  int64_t begin_ms = 0;
  uint64_t packets = 0, bytes = 0, lost = 0;
};

// Sums of all health windows since the start.
struct HealthTotals {
  uint64_t windows = 0;
  int64_t received = 0, processed = 0, bytes = 0, duplicates = 0;
  int64_t flows_evicted = 0, devices_evicted = 0;
  CountMap dropped;         // by reason
  CountMap decoded;         // by class of what decoding came to
  CountMap irregularities;  // by layer
  void Add(const HealthEvent& event);
};

using AlertPointer = std::shared_ptr<const AlertEvent>;
using DevicePointer = std::shared_ptr<const DeviceRow>;

struct Snapshot {
  std::string sensor, site, version, source;
  int32_t generation = 0;
  int64_t boot_ms = 0;
  absl::Time started, made;  // by a clock that is never set: see SteadyNow
  absl::Time last_packet;    // likewise; the start, before there was one
  bool ended = false;
  uint64_t ticks = 0;
  std::vector<InterfaceRow> interfaces;
  std::vector<SinkRow> sinks;
  HealthEvent health;  // the last window's, with the export's accounts
  HealthTotals totals;
  std::vector<SecondRow> seconds;    // the last ones, oldest first
  std::vector<AlertPointer> open;    // as they were told last
  std::vector<AlertPointer> closed;  // the last ones, newest first
  uint64_t open_unlisted = 0;
  std::map<std::string, int64_t> alerts_opened;  // by kind
  std::shared_ptr<const std::vector<DevicePointer>> devices;
  uint64_t devices_forgotten = 0;
};

// Time since an origin of its own, at the pace of the monotonic clock.
absl::Time SteadyNow();

// The last picture. Held only while a pointer is copied: nobody waits for anybody's work.
class SnapshotBoard {
 public:
  void Publish(std::shared_ptr<const Snapshot> snapshot);
  std::shared_ptr<const Snapshot> Last() const;  // null before the first

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> last_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_LOCAL_SNAPSHOT_H_
