// `vedette alerts`, `vedette devices` and `vedette top`: ask a running sensor over its local
// interface.
#ifndef VEDETTE_SENSOR_COMMAND_LOCAL_COMMAND_H_
#define VEDETTE_SENSOR_COMMAND_LOCAL_COMMAND_H_

#include <string>

#include "sensor/command/command.h"
#include "sensor/local/local_client.h"

namespace CLI {
class App;
}

namespace vedette {

// As typed; empty: the sensor's default.
struct LocalArguments {
  SensorPlace place;
  bool json = false;
  std::string state, severity, kind, device;  // alerts
  std::string sort, search;                   // devices; top takes sort
  std::string limit;
};

void DeclareAlerts(CLI::App& app, LocalArguments& arguments);
void DeclareDevices(CLI::App& app, LocalArguments& arguments);
void DeclareTop(CLI::App& app, LocalArguments& arguments);

int RunAlerts(const LocalArguments& arguments, const CommandContext& context);
int RunDevices(const LocalArguments& arguments, const CommandContext& context);
int RunTop(const LocalArguments& arguments, const CommandContext& context);

// The message, and the status that the program ends with.
int FailLocal(const absl::Status& status, const CommandContext& context);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_COMMAND_LOCAL_COMMAND_H_
