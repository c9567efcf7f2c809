// What stands in the way of a sensor on this machine, and what to do about each: the findings of
// `vedette doctor`. Pure but for what the Machine reads.
#ifndef VEDETTE_SENSOR_DOCTOR_EXAMINATION_H_
#define VEDETTE_SENSOR_DOCTOR_EXAMINATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sensor/config/sensor_config.h"
#include "sensor/doctor/machine.h"

namespace vedette {

enum class Health : uint8_t {
  kGood,
  kNote,   // works; better otherwise
  kWrong,  // will not work, or loses packets
};

struct DoctorFinding {
  Health health = Health::kGood;
  std::string subject;  // "memory", "interface eth0", ...
  std::string found;
  std::string advice;  // empty: nothing to do
};

// In the order in which they are best read.
std::vector<DoctorFinding> Examine(const Machine& machine, const SensorConfig& config);

// About what the tables, the kernel's rings and DPDK's buffers of this configuration take.
uint64_t MemoryWantedBytes(const SensorConfig& config);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_DOCTOR_EXAMINATION_H_
