// A running sensor as its service manager and its operator see it: ready, reloading, stopping,
// alive while every thread gets on, and one line of figures. Hears events on the control thread;
// its watch reads what it has noted.
#ifndef VEDETTE_SENSOR_SERVICE_MANAGED_SERVICE_H_
#define VEDETTE_SENSOR_SERVICE_MANAGED_SERVICE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sensor/config/sensor_config.h"
#include "sensor/export/exporter.h"
#include "sensor/pipeline/control.h"
#include "sensor/pipeline/engine.h"
#include "sensor/pipeline/service_observer.h"
#include "sensor/service/progress_watch.h"
#include "sensor/service/service_manager.h"
#include "sensor/service/service_watch.h"

namespace vedette {

// The loops of the engine and the threads of the sinks, by the names the log gives them.
std::vector<ThreadTurns> TurnsOf(const EngineProgress& progress, const Exporter* exporter);

// What a minute of looking at a sensor should say.
struct ServiceFigures {
  uint64_t packets_per_second = 0;
  int64_t lost = 0;
  int64_t alerts_open = 0;
};
// "1234 packets/s, 0 lost, 2 alerts open; events to kafka (17 wait in the spool) and files"
std::string StatusText(const ServiceFigures& figures, const Exporter* exporter);

class ManagedService final : public ServiceObserver, public EventSink {
 public:
  // Before OnReady. Called until OnStopping is over; the exporter outlives this.
  void LookAt(std::function<EngineProgress()> progress, const Exporter* exporter,
              absl::Duration stop_wait);

  void OnReady() override;
  void OnReloading() override;
  void OnStopping() override;

  void OnInterval(const IntervalView& view, const IdentityOf&) override;
  void OnAlert(const AlertEvent& event) override;
  void OnDevice(const DeviceEvent&) override {}
  void OnFlow(const FlowEvent&) override {}
  void OnHealth(const HealthEvent& event) override;

 private:
  std::string Status() const;

  const ServiceManager manager_{};
  std::function<EngineProgress()> progress_;
  const Exporter* exporter_ = nullptr;
  absl::Duration stop_wait_;
  std::atomic<bool> stopping_ = false;
  std::atomic<uint64_t> packets_per_second_ = 0;
  std::atomic<int64_t> lost_ = 0, alerts_open_ = 0;
  std::optional<ServiceWatch> watch_;  // last: ends before what it asks
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_SERVICE_MANAGED_SERVICE_H_
