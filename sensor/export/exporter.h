// Everything that leaves: serializes each event once, gives it its number, hands it to every sink
// that is configured, and knows what became of all of them. Called on the control thread; stopped
// once. Nothing here waits for a sink, unless it is told to (a replay).
#ifndef VEDETTE_SENSOR_EXPORT_EXPORTER_H_
#define VEDETTE_SENSOR_EXPORT_EXPORTER_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sensor/event/events.h"
#include "sensor/export/export_config.h"
#include "sensor/export/message_log.h"
#include "sensor/export/sink.h"

namespace vedette {

struct ExporterOptions {
  int64_t boot_ms = 0;         // 0: a replay
  bool wait_for_room = false;  // a full queue holds the giver up, instead of dropping
  MessageLog::Tell tell;       // any thread
};

class Exporter {
 public:
  // Starts the sinks. What cannot be used (a folder, a password) is a fault; a broker that is away
  // is none.
  static absl::StatusOr<std::unique_ptr<Exporter>> Create(const ExportConfig& config,
                                                          ExporterOptions options);

  void Write(const AlertEvent& event) { Send(Topic::kAlerts, event.device, event); }
  void Write(const DeviceEvent& event) { Send(Topic::kDevices, event.device, event); }
  void Write(const FlowEvent& event) { Send(Topic::kFlows, event.device, event); }
  // With the accounts of all events before it.
  void Write(const HealthEvent& event);
  // One that has them already.
  void WriteAccounted(const HealthEvent& event) { Send(Topic::kHealth, event.sensor, event); }

  // Sets what health says of the export: the first sink's events, the broker before files; every
  // sink's losses.
  void AddAccounts(HealthEvent& event) const;
  const std::vector<std::unique_ptr<Sink>>& sinks() const { return sinks_; }

  // Flushes, then spools. A status for what failed; that events wait on disk is no failure.
  absl::Status Stop(const StopLimits& limits);
  // One line for each sink, after Stop.
  std::vector<std::string> Summary() const;

 private:
  explicit Exporter(ExporterOptions options) : options_(std::move(options)), log_(options_.tell) {}
  absl::Status StartKafka(const ExportConfig& config);
  absl::Status StartFiles(const ExportConfig& config);

  template <typename Event>
  void Send(Topic topic, const std::string& key, const Event& event) {
    auto made = std::make_shared<ExportEvent>();
    made->topic = topic;
    made->key = key;
    made->event_time_ms = event.time_ms;
    AppendJson(event, made->json);
    Give(std::move(made));
  }
  void Give(std::shared_ptr<ExportEvent> event);

  const ExporterOptions options_;
  MessageLog log_;  // outlives the sinks
  std::array<uint64_t, kTopicCount> seq_{};
  std::vector<std::unique_ptr<Sink>> sinks_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_EXPORTER_H_
