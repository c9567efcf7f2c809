// Bytes over the home border: how many are too many, which do not count.
#include "detectors/exfil/volume.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "detectors/model_limit.h"
#include "tests/detectors/conversations.h"
#include "tests/detectors/hand_made_view.h"
#include "tests/detectors/made_model.h"

namespace vedette {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kDevice[] = "192.168.1.20", kOutside[] = "203.0.113.9", kInside[] = "192.168.1.2";

// A small floor, so that a test needs no fifty megabytes.
std::vector<AlertEvent> Volumes(const Traffic& traffic) {
  SensorConfig config;
  std::get<Detectors::Setting<Volume>>(config.detectors).config.bytes_max = 100'000;
  return AlertsOf(Replayed(traffic, config), std::string(Volume::kName));
}

Traffic Upload(size_t bytes, const std::string& server = kOutside) {
  Traffic traffic;
  Connection(traffic, kDevice, server, 40'000, 443, kStartUs).Open().Say(std::string(bytes, 'x'));
  return traffic;
}

TEST(VolumeTest, AnUploadIsOneAlert) {
  const std::vector<AlertEvent> alerts = Volumes(Upload(300'000));
  ASSERT_THAT(alerts, SizeIs(1));
  EXPECT_EQ(alerts[0].device_ip, kDevice);
  EXPECT_EQ(alerts[0].role, "actor");
  EXPECT_EQ(alerts[0].severity, "medium");
  EXPECT_THAT(alerts[0].peers, Contains(kOutside));
  EXPECT_GT(alerts[0].evidence.measured, 300'000);
  EXPECT_EQ(alerts[0].evidence.limit, 100'000);
  EXPECT_EQ(alerts[0].evidence.unit, "bytes");
  EXPECT_THAT(alerts[0].message, HasSubstr("out of the network"));
}

TEST(VolumeTest, InsideDownloadsAndEvenCallsAreQuiet) {
  EXPECT_THAT(Volumes(Upload(300'000, kInside)), IsEmpty()) << "a backup at home";
  Traffic download, call, group;
  Connection(download, kDevice, kOutside, 40'000, 443, kStartUs)
      .Open()
      .Say("GET /update")
      .Answer(std::string(900'000, 'x'));
  for (size_t i = 0; i < 400; ++i) {
    const uint64_t at_us = kStartUs + i * 20'000;
    Datagram(call, at_us, kDevice, kOutside, 5'000, 16'384, 900);
    Datagram(call, at_us + 5'000, kOutside, kDevice, 16'384, 5'000, 900);
    Datagram(group, at_us, kDevice, "239.1.2.3", 5'000, 5'000, 900);
  }
  EXPECT_THAT(Volumes(download), IsEmpty());
  EXPECT_THAT(Volumes(call), IsEmpty());
  EXPECT_THAT(Volumes(group), IsEmpty());
}

TEST(VolumeTest, AServerAtHomeMayServe) {
  Traffic served, begun_before;
  for (uint8_t client = 1; client <= 20; ++client) {
    Connection(served, "198.51.100." + std::to_string(client), "192.168.1.80", 50'000, 80, kStartUs)
        .Open()
        .Say("GET /")
        .Answer(std::string(30'000, 'x'));
    Connection(begun_before, "198.51.100." + std::to_string(client), "192.168.1.80", 50'000, 80,
               kStartUs)
        .Answer(std::string(30'000, 'x'));
  }
  EXPECT_THAT(Volumes(served), IsEmpty());
  EXPECT_THAT(Volumes(begun_before), IsEmpty());
}

// One second of a device by hand.
class Hand {
 public:
  explicit Hand(const Volume::Config& config) : detector_(config) {}
  int Second(uint64_t second, uint64_t out_bytes, uint64_t in_bytes, uint64_t served_bytes = 0) {
    endpoint_.key = {.ip = IpAddress::V4(192, 168, 1, 20)};
    endpoint_.home = true;
    endpoint_.counters.egress_bytes = out_bytes;
    endpoint_.counters.ingress_bytes = in_bytes;
    endpoint_.counters.served_bytes = served_bytes;
    IntervalView view;
    view.begin_us = kStartUs + second * kSecond;
    view.end_us = view.begin_us + kSecond;
    view.endpoints = {&endpoint_, 1};
    view.models = &models_;
    std::vector<Finding> findings;
    detector_.Evaluate({}, view, findings);
    if (!findings.empty()) last = findings.back();
    return static_cast<int>(findings.size());
  }
  // From the next second on.
  void Take(const DeviceModel* model) { models_.model = model; }
  Finding last;

 private:
  OneModel models_;
  EndpointInterval endpoint_;
  Volume detector_;
};

TEST(VolumeTest, TheLimitIsNotOverAndOneMoreIs) {
  Hand hand({.bytes_max = 1'000});
  EXPECT_EQ(hand.Second(0, 1'000, 0), 0);
  EXPECT_EQ(hand.Second(1, 1, 0), 1);
}

TEST(VolumeTest, TheRatioDecidesAsWell) {
  Hand hand({.bytes_max = 1'000, .out_in_ratio_min = 3});
  EXPECT_EQ(hand.Second(0, 2'999, 1'000), 0);
  EXPECT_EQ(hand.Second(1, 1, 0), 1);
}

TEST(VolumeTest, ServedBytesAreLeftOut) {
  Hand hand({.bytes_max = 1'000});
  EXPECT_EQ(hand.Second(0, 9'000, 0, 8'500), 0);
  EXPECT_EQ(hand.Second(1, 9'000, 0, 8'000), 1);
}

TEST(VolumeTest, ABurstOverTheWindowsBorderIsSeenWhole) {
  Hand hand({.bytes_max = 1'000, .window_s = 600});
  EXPECT_EQ(hand.Second(0, 10, 0), 0);
  EXPECT_EQ(hand.Second(299, 600, 0), 0);
  EXPECT_EQ(hand.Second(301, 600, 0), 1);
  EXPECT_EQ(hand.Second(2'000, 600, 0), 0) << "long over";
}

TEST(VolumeTest, WhatADeviceAlwaysDoesBecomesUsualButTheftDoesNot) {
  Hand hand({.bytes_max = 1'000, .window_s = 600});
  int told = 0;
  for (uint64_t second = 0; second < 40 * 300; second += 300) told += hand.Second(second, 400, 0);
  EXPECT_EQ(told, 0);
  told = 0;
  for (uint64_t second = 40 * 300; second < 80 * 300; second += 300) {
    told += hand.Second(second, 50'000, 0);
  }
  EXPECT_GE(told, 38) << "fifty times the usual stays unusual";
}

// Sends `bytes` an hour, give or take, in every hour but those named.
DeviceModel Week(double bytes, double mad = 0) {
  DeviceModel model = PlainModel();
  model.egress_median.fill(bytes);
  model.egress_mad.fill(mad);
  return model;
}

TEST(VolumeTest, AModelRaisesTheLimitTenTimesAtMost) {
  const auto found_at = [](const DeviceModel& model, uint64_t bytes) {
    Hand hand({.bytes_max = 1'000});
    hand.Take(&model);
    return hand.Second(0, bytes, 0);
  };
  EXPECT_EQ(found_at(Week(4'000), 4'000), 0);
  EXPECT_EQ(found_at(Week(4'000), 4'001), 1);
  EXPECT_EQ(found_at(Week(4'000, 100), 4'600), 0) << "six deviations";
  EXPECT_EQ(found_at(Week(4'000, 100), 4'601), 1);
  EXPECT_EQ(found_at(Week(1e18, 1e18), 10'000), 0) << "poisoned";
  EXPECT_EQ(found_at(Week(1e18, 1e18), 10'001), 1);
  EXPECT_EQ(found_at(Week(0), 1'000), 0) << "never below the floor";
  EXPECT_EQ(found_at(Week(0), 1'001), 1);
}

TEST(VolumeTest, AModelLowersTheLimitOfAQuietHourToTheFloor) {
  const DeviceModel quiet = Week(10), backup = Week(30'000);
  const auto found_at = [&](const DeviceModel* model, uint64_t bytes) {
    Hand hand({.bytes_max = 1'000, .out_in_ratio_min = 3, .window_s = 600});
    // An evening that grew busy has taught it windows of 4,000.
    double taught = 400;
    for (uint64_t s = 0; s < 40 * 300; s += 300, taught = std::min(2'000.0, 1.1 * taught)) {
      hand.Second(s, static_cast<uint64_t>(taught), static_cast<uint64_t>(taught));
    }
    hand.Take(model);
    const int found = hand.Second(40 * 300 + 3'600, bytes, 0);
    EXPECT_EQ(hand.last.model_id, found == 0 || model == nullptr ? "" : model->model_id);
    return found;
  };
  EXPECT_EQ(found_at(nullptr, 1'001), 0);
  EXPECT_EQ(found_at(&quiet, 1'000), 0);
  EXPECT_EQ(found_at(&quiet, 1'001), 1);
  EXPECT_EQ(found_at(&backup, 10'000), 0);
}

// An hour's bytes may be sent in ten minutes of it, also where the window began in the hour before.
TEST(VolumeTest, TheHeaviestHourOfAWindowCounts) {
  DeviceModel model = Week(0);
  const uint64_t hour_s = kHourUs / kSecond;
  const uint64_t next_s = hour_s - kStartUs / kSecond % hour_s;  // of the test's time
  model.egress_median[HourOfWeek(kStartUs + next_s * kSecond)] = 8'000;
  Hand hand({.bytes_max = 1'000, .window_s = 600});
  hand.Take(&model);
  EXPECT_EQ(hand.Second(next_s - 100, 500, 0), 0);
  EXPECT_EQ(hand.Second(next_s + 100, 7'000, 0), 0);
  EXPECT_EQ(hand.Second(next_s + hour_s - 200, 4'000, 0), 0);
  EXPECT_EQ(hand.Second(next_s + hour_s + 50, 4'000, 0), 0) << "half of the window is the hour's";
  EXPECT_EQ(hand.Second(next_s + hour_s + 1'000, 1'001, 0), 1) << "past it";
  EXPECT_EQ(hand.last.limit, 1'000);
}

// A model that allows everything must not raise, window by window, what it may be raised to.
TEST(VolumeTest, APoisonedModelTeachesNothing) {
  const DeviceModel model = Week(1e18, 1e18);
  Hand hand({.bytes_max = 1'000, .window_s = 600});
  hand.Take(&model);
  int found = 0;
  for (uint64_t s = 0; s < 200 * 300; s += 300) found += hand.Second(s, 4'900, 0);
  EXPECT_EQ(found, 0);
  EXPECT_EQ(hand.Second(200 * 300, 10'001, 0), 1);
}

TEST(VolumeTest, AnExpiredModelIsNone) {
  DeviceModel model = Week(5'000);
  model.valid_to_us = kStartUs + 100 * kSecond;
  Hand hand({.bytes_max = 1'000});
  hand.Take(&model);
  EXPECT_EQ(hand.Second(99, 2'000, 0), 0);
  EXPECT_EQ(hand.Second(100, 1, 0), 1);
  EXPECT_EQ(hand.last.model_id, "");
}

}  // namespace
}  // namespace vedette
