#include "sensor/console/top_screen.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "detectors/finding_text.h"
#include "sensor/console/console_text.h"
#include "sensor/merge/device_identity.h"
#include "sensor/report/alert_text.h"
#include "sensor/report/figures.h"

namespace vedette {
namespace {

constexpr size_t kAlertsShownMax = 6, kDeviceRowsMin = 4, kFixedRows = 10;
constexpr size_t kRateSeconds = 5;

uint64_t Unsigned(int64_t count) { return count < 0 ? 0 : static_cast<uint64_t>(count); }

// Two texts at the ends of a line.
std::string Ends(const std::string& left, const std::string& right, const TerminalStyle& style) {
  const std::string at_right = Fitted(right, style.width / 2, style.utf8);
  const size_t room = style.width - ColumnsOf(at_right);
  const std::string at_left = Fitted(left, room == 0 ? 0 : room - 1, style.utf8);
  return absl::StrCat(at_left, std::string(room - ColumnsOf(at_left), ' '), at_right);
}

std::string HeadLine(const TopData& data, const TopView& view, const TerminalStyle& style) {
  const SensorFigures& s = data.sensor;
  return Painted(
      Ends(absl::StrCat("vedette ", s.version, "  ", s.sensor, " of ", s.site, "  up ",
                        SpanText(Unsigned(s.uptime_s) * 1'000'000),
                        s.generation == 0 ? "" : absl::StrCat("  configuration ", s.generation)),
           absl::StrCat(view.paused ? "paused  " : "",
                        ClockText(Unsigned(absl::ToUnixMicros(view.now)), view.zone)),
           style),
      Ink::kBold, style);
}

// Why it is not ready, or that it is and on which interfaces.
std::string StateLine(const TopData& data, const TerminalStyle& style) {
  const SensorFigures& s = data.sensor;
  if (!data.fault.empty()) {
    return Painted(Fitted(absl::StrCat("OLD   ", data.fault), style.width, style.utf8), Ink::kHigh,
                   style);
  }
  if (!s.ready) {
    const std::string why = s.reasons.empty() ? "not ready" : absl::StrJoin(s.reasons, "; ");
    return Painted(Fitted(absl::StrCat("NOT READY  ", why), style.width, style.utf8), Ink::kHigh,
                   style);
  }
  std::vector<std::string> ports;
  for (const auto& [name, up] : s.interfaces) {
    ports.push_back(absl::StrCat(name, up ? " up" : " DOWN"));
  }
  return Painted(Fitted(absl::StrCat("ready  ", s.source, "  ", absl::StrJoin(ports, ", ")),
                        style.width, style.utf8),
                 Ink::kGood, style);
}

// Means of the last seconds: one alone jumps.
std::string TrafficLine(const SensorFigures& s, const TerminalStyle& style) {
  SecondFigures sum;
  const size_t seconds = std::min(kRateSeconds, s.seconds.size());
  for (size_t i = s.seconds.size() - seconds; i < s.seconds.size(); ++i) {
    sum.packets += s.seconds[i].packets;
    sum.bytes += s.seconds[i].bytes;
  }
  const double over = seconds == 0 ? 1 : static_cast<double>(seconds);
  const uint64_t lost = Unsigned(s.received - s.processed);
  return Fitted(absl::StrCat("traffic  ", PacketRateText(static_cast<double>(sum.packets) / over),
                             "  ", RateText(static_cast<double>(sum.bytes) * 8 / over, "bit/s"),
                             "  lost ", CountText(lost), " of ", CountText(Unsigned(s.received)),
                             " (", ShareText(lost, Unsigned(s.received)), ")"),
                style.width, style.utf8);
}

// Bits of the last seconds as bars, the newest at the right.
std::string BarsLine(const SensorFigures& s, const TerminalStyle& style) {
  static constexpr std::array<const char*, 9> kFine = {" ",
                                                       "\xe2\x96\x81",
                                                       "\xe2\x96\x82",
                                                       "\xe2\x96\x83",
                                                       "\xe2\x96\x84",
                                                       "\xe2\x96\x85",
                                                       "\xe2\x96\x86",
                                                       "\xe2\x96\x87",
                                                       "\xe2\x96\x88"};
  static constexpr std::array<const char*, 9> kPlain = {" ", ".", ".", ":", ":",
                                                        "-", "=", "*", "#"};
  const size_t room = style.width - std::min<size_t>(style.width, 27);
  const size_t shown = std::min(room, s.seconds.size());
  int64_t most = 0;
  for (size_t i = s.seconds.size() - shown; i < s.seconds.size(); ++i) {
    most = std::max(most, s.seconds[i].bytes);
  }
  std::string bars;
  for (size_t i = s.seconds.size() - shown; i < s.seconds.size(); ++i) {
    const int64_t bytes = std::max<int64_t>(s.seconds[i].bytes, 0);
    const size_t step =
        bytes == 0
            ? 0
            : 1 + static_cast<size_t>(7.0 * static_cast<double>(bytes) / static_cast<double>(most));
    bars += (style.utf8 ? kFine : kPlain)[step];
  }
  return absl::StrCat("         ", Painted(bars, Ink::kLow, style), " ",
                      Fitted(absl::StrCat("max ", RateText(static_cast<double>(most) * 8, "bit/s")),
                             17, style.utf8));
}

std::string TablesLine(const SensorFigures& s, const TerminalStyle& style) {
  return Fitted(absl::StrCat("tables   flows ", CountText(Unsigned(s.flows)), " (",
                             ShareText(Unsigned(s.flows), Unsigned(s.flows_max)), ")  devices ",
                             CountText(Unsigned(s.devices)), " (",
                             ShareText(Unsigned(s.devices), Unsigned(s.devices_max)), ")  memory ",
                             SizeText(Unsigned(s.memory_bytes))),
                style.width, style.utf8);
}

std::string EventsLine(const SensorFigures& s, const TerminalStyle& style) {
  std::string text = absl::StrCat("events   made ", CountText(Unsigned(s.events.made)),
                                  "  delivered ", CountText(Unsigned(s.events.delivered)),
                                  "  waiting ", CountText(Unsigned(s.events.spooled)), "  dropped ",
                                  CountText(Unsigned(s.events.dropped)));
  if (s.spool_bytes > 0) {
    absl::StrAppend(&text, "  spool ", SizeText(Unsigned(s.spool_bytes)), ", ",
                    SpanText(Unsigned(s.spool_age_ms) * 1'000));
  }
  if (s.kafka_rtt_ms > 0) absl::StrAppend(&text, "  broker ", s.kafka_rtt_ms, " ms");
  return Painted(Fitted(text, style.width, style.utf8),
                 s.events.dropped > 0 ? Ink::kHigh : Ink::kPlain, style);
}

std::string AlertLine(const AlertEvent& alert, const TerminalStyle& style) {
  const std::string severity = Fitted(absl::AsciiStrToUpper(alert.severity), 8, style.utf8);
  const std::string pad(9 - ColumnsOf(severity), ' ');
  const uint64_t lasted_ms = Unsigned(alert.last_ms - alert.start_ms);
  const DeviceIdentity who{.device = {},
                           .ip = alert.device_ip,
                           .mac = alert.device_mac,
                           .name = alert.device_name,
                           .group = {}};
  const std::string name = NameOf(who);
  const std::string rest = Ends(absl::StrCat(alert.kind, "  ", name.empty() ? alert.device : name),
                                SpanText(std::max<uint64_t>(lasted_ms, 1'000) * 1'000),
                                {.width = style.width - 2 - 9, .color = false, .utf8 = style.utf8});
  return absl::StrCat("  ", Painted(severity, InkOf(alert.severity), style), pad, rest);
}

std::vector<std::string> AlertLines(const TopData& data, size_t rows, const TerminalStyle& style) {
  const size_t shown = std::min({data.alerts.alerts.size(), rows, kAlertsShownMax});
  const uint64_t open = Unsigned(data.sensor.alerts_open);
  std::string title = open == 0 ? "no alert is open" : Counted(open, "alert open", "alerts open");
  if (open > shown) absl::StrAppend(&title, ", the worst ", shown);
  std::vector<std::string> lines = {
      Painted(Fitted(title, style.width, style.utf8), open == 0 ? Ink::kGood : Ink::kBold, style)};
  for (size_t i = 0; i < shown; ++i) lines.push_back(AlertLine(data.alerts.alerts[i], style));
  return lines;
}

std::vector<std::string> DeviceLines(const TopData& data, size_t rows, const TopView& view,
                                     const TerminalStyle& style) {
  std::vector<std::string> lines = {Painted(
      Fitted(absl::StrCat(Counted(data.devices.known, "device", "devices"), " by ", view.sort),
             style.width, style.utf8),
      Ink::kBold, style)};
  TerminalTable table({"device or address", "receives", "sends", "leaves", "flows", "alerts"});
  for (const DeviceFigures& device : data.devices.devices) {
    table.Add({NameOf(device), BitRate(device.bytes_in, device.window_ms),
               BitRate(device.bytes_out, device.window_ms),
               BitRate(device.egress_bytes, device.window_ms),
               device.flows <= 0 ? "-" : CountText(Unsigned(device.flows)),
               device.alerts_open <= 0 ? "-" : CountText(Unsigned(device.alerts_open))});
    if (lines.size() + 1 + (&device - data.devices.devices.data()) + 1 >= rows) break;
  }
  const std::string text = table.Text(style, 2);
  for (const absl::string_view line : absl::StrSplit(absl::StripSuffix(text, "\n"), '\n')) {
    lines.emplace_back(line);
  }
  return lines;
}

std::string KeysLine(const TerminalStyle& style) {
  return Painted(
      Fitted("q quit  space pause  b bytes p packets e egress f flows d dests a alerts n name",
             style.width, style.utf8),
      Ink::kFaint, style);
}

}  // namespace

std::vector<std::string> TopLines(const TopData& data, const TopView& view,
                                  const TerminalStyle& style) {
  const SensorFigures& s = data.sensor;
  std::vector<std::string> lines = {HeadLine(data, view, style),
                                    StateLine(data, style),
                                    "",
                                    TrafficLine(s, style),
                                    BarsLine(s, style),
                                    TablesLine(s, style),
                                    EventsLine(s, style),
                                    ""};
  const size_t last = view.keys ? 1 : 0;
  const size_t for_alerts = view.rows > kFixedRows + kDeviceRowsMin + last
                                ? view.rows - kFixedRows - kDeviceRowsMin - last
                                : 0;
  for (std::string& line : AlertLines(data, for_alerts, style)) lines.push_back(std::move(line));
  lines.emplace_back();
  const size_t room = view.rows > lines.size() + last ? view.rows - lines.size() - last : 0;
  if (room >= 3) {
    for (std::string& line : DeviceLines(data, room, view, style)) lines.push_back(std::move(line));
  }
  if (lines.size() + last > view.rows) lines.resize(view.rows - std::min(view.rows, last));
  if (!view.keys) return lines;
  while (lines.size() + 1 < view.rows) lines.emplace_back();
  if (view.rows != 0) lines.push_back(KeysLine(style));
  return lines;
}

}  // namespace vedette
