#include "sensor/pipeline/control.h"

#include <utility>

#include "sensor/event/flow_event.h"

namespace vedette {
namespace {

// A match's pattern is an index into those that were compiled.
std::vector<PatternLabel> LabelsOf(const std::vector<PatternDefinition>& patterns) {
  std::vector<PatternLabel> labels;
  for (const PatternDefinition& pattern : patterns) {
    if (!pattern.enabled) continue;
    labels.push_back({.name = pattern.name,
                      .severity = pattern.severity,
                      .minimum = static_cast<double>(pattern.minimum)});
  }
  return labels;
}

}  // namespace

Control::Control(const SensorConfig& config, SourceTold told, EventSink& sink, EvidenceKey key)
    : identity_{.sensor = config.sensor, .site = config.site},
      sink_(sink),
      home_(config.home),
      directory_(config.site, home_, config.device_windows.devices_max),
      identify_([this](const EndpointKey& endpoint) { return Identify(endpoint); }),
      merger_(home_, LabelsOf(config.patterns), std::move(key)),
      detectors_(config.detectors),
      hot_(std::make_unique<Detectors::Hot>()),
      alert_life_(config.alerts, identity_, identify_, config.policy.compiled),
      device_windows_({.window_us = config.device_windows.window_s * uint64_t{1'000'000},
                       .devices_max = config.device_windows.devices_max}),
      health_windows_(identity_, std::move(told), kShards * size_t{config.tracker.flows}) {}

DeviceIdentity Control::Identify(const EndpointKey& key) const {
  DeviceIdentity identity = directory_.Identify(key);
  const Policy& policy = alert_life_.policy().policy();
  if (policy.empty()) return identity;
  identity.group = policy.GroupOf(PolicyEndOf(key, 128, identity));
  return identity;
}

void Control::OnInterval(uint64_t second, absl::Span<const SensorWindow* const> windows,
                         const IntervalAccount& account) {
  tables_.clear();
  for (const SensorWindow* window : windows) tables_.push_back(&window->tables);
  const IntervalView& view = merger_.Merge(second, tables_);
  // Windows that lie before this interval are closed with what was known then.
  device_windows_.Observe(view, merger_.rows(), identify_, devices_);
  device_windows_.AddLost(account.lost.total());
  directory_.Observe(view);
  Judge(view, windows);
  health_windows_.Observe(view, tables_, account.lost,
                          {.flows = merger_.flows_active(),
                           .devices = directory_.devices(),
                           .devices_max = directory_.devices_max(),
                           .devices_evicted = directory_.evicted(),
                           .alerts_open = alert_life_.open(),
                           .clock_offset_us = account.clock_offset_us,
                           .policy = alert_life_.policy().TotalsAt(view.end_us)},
                          healths_);
  sink_.OnInterval(view, identify_);
  SendAlerts();
  SendDevices();
  SendHealth();
  sink_.OnTick();
}

void Control::Judge(const IntervalView& view, absl::Span<const SensorWindow* const> windows) {
  hot_->Clear();
  for (const SensorWindow* window : windows) {
    const ShardCounters& counters = window->tables.counters;
    if (counters.packets + counters.flows_ended != 0) hot_->Merge(window->hot);
  }
  findings_.clear();
  detectors_.Evaluate(*hot_, view, findings_);
  alert_life_.Observe(std::move(findings_), view.begin_us, view.end_us, alerts_);
  findings_ = {};
}

void Control::OnFlows(std::span<const FlowRecord> records) {
  for (const FlowRecord& record : records) {
    sink_.OnFlow(MakeFlowEvent(record, identity_, identify_));
  }
}

void Control::OnEnd(const SourceLosses& lost) {
  device_windows_.AddLost(lost.total());
  health_windows_.AddLost(lost);
  alert_life_.EndOfSource(alerts_);
  device_windows_.Finish(identify_, devices_);
  health_windows_.Finish(healths_);
  SendAlerts();
  SendDevices();
  SendHealth();
  sink_.OnEnd(identify_);
}

void Control::SendAlerts() {
  for (const AlertEvent& event : alerts_) sink_.OnAlert(event);
  alerts_.clear();
}

void Control::SendDevices() {
  for (DeviceEvent& event : devices_) {
    event.sensor = identity_.sensor;
    event.site = identity_.site;
    Seal(event);
    sink_.OnDevice(event);
  }
  devices_.clear();
}

void Control::SendHealth() {
  for (const HealthEvent& event : healths_) sink_.OnHealth(event);
  healths_.clear();
}

}  // namespace vedette
