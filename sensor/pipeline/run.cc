#include "sensor/pipeline/run.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sensor/event/text_safety.h"
#include "sensor/export/exporter.h"
#include "sensor/export/file_export.h"
#include "sensor/pipeline/core_choice.h"
#include "sensor/pipeline/engine.h"
#include "sensor/pipeline/event_sinks.h"
#include "sensor/pipeline/live_sources.h"
#include "sensor/pipeline/live_watch.h"
#include "sensor/pipeline/replay_request.h"
#include "sensor/pipeline/resident_memory.h"
#include "sensor/pipeline/standard_streams.h"

namespace vedette {
namespace {

// Plain lines; the journal has times of its own.
void SetUpLog() {
  auto logger = std::make_shared<spdlog::logger>("vedette",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
  logger->set_pattern(journal ? "%l: %v" : "%Y-%m-%dT%H:%M:%S.%eZ %l: %v",
                      spdlog::pattern_time_type::utc);
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

void LogFault(const absl::Status& status) {
  for (const absl::string_view line : absl::StrSplit(status.message(), '\n')) {
    spdlog::error("{}", Shown(line));
  }
}

int ExitOf(const absl::Status& status) {
  const bool usage = absl::IsInvalidArgument(status) || absl::IsNotFound(status) ||
                     absl::IsPermissionDenied(status) || absl::IsFailedPrecondition(status) ||
                     absl::IsUnimplemented(status);
  return static_cast<int>(usage ? ExitStatus::kUsage : ExitStatus::kFailed);
}

int Fail(const absl::Status& status) {
  LogFault(status);
  return ExitOf(status);
}

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
  void Log() const {
    spdlog::info("ended: {} packets received, {} processed, {} lost; {} alerts", received_,
                 processed_, received_ - processed_, alerts_);
  }

 private:
  int64_t received_ = 0, processed_ = 0, alerts_ = 0;
};

bool WritesFiles(const RunRequest& request) {
  return !(request.alerts.empty() && request.devices.empty() && request.flows.empty() &&
           request.health.empty());
}

// The folder that stands in for a broker is for a service: who named files of their own on the
// command line gets those. Null where nothing is left.
absl::StatusOr<std::unique_ptr<Exporter>> OpenSinks(const SensorConfig& config,
                                                    const RunRequest& request, int64_t boot_ms) {
  const ExportConfig& sinks = config.sinks;
  const bool to_files = sinks.to_files() && (sinks.files.when == "always" || !WritesFiles(request));
  if (!to_files && !sinks.to_kafka()) return std::unique_ptr<Exporter>();
  ExportConfig wanted = sinks;
  if (!to_files) wanted.files.when = "never";
  if (to_files) spdlog::info("events go to files in {}", Shown(sinks.files.folder));
  if (sinks.to_kafka()) {
    spdlog::info("events go to Kafka at {}", Shown(absl::StrJoin(sinks.kafka.brokers, ", ")));
  }
  return Exporter::Create(wanted, {.boot_ms = boot_ms, .tell = [](const std::string& line) {
                                     spdlog::warn("{}", line);
                                   }});
}

// One thread for each worker, and a reader that feeds them when there are several.
size_t PollingThreads(const CaptureConfig& capture) {
  return capture.workers == 1 ? 1 : size_t{capture.workers} + 1;
}

CoreChoice CoresOf(const CaptureConfig& capture) {
  if (capture.cores != "auto") {
    const absl::StatusOr<std::vector<int>> cores = ParseCoreList(capture.cores);
    return {cores.value_or(std::vector<int>{}),
            "polling threads on processors " + capture.cores + ", as configured"};
  }
  // DPDK's ports know their memory, and say themselves where they are polled.
  if (UsesDpdk(capture)) return {};
  const std::string first = capture.interfaces.empty() ? "" : capture.interfaces.front();
  return ChooseCores(UsableProcessors(), PollingThreads(capture), NodeOfInterface(first));
}

EngineSetup SetupOf(const SensorConfig& config, const RunRequest& request, int64_t boot_ms,
                    std::vector<int> cores) {
  return {.workers = config.capture.workers,
          .flow_records = config.sinks.flows || !request.flows.empty(),
          .live = true,
          .told = {.source = UsesDpdk(config.capture) ? "dpdk" : "libpcap",
                   .clock = "host",
                   .boot_ms = boot_ms,
                   .queues = config.capture.workers},
          .cores = std::move(cores)};
}

// Everything that hears of events, in one place: what is opened first is written last.
class Outputs {
 public:
  static absl::StatusOr<std::unique_ptr<Outputs>> Open(const SensorConfig& config,
                                                       const RunRequest& request, int64_t boot_ms) {
    absl::StatusOr<std::unique_ptr<EventFiles>> files =
        EventFiles::Open({.alerts = request.alerts,
                          .devices = request.devices,
                          .flows = request.flows,
                          .health = request.health},
                         WriteFrom::kEnd);
    if (!files.ok()) return files.status();
    absl::StatusOr<std::unique_ptr<Exporter>> exporter = OpenSinks(config, request, boot_ms);
    if (!exporter.ok()) return exporter.status();
    return std::unique_ptr<Outputs>(
        new Outputs(*std::move(files), *std::move(exporter), config.sinks));
  }

  EventSinks& sinks() { return sinks_; }

  // Within five seconds of a stop: what the broker has not confirmed by then waits in the spool.
  ExitStatus Finish() {
    tally_.Log();
    ExitStatus exit = ExitStatus::kDone;
    const auto note = [&exit](const absl::Status& status) {
      if (status.ok()) return;
      LogFault(status);
      exit = ExitStatus::kFailed;
    };
    note(files_->Finish());
    if (exporter_ == nullptr) return exit;
    note(exporter_->Stop({.quiet = stop_wait_, .total = stop_wait_}));
    for (const std::string& line : exporter_->Summary()) spdlog::info("sinks: {}", line);
    return exit;
  }

 private:
  Outputs(std::unique_ptr<EventFiles> files, std::unique_ptr<Exporter> exporter,
          const ExportConfig& config)
      : files_(std::move(files)),
        exporter_(std::move(exporter)),
        live_files_(*files_),
        stop_wait_(absl::Seconds(config.stop_wait_s)) {
    sinks_.Add(tally_);
    sinks_.Add(live_files_);
    if (exporter_ != nullptr) sinks_.Add(exported_.emplace(*exporter_));
  }

  std::unique_ptr<EventFiles> files_;
  std::unique_ptr<Exporter> exporter_;  // null: nothing is configured
  Tally tally_;
  LiveFiles live_files_;
  std::optional<ExportedEvents> exported_;
  EventSinks sinks_;
  const absl::Duration stop_wait_;
};

// What the line is made of, beside the tables that were put into memory.
void LogStart(const SensorConfig& config, const LiveSources& live, const CoreChoice& choice,
              uint64_t table_bytes) {
  spdlog::info("vedette {}, sensor {} of site {}", VEDETTE_VERSION, config.sensor, config.site);
  for (const std::string& note : live.notes) spdlog::info("{}", Shown(note));
  if (!choice.why.empty()) spdlog::info("{}", choice.why);
  spdlog::info("{} MiB of tables are in memory; listening", table_bytes >> 20);
}

}  // namespace

int RunLive(const SensorConfig& config, const RunRequest& request) {
  PrepareStreams();
  SetUpLog();
  BlockSignals();
  const auto boot_ms = static_cast<int64_t>(ReadHostTime().wall_us / 1'000);
  absl::StatusOr<std::unique_ptr<Outputs>> outputs = Outputs::Open(config, request, boot_ms);
  // Told together with what the interfaces lack.
  if (!outputs.ok()) LogFault(outputs.status());
  EventSinks nobody;
  const CoreChoice choice = CoresOf(config.capture);
  // Tables first: nothing waits in the kernel while they are made.
  absl::StatusOr<std::unique_ptr<Engine>> engine =
      Engine::Create(config, SetupOf(config, request, boot_ms, choice.cores),
                     outputs.ok() ? (*outputs)->sinks() : nobody);
  if (!engine.ok()) return Fail(engine.status());
  const uint64_t table_bytes = PopulateMemory();
  absl::StatusOr<LiveSources> live = OpenLiveSources(config.capture, config.dpdk, ReadHostTime());
  if (!live.ok()) return Fail(live.status());
  if (!outputs.ok()) return ExitOf(outputs.status());
  LogStart(config, *live, choice, table_bytes);
  {
    const LiveWatch watch(*live);
    (*engine)->RunLive(live->pointers());
  }
  return static_cast<int>((*outputs)->Finish());
}

}  // namespace vedette
