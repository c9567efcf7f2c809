// Device windows against a model, by hand: which are beyond the limit, and when that is an alert.
#include "detectors/anomaly/outlier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <string>
#include <vector>

#include "tests/detectors/made_model.h"

namespace vedette {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr uint64_t kWindowUs = 10'000'000;
constexpr char kDevice[] = "lab/0/10.0.0.1";

// `count` features each so many deviations away from the model's only centre.
FeatureVector Away(size_t count, double deviations) {
  FeatureVector features{};
  std::fill_n(features.begin(), count, deviations);
  return features;
}

// One device, window after window.
struct Life {
  explicit Life(DeviceModel learned = PlainModel(kDevice), const Outlier::Config& config = {})
      : model(std::move(learned)), detector(config) {}

  DeviceWindow Next() {
    number += 1;
    DeviceWindow window{.device = kDevice, .key = {.ip = Ip("10.0.0.1")}};
    window.begin_us = number * kWindowUs;
    window.end_us = window.begin_us + kWindowUs;
    window.packets_in = 40;
    window.packets_out = 60;
    window.bytes = 5'000;
    window.model = &model;
    return window;
  }
  std::vector<Finding> Judge(DeviceWindow window) {
    IntervalView view;
    view.begin_us = window.end_us;
    view.end_us = window.end_us + 1'000'000;
    view.windows = {&window, 1};
    std::vector<Finding> findings;
    detector.Evaluate({}, view, findings);
    return findings;
  }
  std::vector<Finding> Live(const FeatureVector& features) {
    DeviceWindow window = Next();
    window.features = features;
    return Judge(window);
  }
  // How many windows were an alert; 'x' is a strange one, ' ' an ordinary one, '-' none at all.
  size_t Alerts(const std::string& windows, const FeatureVector& strange = Away(5, 10)) {
    size_t alerts = 0;
    for (const char kind : windows) {
      if (kind == '-') {
        Next();
      } else {
        alerts += Live(kind == 'x' ? strange : FeatureVector{}).size();
      }
    }
    return alerts;
  }

