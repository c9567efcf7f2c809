// Gathers what the control thread tells and what the export counts into one picture a tick. What it
// keeps is bounded, whatever the traffic: kOpenMax open alerts, kClosedMax closed ones, kDevicesMax
// devices (those that were active last), kSecondsMax seconds. Owned and called by the control
// thread; a tick copies pointers, not events.
#ifndef VEDETTE_SENSOR_LOCAL_SNAPSHOT_BUILDER_H_
#define VEDETTE_SENSOR_LOCAL_SNAPSHOT_BUILDER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "sensor/export/exporter.h"
#include "sensor/local/snapshot.h"

namespace vedette {

// Who is described, beside what happens to it.
struct SensorTold {
  std::string sensor, site, source;
  int64_t boot_ms = 0;
  int64_t spool_bytes_max = 0;  // Kafka's
};

class SnapshotBuilder {
 public:
  static constexpr size_t kOpenMax = 4'096;
  static constexpr size_t kClosedMax = 1'024;
  static constexpr size_t kDevicesMax = 16'384;
  static constexpr size_t kSecondsMax = 120;

  // `board` outlives this; `exporter`, null without sinks, outlives every Tick.
  SnapshotBuilder(SensorTold told, const Exporter* exporter, SnapshotBoard& board);

  // States of the interfaces, asked at each tick. Before the first.
  void set_interfaces(std::function<std::vector<InterfaceRow>()> interfaces) {
    interfaces_ = std::move(interfaces);
  }

  void AddSecond(SecondRow second);
  void Add(const AlertEvent& event);
  void Add(const DeviceEvent& event);
  // With the accounts of the export.
  void Add(const HealthEvent& event);
  // Publishes what was told since.
  void Tick();
  // After the last tick.
  void End();

 private:
  void Open(const AlertEvent& event);
  void Close(const AlertEvent& event);
  void TakeInterfaces(Snapshot& snapshot);
  void TakeSinks(Snapshot& snapshot);
  void NoteDrops(SinkRow& row);
  std::shared_ptr<const std::vector<DevicePointer>> DeviceList();

  const SensorTold told_;
  const Exporter* const exporter_;
  SnapshotBoard& board_;
  std::function<std::vector<InterfaceRow>()> interfaces_;
  const absl::Time started_;
  absl::Time last_packet_;
  uint64_t ticks_ = 0;
  bool ended_ = false;
  struct Drops {
    std::array<int64_t, kDropReasonCount> by_reason{};
    absl::Time last = absl::InfinitePast();
    std::string last_reason;
  };
  std::map<std::string, Drops> drops_;  // by sink
  HealthEvent health_;
  HealthTotals totals_;
  std::deque<SecondRow> seconds_;
  uint64_t lost_before_ = 0;
  std::map<std::string, AlertPointer> open_;  // by alert_id
  uint64_t open_unlisted_ = 0;
  std::deque<AlertPointer> closed_;  // newest first
  std::map<std::string, int64_t> alerts_opened_;
  std::list<DevicePointer> devices_;  // the longest inactive first
  absl::flat_hash_map<std::string, std::list<DevicePointer>::iterator> device_at_;
  uint64_t devices_forgotten_ = 0;
  std::shared_ptr<const std::vector<DevicePointer>> device_list_;  // null: to be made again
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_LOCAL_SNAPSHOT_BUILDER_H_
