// The program: the command line over the real streams and the real pipeline.
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "sensor/command/command.h"
#include "sensor/pipeline/replay.h"

int main(int argc, char** argv) {
  // CLI11 and yaml-cpp may throw what nobody expected, memory may run out: say it, do not abort.
  try {
    const vedette::CommandContext context{
        .out = std::cout, .err = std::cerr, .run_replay = vedette::RunReplay};
    return vedette::RunCommandLine(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc),
                                   context);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "vedette: %s\n", e.what());
    return static_cast<int>(vedette::ExitStatus::kFailed);
  }
}
