#include "sensor/local/snapshot_builder.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

namespace vedette {
namespace {

int64_t AgeMs(int64_t since_ms) {
  return since_ms == 0 ? 0 : std::max<int64_t>(absl::ToUnixMillis(absl::Now()) - since_ms, 0);
}

SinkRow RowOf(const Sink& sink) {
  const SinkGauges& gauges = sink.gauges();
  SinkRow row;
  row.name = sink.name();
  row.accounts = sink.accounts().Read();
  row.queued = sink.queued();
  row.in_flight = static_cast<uint64_t>(std::max<int64_t>(gauges.in_flight.load(), 0));
  row.inherited_delivered = sink.accounts().inherited_delivered();
  row.inherited_dropped = sink.accounts().inherited_dropped();
  row.spool_bytes = gauges.spool_bytes.load();
  row.spool_events = gauges.spool_events.load();
  row.spool_age_ms = AgeMs(gauges.spool_oldest_ms.load());
  row.spool_quarantined = gauges.spool_quarantined.load();
  row.round_trip_ms = gauges.round_trip_ms.load();
  row.from_packets = gauges.from_packets.Read();
  return row;
}

}  // namespace

SnapshotBuilder::SnapshotBuilder(SensorTold told, const Exporter* exporter, SnapshotBoard& board)
    : told_(std::move(told)),
      exporter_(exporter),
      board_(board),
      started_(SteadyNow()),
      last_packet_(started_) {}

void SnapshotBuilder::AddSecond(SecondRow second) {
  if (second.packets != 0) last_packet_ = SteadyNow();
  seconds_.push_back(second);
  if (seconds_.size() > kSecondsMax) seconds_.pop_front();
}

void SnapshotBuilder::Add(const AlertEvent& event) {
  if (event.state == "open") ++alerts_opened_[event.kind];
  if (event.state == "close") {
    Close(event);
  } else {
    Open(event);
  }
}

void SnapshotBuilder::Open(const AlertEvent& event) {
  const auto at = open_.find(event.alert_id);
  if (at != open_.end()) {
    at->second = std::make_shared<const AlertEvent>(event);
  } else if (open_.size() < kOpenMax) {
    open_.emplace(event.alert_id, std::make_shared<const AlertEvent>(event));
  } else if (event.state == "open") {
    ++open_unlisted_;
  }
}

void SnapshotBuilder::Close(const AlertEvent& event) {
  if (open_.erase(event.alert_id) == 0 && open_unlisted_ != 0) --open_unlisted_;
  closed_.push_front(std::make_shared<const AlertEvent>(event));
  if (closed_.size() > kClosedMax) closed_.pop_back();
}

void SnapshotBuilder::Add(const DeviceEvent& event) {
  device_list_.reset();
  const auto known = device_at_.find(event.device);
  if (known == device_at_.end() && devices_.size() >= kDevicesMax) {
    device_at_.erase(devices_.front()->device);
    devices_.pop_front();
    ++devices_forgotten_;
  }
  auto row = known == device_at_.end() ? std::make_shared<DeviceRow>()
                                       : std::make_shared<DeviceRow>(**known->second);
  row->device = event.device;
  row->ip = event.device_ip;
  row->mac = event.device_mac;
  row->name = event.device_name;
  row->group = event.group;
  row->vlan = event.vlan;
  if (row->first_ms == 0) row->first_ms = event.window_start_ms;
  row->last_ms = event.window_start_ms + event.window_ms;
  row->window_ms = event.window_ms;
  row->window = {};
  row->window.Add(event);
  row->sum.Add(event);
  row->peers = event.peers_estimate;
  row->destinations = event.destinations_estimate;
  if (known != device_at_.end()) {
    *known->second = std::move(row);
    devices_.splice(devices_.end(), devices_, known->second);
  } else {
    device_at_[event.device] = devices_.insert(devices_.end(), std::move(row));
  }
}

void SnapshotBuilder::Add(const HealthEvent& event) {
  totals_.Add(event);
  health_ = event;
}

void SnapshotBuilder::Tick() {
  ++ticks_;
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->sensor = told_.sensor;
  snapshot->site = told_.site;
  snapshot->version = VEDETTE_VERSION;
  snapshot->source = told_.source;
  snapshot->generation = health_.generation;
  snapshot->boot_ms = told_.boot_ms;
  snapshot->started = started_;
  snapshot->made = SteadyNow();
  snapshot->last_packet = last_packet_;
  snapshot->ended = ended_;
  snapshot->ticks = ticks_;
  TakeInterfaces(*snapshot);
  TakeSinks(*snapshot);
  snapshot->health = health_;
  snapshot->totals = totals_;
  snapshot->seconds.assign(seconds_.begin(), seconds_.end());
  snapshot->open.reserve(open_.size());
  for (const auto& [id, alert] : open_) snapshot->open.push_back(alert);
  snapshot->closed.assign(closed_.begin(), closed_.end());
  snapshot->open_unlisted = open_unlisted_;
  snapshot->alerts_opened = alerts_opened_;
  snapshot->devices = DeviceList();
  snapshot->devices_forgotten = devices_forgotten_;
  board_.Publish(std::move(snapshot));
}

void SnapshotBuilder::End() {
  ended_ = true;
  Tick();
}

void SnapshotBuilder::TakeInterfaces(Snapshot& snapshot) {
  if (interfaces_ == nullptr) return;
  snapshot.interfaces = interfaces_();
  uint64_t lost = 0;
  for (const InterfaceRow& row : snapshot.interfaces) lost += row.lost;
  if (!seconds_.empty() && lost > lost_before_) seconds_.back().lost += lost - lost_before_;
  lost_before_ = lost;
}

void SnapshotBuilder::TakeSinks(Snapshot& snapshot) {
  if (exporter_ == nullptr) return;
  for (const auto& sink : exporter_->sinks()) {
    snapshot.sinks.push_back(RowOf(*sink));
    SinkRow& row = snapshot.sinks.back();
    if (row.name == "kafka") row.spool_bytes_max = told_.spool_bytes_max;
    NoteDrops(row);
  }
}

void SnapshotBuilder::NoteDrops(SinkRow& row) {
  Drops& drops = drops_[row.name];
  int64_t most = 0;
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    const int64_t more = row.accounts.dropped_by[i] - drops.by_reason[i];
    if (more <= most) continue;
    most = more;
    drops.last = SteadyNow();
    drops.last_reason = std::string(kDropReasonNames[i]);
  }
  drops.by_reason = row.accounts.dropped_by;
  row.last_drop = drops.last;
  row.last_drop_reason = drops.last_reason;
}

std::shared_ptr<const std::vector<DevicePointer>> SnapshotBuilder::DeviceList() {
  if (device_list_ == nullptr) {
    device_list_ =
        std::make_shared<const std::vector<DevicePointer>>(devices_.begin(), devices_.end());
  }
  return device_list_;
}

}  // namespace vedette
