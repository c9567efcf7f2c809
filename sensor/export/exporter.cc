#include "sensor/export/exporter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "sensor/export/file_sink.h"
#include "sensor/export/kafka_sink.h"

namespace vedette {

absl::StatusOr<std::unique_ptr<Exporter>> Exporter::Create(const ExportConfig& config,
                                                           ExporterOptions options) {
  std::unique_ptr<Exporter> exporter(new Exporter(std::move(options)));
  if (config.to_kafka()) {
    if (const absl::Status started = exporter->StartKafka(config); !started.ok()) return started;
  }
  if (config.to_files()) {
    if (const absl::Status started = exporter->StartFiles(config); !started.ok()) return started;
  }
  return exporter;
}

absl::Status Exporter::StartKafka(const ExportConfig& config) {
  auto sink = std::make_unique<Sink>("kafka", config.queue_events, config.queue_bytes_max);
  absl::StatusOr<std::unique_ptr<KafkaSink>> writer = KafkaSink::Create(
      config.kafka, {.folder = config.spool.folder, .bytes_max = config.spool.bytes_max}, *sink,
      log_);
  if (!writer.ok()) return writer.status();
  sink->Start(*std::move(writer));
  sinks_.push_back(std::move(sink));
  return absl::OkStatus();
}

absl::Status Exporter::StartFiles(const ExportConfig& config) {
  auto sink = std::make_unique<Sink>("files", config.queue_events, config.queue_bytes_max);
  absl::StatusOr<std::unique_ptr<FileSink>> writer = FileSink::Create(config.files, *sink, log_);
  if (!writer.ok()) return writer.status();
  sink->Start(*std::move(writer));
  sinks_.push_back(std::move(sink));
  return absl::OkStatus();
}

void Exporter::Give(std::shared_ptr<ExportEvent> event) {
  event->seq = ++seq_[Index(event->topic)];
  event->made_ms = absl::ToUnixMillis(absl::Now());
  event->json.pop_back();  // the closing brace
  absl::StrAppend(&event->json, ",\"boot_ms\":", options_.boot_ms, ",\"seq\":", event->seq, "}");
  const EventPointer shared = std::move(event);
  for (const auto& sink : sinks_) sink->Give(shared, options_.wait_for_room);
}

void Exporter::Write(const HealthEvent& event) {
  HealthEvent told = event;
  AddAccounts(told);
  WriteAccounted(told);
}

void Exporter::AddAccounts(HealthEvent& event) const {
  for (const auto& sink : sinks_) {
    const bool first = sink == sinks_.front();
    const AccountsReading accounts = sink->accounts().Read();
    for (size_t i = 0; first && i < kTopicCount; ++i) {
      const EventCounts& counts = accounts.topics[i];
      if (counts.made != 0) event.events[std::string(kTopicNames[i])] = counts;
    }
    for (size_t i = 0; i < kDropReasonCount; ++i) {
      if (accounts.dropped_by[i] == 0) continue;
      event.dropped_events_by_reason[absl::StrCat(first ? "" : sink->name() + ".",
                                                  kDropReasonNames[i])] += accounts.dropped_by[i];
    }
    const SinkGauges& gauges = sink->gauges();
    event.spool_bytes += gauges.spool_bytes.load();
    const int64_t oldest_ms = gauges.spool_oldest_ms.load();
    if (oldest_ms != 0) {
      const int64_t age_ms = absl::ToUnixMillis(absl::Now()) - oldest_ms;
      event.spool_age_ms = std::max(event.spool_age_ms, age_ms);
    }
    event.kafka_rtt_ms = std::max(event.kafka_rtt_ms, gauges.round_trip_ms.load());
    if (!first || options_.boot_ms == 0) continue;  // a replay's packets are of any time
    event.event_latency_p50_ms = gauges.from_packets.QuantileMs(0.5);
    event.event_latency_p99_ms = gauges.from_packets.QuantileMs(0.99);
  }
}

absl::Status Exporter::Stop(const StopLimits& limits) {
  std::vector<std::string> faults;
  for (const auto& sink : sinks_) sink->BeginStop(limits);
  for (const auto& sink : sinks_) {
    const absl::Status stopped = sink->Stop(limits);
    if (!stopped.ok()) faults.emplace_back(stopped.message());
    int64_t dropped = 0;
    for (size_t i = 0; i < kTopicCount; ++i) {
      dropped += sink->accounts().Of(static_cast<Topic>(i)).dropped;
    }
    if (dropped == 0) continue;
    faults.push_back(absl::StrCat(sink->name(), ": ", dropped, " events were dropped"));
  }
  if (faults.empty()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrJoin(faults, "\n"));
}

std::vector<std::string> Exporter::Summary() const {
  std::vector<std::string> lines;
  for (const auto& sink : sinks_) {
    EventCounts all;
    for (size_t i = 0; i < kTopicCount; ++i) {
      const EventCounts counts = sink->accounts().Of(static_cast<Topic>(i));
      all.made += counts.made;
      all.delivered += counts.delivered;
      all.spooled += counts.spooled;
      all.dropped += counts.dropped;
    }
    std::string line =
        absl::StrCat(sink->name(), ": ", all.made, " events, ", all.delivered, " delivered, ",
                     all.spooled, " in the spool, ", all.dropped, " dropped");
    const uint64_t earlier = sink->accounts().inherited_delivered();
    if (earlier != 0) absl::StrAppend(&line, "; ", earlier, " of an earlier run delivered");
    const uint64_t lost = sink->accounts().inherited_dropped();
    if (lost != 0) absl::StrAppend(&line, "; ", lost, " of an earlier run lost");
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace vedette
