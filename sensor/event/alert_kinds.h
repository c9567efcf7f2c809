// What is fixed about a kind of alert: its technique of MITRE ATT&CK, and which other kind explains
// it. Immutable; any thread.
#ifndef VEDETTE_SENSOR_EVENT_ALERT_KINDS_H_
#define VEDETTE_SENSOR_EVENT_ALERT_KINDS_H_

#include "absl/strings/string_view.h"

namespace vedette {

// "-" for anomaly.*, "" for a kind that is not in the contract.
absl::string_view TechniqueOf(absl::string_view kind);

// True if `folded` needs no alert of its own where `by` is open for the same subject.
bool Explains(absl::string_view by, absl::string_view folded);
bool IsExplainable(absl::string_view kind);  // by any

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EVENT_ALERT_KINDS_H_
