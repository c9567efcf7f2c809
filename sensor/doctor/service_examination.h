// What stands in the way of a sensor that gives up what it does not need: the kernel's means, the
// user, limits, the unit. Part of `vedette doctor`.
#ifndef VEDETTE_SENSOR_DOCTOR_SERVICE_EXAMINATION_H_
#define VEDETTE_SENSOR_DOCTOR_SERVICE_EXAMINATION_H_

#include <vector>

#include "sensor/config/sensor_config.h"
#include "sensor/doctor/examination.h"
#include "sensor/doctor/machine.h"

namespace vedette {

std::vector<DoctorFinding> ExamineService(const Machine& machine, const SensorConfig& config);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_DOCTOR_SERVICE_EXAMINATION_H_
