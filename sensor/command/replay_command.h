// `vedette replay`: its command line, checked as a whole before anything is opened for writing, and
// turned into a configuration and a request for the pipeline.
#ifndef VEDETTE_SENSOR_COMMAND_REPLAY_COMMAND_H_
#define VEDETTE_SENSOR_COMMAND_REPLAY_COMMAND_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sensor/command/command.h"

namespace CLI {
class App;
}

namespace vedette {

// As typed.
struct ReplayArguments {
  std::vector<std::string> captures, home;
  std::string config, sensor, source = "libpcap", models;
  std::string workers = "1", speed = "max", bpf, shift_to;
  std::string alerts, devices, flows, health, report;
  bool merge = false, quiet = false, sinks = false;
};

struct ReplayPlan {
  SensorConfig config;
  ReplayRequest request;
};

void DeclareReplay(CLI::App& app, ReplayArguments& arguments);

// Every fault of the command line and of the configuration at once, one a line.
absl::StatusOr<ReplayPlan> PlanReplay(const ReplayArguments& arguments);

int RunReplayCommand(const ReplayArguments& arguments, const CommandContext& context);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_COMMAND_REPLAY_COMMAND_H_
