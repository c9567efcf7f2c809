// `vedette run`: its command line, checked as a whole and turned into a configuration and a request
// for the pipeline.
#ifndef VEDETTE_SENSOR_COMMAND_RUN_COMMAND_H_
#define VEDETTE_SENSOR_COMMAND_RUN_COMMAND_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sensor/command/command.h"

namespace CLI {
class App;
}

namespace vedette {

// As typed.
struct RunArguments {
  std::string config, sensor, source, bpf, workers;
  std::vector<std::string> interfaces, home;
  std::string alerts, devices, flows, health;
};

struct RunPlan {
  SensorConfig config;
  RunRequest request;
};

void DeclareRun(CLI::App& app, RunArguments& arguments);

// Every fault of the command line and of the configuration at once, one a line.
absl::StatusOr<RunPlan> PlanRun(const RunArguments& arguments);

int RunRunCommand(const RunArguments& arguments, const CommandContext& context);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_COMMAND_RUN_COMMAND_H_
