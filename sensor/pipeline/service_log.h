// The log of `vedette run`: plain lines on standard error, which the journal keeps. Set up once on
// the main thread; any thread may log.
#ifndef VEDETTE_SENSOR_PIPELINE_SERVICE_LOG_H_
#define VEDETTE_SENSOR_PIPELINE_SERVICE_LOG_H_

#include "absl/status/status.h"

namespace vedette {

void SetUpLog();

// Every line of the message is a line of the log.
void LogFault(const absl::Status& status);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_SERVICE_LOG_H_
