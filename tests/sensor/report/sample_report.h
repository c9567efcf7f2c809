// A report's data made by hand: figures that add up, and names as hostile as packets can make them.
#ifndef VEDETTE_TESTS_SENSOR_REPORT_SAMPLE_REPORT_H_
#define VEDETTE_TESTS_SENSOR_REPORT_SAMPLE_REPORT_H_

#include "sensor/report/report_data.h"

namespace vedette {

// Escape sequences, markup, a turn of direction, a broken byte, a C1 control, wide and combining
// characters.
inline constexpr char kHostile[] =
    "\x1b[31m<script>alert(1)</script>\xe2\x80\xae\xff\xc2\x9b"
    "2J\"'&\r\n\xe4\xb8\xad\xe6\x96\x87"
    "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81";

ReportData SampleReport();
// Every text that may come from packets or from the user is kHostile.
ReportData HostileReport();
ReportData EmptyReport();

}  // namespace vedette
#endif  // VEDETTE_TESTS_SENSOR_REPORT_SAMPLE_REPORT_H_
