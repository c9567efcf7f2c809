// What a replay told of one kind of alert. Tests only.
#ifndef VEDETTE_TESTS_DETECTORS_ALERTS_OF_H_
#define VEDETTE_TESTS_DETECTORS_ALERTS_OF_H_

#include <string>
#include <vector>

#include "tests/traffic.h"

namespace vedette {

inline std::vector<AlertEvent> OpenedOf(const Told& told, const std::string& kind) {
  std::vector<AlertEvent> opened;
  for (const AlertEvent& alert : told.alerts) {
    if (alert.kind == kind && alert.state == "open") opened.push_back(alert);
  }
  return opened;
}
// Of a category, such as "dos": what must stay quiet stays quiet under every name.
inline std::vector<std::string> KindsOpenedOf(const Told& told, const std::string& category) {
  std::vector<std::string> kinds;
  for (const AlertEvent& alert : told.alerts) {
    if (alert.category == category && alert.state == "open") kinds.push_back(alert.kind);
  }
  return kinds;
}

}  // namespace vedette
#endif  // VEDETTE_TESTS_DETECTORS_ALERTS_OF_H_
