#include "sensor/report/alert_text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "detectors/finding_text.h"
#include "sensor/event/text_safety.h"
#include "sensor/report/figures.h"

namespace vedette {
namespace {

constexpr size_t kNameBytesMax = 64;

uint64_t Unsigned(int64_t count) { return count < 0 ? 0 : static_cast<uint64_t>(count); }

}  // namespace

std::string AlertSummary(const ReportAlerts& alerts) {
  if (alerts.worst.empty()) return "No alert: nothing crossed a limit.";
  static constexpr const char* kNames[] = {"low", "medium", "high", "critical"};
  std::vector<std::string> parts;
  for (size_t rank = alerts.by_severity.size(); rank-- > 0;) {
    const uint64_t count = alerts.by_severity[rank];
    if (count != 0) parts.push_back(absl::StrCat(CountText(count), " ", kNames[rank]));
  }
  if (alerts.unlisted() != 0) {
    parts.push_back(absl::StrCat(CountText(alerts.unlisted()), " not listed, none worse"));
  }
  return absl::StrCat(Counted(alerts.worst.size() + alerts.unlisted(), "alert", "alerts"), ": ",
                      absl::StrJoin(parts, ", "));
}

std::string EvidenceText(const AlertEvidence& evidence) {
  std::string text = NumberText(evidence.measured);
  if (!evidence.unit.empty()) absl::StrAppend(&text, " ", evidence.unit);
  absl::StrAppend(&text, ", limit ", NumberText(evidence.limit));
  if (evidence.baseline > 0) absl::StrAppend(&text, ", usual ", NumberText(evidence.baseline));
  return text;
}

std::string WhenText(const AlertEvent& alert, absl::TimeZone zone) {
  const uint64_t start_ms = Unsigned(alert.start_ms), last_ms = Unsigned(alert.last_ms);
  const uint64_t lasted_ms = last_ms - std::min(start_ms, last_ms);
  std::string text = absl::StrCat("at ", TimeText(start_ms * 1'000, zone));
  // One interval is told as its first and last moment.
  if (lasted_ms >= 1'000) absl::StrAppend(&text, " for ", SpanText(lasted_ms * 1'000));
  return text;
}

std::string ExtentText(const AlertEvent& alert) {
  std::vector<std::string> parts;
  if (alert.packets > 0) parts.push_back(Counted(Unsigned(alert.packets), "packet", "packets"));
  if (alert.bytes > 0) parts.push_back(SizeText(Unsigned(alert.bytes)));
  if (!alert.service.empty()) parts.push_back(alert.service);
  return absl::StrJoin(parts, ", ");
}

std::string PeersText(const AlertEvent& alert, size_t shown) {
  const size_t listed = std::min(shown, alert.peers.size());
  const std::string first = absl::StrJoin(
      std::vector<std::string>(alert.peers.begin(),
                               alert.peers.begin() + static_cast<std::ptrdiff_t>(listed)),
      ", ");
  const uint64_t all = std::max<uint64_t>(Unsigned(alert.peer_count), alert.peers.size());
  if (all <= listed || listed == 0) return first;
  return absl::StrCat(first, " and ", CountText(all - listed), " more");
}

std::string NameOf(const DeviceIdentity& who) {
  const std::string& address = who.ip.empty() ? who.mac : who.ip;
  if (who.name.empty()) return address;
  return absl::StrCat(Printable(who.name, kNameBytesMax), " (", address, ")");
}

}  // namespace vedette
