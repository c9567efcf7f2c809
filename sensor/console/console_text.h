// A running sensor's alerts and devices in lines for a terminal. Hostile text is made harmless and
// fitted; every line is at most as wide as the style says. Pure.
#ifndef VEDETTE_SENSOR_CONSOLE_CONSOLE_TEXT_H_
#define VEDETTE_SENSOR_CONSOLE_CONSOLE_TEXT_H_

#include <string>

#include "absl/time/time.h"
#include "sensor/console/sensor_answers.h"
#include "sensor/report/terminal_text.h"

namespace vedette {

std::string AlertListText(const AlertList& list, const TerminalStyle& style, absl::TimeZone zone);
std::string DeviceListText(const DeviceList& list, const TerminalStyle& style, absl::TimeZone zone);

// "camera-3 (10.0.0.5)", or the address alone.
std::string NameOf(const DeviceFigures& device);
Ink InkOf(absl::string_view severity);
// Bytes of a window as "1.23 Mbit/s"; "-" for none.
std::string BitRate(int64_t bytes, int64_t window_ms);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_CONSOLE_CONSOLE_TEXT_H_
