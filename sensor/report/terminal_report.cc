#include "sensor/report/terminal_report.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "detectors/finding_text.h"
#include "sensor/event/text_safety.h"
#include "sensor/report/alert_text.h"
#include "sensor/report/capture_hints.h"
#include "sensor/report/figures.h"
#include "sensor/report/packet_accounting.h"

namespace vedette {
namespace {

constexpr size_t kFilesShownMax = 8, kTalkersShownMax = 10, kDestinationsShownMax = 10;
constexpr size_t kAlertsShownMax = 20, kPeersShownMax = 3, kLinesShownMax = 12;
constexpr size_t kIndent = 2;
constexpr size_t kWordsColumnsMin = 26;  // beside a label; with less they go below it

// The text as it grows. Every line goes through Say, so that none is wider than the terminal.
class Page {
 public:
  explicit Page(const TerminalReportOptions& options) : options_(options) {}

  void Heading(absl::string_view title) {
    absl::StrAppend(&text_, "\n", Painted(title, Ink::kBold, options_.style), "\n");
  }
  // Wrapped; the first line starts with `label` in its own columns, the others stand below it.
  void Say(absl::string_view label, absl::string_view words, Ink ink = Ink::kPlain,
           size_t indent = kIndent, size_t label_columns = 0) {
    const TerminalStyle& style = options_.style;
    if (style.width < indent + label_columns + kWordsColumnsMin && !label.empty()) {
      Say("", label, Ink::kPlain, indent);
      return Say("", words, ink, 2 * indent);
    }
    const size_t taken = indent + label_columns;
    bool first = true;
    for (const std::string& line : Wrapped(words, style.width - taken, style.utf8)) {
      std::string margin(taken, ' ');
      if (first) margin.replace(indent, label.size(), label.data(), label.size());
      absl::StrAppend(&text_, margin, Painted(line, ink, style), "\n");
      first = false;
    }
  }
  void Pair(absl::string_view label, absl::string_view words, Ink ink = Ink::kPlain) {
    Say(label, words, ink, kIndent, 12);
  }
  void More(uint64_t left_out, absl::string_view where) {
    if (left_out == 0) return;
    Say("", absl::StrCat("and ", CountText(left_out), " more", where), Ink::kFaint);
  }
  void Add(absl::string_view text) { absl::StrAppend(&text_, text); }
  void Add(const TerminalTable& table) { text_ += table.Text(options_.style, kIndent); }
  const TerminalReportOptions& options() const { return options_; }
  std::string Take() { return std::move(text_); }

 private:
  const TerminalReportOptions& options_;
  std::string text_;
};

std::string BothTimes(uint64_t us, absl::TimeZone local) {
  const std::string utc = TimeText(us, absl::UTCTimeZone());
  const std::string here = TimeText(us, local);
  return utc == here ? utc : absl::StrCat(utc, " (local ", here, ")");
}

std::string CarriedText(const ShardCounters& totals) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < kCarriedCount; ++i) {
    if (totals.carried_packets[i] == 0) continue;
    parts.push_back(
        absl::StrCat(kCarriedNames[i], " ", ShareText(totals.carried_bytes[i], totals.bytes)));
  }
  return parts.empty() ? "nothing" : absl::StrCat(absl::StrJoin(parts, ", "), " of the bytes");
}

// Within the width of the histogram's buckets.
template <typename Sizes>
std::string QuantilesText(const Sizes& sizes) {
  return absl::StrCat("half up to ", SizeText(sizes.Quantile(0.5)), ", 99 % up to ",
                      SizeText(sizes.Quantile(0.99)));
}

Ink InkOf(const std::string& severity) {
  static constexpr Ink kInks[] = {Ink::kLow, Ink::kMedium, Ink::kHigh, Ink::kCritical};
  return kInks[SeverityRank(severity)];
}

