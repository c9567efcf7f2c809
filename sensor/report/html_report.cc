#include "sensor/report/html_report.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "detectors/finding_text.h"
#include "sensor/event/text_safety.h"
#include "sensor/report/alert_text.h"
#include "sensor/report/capture_hints.h"
#include "sensor/report/figures.h"
#include "sensor/report/html_charts.h"
#include "sensor/report/html_style.h"
#include "sensor/report/packet_accounting.h"

namespace vedette {
namespace {

constexpr size_t kFilesShownMax = 50, kAlertsShownMax = 300, kAlertsOpenMax = 1;
constexpr size_t kSeriesRowsMax = 32;

std::string Safe(absl::string_view text) { return HtmlEscaped(text); }

double Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string CaptureName(const std::string& path) {
  if (path == "-") return "standard input";
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

// Cells are HTML; "" of a class leaves it out.
std::string Cell(absl::string_view klass, absl::string_view html) {
  if (klass.empty()) return absl::StrCat("<td>", html, "</td>");
  return absl::StrCat("<td class=\"", klass, "\">", html, "</td>");
}

std::string Tile(absl::string_view figure, absl::string_view what) {
  return absl::StrCat("<div class=\"tile\"><b>", Safe(figure), "</b><span>", Safe(what),
                      "</span></div>\n");
}

std::string Head(const ReportData& data) {
  const std::string title =
      data.input.files.empty() ? "" : absl::StrCat(": ", CaptureName(data.input.files[0].path));
  return absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
      "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<meta "
      "name=\"referrer\" content=\"no-referrer\">\n<title>Vedette",
      Safe(title), "</title>\n<style>", kHtmlStyle, "</style>\n</head>\n<body>\n");
}

std::string FilesText(const ReportInput& input) {
  std::string html;
  const size_t shown = std::min(input.files.size(), kFilesShownMax);
  if (input.files.size() == 1) {
    const ReportFile& file = input.files[0];
    return absl::StrCat("<h1>", Safe(CaptureName(file.path)), "</h1>\n<p class=\"soft\">",
                        Safe(file.format), "</p>\n");
  }
  absl::StrAppend(&html, "<h1>", CountText(input.files.size()),
                  " captures</h1>\n<details><summary ",
                  "class=\"soft\">which they are</summary><ul>");
  for (size_t i = 0; i < shown; ++i) {
    const ReportFile& file = input.files[i];
    absl::StrAppend(&html, "<li>", Safe(CaptureName(file.path)), ": ", Safe(file.format), ", ",
                    Counted(file.packets, "packet", "packets"), "</li>");
  }
  if (shown < input.files.size()) {
    absl::StrAppend(&html, "<li>and ", CountText(input.files.size() - shown), " more</li>");
  }
  return absl::StrCat(html, "</ul></details>\n");
}

std::string Header(const ReportData& data, absl::TimeZone local) {
  const ReportInput& input = data.input;
  std::string html = absl::StrCat("<header>\n<p class=\"eyebrow\">Vedette report</p>\n",
                                  FilesText(input), "<p class=\"soft\">");
  if (input.first_us.has_value() && input.last_us.has_value()) {
    const absl::TimeZone utc = absl::UTCTimeZone();
    const std::string first = TimeText(*input.first_us, utc), last = TimeText(*input.last_us, utc);
    absl::StrAppend(&html, first, " to ", last);
    const std::string first_here = TimeText(*input.first_us, local);
    if (first_here != first) {
      absl::StrAppend(&html, "<br>local ", first_here, " to ", TimeText(*input.last_us, local));
    }
  } else {
    absl::StrAppend(&html, "no packet");
  }
  absl::StrAppend(&html, "</p>\n");
  for (const std::string& fault : input.faults) {
    absl::StrAppend(&html, "<p class=\"warn\">Damaged: ", Safe(fault),
                    ". All before it was read.</p>\n");
  }
  if (!input.filter.empty()) {
    absl::StrAppend(&html, "<p class=\"soft\">Filter <code>", Safe(input.filter),
                    "</code> left out ", Counted(input.filtered, "packet", "packets"), "</p>\n");
  }
  return absl::StrCat(html, "</header>\n<main>\n");
}

std::string Tiles(const ReportData& data) {
  uint64_t bytes_peak = 0;
  for (const TrafficBucket& b : data.series.buckets()) {
    bytes_peak = std::max(bytes_peak, b.bytes_peak);
  }
  const uint64_t lasted_us =
      data.input.first_us.has_value() ? *data.input.last_us - *data.input.first_us : 0;
  return absl::StrCat(
      "<div class=\"tiles\">\n", Tile(CountText(data.totals.packets), "packets"),
      Tile(SizeText(data.totals.bytes), "on the wire"), Tile(SpanText(lasted_us), "first to last"),
      Tile(RateText(8 * static_cast<double>(bytes_peak), "bit/s"), "busiest second"),
      Tile(SizeText(data.egress_bytes), "left the network"),
      Tile(CountText(data.alerts.worst.size() + data.alerts.unlisted()), "alerts"), "</div>\n");
}

// What the picture shows, for those who cannot see it: buckets added up to few rows.
std::string SeriesTable(const TrafficSeries& series) {
  std::string html =
      "<details><summary class=\"soft\">These figures as a table</summary><div class=\"scroll\">"
      "<table><thead><tr><th>from (UTC)</th><th class=\"num\">packets</th><th "
      "class=\"num\">bytes</th><th class=\"num\">leaving</th><th class=\"num\">busiest "
      "second</th></tr></thead><tbody>\n";
  const auto& buckets = series.buckets();
  const size_t together = (buckets.size() + kSeriesRowsMax - 1) / kSeriesRowsMax;
  for (size_t i = 0; i < buckets.size(); i += together) {
    TrafficBucket sum;
    for (size_t j = i; j < std::min(i + together, buckets.size()); ++j) {
      sum.packets += buckets[j].packets;
      sum.bytes += buckets[j].bytes;
      sum.egress_bytes += buckets[j].egress_bytes;
      sum.bytes_peak = std::max(sum.bytes_peak, buckets[j].bytes_peak);
    }
    const uint64_t from_s = series.begin_s() + i * series.width_s();
    absl::StrAppend(&html, "<tr>", Cell("", TimeText(from_s * 1'000'000, absl::UTCTimeZone())),
                    Cell("num", CountText(sum.packets)), Cell("num", SizeText(sum.bytes)),
                    Cell("num", SizeText(sum.egress_bytes)),
                    Cell("num", RateText(8 * static_cast<double>(sum.bytes_peak), "bit/s")),
                    "</tr>\n");
  }
  return absl::StrCat(html, "</tbody></table></div></details>\n");
}

std::string TimeLine(const ReportData& data) {
  if (data.series.buckets().empty()) return "";
  std::string html =
      "<section>\n<h2>Traffic and alerts over time</h2>\n<p class=\"legend\"><span><i class=\"key "
      "main\"></i>all traffic</span><span><i class=\"key out\"></i>leaving the network</span>";
  if (data.series.width_s() > 1) {
    absl::StrAppend(&html, "<span><i class=\"key peaks\"></i>busiest second</span><span>a step is ",
                    SpanText(data.series.width_s() * 1'000'000), "</span>");
  }
  return absl::StrCat(html, "<span>times are UTC</span></p>\n<div class=\"scroll\">",
                      TimeLineSvg(data), "</div>\n", SeriesTable(data.series), "</section>\n");
}

std::string Term(absl::string_view name, absl::string_view value) {
  if (value.empty()) return "";
  return absl::StrCat("<dt>", Safe(name), "</dt><dd>", Safe(value), "</dd>\n");
}

std::string AlertCard(const AlertEvent& alert, bool open) {
  const size_t rank = SeverityRank(alert.severity);
  std::string html = absl::StrCat(
      "<details class=\"alert at-", rank, "\"", open ? " open" : "",
      "><summary><span class=\"badge at-", rank, "\">", Safe(alert.severity), "</span><b>",
      Safe(alert.kind), "</b> <span class=\"when\">", Safe(WhenText(alert, absl::UTCTimeZone())),
      "</span><br>", Safe(alert.message), "</summary>\n<dl>\n");
  absl::StrAppend(&html, Term("measured", EvidenceText(alert.evidence)),
                  Term(alert.role, alert.device), Term("extent", ExtentText(alert)),
                  Term("peers", PeersText(alert, alert.peers.size())));
  for (const auto& [name, value] : alert.evidence.detail) absl::StrAppend(&html, Term(name, value));
  if (!alert.flows.empty()) {
    absl::StrAppend(&html, "<dt>Community IDs</dt><dd>");
    for (const std::string& flow : alert.flows) {
      absl::StrAppend(&html, "<code>", Safe(flow), "</code><br>");
    }
    absl::StrAppend(&html, "</dd>\n");
  }
  if (alert.technique != "-") absl::StrAppend(&html, Term("ATT&CK", alert.technique));
  return absl::StrCat(html, Term("score", NumberText(alert.score)),
                      "<dt>limits</dt><dd><code>vedette explain ", Safe(alert.kind),
                      "</code></dd>\n", Term("alert", alert.alert_id), "</dl></details>\n");
}

std::string Alerts(const ReportData& data) {
  const ReportAlerts& alerts = data.alerts;
  std::string html =
      absl::StrCat("<section>\n<h2>Alerts</h2>\n<p class=\"",
                   alerts.worst.empty() ? "good" : "soft", "\">", Safe(AlertSummary(alerts)));
  if (alerts.folded != 0) {
    absl::StrAppend(&html, "; ", Counted(alerts.folded, "further one was", "further ones were"),
                    " explained by these and folded into them");
  }
  absl::StrAppend(&html, "</p>\n");
  const size_t shown = std::min(alerts.worst.size(), kAlertsShownMax);
  for (size_t i = 0; i < shown; ++i) html += AlertCard(alerts.worst[i], i < kAlertsOpenMax);
  const uint64_t left_out = alerts.worst.size() + alerts.unlisted() - shown;
  if (left_out != 0) {
    absl::StrAppend(&html, "<p class=\"soft\">and ", CountText(left_out),
                    " more; <code>--alerts FILE</code> writes every one of them</p>\n");
  }
  return absl::StrCat(html, "</section>\n");
}

std::string TalkerCell(const Talker& talker, uint64_t heaviest_bytes) {
  std::string html = absl::StrCat("<b>", Safe(NameOf(talker.who)), "</b>");
  std::vector<std::string> more;
  for (const std::string& ip : talker.ips) {
    if (ip != talker.who.ip) more.push_back(ip);
  }
  if (!talker.who.mac.empty() && !talker.who.ip.empty()) more.push_back(talker.who.mac);
  if (talker.who.vlan != 0) more.push_back(absl::StrCat("VLAN ", talker.who.vlan));
  if (!more.empty()) {
    absl::StrAppend(&html, " <span class=\"soft\">", Safe(absl::StrJoin(more, ", ")), "</span>");
  }
  return absl::StrCat(html, BarSvg({Share(talker.sums.bytes_out, heaviest_bytes),
                                    Share(talker.sums.bytes_in, heaviest_bytes)}));
}

std::string MissedText(uint64_t missed_bytes) {
  if (missed_bytes == 0) return "";
  return absl::StrCat(
      "<p class=\"soft\">More than are counted one by one: each figure may miss up "
      "to ",
      SizeText(missed_bytes), ".</p>\n");
}

std::string Talkers(const ReportData& data) {
  std::string html =
      "<section>\n<h2>Who talked most</h2>\n<p class=\"legend\"><span><i class=\"key "
      "key-0\"></i>sent</span><span><i class=\"key key-1\"></i>received</span></p>\n<table><thead>"
      "<tr><th>device or address</th><th class=\"num\">sent</th><th class=\"num\">received</th>"
      "</tr></thead><tbody>\n";
  const uint64_t heaviest = data.talkers.empty() ? 0 : data.talkers[0].sums.bytes();
  for (const Talker& talker : data.talkers) {
    absl::StrAppend(&html, "<tr>", Cell("name", TalkerCell(talker, heaviest)),
                    Cell("num", SizeText(talker.sums.bytes_out)),
                    Cell("num", SizeText(talker.sums.bytes_in)), "</tr>\n");
  }
  return absl::StrCat(html, "</tbody></table>\n", MissedText(data.talkers_missed_bytes),
                      "</section>\n");
}

std::string Egress(const ReportData& data) {
  std::string html = "<section>\n<h2>What left the network, and where to</h2>\n";
  if (data.egress_bytes == 0) {
    return absl::StrCat(html,
                        "<p class=\"soft\">Nothing: no packet went from a home network to the "
                        "outside.</p>\n</section>\n");
  }
  absl::StrAppend(&html, "<p class=\"legend\">", SizeText(data.egress_bytes), " in ",
                  Counted(data.egress_packets, "packet", "packets"), "; ",
                  SizeText(data.ingress_bytes),
                  " came in</p>\n<table><thead><tr><th>to</th><th class=\"wide\">most from</th><th "
                  "class=\"num\">bytes</th><th class=\"num\">share</th></tr></thead><tbody>\n");
  const uint64_t heaviest = data.destinations.empty() ? 0 : data.destinations[0].bytes;
  for (const Destination& to : data.destinations) {
    std::string from = Safe(NameOf(to.heaviest));
    if (to.devices > 1) {
      absl::StrAppend(&from, " <span class=\"soft\">and ", CountText(to.devices - 1),
                      " more</span>");
    }
    absl::StrAppend(&html, "<tr>",
                    Cell("name", absl::StrCat("<b>", Safe(to.ip), "</b>",
                                              BarSvg({0, Share(to.bytes, heaviest)}))),
                    Cell("name wide", from), Cell("num", SizeText(to.bytes)),
                    Cell("num", ShareText(to.bytes, data.egress_bytes)), "</tr>\n");
  }
  return absl::StrCat(html, "</tbody></table>\n", MissedText(data.destinations_missed_bytes),
                      "</section>\n");
}

std::string ProtocolMix(const ReportData& data) {
  std::vector<double> parts;
  std::string rows;
  for (size_t i = 0; i < kCarriedCount; ++i) {
    const uint64_t packets = data.totals.carried_packets[i], bytes = data.totals.carried_bytes[i];
    parts.push_back(Share(bytes, data.totals.bytes));
    absl::StrAppend(&rows, "<tr>",
                    Cell("", absl::StrCat("<i class=\"key key-", i, "\"></i>", kCarriedNames[i])),
                    Cell("num", CountText(packets)), Cell("num", SizeText(bytes)),
                    Cell("num", ShareText(bytes, data.totals.bytes)), "</tr>\n");
  }
  std::string bar = BarSvg(parts);
  bar.replace(bar.find("class=\"bar\""), 11, "class=\"bar mix\"");
  return absl::StrCat("<section>\n<h2>What it carried</h2>\n", bar,
                      "<table><thead><tr><th>protocol</th><th class=\"num\">packets</th><th "
                      "class=\"num\">bytes</th><th class=\"num\">of the bytes</th></tr></thead>"
                      "<tbody>\n",
                      rows, "</tbody></table>\n</section>\n");
}

std::string Hints(const ReportData& data) {
  std::string html = "<section>\n<h2>How good the capture is</h2>\n<table><tbody>\n";
  std::string advice;
  for (const CaptureHint& hint : HintsOf(data)) {
    absl::StrAppend(&html, "<tr>", Cell("what", Safe(hint.what)), Cell("figure", Safe(hint.figure)),
                    "</tr>\n");
    if (!hint.advice.empty()) {
      absl::StrAppend(&advice, "<p class=\"warn\"><b>", Safe(hint.what), ":</b> ",
                      Safe(hint.advice), "</p>\n");
    }
  }
  return absl::StrCat(html, "</tbody></table>\n", advice, "</section>\n");
}

std::string AccountRow(absl::string_view klass, absl::string_view name, absl::string_view text,
                       uint64_t packets) {
  std::string what = Safe(name);
  if (!text.empty()) absl::StrAppend(&what, " <span class=\"soft\">", Safe(text), "</span>");
  return absl::StrCat("<tr class=\"", klass, "\">", Cell("name", what),
                      Cell("num", CountText(packets)), "</tr>\n");
}

std::string Accounting(const PacketAccounting& accounting) {
  std::string html =
      "<section>\n<h2>Packet accounting</h2>\n<table><thead><tr><th>packets</th><th "
      "class=\"num\"></th></tr></thead><tbody>\n";
  html += AccountRow("group", "received", "= processed + dropped", accounting.received);
  html += AccountRow("group", "dropped", "", accounting.dropped);
  for (const AccountLine& line : accounting.dropped_by) {
    html += AccountRow("part", line.name, line.text, line.packets);
  }
  html += AccountRow("group", "processed", "= the groups below", accounting.processed);
  for (const AccountGroup& group : accounting.groups) {
    html += AccountRow("group", group.what, "", group.packets);
    for (const AccountLine& line : group.lines) {
      html += AccountRow("part", line.name, line.text, line.packets);
    }
  }
  return absl::StrCat(html, "</tbody></table>\n</section>\n");
}

std::string Irregularities(const PacketAccounting& accounting) {
  std::string html = "<section>\n<h2>Irregularities</h2>\n";
  if (accounting.irregularities.empty()) {
    return absl::StrCat(html, "<p class=\"good\">None.</p>\n</section>\n");
  }
  absl::StrAppend(&html,
                  "<p class=\"soft\">What was wrong with packets, whatever was made of them; a "
                  "packet may have several.</p>\n<table><tbody>\n");
  for (const AccountLine& line : accounting.irregularities) {
    html += AccountRow("part", line.name, line.text, line.packets);
  }
  return absl::StrCat(html, "</tbody></table>\n</section>\n");
}

}  // namespace

std::string HtmlReport(const ReportData& data, absl::TimeZone local) {
  const PacketAccounting accounting = AccountingOf(data);
  return absl::StrCat(
      absl::StrCat(Head(data), Header(data, local), Tiles(data), TimeLine(data), Alerts(data)),
      absl::StrCat("<div class=\"pair\">\n", Talkers(data), Egress(data), "</div>\n"),
      absl::StrCat("<div class=\"pair\">\n", ProtocolMix(data), Hints(data), "</div>\n"),
      absl::StrCat("<div class=\"pair\">\n", Accounting(accounting), Irregularities(accounting),
                   "</div>\n"),
      absl::StrCat("</main>\n<footer>Vedette ", Safe(data.version), ", sensor ", Safe(data.sensor),
                   ". This page loads nothing and runs nothing.</footer>\n</body>\n</html>\n"));
}

}  // namespace vedette
