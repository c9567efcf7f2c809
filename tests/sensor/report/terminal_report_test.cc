#include "sensor/report/terminal_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "sensor/event/text_safety.h"
#include "tests/sensor/report/sample_report.h"

namespace vedette {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Report(const ReportData& data, TerminalStyle style = {}) {
  return TerminalReport(data, {.style = style, .local = absl::FixedTimeZone(3'600)});
}

std::vector<std::string> LinesOf(const std::string& text) { return absl::StrSplit(text, '\n'); }

bool IsHarmless(const std::string& line) {
  for (size_t at = 0; at < line.size();) {
    const uint32_t c = NextCodePoint(line, at);
    if (IsControl(c)) return false;
  }
  return true;
}

TEST(TerminalReport, SaysWhatWasReadAndWhatWasFound) {
  EXPECT_THAT(Report(SampleReport()),
              AllOf(HasSubstr("captures/office.pcapng: pcapng in zstd, 12,000 packets"),
                    HasSubstr("2026-01-31 12:00:00 UTC (local 2026-01-31 13:00:00 +01)"),
                    HasSubstr("TCP 69.4 %, UDP 27.8 %"),
                    HasSubstr("sizes       half up to 71 B, 99 % up to 1.53 kB"),
                    HasSubstr("flows       400; half up to 1.02 kB, 99 % up to 1.05 MB"),
                    HasSubstr("1 min 59 s"), HasSubstr("camera-3 (10.0.0.5)"),
                    HasSubstr("1.20 MB in 2,100 packets; 300 kB came in"),
                    HasSubstr("2 alerts: 1 critical, 1 low"), HasSubstr("CRITICAL dos.syn_flood"),
                    HasSubstr("at 2026-01-31 12:00:30 UTC for 43 s"),
                    HasSubstr("2,410 handshakes/s, limit 100, usual 3"),
                    HasSubstr("from 198.51.100.1, 198.51.100.2 and 248 more"),
                    HasSubstr("vedette explain dos.syn_flood")));
}

TEST(TerminalReport, WorstAlertComesFirst) {
  const std::string text = Report(SampleReport());
  EXPECT_LT(text.find("CRITICAL dos.syn_flood"), text.find("LOW recon.port_scan"));
}

TEST(TerminalReport, TheAccountingAddsUpAndIsShownGrouped) {
  EXPECT_THAT(Report(SampleReport()),
              AllOf(HasSubstr("12,000 received = 12,000 processed + 0 dropped"),
                    HasSubstr("11,800 decoded"), HasSubstr("150 of protocols not parsed"),
                    HasSubstr("10 cut by the capture's snap length"), HasSubstr("40 malformed"),
                    HasSubstr("tcp.bad_header_length: "), HasSubstr("checksum.udp: ")));
}

// Columns, not bytes: a wide character takes two of them, an accent none.
TEST(TerminalReport, NoLineIsWiderThanTheTerminal) {
  for (const size_t width : {40, 80, 200}) {
    for (const bool utf8 : {false, true}) {
      for (const ReportData& data : {SampleReport(), HostileReport(), EmptyReport()}) {
        for (const std::string& line : LinesOf(Report(data, {.width = width, .utf8 = utf8}))) {
          EXPECT_LE(ColumnsOf(line), width) << line;
        }
      }
    }
  }
}

TEST(TerminalReport, ColoursOnlyWhereAskedFor) {
  EXPECT_THAT(Report(SampleReport()), Not(HasSubstr("\x1b")));
  EXPECT_THAT(Report(SampleReport(), {.color = true}), HasSubstr("\x1b[1;97;41mCRITICAL\x1b[0m"));
}

TEST(TerminalReport, HostileNamesBecomeHarmless) {
  for (const bool utf8 : {false, true}) {
    const std::string text = Report(HostileReport(), {.width = 200, .utf8 = utf8});
    EXPECT_THAT(text, HasSubstr("\\u001b[31m"));
    for (const std::string& line : LinesOf(text)) EXPECT_TRUE(IsHarmless(line)) << line;
  }
}

// A terminal that does not read UTF-8 may take its bytes for commands.
TEST(TerminalReport, IsAsciiWhereUtf8IsNotKnownToBeRead) {
  for (const char c : Report(HostileReport())) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
}

TEST(TerminalReport, DamagedInputIsSaid) {
  ReportData data = SampleReport();
  data.input.faults = {"x.pcap: at byte 99: the file ends inside a packet record"};
  EXPECT_THAT(Report(data, {.width = 160}),
              HasSubstr("damaged: x.pcap: at byte 99: the file ends inside a packet record."));
}

TEST(TerminalReport, ACaptureWithoutPacketsHasAReport) {
  EXPECT_THAT(Report(EmptyReport()),
              AllOf(HasSubstr("no packet, so no time"), HasSubstr("No alert"),
                    HasSubstr("0 received = 0 processed + 0 dropped")));
}

TEST(TerminalText, CutsAtColumnsNotInsideCharacters) {
  EXPECT_EQ(Fitted("camera", 6, false), "camera");
  EXPECT_EQ(Fitted("camera", 5, false), "came~");
  EXPECT_EQ(Fitted("\xe4\xb8\xad\xe6\x96\x87\xe5\xad\x97", 4, true), "\xe4\xb8\xad~");
  EXPECT_EQ(Fitted("x", 0, true), "");
}

// More marks than any script stacks would paint over the lines above.
TEST(TerminalText, FewMarksStayOnACharacter) {
  std::string marks = "e";
  for (int i = 0; i < 50; ++i) marks += "\xcc\x81";
  EXPECT_EQ(Fitted(marks, 10, true), "e\xcc\x81\xcc\x81");
}

TEST(TerminalText, BreaksWordsThatAreLongerThanALine) {
  EXPECT_THAT(Wrapped("abcdefgh ij", 4, false), ::testing::ElementsAre("abcd", "efgh", "ij"));
  EXPECT_THAT(Wrapped("", 4, false), ::testing::ElementsAre(""));
}

}  // namespace
}  // namespace vedette
