// `vedette patterns test`: which sensitive-content patterns match in files, how often and where.
// Never prints what matched.
#ifndef VEDETTE_SENSOR_COMMAND_PATTERNS_COMMAND_H_
#define VEDETTE_SENSOR_COMMAND_PATTERNS_COMMAND_H_

#include <string>
#include <vector>

#include "sensor/command/command.h"

namespace vedette {

struct PatternsArguments {
  std::vector<std::string> files;  // "-" is standard input
  std::string config_path;         // empty: the built-in patterns
};

int RunPatternsTest(const PatternsArguments& arguments, const CommandContext& context);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_COMMAND_PATTERNS_COMMAND_H_
