// The page's pictures as SVG text: no script, no font, no colour of their own (the page's style
// sheet gives those by class, for light and dark). Pure.
#ifndef VEDETTE_SENSOR_REPORT_HTML_CHARTS_H_
#define VEDETTE_SENSOR_REPORT_HTML_CHARTS_H_

#include <string>
#include <vector>

#include "sensor/report/report_data.h"

namespace vedette {

// Bits/s, packets/s and below them the alerts, a lane a kind, over one time axis in UTC.
std::string TimeLineSvg(const ReportData& data);

// Parts side by side, each a share 0..1 of the whole width, painted by class part-0, part-1, ...
std::string BarSvg(const std::vector<double>& parts);

// Round values from 0 to at least `top`, at most six of them.
std::vector<double> AxisTicks(double top);

// Seconds since 1970 at which the time axis is labelled: whole minutes, hours, days.
std::vector<uint64_t> TimeTicks(uint64_t begin_s, uint64_t end_s);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_REPORT_HTML_CHARTS_H_