  DeviceModel model;
  Outlier detector;
  uint64_t number = 1'000;
};

TEST(Outlier, OrdinaryWindowsAreQuiet) {
  EXPECT_EQ(Life().Alerts("      "), 0U);
  EXPECT_EQ(Life().Alerts("xxxxxxxxxx", Away(24, 2)), 0U) << "noise in all features";
}

// p999 10 times 1.5; five features of which the largest does not count: 2 d.
TEST(Outlier, JustUnderIsQuietAndJustOverIsFound) {
  EXPECT_EQ(Life().Alerts("xxxxxxxxxx", Away(5, 7.5)), 0U);
  EXPECT_EQ(Life().Alerts("xxx", Away(5, 7.51)), 1U);
}

TEST(Outlier, SeveralOfTheLastWindowsDecide) {
  EXPECT_EQ(Life().Alerts("xx"), 0U);
  EXPECT_EQ(Life().Alerts("xxx"), 1U);
  EXPECT_EQ(Life().Alerts("xxxx"), 2U) << "said again while it holds";
  EXPECT_EQ(Life().Alerts("x x x"), 1U);
  EXPECT_EQ(Life().Alerts("x  x  x  x  x"), 0U) << "two of five";
  EXPECT_EQ(Life().Alerts("xx-x"), 1U);
  EXPECT_EQ(Life().Alerts("xx----x"), 0U) << "what is past counts no more";
  EXPECT_EQ(Life().Alerts("xx" + std::string(100, '-') + "x"), 0U);
  EXPECT_EQ(Life().Alerts("xx      x"), 0U);
}

TEST(Outlier, AVeryFarWindowIsEnough) {
  EXPECT_EQ(Life().Alerts("x", Away(5, 22.4)), 0U);
  EXPECT_EQ(Life().Alerts("x", Away(5, 22.6)), 1U) << "three times the limit, without the largest";
}

TEST(Outlier, AFeatureAloneDecidesNothing) {
  EXPECT_EQ(Life().Alerts("xxxxxxxxxx", Away(1, 1e12)), 0U);
  EXPECT_EQ(Life().Alerts("xxxxxxxxxx", Away(1, std::numeric_limits<double>::max())), 0U);
  FeatureVector with_company = Away(1, 1e12);
  with_company[5] = with_company[6] = 15;
  EXPECT_EQ(Life().Alerts("xxx", with_company), 1U);
}

TEST(Outlier, WhatIsNoNumberIsNotJudged) {
  FeatureVector odd = Away(10, 40);
  odd[3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(Life().Alerts("xxxxx", odd), 0U);
  odd[3] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Life().Alerts("xxxxx", odd), 0U);
}

TEST(Outlier, HalfSeenWindowsAreNotHeldAgainstTheDevice) {
  const auto judged = [](auto change) {
    Life life;
    size_t alerts = 0;
    for (int i = 0; i < 5; ++i) {
      DeviceWindow window = life.Next();
      window.features = Away(8, 45);
      change(window);
      alerts += life.Judge(window).size();
    }
    return alerts;
  };
  EXPECT_EQ(judged([](DeviceWindow&) {}), 5U);
  EXPECT_EQ(judged([](DeviceWindow& w) { w.packets_in = w.packets_out = 9; }), 0U);
  EXPECT_EQ(judged([](DeviceWindow& w) { w.packets_in = w.packets_out = 10; }), 5U);
  EXPECT_EQ(judged([](DeviceWindow& w) { w.packets_out = 0; }), 0U) << "others' doing";
  EXPECT_EQ(judged([](DeviceWindow& w) { w.lost_share = 0.011; }), 0U);
  EXPECT_EQ(judged([](DeviceWindow& w) { w.lost_share = 0.01; }), 5U);
  EXPECT_EQ(judged([](DeviceWindow& w) { w.unwatched_share = 0.6; }), 0U);
  EXPECT_EQ(judged([](DeviceWindow& w) { w.unwatched_share = 0.1; }), 3U)
      << "one of several, but never enough alone";
}

// What is wrong in a model, on purpose or not, silences this detector or alarms it no further than
// its bounds.
TEST(Outlier, APoisonedModelIsHeldWithinBounds) {
  DeviceModel model = PlainModel(kDevice);
  model.feature_mad.fill(1e300);
  EXPECT_EQ(Life(model).Alerts("xxxxx", Away(24, 1e12)), 0U);
  model = PlainModel(kDevice, 1e300);  // quantiles nothing could exceed
  EXPECT_EQ(Life(model).Alerts("xxx", Away(5, 49)), 0U);
  EXPECT_EQ(Life(model).Alerts("xxx", Away(6, 45)), 1U) << "ten times the floor";
  model = PlainModel(kDevice, 0);
  EXPECT_EQ(Life(model).Alerts("xxxxx", Away(5, 5)), 0U) << "the floor";
  EXPECT_EQ(Life(model).Alerts("xxx", Away(5, 5.1)), 1U);
  model = PlainModel(kDevice);
  model.feature_mad.fill(0);
  EXPECT_EQ(Life(model).Alerts("xxxxx", Away(24, 0.002)), 0U) << "two floors of a deviation";
  model = PlainModel(kDevice);
  model.centres.front().at.fill(1e9);
  model.centres.push_back(PlainModel(kDevice).centres.front());
  EXPECT_EQ(Life(model).Alerts("     "), 0U);
  EXPECT_EQ(Life(model).Alerts("xxx"), 1U);
}

// Windows of 30 deviations within the limit raise what the model may ask for: 10 times their mean.
TEST(Outlier, WhatIsUsualHereBoundsTheModel) {
  Life life(PlainModel(kDevice, 1e300));
  life.Alerts(std::string(40, 'x'), Away(4, 15));
  EXPECT_EQ(life.Alerts("xxxxx", Away(20, 45)), 0U);
  EXPECT_EQ(life.Alerts("xxx", Away(24, 50)), 0U);
  // Another model's distances are another measure.
  life.model.model_id = "plain-2";
  EXPECT_EQ(life.Alerts("xxx", Away(6, 45)), 1U);
}

TEST(Outlier, TheFindingSaysWhatIsUnusual) {
  Life life;
  life.model.feature_median[18] = 3;
  FeatureVector features{};
  features[18] = 3 + 40;  // ports_log2
  features[13] = 30;      // unanswered_share
  features[12] = 20;      // flows_opened_rate
  features[9] = -10;      // tcp_share
  features[10] = 5;       // udp_share
  features[0] = 1;        // packets_out_rate
  life.Live(features);
  life.Live(features);
  const std::vector<Finding> findings = life.Live(features);
  ASSERT_THAT(findings, SizeIs(1));
  const Finding& finding = findings[0];
  EXPECT_EQ(finding.kind, "anomaly.outlier");
  EXPECT_EQ(finding.subject.ip, Ip("10.0.0.1"));
  EXPECT_EQ(finding.role, Role::kActor);
  EXPECT_EQ(finding.severity, Severity::kMedium);
  EXPECT_GT(finding.score, 0);
  EXPECT_LE(finding.score, 1);
  EXPECT_NEAR(finding.measured, std::sqrt(1600 + 900 + 400 + 100 + 25 + 1), 1e-9);
  EXPECT_EQ(finding.limit, 15);
  EXPECT_EQ(finding.baseline, 5);
  EXPECT_EQ(finding.unit, "deviations");
  EXPECT_EQ(finding.window_ms, 10'000U);
  EXPECT_EQ(finding.model_id, "plain-1");
  EXPECT_EQ(finding.start_us, 1'001 * kWindowUs) << "where the first of the three began";
  EXPECT_EQ(finding.last_us, 1'004 * kWindowUs - 1);
  EXPECT_EQ(finding.packets, 100U);
  EXPECT_EQ(finding.bytes, 5'000U);
  const std::map<std::string, std::string> detail(finding.detail.begin(), finding.detail.end());
  EXPECT_THAT(detail, SizeIs(8));
  EXPECT_EQ(detail.at("ports_log2"), "43, usually 3, 53 % of the distance");
  EXPECT_EQ(detail.at("udp_share"), "5, usually 0, 1 % of the distance");
  EXPECT_EQ(detail.at("features"),
            "ports_log2, unanswered_share, flows_opened_rate, tcp_share, udp_share");
  EXPECT_EQ(detail.at("windows"), "3 of the last 5");
  EXPECT_EQ(detail.at("model_of"), kDevice);
  EXPECT_THAT(finding.message, StartsWith("behaves unlike what is known of it: 55 deviations away "
                                          "within 10 s (limit 15, usually 5), above all ports_log2 "
                                          "43, usually 3; unanswered_share 30"));
}

TEST(Outlier, GoesOnAfterAnotherHasTakenOver) {
  Life life;
  EXPECT_EQ(life.Alerts("xx"), 0U);
  Outlier next{Outlier::Config{}};
  HandOnState(life.detector, next);
  life.detector = std::move(next);
  EXPECT_EQ(life.Alerts("x"), 1U);
}

}  // namespace
}  // namespace vedette