void TellInput(const ReportData& data, Page& page) {
  const ReportInput& input = data.input;
  page.Heading("What was read");
  size_t shown = 0;
  for (const ReportFile& file : input.files) {
    if (shown++ == kFilesShownMax) break;
    page.Say("", absl::StrCat(file.path == "-" ? "standard input" : file.path, ": ", file.format,
                              ", ", Counted(file.packets, "packet", "packets")));
  }
  page.More(input.files.size() - std::min(input.files.size(), kFilesShownMax), " files");
  for (const std::string& fault : input.faults) {
    page.Say("", absl::StrCat("damaged: ", fault, ". All before it was read."), Ink::kHigh);
  }
  page.Pair("packets",
            absl::StrCat(CountText(data.totals.packets), ", ", SizeText(data.totals.bytes),
                         " on the wire, ", SizeText(input.captured_bytes), " of it captured"));
  page.Pair("carried", CarriedText(data.totals));
  if (data.totals.packets != 0) page.Pair("sizes", QuantilesText(data.totals.packet_bytes));
  if (data.totals.flows_ended != 0) {
    page.Pair("flows", absl::StrCat(CountText(data.totals.flows_ended), "; ",
                                    QuantilesText(data.totals.flow_bytes)));
  }
  if (!input.filter.empty()) {
    page.Pair("filter", absl::StrCat(input.filter, " left out ",
                                     Counted(input.filtered, "packet", "packets")));
  }
  if (!input.first_us.has_value() || !input.last_us.has_value()) {
    page.Pair("time", "no packet, so no time");
    return;
  }
  page.Pair("first", BothTimes(*input.first_us, page.options().local));
  page.Pair("last", BothTimes(*input.last_us, page.options().local));
  const uint64_t lasted_us = *input.last_us - *input.first_us;
  std::string lasted = SpanText(lasted_us);
  if (lasted_us >= 1'000'000) {
    const double seconds = static_cast<double>(lasted_us) * 1e-6;
    absl::StrAppend(&lasted, ", on average ",
                    PacketRateText(static_cast<double>(data.totals.packets) / seconds), ", ",
                    RateText(8 * static_cast<double>(data.totals.bytes) / seconds, "bit/s"));
  }
  page.Pair("lasted", lasted);
}

void TellTalkers(const ReportData& data, Page& page) {
  page.Heading("Who talked most");
  if (data.talkers.empty()) return page.Say("", "nobody");
  TerminalTable table({"device or address", "bytes", "sent", "received", "packets"});
  for (size_t i = 0; i < std::min(data.talkers.size(), kTalkersShownMax); ++i) {
    const Talker& talker = data.talkers[i];
    table.Add({NameOf(talker.who), SizeText(talker.sums.bytes()), SizeText(talker.sums.bytes_out),
               SizeText(talker.sums.bytes_in),
               CountText(talker.sums.packets_in + talker.sums.packets_out)});
  }
  page.Add(table);
  if (data.talkers_missed_bytes != 0) {
    page.Say("",
             absl::StrCat("More addresses than are counted one by one: each figure may miss up to ",
                          SizeText(data.talkers_missed_bytes), "."),
             Ink::kFaint);
  }
}

void TellEgress(const ReportData& data, Page& page) {
  page.Heading("What left the network");
  if (data.egress_bytes == 0) {
    return page.Say("", "nothing: no packet went from a home network to the outside");
  }
  page.Say("", absl::StrCat(SizeText(data.egress_bytes), " in ",
                            Counted(data.egress_packets, "packet", "packets"), "; ",
                            SizeText(data.ingress_bytes), " came in"));
  TerminalTable table({"to", "bytes", "share", "most from", "devices"});
  for (size_t i = 0; i < std::min(data.destinations.size(), kDestinationsShownMax); ++i) {
    const Destination& to = data.destinations[i];
    table.Add({to.ip, SizeText(to.bytes), ShareText(to.bytes, data.egress_bytes),
               NameOf(to.heaviest), CountText(to.devices)});
  }
  page.Add(table);
  if (data.destinations_missed_bytes != 0) {
    page.Say("",
             absl::StrCat("More destinations than are counted one by one: each figure may miss up "
                          "to ",
                          SizeText(data.destinations_missed_bytes), "."),
             Ink::kFaint);
  }
}

void TellAlert(const AlertEvent& alert, Page& page) {
  const TerminalStyle& style = page.options().style;
  const std::string severity = absl::AsciiStrToUpper(alert.severity);
  const std::string kind = Fitted(alert.kind, style.width - kIndent - severity.size() - 1, false);
  page.Add(absl::StrCat("\n", std::string(kIndent, ' '),
                        Painted(severity, InkOf(alert.severity), style), " ",
                        Painted(kind, Ink::kBold, style), "\n"));
  const auto say = [&page](absl::string_view words, Ink ink = Ink::kPlain) {
    page.Say("", words, ink, 2 * kIndent);
  };
  say(alert.message);
  say(WhenText(alert, absl::UTCTimeZone()));
  say(EvidenceText(alert.evidence));
  const std::string extent = ExtentText(alert), peers = PeersText(alert, kPeersShownMax);
  if (!extent.empty()) say(extent);
  if (!peers.empty()) say(absl::StrCat(alert.role == "target" ? "from " : "with ", peers));
}

