// The distance is the one that central learns with: else its quantiles say nothing of windows here.
#include "detectors/anomaly/window_distance.h"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "tests/detectors/made_model.h"

namespace vedette {
namespace {

constexpr FeatureVector kWindow = {0.0,  1.25, 4.0,  4.0,  5.5,  4.25, 4.5,   6.25,
                                   5.25, 5.75, 7.75, 7.0,  7.75, 10.0, 9.5,   10.5,
                                   8.75, 8.5,  9.75, 12.5, 12.5, 14.0, 12.75, 13.0};

// Deviations of nothing and next to nothing among them, so that the floors and the clip take part.
DeviceModel Model() {
  DeviceModel model = PlainModel();
  model.feature_median = {0.0, 3.75, 7.5,  1.5, 5.25, 9.0,  3.0, 6.75, 0.75, 4.5,  8.25, 2.25,
                          6.0, 0.0,  3.75, 7.5, 1.5,  5.25, 9.0, 3.0,  6.75, 0.75, 4.5,  8.25};
  for (size_t i = 0; i < kFeatureCount; i += 4) {
    model.feature_mad[i] = 0.5;
    model.feature_mad[i + 1] = 0.0;
    model.feature_mad[i + 2] = 2.0;
    model.feature_mad[i + 3] = 1e-9;
  }
  model.centres.assign(2, {});
  for (size_t i = 0; i < kFeatureCount; ++i) {
    model.centres[0].at[i] = (static_cast<double>(i * 7 % 5) - 2) * 1.5;
    model.centres[1].at[i] = i % 3 == 0 ? 20.0 : -1.0;
  }
  return model;
}

// Both worked out with Python's floating point, from the definition.
TEST(WindowDistance, IsTheOneThatCentralWorksOut) {
  DeviceModel model = Model();
  const std::optional<WindowDistance> nearest = DistanceOf(kWindow, model);
  ASSERT_TRUE(nearest.has_value());
  EXPECT_EQ(nearest->centre, &model.centres[1]);
  EXPECT_NEAR(nearest->distance, 105.1143192123962, 1e-9);
  EXPECT_NEAR(nearest->squares[0], 400, 1e-9);
  EXPECT_NEAR(nearest->squares[1], 152.11111111111, 1e-9) << "floor: a twentieth of the median";
  EXPECT_NEAR(nearest->squares[2], 0.5625, 1e-9);
  EXPECT_NEAR(nearest->squares[3], 177.77777777778, 1e-9);
  EXPECT_NEAR(std::accumulate(nearest->squares.begin(), nearest->squares.end(), 0.0),
              105.1143192123962 * 105.1143192123962, 1e-6);
  model.centres.pop_back();
  EXPECT_NEAR(DistanceOf(kWindow, model)->distance, 108.2992538141136, 1e-9);
}

TEST(WindowDistance, OneFeatureIsAtMostTheClip) {
  DeviceModel model = PlainModel();
  FeatureVector window{};
  EXPECT_EQ(DistanceOf(window, model)->distance, 0);
  window[20] = 1e12;
  EXPECT_EQ(DistanceOf(window, model)->distance, kClip);
  window[20] = -std::numeric_limits<double>::max();
  model.feature_mad[20] = 0;
  model.feature_median[20] = std::numeric_limits<double>::max();
  EXPECT_EQ(DistanceOf(window, model)->distance, kClip) << "away by more than there are numbers";
}

TEST(WindowDistance, WhatIsNoNumberHasNone) {
  const DeviceModel model = PlainModel();
  for (const double odd :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity()}) {
    FeatureVector window{};
    window[7] = odd;
    EXPECT_FALSE(DistanceOf(window, model).has_value());
  }
  DeviceModel without = PlainModel();
  without.centres.clear();
  EXPECT_FALSE(DistanceOf({}, without).has_value());
}

TEST(WindowDistance, OneCentreFarAwayOrNoNumberMovesNothing) {
  DeviceModel model = PlainModel();
  FeatureVector window{};
  window[3] = 7;
  model.centres.insert(model.centres.begin(), ModelCentre{});
  model.centres.front().at.fill(1e9);
  EXPECT_EQ(DistanceOf(window, model)->distance, 7);
  model.centres.front().at.fill(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(DistanceOf(window, model)->distance, 7);
  model.centres.front().at.fill(1e300);
  EXPECT_EQ(DistanceOf(window, model)->distance, 7);
}

}  // namespace
}  // namespace vedette
