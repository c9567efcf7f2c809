// `vedette doctor`: what stands in the way of a sensor on this machine, and what to do about each.
#ifndef VEDETTE_SENSOR_COMMAND_DOCTOR_COMMAND_H_
#define VEDETTE_SENSOR_COMMAND_DOCTOR_COMMAND_H_

#include <string>
#include <vector>

#include "sensor/command/command.h"

namespace vedette {

struct DoctorArguments {
  std::string config;                   // empty: the built-in defaults
  std::vector<std::string> interfaces;  // in place of the configured ones
  std::string root;  // empty: this machine; else a folder with its /proc and /sys
};

// kFailed where something is wrong.
int RunDoctor(const DoctorArguments& arguments, const CommandContext& context);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_COMMAND_DOCTOR_COMMAND_H_
