// `vedette explain EVENT`: which rule an alert is due to, with which limits, which policy entries
// cover it and what they would do with it now. One thread.
#ifndef VEDETTE_SENSOR_COMMAND_EXPLAIN_EVENT_H_
#define VEDETTE_SENSOR_COMMAND_EXPLAIN_EVENT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sensor/command/explanation.h"
#include "sensor/event/events.h"

namespace vedette {

// An alert's JSON as the sinks write it. Fields it does not have keep their defaults; those that
// are needed to explain it are a fault when they lack.
absl::StatusOr<AlertEvent> ParseAlert(absl::string_view json);

// The latest event of each alert in newline-delimited JSON, in order of their first; other types of
// events are passed over. `id`: of an event or an alert, at least 8 digits of it; "": all.
absl::StatusOr<std::vector<AlertEvent>> FindAlerts(absl::string_view lines, absl::string_view id);

// Judged at `at_us`; with 0 at the time of the alert.
Explanation ExplainEvent(const AlertEvent& alert, const ConfigReading& reading,
                         absl::string_view config_name, uint64_t at_us);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_COMMAND_EXPLAIN_EVENT_H_
