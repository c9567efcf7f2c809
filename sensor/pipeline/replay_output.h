// Where a replay's events go: files, the report, the progress bar. Control thread, but for
// packets(), which any thread may ask.
#ifndef VEDETTE_SENSOR_PIPELINE_REPLAY_OUTPUT_H_
#define VEDETTE_SENSOR_PIPELINE_REPLAY_OUTPUT_H_

#include <atomic>
#include <cstdint>
#include <optional>

#include "sensor/export/exporter.h"
#include "sensor/export/file_export.h"
#include "sensor/pipeline/control.h"
#include "sensor/report/report_data.h"
#include "sensor/report/report_gatherer.h"

namespace vedette {

class ReplayOutput final : public EventSink {
 public:
  // `files` and `exporter`, which may be null, outlive this. Without a report nothing is gathered
  // for one.
  ReplayOutput(EventFiles& files, Exporter* exporter, bool with_report)
      : files_(files), exporter_(exporter) {
    if (with_report) gatherer_.emplace();
  }

  void OnInterval(const IntervalView& view, const IdentityOf& identify) override {
    static_cast<void>(identify);
    packets_.fetch_add(view.totals.packets, std::memory_order_relaxed);
    if (gatherer_) gatherer_->OnInterval(view);
  }
  void OnAlert(const AlertEvent& event) override {
    Tell(event);
    if (gatherer_) gatherer_->OnAlert(event);
  }
  void OnDevice(const DeviceEvent& event) override { Tell(event); }
  void OnFlow(const FlowEvent& event) override { Tell(event); }
  void OnHealth(const HealthEvent& event) override {
    Tell(event);
    if (gatherer_) gatherer_->OnHealth(event);
  }
  void OnEnd(const IdentityOf& identify) override {
    if (gatherer_) data_ = gatherer_->Finish(identify);
  }

  uint64_t packets() const { return packets_.load(std::memory_order_relaxed); }
  // After the end; what the sink cannot know is for the caller to set.
  ReportData& data() { return data_; }

 private:
  template <typename Event>
  void Tell(const Event& event) {
    files_.Write(event);
    if (exporter_ != nullptr) exporter_->Write(event);
  }

  EventFiles& files_;
  Exporter* exporter_;
  std::optional<ReportGatherer> gatherer_;
  std::atomic<uint64_t> packets_ = 0;
  ReportData data_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_REPLAY_OUTPUT_H_
