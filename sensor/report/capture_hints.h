// What a first look at a capture should say: whether what was captured can be judged at all, and
// what to do where it is out of the ordinary. Pure; the terminal and the page show the same.
#ifndef VEDETTE_SENSOR_REPORT_CAPTURE_HINTS_H_
#define VEDETTE_SENSOR_REPORT_CAPTURE_HINTS_H_

#include <string>
#include <vector>

#include "sensor/report/report_data.h"

namespace vedette {

struct CaptureHint {
  std::string what;    // "packets touching home"
  std::string figure;  // "98.2 % (12,345 of 12,570)"
  std::string advice;  // empty: ordinary
};

// Always the same lines in the same order; those about what never happened say 0.
std::vector<CaptureHint> HintsOf(const ReportData& data);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_REPORT_CAPTURE_HINTS_H_
