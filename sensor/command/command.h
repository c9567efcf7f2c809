// What the subcommands share. Each is two functions in its own pair of files: one declares its
// options, one runs it. They write to the streams they are given and return an exit status;
// main.cc alone knows the process. One thread.
#ifndef VEDETTE_SENSOR_COMMAND_COMMAND_H_
#define VEDETTE_SENSOR_COMMAND_COMMAND_H_

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "sensor/config/sensor_config.h"
#include "sensor/pipeline/replay_request.h"
#include "sensor/pipeline/run_request.h"

namespace vedette {

struct CommandContext {
  std::ostream& out;  // what was asked for
  std::ostream& err;  // faults
  // The pipeline's; a test's own in tests of the command line. Returns the exit status.
  std::function<int(const SensorConfig&, const ReplayRequest&)> run_replay;
  std::function<int(const SensorConfig&, const RunRequest&)> run_live;
};

// `arguments` without the program's name. Never throws for wrong usage: that is ExitStatus::kUsage
// and a message.
int RunCommandLine(const std::vector<std::string>& arguments, const CommandContext& context);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_COMMAND_COMMAND_H_
