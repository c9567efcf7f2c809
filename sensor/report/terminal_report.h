// The report for people as text for a terminal or a file. Pure: the same data, style and zone give
// the same text.
#ifndef VEDETTE_SENSOR_REPORT_TERMINAL_REPORT_H_
#define VEDETTE_SENSOR_REPORT_TERMINAL_REPORT_H_

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "sensor/report/report_data.h"
#include "sensor/report/terminal_text.h"

namespace vedette {

struct TerminalReportOptions {
  TerminalStyle style;
  absl::TimeZone local;
  std::optional<double> took_s;  // told with the rate
  std::string html_report;       // the page written beside it; empty: none
};

std::string TerminalReport(const ReportData& data, const TerminalReportOptions& options);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_REPORT_TERMINAL_REPORT_H_
