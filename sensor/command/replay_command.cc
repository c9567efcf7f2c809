#include "sensor/command/replay_command.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <ostream>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "detectors/near_name.h"
#include "sensor/command/setting_options.h"

namespace vedette {
namespace {

namespace fs = std::filesystem;

using Faults = std::vector<std::string>;

void DeclareInput(CLI::App& app, ReplayArguments& to) {
  app.add_option("CAPTURE", to.captures,
                 "pcap or pcapng, plain or .gz, .zst, .xz; - is standard input")
      ->required();
  app.add_flag("--merge", to.merge, "several captures by time, not one after the other")
      ->group("Input");
  app.add_option("--bpf", to.bpf, "libpcap filter: only packets that match")
      ->type_name("FILTER")
      ->group("Input");
  app.add_option("--shift-to", to.shift_to,
                 "the first packet is at TIME: RFC 3339 or seconds since 1970")
      ->type_name("TIME")
      ->group("Input");
  app.add_option("--speed", to.speed, "max: as fast as possible; real: as it was captured [max]")
      ->type_name("max|real")
      ->group("Input");
  app.add_option("--source", to.source,
                 "what reads the captures; dpdk: plain Ethernet ones [libpcap]")
      ->type_name("libpcap|dpdk")
      ->group("Input");
}

void DeclareSettings(CLI::App& app, ReplayArguments& to) {
  app.add_option("-c,--config", to.config, "configuration; without it the built-in defaults")
      ->type_name("FILE")
      ->group("Settings");
  app.add_option("--home", to.home,
                 "a network of yours; repeatable, the first replaces the configured ones")
      ->type_name("CIDR")
      ->allow_extra_args(false)  // or it would eat the captures
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group("Settings");
  app.add_option("--sensor", to.sensor, "the sensor's name in every event [replay]")
      ->type_name("ID")
      ->group("Settings");
  app.add_option("--workers", to.workers, "1 to 16 threads; the result is the same [1]")
      ->type_name("N")
      ->group("Settings");
  app.add_option("--models", to.models,
                 "models of devices, as on vedette.models; needs models.public_keys")
      ->type_name("FILE")
      ->group("Settings");
}

void DeclareOutput(CLI::App& app, ReplayArguments& to) {
  const auto events = [&app](const char* option, std::string& file, const char* what) {
    app.add_option(option, file, what)->type_name("FILE|-")->group("Output");
  };
  events("--alerts", to.alerts, "alerts as newline-delimited JSON; - is standard output");
  events("--devices", to.devices, "device windows, likewise");
  events("--flows", to.flows, "flows, likewise");
  events("--health", to.health, "the sensor's own accounts, likewise");
  app.add_option("--report", to.report, "a self-contained page with pictures")
      ->type_name("FILE.html")
      ->group("Output");
  app.add_flag("--sinks", to.sinks, "send to the sinks of the configuration too: Kafka, files")
      ->group("Output");
  app.add_flag("--quiet", to.quiet, "no report for people, no progress bar")->group("Output");
}

void CheckAvailable(const ReplayArguments& arguments, Faults& faults) {
  static constexpr absl::string_view kSources[] = {"libpcap", "dpdk"};
  if (std::find(std::begin(kSources), std::end(kSources), arguments.source) == std::end(kSources)) {
    faults.push_back(absl::StrCat("--source: found ", Quoted(arguments.source),
                                  ", allowed libpcap or dpdk",
                                  DidYouMean(arguments.source, kSources)));
  }
}

std::optional<uint64_t> ParseMicroseconds(absl::string_view text) {
  constexpr int64_t kYear10000 = 253'402'300'800;
  absl::Time time;
  double seconds = 0;
  if (absl::SimpleAtod(text, &seconds)) {
    if (!(seconds >= 0 && seconds < static_cast<double>(kYear10000))) return std::nullopt;
    time = absl::UnixEpoch() + absl::Seconds(seconds);
  } else if (!absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) {
    return std::nullopt;
  }
  // ParseTime also knows "infinite-future".
  if (time < absl::UnixEpoch() || time >= absl::FromUnixSeconds(kYear10000)) return std::nullopt;
  return static_cast<uint64_t>(absl::ToUnixMicros(time));
}

void PlanInput(const ReplayArguments& arguments, ReplayRequest& request, Faults& faults) {
  request.captures = arguments.captures;
  request.merge = arguments.merge;
  request.dpdk = arguments.source == "dpdk";
  request.bpf = arguments.bpf;
  CheckFilter(request.bpf, faults);
  if (std::count(request.captures.begin(), request.captures.end(), "-") > 1) {
    faults.push_back("CAPTURE: standard input (-) is named twice and can be read once");
  }
  if (std::count(request.captures.begin(), request.captures.end(), "") > 0) {
    faults.push_back("CAPTURE: found an empty name, wanted a file or -");
  }
  if (!arguments.shift_to.empty()) {
    request.shift_to_us = ParseMicroseconds(arguments.shift_to);
    if (!request.shift_to_us) {
      faults.push_back(absl::StrCat("--shift-to: found ", Quoted(arguments.shift_to),
                                    ", allowed a time from 1970 on such as 2026-01-31T12:00:00Z "
                                    "or 1769860800.5"));
    }
  }
  static constexpr absl::string_view kSpeeds[] = {"max", "real"};
  request.real_time = arguments.speed == "real";
  if (!request.real_time && arguments.speed != "max") {
    faults.push_back(absl::StrCat("--speed: found ", Quoted(arguments.speed),
                                  ", allowed max or real", DidYouMean(arguments.speed, kSpeeds)));
  }
  request.workers = ParseWorkers(arguments.workers, faults);
}

bool SameFile(const std::string& a, const std::string& b) {
  std::error_code error;
  if (fs::exists(a, error) && fs::exists(b, error)) return fs::equivalent(a, b, error);
  return fs::absolute(a, error).lexically_normal() == fs::absolute(b, error).lexically_normal();
}

struct Output {
  absl::string_view option;
  const std::string& file;
};

// A capture that is also an output would be emptied before it is read.
void CheckOutput(const Output& output, const ReplayArguments& arguments, Faults& faults) {
  if (output.file.empty() || output.file == "-") return;
  for (const std::string& capture : arguments.captures) {
    if (capture == "-" || !SameFile(output.file, capture)) continue;
    faults.push_back(
        absl::StrCat(output.option, ": ", Quoted(output.file), " is a capture to be read"));
  }
  if (!arguments.config.empty() && SameFile(output.file, arguments.config)) {
    faults.push_back(
        absl::StrCat(output.option, ": ", Quoted(output.file), " is the configuration"));
  }
  if (!arguments.models.empty() && SameFile(output.file, arguments.models)) {
    faults.push_back(absl::StrCat(output.option, ": ", Quoted(output.file),
                                  " holds the models that are to be read"));
  }
}

void PlanOutput(const ReplayArguments& arguments, ReplayRequest& request, Faults& faults) {
  request.alerts = arguments.alerts;
  request.devices = arguments.devices;
  request.flows = arguments.flows;
  request.health = arguments.health;
  request.html_report = arguments.report;
  request.models = arguments.models;
  request.sinks = arguments.sinks;
  request.quiet = arguments.quiet;
  if (request.html_report == "-") {
    faults.push_back("--report: found '-', allowed a file: the page is not written to a stream");
  }
  const Output outputs[] = {{"--alerts", request.alerts},
                            {"--devices", request.devices},
                            {"--flows", request.flows},
                            {"--health", request.health},
                            {"--report", request.html_report}};
  for (size_t i = 0; i < std::size(outputs); ++i) {
    CheckOutput(outputs[i], arguments, faults);
    for (size_t j = 0; j < i; ++j) {
      const std::string& file = outputs[i].file;
      if (file.empty() || file == "-" || outputs[j].file.empty() || outputs[j].file == "-" ||
          !SameFile(file, outputs[j].file)) {
        continue;
      }
      faults.push_back(absl::StrCat(outputs[i].option, ": ", Quoted(file), " is also that of ",
                                    outputs[j].option, ", allowed a file for each"));
    }
  }
}

}  // namespace

void DeclareReplay(CLI::App& app, ReplayArguments& arguments) {
  DeclareInput(app, arguments);
  DeclareSettings(app, arguments);
  DeclareOutput(app, arguments);
  app.footer(
      "Examples:\n"
      "  vedette replay capture.pcap\n"
      "  vedette replay --report capture.html --alerts alerts.ndjson capture.pcapng.zst\n"
      "  tcpdump -w - | vedette replay --home 192.0.2.0/24 -\n\n"
      "Exit status: 0 done, alerts or not; 2 wrong usage or configuration; 3 some input could not "
      "be\nread to its end, all before the damage was processed; 1 any other failure.");
}

absl::StatusOr<ReplayPlan> PlanReplay(const ReplayArguments& arguments) {
  ReplayPlan plan;
  Faults faults;
  CheckAvailable(arguments, faults);
  PlanInput(arguments, plan.request, faults);
  PlanOutput(arguments, plan.request, faults);
  ApplySettings({arguments.config, arguments.home, arguments.sensor}, plan.config, faults);
  if (!faults.empty()) return absl::InvalidArgumentError(absl::StrJoin(faults, "\n"));
  return plan;
}

int RunReplayCommand(const ReplayArguments& arguments, const CommandContext& context) {
  const absl::StatusOr<ReplayPlan> plan = PlanReplay(arguments);
  if (!plan.ok()) {
    context.err << plan.status().message() << "\nSee vedette help replay.\n";
    return static_cast<int>(ExitStatus::kUsage);
  }
  return context.run_replay(plan->config, plan->request);
}

}  // namespace vedette
