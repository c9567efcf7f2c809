// One destination of events and the thread that serves it. The thread takes events from the
// queue and gives them to the writer, which owns them from then on; nothing that a writer does or
// waits for is seen by the control thread or by another sink.
#ifndef VEDETTE_SENSOR_EXPORT_SINK_H_
#define VEDETTE_SENSOR_EXPORT_SINK_H_

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "sensor/export/event_queue.h"
#include "sensor/export/export_accounts.h"

namespace vedette {

// How long a stop may take.
struct StopLimits {
  absl::Duration quiet = absl::Seconds(3);  // without a delivery
  absl::Duration total = absl::Seconds(3);
};

// What a writer can say beside its accounts. Written by its thread, read by anybody.
struct SinkGauges {
  std::atomic<int64_t> spool_bytes = 0;
  std::atomic<int64_t> spool_events = 0;
  std::atomic<int64_t> spool_oldest_ms = 0;  // when the oldest was made; 0: the spool is empty
  std::atomic<int64_t> spool_quarantined = 0;
  std::atomic<int64_t> round_trip_ms = 0;
  std::atomic<int64_t> in_flight = 0;
  std::atomic<int64_t> producers_made = 0;
  LatencyHistogram from_made;     // made to delivered
  LatencyHistogram from_packets;  // event time to delivered; means nothing in a replay
};

// All calls from the sink's thread. Counts what becomes of each event in the sink's accounts.
class SinkWriter {
 public:
  virtual ~SinkWriter() = default;
  // How many events it wants now.
  virtual size_t Room() const = 0;
  virtual void Write(std::vector<EventPointer> events) = 0;
  // At least every kTurnMs, with or without events.
  virtual void Turn() = 0;
  // After the last Write: everything delivered, else kept for the next start, else dropped.
  virtual absl::Status Finish(const StopLimits& limits) = 0;
};

class Sink {
 public:
  static constexpr int64_t kTurnMs = 5;

  Sink(std::string name, size_t queue_events, uint64_t queue_bytes_max);
  ~Sink();
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  void Start(std::unique_ptr<SinkWriter> writer);

  // Control thread. Waits for room when told so; false: dropped and counted.
  bool Give(const EventPointer& event, bool wait_for_room);
  // Several sinks flush side by side: first tell each, then wait for each.
  void BeginStop(const StopLimits& limits);
  absl::Status Stop(const StopLimits& limits);

  const std::string& name() const { return name_; }
  ExportAccounts& accounts() { return accounts_; }
  const ExportAccounts& accounts() const { return accounts_; }
  SinkGauges& gauges() { return gauges_; }
  const SinkGauges& gauges() const { return gauges_; }
  size_t queued() const { return queue_.size(); }
  // Grows while the thread gets on: for a watchdog.
  uint64_t turns() const { return turns_.load(std::memory_order_relaxed); }

 private:
  void Run();
  void EmptyQueue(absl::Time begin);
  void OneTurn(std::vector<EventPointer>& events);

  const std::string name_;
  EventQueue queue_;
  ExportAccounts accounts_;
  SinkGauges gauges_;
  std::unique_ptr<SinkWriter> writer_;
  std::atomic<bool> stop_ = false;
  std::atomic<uint64_t> turns_ = 0;
  bool gave_up_waiting_ = false;  // control thread
  StopLimits limits_;             // before stop_
  absl::Status finished_;         // after the join
  std::thread thread_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_SINK_H_
