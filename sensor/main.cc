// The program: the command line over the real streams and the real pipeline.
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "sensor/command/command.h"
#include "sensor/pipeline/replay.h"
#include "sensor/pipeline/run.h"

int main(int argc, char** argv) {
  // A reader that has left and a file that may not grow are writes that fail, with a message.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  // CLI11 and yaml-cpp may throw what nobody expected, memory may run out: say it, do not abort.
  try {
    const vedette::CommandContext context{.out = std::cout,
                                          .err = std::cerr,
                                          .run_replay = vedette::RunReplay,
                                          .run_live = vedette::RunLive};
    return vedette::RunCommandLine(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc),
                                   context);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "vedette: %s\n", e.what());
    return static_cast<int>(vedette::ExitStatus::kFailed);
  }
}
