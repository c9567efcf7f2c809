// A printer from packets to alerts, with the model that was learned of it and without. Breaks if
// models do not reach the detector, or if ordinary days are called unusual.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "detectors/anomaly/outlier.h"
#include "tests/detectors/conversations.h"
#include "tests/detectors/made_model.h"

namespace vedette {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kPrinter[] = "192.168.1.50", kMonitor[] = "192.168.1.5";

// People print now and then, a monitor asks every two seconds, the printer announces itself.
void Print(Traffic& traffic, uint64_t begin_s, uint64_t seconds, uint64_t seed) {
  Noise noise(seed);
  for (uint64_t s = begin_s; s < begin_s + seconds; ++s) {
    const uint64_t at_us = kStartUs + s * kSecond;
    if (s % 2 == 0) {
      const auto port = static_cast<uint16_t>(30'000 + s % 20'000);
      Datagram(traffic, at_us + 1'000, kMonitor, kPrinter, port, 161, 60 + noise.Below(20));
      Datagram(traffic, at_us + 3'000, kPrinter, kMonitor, 161, port, 120 + noise.Below(60));
    }
    if (s % 5 == 0) Datagram(traffic, at_us + 5'000, kPrinter, "224.0.0.251", 5'353, 5'353, 90);
    if (noise.Below(8) != 0) continue;
    const std::string client = "192.168.1." + std::to_string(10 + noise.Below(5));
    Connection(traffic, client, kPrinter, static_cast<uint16_t>(40'000 + s % 20'000), 9'100,
               at_us + 10'000 + noise.Below(500'000))
        .Open()
        .Say(std::string(2'000 + noise.Below(6'000), 'p'))
        .Answer("ok")
        .Close();
  }
}

// What no printer does, and no other detector minds: it signs in at file servers, all of which
// answer, one after the other.
void Rummage(Traffic& traffic, uint64_t begin_s, uint64_t seconds) {
  for (uint64_t s = begin_s; s < begin_s + seconds; ++s) {
    const std::string server = "192.168.1." + std::to_string(100 + s % 8);
    Connection(traffic, kPrinter, server, static_cast<uint16_t>(40'000 + s % 20'000), 445,
               kStartUs + s * kSecond + 600'000)
        .Open()
        .Say(std::string(900, 'q'))
        .Answer(std::string(1'200, 'a'))
        .Close();
  }
}

std::shared_ptr<const ModelSet> ModelsOfAQuietHour() {
  Traffic traffic;
  Print(traffic, 0, 3'600, 1);
  return SetOf(Learned(Replayed(traffic).devices));
}

Traffic Burglary() {
  Traffic traffic;
  Print(traffic, 0, 240, 2);
  Rummage(traffic, 120, 60);
  return traffic;
}

TEST(OutlierTraffic, ADeviceThatBehavesOtherwiseIsFoundByItsModelAlone) {
  EXPECT_THAT(Replayed(Burglary()).alerts, IsEmpty()) << "nobody else may find it";
  const Told told = Replayed(Burglary(), {}, 1, ModelsOfAQuietHour());
  ASSERT_THAT(told.Opened(), ElementsAre("anomaly.outlier"));
  const AlertEvent& alert = told.alerts.front();
  EXPECT_EQ(alert.device_ip, kPrinter);
  EXPECT_EQ(alert.category, "anomaly");
  EXPECT_EQ(alert.technique, "-");
  EXPECT_EQ(alert.role, "actor");
  EXPECT_EQ(alert.model_id, "learned-1");
  EXPECT_GE(alert.start_ms, static_cast<int64_t>(kStartUs / 1'000 + 110'000));
  EXPECT_LE(alert.last_ms, static_cast<int64_t>(kStartUs / 1'000 + 160'000)) << "three windows";
  EXPECT_GT(alert.evidence.measured, alert.evidence.limit);
  EXPECT_THAT(alert.evidence.detail.at("features"), HasSubstr("flows_opened_rate"));
}

TEST(OutlierTraffic, OrdinaryTrafficStaysQuietByItsOwnModel) {
  Traffic traffic;
  Print(traffic, 7, 1'800, 3);
  const Told told = Replayed(traffic, {}, 1, ModelsOfAQuietHour());
  EXPECT_THAT(told.alerts, IsEmpty());
  EXPECT_THAT(told.devices, Each(Field(&DeviceEvent::model_id, "learned-1")));
}

TEST(OutlierTraffic, TheLastWindowIsJudgedToo) {
  Traffic traffic;
  Print(traffic, 0, 150, 2);
  Rummage(traffic, 120, 30);  // three windows, the last of them closed by the end
  const Told told = Replayed(traffic, {}, 1, ModelsOfAQuietHour());
  EXPECT_THAT(told.Opened(), ElementsAre("anomaly.outlier"));
}

// An expired model, one not yet valid, another device's.
TEST(OutlierTraffic, ModelsThatDoNotApplyChangeNothing) {
  const auto told_with = [](auto change) {
    std::vector<DeviceModel> models;
    for (const auto& [device, model] : ModelsOfAQuietHour()->models()) {
      change(models.emplace_back(*model));
    }
    return Replayed(Burglary(), {}, 1, SetOf(std::move(models)));
  };
  for (const Told& told :
       {told_with([](DeviceModel& model) { model.valid_to_us = kStartUs; }),
        told_with([](DeviceModel& model) { model.valid_from_us = kStartUs + 3'600 * kSecond; }),
        told_with([](DeviceModel& model) { model.device = "other" + model.device; })}) {
    EXPECT_THAT(told.alerts, IsEmpty());
    EXPECT_THAT(told.devices, Each(Field(&DeviceEvent::model_id, "")));
  }
}

template <typename Event>
std::multiset<std::string> Texts(const std::vector<Event>& events) {
  std::multiset<std::string> texts;
  for (const Event& event : events) {
    std::string text;
    AppendJson(event, text);
    texts.insert(std::move(text));
  }
  return texts;
}

TEST(OutlierTraffic, IsTheSameForAnyNumberOfWorkers) {
  const std::shared_ptr<const ModelSet> models = ModelsOfAQuietHour();
  const Told one = Replayed(Burglary(), {}, 1, models);
  ASSERT_THAT(one.alerts, Not(IsEmpty()));
  for (const size_t workers : {2, 3, 16}) {
    const Told many = Replayed(Burglary(), {}, workers, models);
    EXPECT_EQ(Texts(many.alerts), Texts(one.alerts)) << workers;
    EXPECT_EQ(Texts(many.devices), Texts(one.devices)) << workers;
  }
}

// Of what a person may say about a kind of alert.
TEST(OutlierTraffic, ItsLimitsAreConfigurable) {
  SensorConfig config;
  auto& setting = std::get<Detectors::Setting<Outlier>>(config.detectors);
  setting.config.distance_min = 1'000;
  EXPECT_THAT(Replayed(Burglary(), config, 1, ModelsOfAQuietHour()).alerts, IsEmpty());
  setting = {};
  setting.enabled = false;
  EXPECT_THAT(Replayed(Burglary(), config, 1, ModelsOfAQuietHour()).alerts, IsEmpty());
}

}  // namespace
}  // namespace vedette
