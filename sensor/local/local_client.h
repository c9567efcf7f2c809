// Asks a running sensor's local interface. One thread; waits for each answer, but not for ever.
#ifndef VEDETTE_SENSOR_LOCAL_LOCAL_CLIENT_H_
#define VEDETTE_SENSOR_LOCAL_LOCAL_CLIENT_H_

#include <string>

#include "absl/status/statusor.h"

namespace vedette {

struct SensorPlace {
  std::string socket;      // path; empty and no url: the default one
  std::string url;         // http://127.0.0.1:9470
  std::string token_file;  // a path, or the name of a systemd credential
  int seconds_max = 10;    // for each answer
};

// The body of what `target` answers with 200. Faults say what to do: kNotFound no sensor runs
// there, kPermissionDenied somebody else may ask, kInvalidArgument the sensor refuses the question.
absl::StatusOr<std::string> AskSensor(const SensorPlace& place, const std::string& target);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_LOCAL_LOCAL_CLIENT_H_
