// An alert in words and figures, as both reports say it. Hostile parts are escaped by the writers.
// Pure.
#ifndef VEDETTE_SENSOR_REPORT_ALERT_TEXT_H_
#define VEDETTE_SENSOR_REPORT_ALERT_TEXT_H_

#include <string>

#include "absl/time/time.h"
#include "sensor/event/events.h"
#include "sensor/merge/device_identity.h"
#include "sensor/report/report_data.h"

namespace vedette {

// "12 alerts: 1 critical, 3 high, 8 low"; "No alert" with what that rests on.
std::string AlertSummary(const ReportAlerts& alerts);

// "2,410 handshakes/s, limit 100, usual 3".
std::string EvidenceText(const AlertEvidence& evidence);
// "at 2026-01-31 12:00:00 UTC for 43 s".
std::string WhenText(const AlertEvent& alert, absl::TimeZone zone);
// "12,000 packets, 1.3 MB, tcp/443".
std::string ExtentText(const AlertEvent& alert);
// The first `shown` and how many more there are; empty without peers.
std::string PeersText(const AlertEvent& alert, size_t shown);
// "camera-3 (10.0.0.5)", or the address alone.
std::string NameOf(const DeviceIdentity& who);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_REPORT_ALERT_TEXT_H_