void TellAlerts(const ReportData& data, Page& page) {
  const ReportAlerts& alerts = data.alerts;
  page.Heading("Alerts");
  page.Say("", AlertSummary(alerts), alerts.worst.empty() ? Ink::kGood : Ink::kPlain);
  if (alerts.folded != 0) {
    page.Say("",
             absl::StrCat(Counted(alerts.folded, "further one was", "further ones were"),
                          " explained by these and folded into them"),
             Ink::kFaint);
  }
  const size_t shown = std::min(alerts.worst.size(), kAlertsShownMax);
  for (size_t i = 0; i < shown; ++i) TellAlert(alerts.worst[i], page);
  if (shown == 0) return;
  page.Add("\n");
  page.More(alerts.worst.size() + alerts.unlisted() - shown,
            "; --alerts FILE writes every one of them");
  page.Say("",
           absl::StrCat("vedette explain ", alerts.worst[0].kind,
                        " shows the limits behind a kind and where they come from"),
           Ink::kFaint);
}

void TellPolicy(const ReportData& data, Page& page) {
  if (data.policy.empty()) return;
  page.Heading("Policy");
  const size_t shown = std::min(data.policy.size(), kLinesShownMax);
  for (size_t i = 0; i < shown; ++i) {
    const ReportPolicyEntry& entry = data.policy[i];
    const std::string count = CountText(entry.alerts);
    page.Say(count,
             absl::StrCat(entry.alerts == 1 ? "alert by " : "alerts by ", entry.effect, ": ",
                          Printable(entry.comment), " (", Printable(entry.place), ")"),
             Ink::kPlain, kIndent, std::max<size_t>(count.size() + 1, 6));
  }
  page.More(data.policy.size() - shown, " entries");
}

void TellLines(const std::vector<AccountLine>& lines, Page& page) {
  const size_t shown = std::min(lines.size(), kLinesShownMax);
  for (size_t i = 0; i < shown; ++i) {
    const std::string count = CountText(lines[i].packets);
    page.Say(count, absl::StrCat(lines[i].name, lines[i].text.empty() ? "" : ": ", lines[i].text),
             Ink::kPlain, 2 * kIndent, std::max<size_t>(count.size() + 1, 11));
  }
  page.More(lines.size() - shown, " kinds");
}

void TellAccounting(const ReportData& data, Page& page) {
  const PacketAccounting accounting = AccountingOf(data);
  page.Heading("Packet accounting");
  page.Say("", absl::StrCat(CountText(accounting.received),
                            " received = ", CountText(accounting.processed), " processed + ",
                            CountText(accounting.dropped), " dropped"));
  TellLines(accounting.dropped_by, page);
  for (const AccountGroup& group : accounting.groups) {
    page.Say("", absl::StrCat(CountText(group.packets), " ", group.what));
    TellLines(group.lines, page);
  }
  page.Heading("Irregularities");
  if (accounting.irregularities.empty()) return page.Say("", "none", Ink::kGood);
  TellLines(accounting.irregularities, page);
}

void TellHints(const ReportData& data, Page& page) {
  page.Heading("How good the capture is");
  for (const CaptureHint& hint : HintsOf(data)) {
    page.Say(hint.what, hint.figure, hint.advice.empty() ? Ink::kPlain : Ink::kMedium, kIndent, 28);
    if (!hint.advice.empty()) page.Say("", hint.advice, Ink::kMedium, 2 * kIndent);
  }
}

std::string TookText(const ReportData& data, const TerminalReportOptions& options) {
  if (!options.took_s.has_value()) return "";
  const double took_s = std::max(*options.took_s, 1e-3);
  return absl::StrCat(" in ", SpanText(static_cast<uint64_t>(took_s * 1e6)), ", ",
                      PacketRateText(static_cast<double>(data.totals.packets) / took_s));
}

}  // namespace

std::string TerminalReport(const ReportData& data, const TerminalReportOptions& options) {
  Page page(options);
  page.Say("",
           absl::StrCat("Vedette ", data.version, ": ",
                        Counted(data.totals.packets, "packet", "packets"), " of ",
                        Counted(data.input.files.size(), "capture", "captures"),
                        TookText(data, options)),
           Ink::kBold, 0);
  TellInput(data, page);
  TellTalkers(data, page);
  TellEgress(data, page);
  TellAlerts(data, page);
  TellPolicy(data, page);
  TellAccounting(data, page);
  TellHints(data, page);
  if (!options.html_report.empty()) {
    page.Add("\n");
    page.Say("", absl::StrCat("The page with pictures: ", options.html_report), Ink::kPlain, 0);
  }
  return page.Take();
}

}  // namespace vedette
