// `vedette explain`: which limits and which entries of the policy apply to an alert kind, to a host
// or to an alert, and where each of these comes from.
#ifndef VEDETTE_SENSOR_COMMAND_EXPLAIN_COMMAND_H_
#define VEDETTE_SENSOR_COMMAND_EXPLAIN_COMMAND_H_

#include <string>

#include "sensor/command/command.h"

namespace vedette {

struct ExplainArguments {
  // An alert kind; an address, prefix, MAC or name/NAME; a file of alerts, "-" for standard input,
  // or the id of an alert in `alerts_path`.
  std::string subject;
  std::string config_path;  // empty: the built-in defaults
  std::string alerts_path;  // newline-delimited JSON
  bool json = false;        // one object a line, not text
  bool now = false;         // alerts are judged at this time, not at theirs
};

int RunExplain(const ExplainArguments& arguments, const CommandContext& context);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_COMMAND_EXPLAIN_COMMAND_H_
