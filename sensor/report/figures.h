// Numbers, sizes, times and shares as people read them: the same in the terminal report, the page
// and the progress bar. Whole counts are CountText of detectors/finding_text.h. ASCII. Pure.
#ifndef VEDETTE_SENSOR_REPORT_FIGURES_H_
#define VEDETTE_SENSOR_REPORT_FIGURES_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace vedette {

std::string SizeText(uint64_t bytes);  // 999 B, 1.23 MB: powers of 1000
// With an SI prefix, three digits: RateText(1234567, "bit/s") is "1.23 Mbit/s".
std::string RateText(double value, absl::string_view unit);
std::string PacketRateText(double packets_per_second);  // 2.92 packets/s, 587 k packets/s
// Without grouping for what may be small or fractional: 0.25, 17, 12,345.
std::string NumberText(double value);
std::string ShareText(uint64_t part, uint64_t whole);  // 12.3 %; "-" of nothing; never 0 % for some
std::string SpanText(uint64_t us);                     // 0.25 s, 43 s, 3 min 20 s, 2 d 4 h

std::string TimeText(uint64_t us, absl::TimeZone zone);   // 2026-01-31 12:00:00 UTC
std::string ClockText(uint64_t us, absl::TimeZone zone);  // 12:00:00
// "123 packets", "1 packet".
std::string Counted(uint64_t count, absl::string_view one, absl::string_view many);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_REPORT_FIGURES_H_
