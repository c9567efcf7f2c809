#include "sensor/pipeline/control.h"

#include <algorithm>
#include <utility>

#include "sensor/event/flow_event.h"

namespace vedette {

// A match's pattern is an index into all of them.
std::vector<PatternLabel> LabelsOf(const std::vector<PatternDefinition>& patterns) {
  std::vector<PatternLabel> labels;
  for (const PatternDefinition& pattern : patterns) {
    labels.push_back({.name = pattern.name,
                      .severity = pattern.severity,
                      .minimum = static_cast<double>(pattern.minimum)});
  }
  return labels;
}

Control::Control(const SensorConfig& config, SourceTold told, EventSink& sink, EvidenceKey key)
    : identity_{.sensor = config.sensor, .site = config.site},
      sink_(sink),
      alert_config_(config.alerts),
      home_(config.home),
      identify_([this](const EndpointKey& endpoint) { return Identify(endpoint); }),
      memory_(config, home_, identify_),
      models_(memory_.directory, identify_),
      merger_(home_, LabelsOf(config.patterns), std::move(key)),
      hot_(std::make_unique<Detectors::Hot>()),
      health_windows_(identity_, std::move(told), kShards * size_t{config.tracker.flows}) {}

DeviceIdentity Control::Identify(const EndpointKey& key) const {
  DeviceIdentity identity = memory_.directory.Identify(key);
  const Policy& policy = memory_.alerts.policy().policy();
  if (policy.empty()) return identity;
  identity.group = policy.GroupOf(PolicyEndOf(key, 128, identity));
  return identity;
}

void Control::OnInterval(uint64_t second, absl::Span<const SensorWindow* const> windows,
                         const IntervalAccount& account) {
  tables_.clear();
  for (const SensorWindow* window : windows) tables_.push_back(&window->tables);
  if (restored_) Resume(second);
  second_ = second;
  IntervalView view = merger_.Merge(second, tables_, account.lost.total());
  NoteEmpty(view);
  // Windows that lie before this interval are closed with what was known then.
  memory_.windows.Observe(view, merger_.rows(), identify_, devices_);
  AttachModels(view);
  memory_.windows.AddLost(account.lost.total());
  memory_.directory.Observe(view);
  Judge(view, windows);
  health_windows_.Observe(view, tables_, account.lost,
                          {.flows = merger_.flows_active(),
                           .devices = memory_.directory.devices(),
                           .devices_max = memory_.directory.devices_max(),
                           .devices_evicted = memory_.directory.evicted(),
                           .alerts_open = memory_.alerts.open(),
                           .clock_offset_us = account.clock_offset_us,
                           .policy = memory_.alerts.policy().TotalsAt(view.end_us),
                           .models = models_in_use_.set != nullptr ? models_in_use_.set->size() : 0,
                           .model_set = models_in_use_.name,
                           .models_refused = models_in_use_.refused,
                           .generation = generation_},
                          healths_);
  sink_.OnInterval(view, identify_);
  SendAlerts();
  SendDevices();
  SendHealth();
  sink_.OnTick();
}

void Control::AttachModels(IntervalView& view) {
  if (models_.empty()) return;
  view.models = &models_;
  view.device_window_us = memory_.windows.window_us();
  view.windows = models_.Attach(memory_.windows.told(), devices_);
}

// Nothing but the windows that the source's end has closed.
void Control::JudgeLastWindows() {
  IntervalView view{.begin_us = (second_ + 1) * 1'000'000, .starved = true};
  view.end_us = view.begin_us;
  view.home_networks = &home_;
  AttachModels(view);
  if (view.windows.empty()) return;
  findings_.clear();
  memory_.detectors.EvaluateEnd(view, findings_);
  if (findings_.empty()) return;
  memory_.alerts.Observe(std::move(findings_), view.begin_us, view.end_us, alerts_);
  findings_ = {};
}

void Control::Judge(const IntervalView& view, absl::Span<const SensorWindow* const> windows) {
  hot_->Clear();
  for (const SensorWindow* window : windows) {
    const ShardCounters& counters = window->tables.counters;
    if (counters.packets + counters.flows_ended != 0) hot_->Merge(window->hot);
  }
  findings_.clear();
  memory_.detectors.Evaluate(*hot_, view, findings_);
  memory_.alerts.Observe(std::move(findings_), view.begin_us, view.end_us, alerts_);
  findings_ = {};
}

void Control::OnFlows(std::span<const FlowRecord> records) {
  for (const FlowRecord& record : records) {
    sink_.OnFlow(MakeFlowEvent(record, identity_, identify_));
  }
}

std::vector<std::string> Control::Restore(const StateImage& image, uint32_t alert_age_max_s) {
  const StateHeader& header = image.header();
  restored_ = {
      .second = header.second, .at_stop = header.at_stop, .alert_age_max_s = alert_age_max_s};
  second_ = header.second;
  return RestoreMemory(image, memory_);
}

void Control::NoteEmpty(const IntervalView& view) {
  constexpr uint64_t kAwayIntervals = 60;
  if (view.totals.packets == 0) {
    ++empty_intervals_;
  } else if (std::exchange(empty_intervals_, 0) >= kAwayIntervals) {
    memory_.detectors.OnAway();
  }
}

void Control::Resume(uint64_t second) {
  const Restored restored = *std::exchange(restored_, std::nullopt);
  const uint64_t away_s = second - std::min(second, restored.second);
  // Of the run that did not end as it should nobody knows how long it went on telling.
  if (!restored.at_stop) {
    const uint64_t told = away_s / alert_config_.update_every_s + 2;
    memory_.alerts.SkipRevisions(static_cast<int32_t>(std::min<uint64_t>(told, 1'000'000)));
  }
  if (away_s <= 1) return;
  memory_.detectors.OnAway();
  memory_.alerts.OnAway((away_s - 1) * 1'000'000);
  if (away_s > restored.alert_age_max_s) memory_.alerts.EndOfSource(alerts_);
}

void Control::Reconfigure(ControlSettings settings) {
  home_ = HomeNetworks(std::move(settings.home));
  memory_.detectors.Reconfigure(settings.detectors);
  memory_.alerts.Reconfigure(settings.alerts);
  SetPolicy(std::move(settings.policy));
  alert_config_ = settings.alerts;
  merger_.SetPatterns(std::move(settings.patterns));
  generation_ = settings.generation;
}

void Control::OnEnd(const SourceLosses& lost, AtEnd at_end) {
  memory_.windows.AddLost(lost.total());
  health_windows_.AddLost(lost);
  if (at_end == AtEnd::kCloseAll) {
    memory_.windows.Finish(identify_, devices_);
    JudgeLastWindows();
    memory_.alerts.EndOfSource(alerts_);
  }
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
