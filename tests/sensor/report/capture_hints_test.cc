#include "sensor/report/capture_hints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/sensor/report/sample_report.h"

namespace vedette {
namespace {

using ::testing::HasSubstr;

std::string AdviceOf(const ReportData& data, const std::string& what) {
  for (const CaptureHint& hint : HintsOf(data)) {
    if (hint.what == what) return hint.advice;
  }
  return "no such hint";
}

TEST(CaptureHints, AnOrdinaryCaptureNeedsNoAdvice) {
  for (const CaptureHint& hint : HintsOf(SampleReport())) EXPECT_EQ(hint.advice, "") << hint.what;
  for (const CaptureHint& hint : HintsOf(EmptyReport())) EXPECT_EQ(hint.advice, "") << hint.what;
}

TEST(CaptureHints, AForeignNetworkIsNamedByItsBusiestAddress) {
  ReportData data = SampleReport();
  data.totals.home_packets = 3;
  data.talkers[0].ips = {"203.0.113.77"};
  EXPECT_THAT(AdviceOf(data, "packets touching home"), HasSubstr("--home 203.0.113.0/24"));
  data.talkers[0].ips = {"2001:db8:1:2:3::4"};
  EXPECT_THAT(AdviceOf(data, "packets touching home"), HasSubstr("--home 2001:db8:1:2::/64"));
}

TEST(CaptureHints, WhatIsOutOfTheOrdinarySaysWhatToDo) {
  ReportData data = SampleReport();
  data.totals.flows_ended_one_way = 390;
  data.totals.duplicates = 6'000;
  data.totals.oversized_packets = 5;
  data.input.cut_packets = 100;
  data.input.time_backwards = 2;
  data.totals.flows_evicted = 9;
  EXPECT_THAT(AdviceOf(data, "flows seen one way"), HasSubstr("mirror port"));
  EXPECT_THAT(AdviceOf(data, "packets seen twice"), HasSubstr("Mirror both directions"));
  EXPECT_THAT(AdviceOf(data, "packets above 1,500 B"), HasSubstr("gro off lro off tso off"));
  EXPECT_THAT(AdviceOf(data, "packets cut by snap length"), HasSubstr("tcpdump -s 0"));
  EXPECT_THAT(AdviceOf(data, "packets before their time"), HasSubstr("reordercap"));
  EXPECT_THAT(AdviceOf(data, "table places given away"), HasSubstr("tables"));
}

TEST(CaptureHints, AFloodExplainsFlowsThatAreOneWay) {
  ReportData data = SampleReport();
  data.totals.flows_ended_one_way = 390;
  data.alerts.worst[0].category = "dos";
  EXPECT_EQ(AdviceOf(data, "flows seen one way"), "");
}

// Ten flows of a short capture, each cut at its start, say nothing about the mirror.
TEST(CaptureHints, FewFlowsAreNoEvidence) {
  ReportData data = SampleReport();
  data.totals.flows_ended = data.totals.flows_ended_one_way = 10;
  EXPECT_EQ(AdviceOf(data, "flows seen one way"), "");
}

}  // namespace
}  // namespace vedette
