// `vedette explain`: which limits apply to an alert kind, or whether an address is home, and where
// each of these comes from.
#ifndef VEDETTE_SENSOR_COMMAND_EXPLAIN_COMMAND_H_
#define VEDETTE_SENSOR_COMMAND_EXPLAIN_COMMAND_H_

#include <string>

#include "sensor/command/command.h"

namespace vedette {

struct ExplainArguments {
  std::string subject;      // an alert kind or an IP address
  std::string config_path;  // empty: the built-in defaults
};

int RunExplain(const ExplainArguments& arguments, const CommandContext& context);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_COMMAND_EXPLAIN_COMMAND_H_
