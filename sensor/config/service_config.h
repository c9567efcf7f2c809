// How `vedette run` lives on its machine, section `service` of the configuration. Every default is
// the initial value of its member. Set-up only, one thread.
#ifndef VEDETTE_SENSOR_CONFIG_SERVICE_CONFIG_H_
#define VEDETTE_SENSOR_CONFIG_SERVICE_CONFIG_H_

#include <string>

#include "detectors/settings.h"

namespace vedette {

struct ServiceConfig {
  std::string user;              // becomes this one when started as root; empty: stays
  std::string sandbox = "full";  // or off

  bool sandboxed() const { return sandbox == "full"; }
  static ServiceConfig Read(Settings settings);
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_CONFIG_SERVICE_CONFIG_H_
