#include "sensor/report/html_charts.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sensor/event/text_safety.h"
#include "sensor/report/alert_text.h"
#include "sensor/report/figures.h"

namespace vedette {
namespace {

constexpr double kWidth = 1'000, kLeft = 172, kRight = 988;
constexpr double kTitleHeight = 26, kBitsHeight = 170, kPacketsHeight = 100, kGap = 18;
constexpr double kLaneHeight = 24, kAxisHeight = 26;
constexpr double kAlertWidthMin = 5;
constexpr size_t kLanesMax = 40, kAlertsMax = 400;

std::string Number(double value) { return absl::StrFormat("%.1f", value); }

// The time axis that all panels share.
struct TimeScale {
  double begin_s = 0, end_s = 1;
  double X(double s) const {
    const double at = std::clamp((s - begin_s) / (end_s - begin_s), 0.0, 1.0);
    return kLeft + at * (kRight - kLeft);
  }
};

// Ticks are round: 60 Mbit/s, not 60.0 Mbit/s.
std::string TickText(double value, absl::string_view unit) {
  std::string text = RateText(value, unit);
  const size_t end = text.find(' ');
  const size_t point = text.find('.');
  if (point >= end) return text;
  size_t kept = text.find_last_not_of('0', end - 1);
  if (kept == point) --kept;
  return text.erase(kept + 1, end - kept - 1);
}

struct Panel {
  double top = 0, height = 0;  // of the plot
  double max = 1;              // value at the top
  double Y(double value) const { return top + height - std::min(value / max, 1.0) * height; }
};

std::string Text(double x, double y, absl::string_view anchor, absl::string_view klass,
                 absl::string_view words) {
  return absl::StrCat("<text x=\"", Number(x), "\" y=\"", Number(y), "\" text-anchor=\"", anchor,
                      "\" class=\"", klass, "\">", HtmlEscaped(words), "</text>\n");
}

std::string Line(double x1, double y1, double x2, double y2, absl::string_view klass) {
  return absl::StrCat("<line x1=\"", Number(x1), "\" y1=\"", Number(y1), "\" x2=\"", Number(x2),
                      "\" y2=\"", Number(y2), "\" class=\"", klass, "\"/>\n");
}

// Steps, because a bucket's figure holds for all of it. Runs of equal height are one step.
template <typename ValueOf>
std::string Steps(const TrafficSeries& series, const TimeScale& time, const Panel& panel,
                  bool closed, absl::string_view klass, ValueOf&& value_of) {
  const double floor_y = panel.top + panel.height;
  std::string path = absl::StrCat("M", Number(kLeft), " ", Number(floor_y));
  std::string last_y = Number(floor_y);
  const auto width = static_cast<double>(series.width_s());
  const auto& buckets = series.buckets();
  for (size_t i = 0; i < buckets.size(); ++i) {
    const std::string y = Number(panel.Y(value_of(buckets[i])));
    if (y == last_y) continue;
    absl::StrAppend(&path, "H", Number(time.X(time.begin_s + static_cast<double>(i) * width)), "V",
                    y);
    last_y = y;
  }
  absl::StrAppend(&path, "H", Number(kRight));
  if (closed) absl::StrAppend(&path, "V", Number(floor_y), "Z");
  return absl::StrCat("<path class=\"", klass, "\" d=\"", path, "\"/>\n");
}

std::string PanelFrame(const Panel& panel, const std::vector<double>& ticks,
                       absl::string_view title, absl::string_view unit) {
  std::string svg = Text(kLeft, panel.top - 9, "start", "panel-title", title);
  for (const double tick : ticks) {
    const double y = panel.Y(tick);
    svg += Line(kLeft, y, kRight, y, tick == 0 ? "axis" : "grid");
    svg += Text(kLeft - 8, y + 4, "end", "tick", TickText(tick, unit));
  }
  return svg;
}

// The busiest second of each bucket is drawn only where buckets are wider than that.
std::string BitsPanel(const TrafficSeries& series, const TimeScale& time, Panel panel) {
  const auto width = static_cast<double>(series.width_s());
  double top = 0;
  for (const TrafficBucket& b : series.buckets()) {
    top = std::max(top, 8 * static_cast<double>(b.bytes_peak));
  }
  const std::vector<double> ticks = AxisTicks(top);
  panel.max = ticks.back();
  const bool peaks = series.width_s() > 1;
  std::string svg = PanelFrame(panel, ticks, "bits a second", "bit/s");
  if (peaks) {
    svg += Steps(series, time, panel, false, "peak",
                 [](const TrafficBucket& b) { return 8 * static_cast<double>(b.bytes_peak); });
  }
  svg += Steps(series, time, panel, true, "all", [width](const TrafficBucket& b) {
    return 8 * static_cast<double>(b.bytes) / width;
  });
  svg += Steps(series, time, panel, true, "egress", [width](const TrafficBucket& b) {
    return 8 * static_cast<double>(b.egress_bytes) / width;
  });
  return svg;
}

std::string PacketsPanel(const TrafficSeries& series, const TimeScale& time, Panel panel) {
  const auto width = static_cast<double>(series.width_s());
  double top = 0;
  for (const TrafficBucket& b : series.buckets()) {
    top = std::max(top, static_cast<double>(b.packets_peak));
  }
  const std::vector<double> ticks = AxisTicks(top);
  panel.max = ticks.back();
  std::string svg = PanelFrame(panel, ticks, "packets a second", "/s");
  if (series.width_s() > 1) {
    svg += Steps(series, time, panel, false, "peak",
                 [](const TrafficBucket& b) { return static_cast<double>(b.packets_peak); });
  }
  svg += Steps(series, time, panel, true, "all",
               [width](const TrafficBucket& b) { return static_cast<double>(b.packets) / width; });
  return svg;
}

struct Lane {
  std::string kind;
  std::vector<const AlertEvent*> alerts;
};

// The worst first, as in the list of alerts.
std::vector<Lane> LanesOf(const ReportAlerts& alerts) {
  std::vector<Lane> lanes;
  size_t left = kAlertsMax;
  for (const AlertEvent& alert : alerts.worst) {
    auto lane = std::find_if(lanes.begin(), lanes.end(),
                             [&alert](const Lane& l) { return l.kind == alert.kind; });
    if (lane == lanes.end()) {
      if (lanes.size() == kLanesMax) continue;
      lanes.push_back({.kind = alert.kind});
      lane = lanes.end() - 1;
    }
    if (left-- == 0) break;
    lane->alerts.push_back(&alert);
  }
  return lanes;
}

std::string AlertMark(const AlertEvent& alert, const TimeScale& time, double y) {
  const double from = time.X(static_cast<double>(alert.start_ms) * 1e-3);
  const double to = time.X(static_cast<double>(alert.last_ms) * 1e-3);
  const double width = std::max(to - from, kAlertWidthMin);
  const double x = std::min(from, kRight - width);
  return absl::StrCat("<rect x=\"", Number(x), "\" y=\"", Number(y + 5), "\" width=\"",
                      Number(width), "\" height=\"", Number(kLaneHeight - 10),
                      "\" rx=\"2\" class=\"sev-", SeverityRank(alert.severity), "\"><title>",
                      HtmlEscaped(alert.severity), " ", HtmlEscaped(alert.kind), ": ",
                      HtmlEscaped(alert.message), ", ",
                      HtmlEscaped(WhenText(alert, absl::UTCTimeZone())), "</title></rect>\n");
}

std::string LanesPanel(const std::vector<Lane>& lanes, const TimeScale& time, double top) {
  std::string svg = Text(kLeft, top - 9, "start", "panel-title", "alerts");
  for (size_t i = 0; i < lanes.size(); ++i) {
    const double y = top + static_cast<double>(i) * kLaneHeight;
    svg += Line(kLeft, y + kLaneHeight / 2, kRight, y + kLaneHeight / 2, "grid");
    svg += Text(kLeft - 8, y + kLaneHeight / 2 + 4, "end", "tick", lanes[i].kind);
    for (const AlertEvent* alert : lanes[i].alerts) svg += AlertMark(*alert, time, y);
  }
  return svg;
}

const char* TickFormat(uint64_t step_s, uint64_t span_s) {
  if (step_s >= 86'400) return "%Y-%m-%d";
  if (span_s > 86'400) return "%m-%d %H:%M";
  return step_s % 60 == 0 ? "%H:%M" : "%H:%M:%S";
}

std::string TimeAxis(const TimeScale& time, double top, double bottom) {
  const auto begin_s = static_cast<uint64_t>(time.begin_s);
  const auto end_s = static_cast<uint64_t>(time.end_s);
  const std::vector<uint64_t> ticks = TimeTicks(begin_s, end_s);
  const uint64_t step_s = ticks.size() < 2 ? end_s - begin_s : ticks[1] - ticks[0];
  const char* const format = TickFormat(step_s, end_s - begin_s);
  std::string svg;
  for (const uint64_t tick : ticks) {
    const double x = time.X(static_cast<double>(tick));
    svg += Line(x, top, x, bottom, "grid");
    const absl::Time at = absl::FromUnixSeconds(static_cast<int64_t>(tick));
    const bool at_edge = x > kRight - 24;
    svg += Text(at_edge ? kRight : x, bottom + 18, at_edge ? "end" : "middle", "tick",
                absl::FormatTime(format, at, absl::UTCTimeZone()));
  }
  return svg;
}

}  // namespace

std::vector<double> AxisTicks(double top) {
  const double wanted = std::max(top, 1.0);
  double step = std::pow(10, std::floor(std::log10(wanted)));
  // At most five steps, of 1, 2 or 5 times a power of ten.
  for (const double factor : {0.2, 0.5, 1.0, 2.0}) {
    if (std::ceil(wanted / (step * factor)) > 5) continue;
    step *= factor;
    break;
  }
  step = std::max(step, 1.0);
  std::vector<double> ticks;
  for (size_t i = 0; ticks.empty() || ticks.back() < wanted; ++i) {
    ticks.push_back(static_cast<double>(i) * step);
  }
  return ticks;
}

std::vector<uint64_t> TimeTicks(uint64_t begin_s, uint64_t end_s) {
  static constexpr uint64_t kSteps[] = {1,      2,      5,      10,     15,      30,     60,
                                        120,    300,    600,    900,    1'800,   3'600,  7'200,
                                        10'800, 21'600, 43'200, 86'400, 172'800, 604'800};
  constexpr uint64_t kTicksMax = 8;
  const uint64_t span_s = end_s - std::min(begin_s, end_s);
  uint64_t step_s = kSteps[std::size(kSteps) - 1];
  for (const uint64_t step : kSteps) {
    if (span_s / step < kTicksMax) {
      step_s = step;
      break;
    }
  }
  while (span_s / step_s >= kTicksMax) step_s *= 2;
  std::vector<uint64_t> ticks;
  for (uint64_t tick = (begin_s + step_s - 1) / step_s * step_s; tick <= end_s; tick += step_s) {
    ticks.push_back(tick);
  }
  return ticks;
}

std::string TimeLineSvg(const ReportData& data) {
  const TrafficSeries& series = data.series;
  if (series.buckets().empty()) return "";
  const auto begin_s = static_cast<double>(series.begin_s());
  const TimeScale time = {
      .begin_s = begin_s,
      .end_s = begin_s + static_cast<double>(series.buckets().size() * series.width_s())};
  const Panel bits = {.top = kTitleHeight, .height = kBitsHeight};
  const Panel packets = {.top = bits.top + bits.height + kGap + kTitleHeight,
                         .height = kPacketsHeight};
  const std::vector<Lane> lanes = LanesOf(data.alerts);
  double bottom = packets.top + packets.height;
  const double lanes_top = bottom + kGap + kTitleHeight;
  if (!lanes.empty()) bottom = lanes_top + static_cast<double>(lanes.size()) * kLaneHeight;
  std::string svg = absl::StrCat(
      "<svg class=\"timeline\" viewBox=\"0 0 ", Number(kWidth), " ", Number(bottom + kAxisHeight),
      "\" role=\"img\" aria-labelledby=\"tl-title tl-desc\">\n<title id=\"tl-title\">Traffic and "
      "alerts over time</title>\n<desc id=\"tl-desc\">Bits and packets a second in steps of ",
      SpanText(series.width_s() * 1'000'000),
      ", and below them when each kind of alert held. The "
      "same figures are in the table below.</desc>\n");
  svg += TimeAxis(time, bits.top, bottom);
  svg += BitsPanel(series, time, bits);
  svg += PacketsPanel(series, time, packets);
  if (!lanes.empty()) svg += LanesPanel(lanes, time, lanes_top);
  return absl::StrCat(svg, "</svg>\n");
}

std::string BarSvg(const std::vector<double>& parts) {
  std::string svg =
      "<svg class=\"bar\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">";
  double x = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const double width = std::clamp(parts[i], 0.0, 1.0) * 100;
    absl::StrAppend(&svg, "<rect x=\"", absl::StrFormat("%.2f", x), "\" width=\"",
                    absl::StrFormat("%.2f", width), "\" height=\"8\" class=\"part-", i, "\"/>");
    x += width;
  }
  return absl::StrCat(svg, "</svg>");
}

}  // namespace vedette
