// What is fixed about a kind of alert: its technique of MITRE ATT&CK, and which other kind explains
// it. Immutable; any thread.
#ifndef VEDETTE_SENSOR_EVENT_ALERT_KINDS_H_
#define VEDETTE_SENSOR_EVENT_ALERT_KINDS_H_

#include <vector>

#include "absl/strings/string_view.h"

namespace vedette {

// "-" for anomaly.*, "" for a kind that is not in the contract.
absl::string_view TechniqueOf(absl::string_view kind);

// All of the contract, in its order.
std::vector<absl::string_view> AlertKinds();

// Whether measured / limit of such a finding says how far above its limit it is.
bool HasRatio(absl::string_view kind);

// The kinds that explain `kind`: where one of them is open for the same device, it needs no alert
// of its own.
std::vector<absl::string_view> ExplainersOf(absl::string_view kind);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EVENT_ALERT_KINDS_H_
