// Everything that hears of a running sensor's events, in one place: the files of the command line,
// the sinks of the configuration, the tally. Opened and finished on the main thread; its sinks are
// called by the control, which is the same thread in between.
#ifndef VEDETTE_SENSOR_PIPELINE_OUTPUTS_H_
#define VEDETTE_SENSOR_PIPELINE_OUTPUTS_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sensor/config/sensor_config.h"
#include "sensor/export/exporter.h"
#include "sensor/export/file_export.h"
#include "sensor/pipeline/event_sinks.h"
#include "sensor/pipeline/run_request.h"

namespace vedette {

// Sums of the health events, for the last line of the log.
class Tally final : public EventSink {
 public:
  void OnInterval(const IntervalView&, const IdentityOf&) override {}
  void OnAlert(const AlertEvent& event) override { alerts_ += event.state == "open" ? 1 : 0; }
  void OnDevice(const DeviceEvent&) override {}
  void OnFlow(const FlowEvent&) override {}
  void OnHealth(const HealthEvent& event) override {
    received_ += event.packets_received;
    processed_ += event.packets_processed;
  }
  void Log() const;

 private:
  int64_t received_ = 0, processed_ = 0, alerts_ = 0;
};

// What is opened first is written last.
class Outputs {
 public:
  static absl::StatusOr<std::unique_ptr<Outputs>> Open(const SensorConfig& config,
                                                       const RunRequest& request, int64_t boot_ms);

  EventSinks& sinks() { return sinks_; }
  // Null where nothing is configured.
  Exporter* exporter() { return exporter_.get(); }

  // Within five seconds of a stop: what the broker has not confirmed by then waits in the spool.
  // Says in the log what went where; the first fault is returned.
  absl::Status Finish();

 private:
  Outputs(std::unique_ptr<EventFiles> files, std::unique_ptr<Exporter> exporter,
          const ExportConfig& config);

  std::unique_ptr<EventFiles> files_;
  std::unique_ptr<Exporter> exporter_;
  Tally tally_;
  LiveFiles live_files_;
  std::optional<ExportedEvents> exported_;
  EventSinks sinks_;
  const absl::Duration stop_wait_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_OUTPUTS_H_
