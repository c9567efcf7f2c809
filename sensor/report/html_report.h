// The report as one page that needs nothing else: no script, no network, no font; light and dark,
// readable on a phone and on paper. Every text is escaped, and its policy forbids the browser to
// load anything. Pure: the same data and zone give the same bytes.
#ifndef VEDETTE_SENSOR_REPORT_HTML_REPORT_H_
#define VEDETTE_SENSOR_REPORT_HTML_REPORT_H_

#include <string>

#include "absl/time/time.h"
#include "sensor/report/report_data.h"

namespace vedette {

std::string HtmlReport(const ReportData& data, absl::TimeZone local);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_REPORT_HTML_REPORT_H_
