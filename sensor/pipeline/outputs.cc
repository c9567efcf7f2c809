#include "sensor/pipeline/outputs.h"

#include <spdlog/spdlog.h>

#include <string>
#include <utility>

#include "absl/strings/str_join.h"
#include "sensor/pipeline/service_log.h"
#include "sensor/pipeline/standard_streams.h"

namespace vedette {
namespace {

// The folder that stands in for a broker is for a service: who named files of their own on the
// command line gets those. Null where nothing is left.
absl::StatusOr<std::unique_ptr<Exporter>> OpenSinks(const SensorConfig& config,
                                                    const RunRequest& request, int64_t boot_ms) {
  const ExportConfig& sinks = config.sinks;
  const bool to_files =
      sinks.to_files() && (sinks.files.when == "always" || !request.names_files());
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

}  // namespace

void Tally::Log() const {
  spdlog::info("ended: {} packets received, {} processed, {} lost; {} alerts", received_,
               processed_, received_ - processed_, alerts_);
}

absl::StatusOr<std::unique_ptr<Outputs>> Outputs::Open(const SensorConfig& config,
                                                       const RunRequest& request, int64_t boot_ms) {
  absl::StatusOr<std::unique_ptr<EventFiles>> files = EventFiles::Open({.alerts = request.alerts,
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

Outputs::Outputs(std::unique_ptr<EventFiles> files, std::unique_ptr<Exporter> exporter,
                 const ExportConfig& config)
    : files_(std::move(files)),
      exporter_(std::move(exporter)),
      live_files_(*files_),
      stop_wait_(absl::Seconds(config.stop_wait_s)) {
  sinks_.Add(tally_);
  sinks_.Add(live_files_);
  if (exporter_ != nullptr) sinks_.Add(exported_.emplace(*exporter_));
  sinks_.set_exporter(exporter_.get());
}

absl::Status Outputs::Finish() {
  tally_.Log();
  absl::Status first;
  const auto note = [&first](const absl::Status& status) {
    if (!status.ok()) LogFault(status);
    first.Update(status);
  };
  note(files_->Finish());
  if (exporter_ == nullptr) return first;
  note(exporter_->Stop({.quiet = stop_wait_, .total = stop_wait_}));
  for (const std::string& line : exporter_->Summary()) spdlog::info("sinks: {}", line);
  return first;
}

}  // namespace vedette
