// Where a running sensor's events go: every sink it was given, each in turn. Control thread.
#ifndef VEDETTE_SENSOR_PIPELINE_EVENT_SINKS_H_
#define VEDETTE_SENSOR_PIPELINE_EVENT_SINKS_H_

#include <vector>

#include "sensor/export/exporter.h"
#include "sensor/export/file_export.h"
#include "sensor/pipeline/control.h"

namespace vedette {

class EventSinks final : public EventSink {
 public:
  // `sink` outlives this.
  void Add(EventSink& sink) { sinks_.push_back(&sink); }
  // Whose accounts health events hold, the same in every sink; null: nobody's. Outlives this.
  void set_exporter(const Exporter* exporter) { exporter_ = exporter; }

  void OnInterval(const IntervalView& view, const IdentityOf& identify) override {
    for (EventSink* sink : sinks_) sink->OnInterval(view, identify);
  }
  void OnAlert(const AlertEvent& event) override {
    for (EventSink* sink : sinks_) sink->OnAlert(event);
  }
  void OnDevice(const DeviceEvent& event) override {
    for (EventSink* sink : sinks_) sink->OnDevice(event);
  }
  void OnFlow(const FlowEvent& event) override {
    for (EventSink* sink : sinks_) sink->OnFlow(event);
  }
  void OnHealth(const HealthEvent& event) override {
    HealthEvent told = event;
    if (exporter_ != nullptr) exporter_->AddAccounts(told);
    for (EventSink* sink : sinks_) sink->OnHealth(told);
  }
  void OnTick() override {
    for (EventSink* sink : sinks_) sink->OnTick();
  }
  void OnEnd(const IdentityOf& identify) override {
    for (EventSink* sink : sinks_) sink->OnEnd(identify);
  }

 private:
  std::vector<EventSink*> sinks_;
  const Exporter* exporter_ = nullptr;
};

// The sinks of the configuration, each on a thread of its own: nothing here waits for one.
class ExportedEvents final : public EventSink {
 public:
  // `exporter` outlives this.
  explicit ExportedEvents(Exporter& exporter) : exporter_(exporter) {}

  void OnInterval(const IntervalView&, const IdentityOf&) override {}
  void OnAlert(const AlertEvent& event) override { exporter_.Write(event); }
  void OnDevice(const DeviceEvent& event) override { exporter_.Write(event); }
  void OnFlow(const FlowEvent& event) override { exporter_.Write(event); }
  void OnHealth(const HealthEvent& event) override { exporter_.WriteAccounted(event); }

 private:
  Exporter& exporter_;
};

// Files that somebody may be reading: each interval's events are in them when it is told.
class LiveFiles final : public EventSink {
 public:
  // `files` outlives this.
  explicit LiveFiles(EventFiles& files) : files_(files) {}

  void OnInterval(const IntervalView&, const IdentityOf&) override {}
  void OnAlert(const AlertEvent& event) override { files_.Write(event); }
  void OnDevice(const DeviceEvent& event) override { files_.Write(event); }
  void OnFlow(const FlowEvent& event) override { files_.Write(event); }
  void OnHealth(const HealthEvent& event) override { files_.Write(event); }
  void OnTick() override { files_.Flush(); }

 private:
  EventFiles& files_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_EVENT_SINKS_H_
