// `vedette check`: says all that is wrong with a configuration, and compiles its patterns.
#ifndef VEDETTE_SENSOR_COMMAND_CHECK_COMMAND_H_
#define VEDETTE_SENSOR_COMMAND_CHECK_COMMAND_H_

#include <string>

#include "sensor/command/command.h"

namespace vedette {

int RunCheck(const std::string& config_path, const CommandContext& context);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_COMMAND_CHECK_COMMAND_H_
