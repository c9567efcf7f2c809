#include "sensor/report/html_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "sensor/event/text_safety.h"
#include "sensor/report/html_charts.h"
#include "tests/sensor/report/sample_report.h"

namespace vedette {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Html(const ReportData& data) { return HtmlReport(data, absl::FixedTimeZone(3'600)); }

// An independent reader: tags nest, nothing is loaded or run, the policy forbids both.
bool IsSelfContained(const std::string& html) {
  FILE* const reader = popen("python3 " CHECK_HTML, "w");
  if (reader == nullptr) return false;
  const bool written = fwrite(html.data(), 1, html.size(), reader) == html.size();
  return pclose(reader) == 0 && written;
}

TEST(HtmlReport, ParsesAndLoadsNothing) {
  EXPECT_TRUE(IsSelfContained(Html(SampleReport())));
  EXPECT_TRUE(IsSelfContained(Html(EmptyReport())));
}

TEST(HtmlReport, HostileTextStaysText) {
  const std::string html = Html(HostileReport());
  EXPECT_TRUE(IsSelfContained(html));
  EXPECT_THAT(html, AllOf(Not(HasSubstr("<script")), HasSubstr("&lt;script&gt;"),
                          Not(HasSubstr("\x1b")), Not(HasSubstr("\xe2\x80\xae"))));
  for (size_t at = 0; at < html.size();) {
    const uint32_t c = NextCodePoint(html, at);
    ASSERT_TRUE(c == '\n' || !IsControl(c)) << "at byte " << at;
  }
}

TEST(HtmlReport, SaysTheSameFiguresAsTheTerminal) {
  EXPECT_THAT(Html(SampleReport()),
              AllOf(HasSubstr("<b>12,000</b><span>packets</span>"),
                    HasSubstr("camera-3 (10.0.0.5)"), HasSubstr("2 alerts: 1 critical, 1 low"),
                    HasSubstr("dos.syn_flood"), HasSubstr("1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
                    HasSubstr("2,410 handshakes/s, limit 100, usual 3"),
                    HasSubstr("at 2026-01-31 12:00:30 UTC for 43 s"), HasSubstr("T1498.001"),
                    HasSubstr("office.pcapng"), Not(HasSubstr("captures/office"))));
}

TEST(HtmlReport, IsTheSameEachTime) { EXPECT_EQ(Html(SampleReport()), Html(SampleReport())); }

TEST(HtmlReport, ThePictureIsNamedAndHasATable) {
  EXPECT_THAT(Html(SampleReport()),
              AllOf(HasSubstr("role=\"img\" aria-labelledby=\"tl-title tl-desc\""),
                    HasSubstr("<title id=\"tl-title\">"), HasSubstr("<desc id=\"tl-desc\">"),
                    HasSubstr("These figures as a table")));
}

TEST(HtmlCharts, AxesHaveRoundSteps) {
  EXPECT_THAT(AxisTicks(0), ElementsAre(0, 1));
  EXPECT_THAT(AxisTicks(7), ElementsAre(0, 2, 4, 6, 8));
  EXPECT_THAT(AxisTicks(48'000), ElementsAre(0, 10'000, 20'000, 30'000, 40'000, 50'000));
  for (double top = 1; top < 1e13; top *= 1.7) {
    EXPECT_LE(AxisTicks(top).size(), 6U);
    EXPECT_GE(AxisTicks(top).back(), top);
  }
}

TEST(HtmlCharts, TimeTicksLieOnWholeSteps) {
  EXPECT_THAT(TimeTicks(100, 104), ElementsAre(100, 101, 102, 103, 104));
  EXPECT_THAT(TimeTicks(3'590, 3'710), ElementsAre(3'600, 3'630, 3'660, 3'690));
  EXPECT_LE(TimeTicks(0, 4'294'967'295).size(), 9U);
}

TEST(HtmlCharts, BarsStayInTheirFrame) {
  EXPECT_THAT(BarSvg({0.25, 0.5}), AllOf(HasSubstr("x=\"0.00\" width=\"25.00\""),
                                         HasSubstr("x=\"25.00\" width=\"50.00\"")));
  EXPECT_THAT(BarSvg({7}), HasSubstr("width=\"100.00\""));
}

}  // namespace
}  // namespace vedette
