#include "sensor/pipeline/replay.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dataplane/capture/dpdk_replay.h"
#include "dataplane/capture/replay_source.h"
#include "sensor/export/exporter.h"
#include "sensor/export/file_export.h"
#include "sensor/models/model_file.h"
#include "sensor/pipeline/engine.h"
#include "sensor/pipeline/paced_source.h"
#include "sensor/pipeline/replay_output.h"
#include "sensor/pipeline/standard_streams.h"
#include "sensor/report/html_report.h"
#include "sensor/report/progress.h"
#include "sensor/report/terminal_report.h"
#include "sensor/report/text_output.h"

namespace vedette {
namespace {

ReplayOptions OptionsOf(const ReplayRequest& request) {
  ReplayOptions options{.merge = request.merge, .filter = request.bpf};
  if (request.shift_to_us.has_value()) options.shift_to = Timestamp{*request.shift_to_us};
  return options;
}

int Fail(const absl::Status& status, ExitStatus exit) {
  std::cerr << "vedette replay: " << Shown(status.message()) << "\n";
  return static_cast<int>(exit);
}

ExitStatus ExitOf(const absl::Status& unopened) {
  if (absl::IsDataLoss(unopened)) return ExitStatus::kInputIncomplete;
  const bool usage = absl::IsFailedPrecondition(unopened) || absl::IsUnimplemented(unopened);
  return usage ? ExitStatus::kUsage : ExitStatus::kFailed;
}

// Null where none are asked for.
absl::StatusOr<std::unique_ptr<Exporter>> OpenSinks(const SensorConfig& config,
                                                    const ReplayRequest& request) {
  if (!request.sinks) return std::unique_ptr<Exporter>();
  return Exporter::Create(config.sinks,
                          {.wait_for_room = true, .tell = [](const std::string& line) {
                             std::cerr << absl::StrCat("vedette replay: ", line, "\n");
                           }});
}

// Waits as long as deliveries go on, within reason; what is then left waits in the spool.
absl::Status StopSinks(Exporter* exporter, const SensorConfig& config, bool quiet) {
  if (exporter == nullptr) return absl::OkStatus();
  const absl::Status stopped = exporter->Stop(
      {.quiet = absl::Seconds(config.sinks.stop_wait_s), .total = absl::Minutes(10)});
  if (!quiet) {
    for (const std::string& line : exporter->Summary()) {
      std::cerr << "vedette replay: sinks: " << line << "\n";
    }
  }
  return stopped;
}

EngineSetup SetupOf(const SensorConfig& config, const ReplayRequest& request) {
  return {.workers = request.workers,
          .flow_records = !request.flows.empty() || (request.sinks && config.sinks.flows),
          .tell = [](const std::string& line) {
            std::cerr << absl::StrCat("vedette replay: ", Shown(line), "\n");
          }};
}

// Nothing where none are asked for. What is refused is told, whoever wants it quiet.
absl::StatusOr<ModelFileReading> ReadModels(const SensorConfig& config,
                                            const ReplayRequest& request) {
  if (request.models.empty()) return ModelFileReading{};
  absl::StatusOr<ModelFileReading> reading = ReadModelFile(request.models, config.models);
  if (!reading.ok()) return reading;
  for (const std::string& fault : reading->faults) {
    std::cerr << "vedette replay: " << Shown(fault) << "\n";
  }
  if (!request.quiet) {
    const size_t in_use = reading->models.set != nullptr ? reading->models.set->size() : 0;
    std::cerr << "vedette replay: models: " << in_use << " in use"
              << (in_use == 0 ? "" : ", set " + reading->models.name) << "\n";
  }
  return reading;
}

void Read(ReplaySource& source, const ReplayRequest& request, Engine& engine) {
  if (request.real_time) {
    PacedSource paced(source);
    engine.Run(paced);
  } else {
    engine.Run(source);
  }
}

// With a progress bar, where there is somebody to see it. Returns the seconds it took.
double ReadShowingProgress(ReplaySource& source, const ReplayRequest& request,
                           const ReplayOutput& output, Engine& engine) {
  std::optional<ProgressDisplay> progress;
  if (!request.quiet && isatty(STDERR_FILENO) != 0) {
    progress.emplace(STDERR_FILENO, [&source, &output] {
      return ProgressCounts{.bytes_done = source.bytes_consumed(),
                            .bytes_total = source.bytes_total(),
                            .packets = output.packets()};
    });
  }
  const auto begin = std::chrono::steady_clock::now();
  Read(source, request, engine);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

ReportInput InputOf(const ReplaySource& source, const ReplayRequest& request) {
  const CaptureCounters counters = source.counters();
  ReportInput input{.filter = request.bpf,
                    .filtered = counters.filtered,
                    .captured_bytes = counters.bytes,
                    .cut_packets = counters.cut,
                    .time_backwards = counters.time_backwards,
                    .oversized_wire_length = counters.oversized_wire_length};
  for (const ReplayedFile& file : source.files()) {
    input.files.push_back({file.path, file.format, file.counters.packets});
  }
  for (const ReplayFault& fault : source.faults()) input.faults.push_back(fault.ToString());
  if (const auto first = source.first_arrival()) input.first_us = first->us;
  if (const auto last = source.last_arrival()) input.last_us = last->us;
  return input;
}

void Complete(ReportData& data, const SensorConfig& config, ReportInput input,
              const MergeLosses& losses) {
  data.version = VEDETTE_VERSION;
  data.sensor = config.sensor;
  data.input = std::move(input);
  data.tables_refused = losses.endpoints + losses.attempts + losses.contacts + losses.dns +
                        losses.names + losses.matches + losses.irregularities;
}

// Those that decided about something, most alerts first.
std::vector<ReportPolicyEntry> AppliedOf(const PolicyGate& gate) {
  const Policy& policy = gate.policy();
  std::vector<ReportPolicyEntry> applied;
  for (uint32_t number = 0; number < gate.counts().size(); ++number) {
    if (gate.counts()[number].alerts == 0) continue;
    const PolicyEntry& entry = policy.entry(number);
    applied.push_back({.effect = std::string(TextOf(entry.effect)),
                       .comment = entry.comment,
                       .place = policy.definition().PlaceText(entry.place),
                       .alerts = gate.counts()[number].alerts});
  }
  std::stable_sort(applied.begin(), applied.end(),
                   [](const auto& a, const auto& b) { return a.alerts > b.alerts; });
  return applied;
}

absl::Status WriteTerminalReport(const ReportData& data, const ReplayRequest& request,
                                 double took_s) {
  const bool aside = request.events_to_stdout();
  const int descriptor = aside ? STDERR_FILENO : STDOUT_FILENO;
  TextOutput output(descriptor, aside ? "standard error" : "standard output");
  return output.Write(TerminalReport(data, {.style = StyleOf(descriptor),
                                            .local = absl::LocalTimeZone(),
                                            .took_s = took_s,
                                            .html_report = request.html_report}));
}

// The page first: the text says that it is there.
bool WriteReports(const ReportData& data, const ReplayRequest& request, double took_s,
                  TextOutput* html) {
  bool written = true;
  const auto note = [&written](const absl::Status& status) {
    if (status.ok()) return;
    written = false;
    Fail(status, ExitStatus::kFailed);
  };
  if (html != nullptr) note(html->Write(HtmlReport(data, absl::LocalTimeZone())));
  if (!request.quiet) note(WriteTerminalReport(data, request, took_s));
  return written;
}

}  // namespace

int RunReplay(const SensorConfig& config, const ReplayRequest& request) {
  PrepareStreams();
  absl::StatusOr<std::unique_ptr<ReplaySource>> source =
      request.dpdk ? OpenDpdkReplay(request.captures, OptionsOf(request), config.dpdk)
                   : OpenReplay(request.captures, OptionsOf(request));
  if (!source.ok()) return Fail(source.status(), ExitOf(source.status()));
  absl::StatusOr<ModelFileReading> models = ReadModels(config, request);
  if (!models.ok()) return Fail(models.status(), ExitStatus::kUsage);
  absl::StatusOr<std::unique_ptr<EventFiles>> files = EventFiles::Open({.alerts = request.alerts,
                                                                        .devices = request.devices,
                                                                        .flows = request.flows,
                                                                        .health = request.health});
  if (!files.ok()) return Fail(files.status(), ExitStatus::kFailed);
  std::unique_ptr<TextOutput> html;
  if (!request.html_report.empty()) {
    absl::StatusOr<std::unique_ptr<TextOutput>> created = TextOutput::Create(request.html_report);
    if (!created.ok()) return Fail(created.status(), ExitStatus::kFailed);
    html = *std::move(created);
  }
  absl::StatusOr<std::unique_ptr<Exporter>> exporter = OpenSinks(config, request);
  if (!exporter.ok()) return Fail(exporter.status(), ExitStatus::kFailed);
  ReplayOutput output(**files, exporter->get(), !request.quiet || html != nullptr);
  absl::StatusOr<std::unique_ptr<Engine>> engine =
      Engine::Create(config, SetupOf(config, request), output);
  if (!engine.ok()) return Fail(engine.status(), ExitStatus::kUsage);

  if (!request.models.empty()) (*engine)->OfferModels(std::move(models->models));
  const double took_s = ReadShowingProgress(**source, request, output, **engine);
  ExitStatus exit = models->unusable == 0 ? ExitStatus::kDone : ExitStatus::kInputIncomplete;
  for (const ReplayFault& fault : (*source)->faults()) {
    exit = ExitStatus::kInputIncomplete;
    std::cerr << "vedette replay: " << Shown(fault.ToString()) << "\n";
  }
  Complete(output.data(), config, InputOf(**source, request), (*engine)->losses());
  output.data().policy = AppliedOf((*engine)->policy());
  // Events first: the report may go to somebody who leaves early.
  const absl::Status written = (*files)->Finish();
  if (!written.ok()) exit = static_cast<ExitStatus>(Fail(written, ExitStatus::kFailed));
  const absl::Status sent = StopSinks(exporter->get(), config, request.quiet);
  if (!sent.ok()) exit = static_cast<ExitStatus>(Fail(sent, ExitStatus::kFailed));
  if (!WriteReports(output.data(), request, took_s, html.get())) exit = ExitStatus::kFailed;
  return static_cast<int>(exit);
}

}  // namespace vedette
