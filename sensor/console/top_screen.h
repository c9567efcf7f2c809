// One screen of `vedette top`: as many lines as there are rows, none wider than the screen. Hostile
// text is made harmless. Pure.
#ifndef VEDETTE_SENSOR_CONSOLE_TOP_SCREEN_H_
#define VEDETTE_SENSOR_CONSOLE_TOP_SCREEN_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sensor/console/sensor_answers.h"
#include "sensor/report/terminal_text.h"

namespace vedette {

// What devices can be sorted by: the key to press, the API's name.
struct TopSort {
  char key;
  const char* name;
};
inline constexpr TopSort kTopSorts[] = {{'b', "bytes"}, {'p', "packets"},      {'e', "egress"},
                                        {'f', "flows"}, {'d', "destinations"}, {'a', "alerts"},
                                        {'n', "name"}};

struct TopData {
  SensorFigures sensor;
  AlertList alerts;
  DeviceList devices;
  std::string fault;  // why this is old; empty: it is not
};

struct TopView {
  size_t rows = 24;
  std::string sort = "bytes";
  bool paused = false;
  bool keys = true;  // the last line says which keys there are
  absl::Time now;
  absl::TimeZone zone;
};

std::vector<std::string> TopLines(const TopData& data, const TopView& view,
                                  const TerminalStyle& style);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_CONSOLE_TOP_SCREEN_H_
