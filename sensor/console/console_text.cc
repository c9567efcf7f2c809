#include "sensor/console/console_text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "detectors/finding_text.h"
#include "sensor/event/text_safety.h"
#include "sensor/merge/device_identity.h"
#include "sensor/report/alert_text.h"
#include "sensor/report/figures.h"

namespace vedette {
namespace {

constexpr size_t kIndent = 2, kPeersShown = 3;

uint64_t Unsigned(int64_t count) { return count < 0 ? 0 : static_cast<uint64_t>(count); }

void AddLines(absl::string_view text, size_t indent, const TerminalStyle& style, std::string& out) {
  for (const std::string& line : Wrapped(text, style.width - indent, style.utf8)) {
    absl::StrAppend(&out, std::string(indent, ' '), line, "\n");
  }
}

// CRITICAL dos.syn_flood, open
void AddAlert(const AlertEvent& alert, const TerminalStyle& style, absl::TimeZone zone,
              std::string& out) {
  const bool open = alert.state != "close";
  const std::string severity = Fitted(absl::AsciiStrToUpper(alert.severity), 10, style.utf8);
  const std::string rest = Fitted(
      absl::StrCat(alert.kind, open ? "" : ", closed", alert.suppressed ? ", suppressed" : ""),
      style.width - kIndent - ColumnsOf(severity) - 1, style.utf8);
  absl::StrAppend(&out, "\n", std::string(kIndent, ' '),
                  Painted(severity, open ? InkOf(alert.severity) : Ink::kFaint, style), " ", rest,
                  "\n");
  AddLines(alert.message, 2 * kIndent, style, out);
  AddLines(WhenText(alert, zone), 2 * kIndent, style, out);
  AddLines(EvidenceText(alert.evidence), 2 * kIndent, style, out);
  if (const std::string extent = ExtentText(alert); !extent.empty()) {
    AddLines(extent, 2 * kIndent, style, out);
  }
  if (const std::string peers = PeersText(alert, kPeersShown); !peers.empty()) {
    AddLines(absl::StrCat("with ", peers), 2 * kIndent, style, out);
  }
}

std::string Title(const std::string& what, const std::string& sensor, const std::string& site,
                  const TerminalStyle& style) {
  return Fitted(absl::StrCat(what, " at sensor ", sensor, " of site ", site), style.width,
                style.utf8) +
         "\n";
}

}  // namespace

Ink InkOf(absl::string_view severity) {
  if (severity == "critical") return Ink::kCritical;
  if (severity == "high") return Ink::kHigh;
  return severity == "medium" ? Ink::kMedium : Ink::kLow;
}

std::string NameOf(const DeviceFigures& device) {
  const DeviceIdentity who{
      .device = {}, .ip = device.ip, .mac = device.mac, .name = device.name, .group = {}};
  const std::string name = NameOf(who);
  return name.empty() ? device.device : name;
}

std::string BitRate(int64_t bytes, int64_t window_ms) {
  if (bytes <= 0 || window_ms <= 0) return "-";
  return RateText(static_cast<double>(bytes) * 8e3 / static_cast<double>(window_ms), "bit/s");
}

std::string AlertListText(const AlertList& list, const TerminalStyle& style, absl::TimeZone zone) {
  const uint64_t shown = list.alerts.size();
  std::string out =
      Title(list.open == 0 ? "No alert is open" : Counted(list.open, "open alert", "open alerts"),
            list.sensor, list.site, style);
  for (const AlertEvent& alert : list.alerts) AddAlert(alert, style, zone, out);
  if (list.matched > shown) {
    absl::StrAppend(&out, "\n", CountText(list.matched - shown), " more: --limit N shows them\n");
  }
  return out;
}

std::string DeviceListText(const DeviceList& list, const TerminalStyle& style,
                           absl::TimeZone zone) {
  std::string out =
      Title(list.known == 0 ? "No device yet" : Counted(list.known, "device", "devices"),
            list.sensor, list.site, style);
  if (list.devices.empty()) return out;
  TerminalTable table({"device or address", "receives", "sends", "leaves", "last seen", "alerts"});
  for (const DeviceFigures& device : list.devices) {
    table.Add({NameOf(device), BitRate(device.bytes_in, device.window_ms),
               BitRate(device.bytes_out, device.window_ms),
               BitRate(device.egress_bytes, device.window_ms),
               ClockText(Unsigned(device.last_ms) * 1'000, zone),
               device.alerts_open == 0 ? "-" : CountText(Unsigned(device.alerts_open))});
  }
  absl::StrAppend(&out, "\n", table.Text(style, kIndent));
  if (list.matched > list.devices.size()) {
    absl::StrAppend(&out, "\n", CountText(list.matched - list.devices.size()),
                    " more: --limit N shows them\n");
  }
  return out;
}

}  // namespace vedette
