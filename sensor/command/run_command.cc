#include "sensor/command/run_command.h"

#include <unistd.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <ostream>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "detectors/near_name.h"
#include "sensor/command/setting_options.h"

namespace vedette {
namespace {

constexpr char kInstalledConfig[] = "/etc/vedette/vedette.yaml";
using Faults = std::vector<std::string>;

void DeclareSettings(CLI::App& app, RunArguments& to) {
  app.add_option("-c,--config", to.config,
                 absl::StrCat("configuration [", kInstalledConfig, ", if it is there]"))
      ->type_name("FILE")
      ->group("Settings");
  app.add_option("--home", to.home,
                 "a network of yours; repeatable, the first replaces the configured ones")
      ->type_name("CIDR")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group("Settings");
  app.add_option("--sensor", to.sensor, "the sensor's name in every event [the host's]")
      ->type_name("ID")
      ->group("Settings");
  app.add_option("--workers", to.workers, "1 to 16 threads that analyse")
      ->type_name("N")
      ->group("Settings");
}

void DeclareOutput(CLI::App& app, RunArguments& to) {
  const auto events = [&app](const char* option, std::string& file, const char* what) {
    app.add_option(option, file, what)->type_name("FILE|-")->group("Output");
  };
  events("--alerts", to.alerts, "append alerts as newline-delimited JSON; - is standard output");
  events("--devices", to.devices, "device windows, likewise");
  events("--flows", to.flows, "flows, likewise");
  events("--health", to.health, "the sensor's own accounts, likewise");
}

// Every key of the file is its default where it says nothing: a name nobody chose.
std::string HostIdentifier() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "sensor";
  std::string identifier(name.data());
  for (char& c : identifier) {
    const bool plain = absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-';
    if (!plain) c = '_';
  }
  identifier.resize(std::min<size_t>(identifier.size(), 64));
  return identifier.empty() ? "sensor" : identifier;
}

std::string ConfigOf(const RunArguments& arguments) {
  std::error_code error;
  if (!arguments.config.empty()) return arguments.config;
  return std::filesystem::exists(kInstalledConfig, error) ? kInstalledConfig : "";
}

// The file was read without a fault a moment ago.
std::vector<SettingDeclaration> DeclarationsOf(const std::string& path) {
  absl::StatusOr<ConfigReading> reading = ReadConfig(path);
  if (!reading.ok()) return {};
  return std::move(reading->declarations);
}

void PlanCapture(const RunArguments& arguments, CaptureConfig& capture, Faults& faults) {
  static constexpr absl::string_view kSources[] = {"auto", "libpcap", "dpdk"};
  if (!arguments.interfaces.empty()) capture.interfaces = arguments.interfaces;
  for (const std::string& name : arguments.interfaces) {
    if (name.empty() ||
        std::count(capture.interfaces.begin(), capture.interfaces.end(), name) > 1) {
      faults.push_back(absl::StrCat("--interface: found ", Quoted(name),
                                    name.empty() ? "" : " twice", ", allowed each name once"));
      break;
    }
  }
  if (!arguments.source.empty()) capture.source = arguments.source;
  if (std::find(std::begin(kSources), std::end(kSources), capture.source) == std::end(kSources)) {
    faults.push_back(absl::StrCat("--source: found ", Quoted(capture.source),
                                  ", allowed auto, libpcap or dpdk",
                                  DidYouMean(capture.source, kSources)));
  }
  if (!arguments.bpf.empty()) capture.bpf = arguments.bpf;
  CheckFilter(capture.bpf, faults);
  if (arguments.workers.empty()) return;
  capture.workers = static_cast<uint32_t>(ParseWorkers(arguments.workers, faults));
  const auto cores = ParseCoreList(capture.cores);
  if (cores.ok() && cores->size() < capture.workers) {
    faults.push_back(absl::StrCat("--workers: found ", capture.workers,
                                  ", but capture.cores names ", cores->size(), " processors"));
  }
}

void PlanOutput(const RunArguments& arguments, RunRequest& request, Faults& faults) {
  request = {.alerts = arguments.alerts,
             .devices = arguments.devices,
             .flows = arguments.flows,
             .health = arguments.health};
  const std::string* const files[] = {&request.alerts, &request.devices, &request.flows,
                                      &request.health};
  for (size_t i = 0; i < std::size(files); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (files[i]->empty() || *files[i] == "-" || *files[i] != *files[j]) continue;
      faults.push_back(absl::StrCat(Quoted(*files[i]),
                                    " is named for two kinds of events, allowed "
                                    "a file for each"));
    }
  }
}

}  // namespace

void DeclareRun(CLI::App& app, RunArguments& arguments) {
  app.add_option("-i,--interface", arguments.interfaces,
                 "listen here; repeatable, the first replaces the configured ones")
      ->type_name("NAME")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group("Input");
  app.add_option("--source", arguments.source, "what listens; auto goes by the interface's name")
      ->type_name("auto|libpcap|dpdk")
      ->group("Input");
  app.add_option("--bpf", arguments.bpf, "libpcap filter: only packets that match")
      ->type_name("FILTER")
      ->group("Input");
  DeclareSettings(app, arguments);
  DeclareOutput(app, arguments);
  app.footer(
      "Examples:\n"
      "  vedette run --interface eth0 --alerts -\n"
      "  vedette run -c /etc/vedette/vedette.yaml\n\n"
      "Runs until SIGTERM or SIGINT. Capturing needs CAP_NET_RAW; vedette doctor says what is "
      "missing.\n"
      "Exit status: 0 stopped as asked; 2 wrong usage or configuration, no such interface, no "
      "rights;\n1 any other failure.");
}

absl::StatusOr<RunPlan> PlanRun(const RunArguments& arguments) {
  RunPlan plan;
  Faults faults;
  const std::string config = ConfigOf(arguments);
  ApplySettings({config, arguments.home, arguments.sensor}, plan.config, faults);
  if (arguments.sensor.empty() && plan.config.sensor == SensorConfig{}.sensor) {
    plan.config.sensor = HostIdentifier();
  }
  PlanCapture(arguments, plan.config.capture, faults);
  PlanOutput(arguments, plan.request, faults);
  plan.request.config_file = config;
  if (!faults.empty()) return absl::InvalidArgumentError(absl::StrJoin(faults, "\n"));
  if (config.empty()) return plan;
  plan.request.declarations = DeclarationsOf(config);
  plan.request.read_again = [arguments]() -> absl::StatusOr<RunReading> {
    absl::StatusOr<RunPlan> again = PlanRun(arguments);
    if (!again.ok()) return again.status();
    return RunReading{std::move(again->config), std::move(again->request.declarations)};
  };
  return plan;
}

int RunRunCommand(const RunArguments& arguments, const CommandContext& context) {
  const absl::StatusOr<RunPlan> plan = PlanRun(arguments);
  if (!plan.ok()) {
    context.err << plan.status().message() << "\nSee vedette help run.\n";
    return static_cast<int>(ExitStatus::kUsage);
  }
  return context.run_live(plan->config, plan->request);
}

}  // namespace vedette
