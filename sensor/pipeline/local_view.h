// What the local interface shows of a running sensor: takes the control's events and, once an
// interval, publishes a picture of them. Opened and closed on the main thread, called by the
// control, which is the same thread in between; what answers requests runs beside and sees pictures
// alone.
#ifndef VEDETTE_SENSOR_PIPELINE_LOCAL_VIEW_H_
#define VEDETTE_SENSOR_PIPELINE_LOCAL_VIEW_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "sensor/config/sensor_config.h"
#include "sensor/export/exporter.h"
#include "sensor/local/local_server.h"
#include "sensor/local/snapshot_builder.h"
#include "sensor/pipeline/control.h"
#include "sensor/pipeline/live_sources.h"

namespace vedette {

class LocalView final : public EventSink {
 public:
  // `exporter`, which may be null, and `live` outlive this.
  LocalView(const SensorConfig& config, int64_t boot_ms, const Exporter* exporter,
            const LiveSources& live);

  // Listens as configured and says so in the log. Where nobody asked for the default place, that it
  // cannot be used is a warning: a second sensor, a sensor without rights.
  absl::Status Listen(const LocalConfig& config);

  void OnInterval(const IntervalView& view, const IdentityOf&) override;
  void OnAlert(const AlertEvent& event) override { builder_.Add(event); }
  void OnDevice(const DeviceEvent& event) override { builder_.Add(event); }
  void OnFlow(const FlowEvent&) override {}
  void OnHealth(const HealthEvent& event) override { builder_.Add(event); }
  void OnTick() override { builder_.Tick(); }
  void OnEnd(const IdentityOf&) override { builder_.End(); }

 private:
  SnapshotBoard board_;
  SnapshotBuilder builder_;
  std::unique_ptr<LocalServer> server_;  // null: off
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_LOCAL_VIEW_H_
