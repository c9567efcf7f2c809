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

using ::testing::ElementsAre;
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
      Datagram(traffic, at_us + 1'000, kMonitor, kPrinter, port, 20'161, 60 + noise.Below(20));
      Datagram(traffic, at_us + 3'000, kPrinter, kMonitor, 20'161, port, 120 + noise.Below(60));
    }
    if (s % 5 == 0) Datagram(traffic, at_us + 5'000, kPrinter, "224.0.0.251", 20'353, 20'353, 90);
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

SensorConfig Small() {
  SensorConfig config;
  config.tracker = {.flows = 4'096, .duplicates = 64, .datagrams = 32, .pairs = 512};
  config.inspector = {.streams = 2, .server_names = 16};
  return config;
}
const std::shared_ptr<const ModelSet>& ModelsOfAQuietHour() {
  static const std::shared_ptr<const ModelSet> models = [] {
    Traffic traffic;
    Print(traffic, 0, 3'600, 1);
    return SetOf(Learned(Replayed(traffic, Small()).devices));
  }();
  return models;
}

// By the events of devices.
std::set<std::string> ModelsNamed(const Told& told) {
  std::set<std::string> names;
  for (const DeviceEvent& event : told.devices) names.insert(event.model_id);
  return names;
}

Traffic Burglary() {
  Traffic traffic;
  Print(traffic, 0, 240, 2);
  Rummage(traffic, 120, 60);
  return traffic;
}

TEST(OutlierTraffic, ADeviceThatBehavesOtherwiseIsFoundByItsModelAlone) {
  EXPECT_THAT(Replayed(Burglary(), Small()).Opened(), IsEmpty()) << "nobody else may find it";
  const Told told = Replayed(Burglary(), Small(), 1, ModelsOfAQuietHour());
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
  const Told told = Replayed(traffic, Small(), 1, ModelsOfAQuietHour());
  EXPECT_THAT(told.Opened(), IsEmpty());
  EXPECT_THAT(ModelsNamed(told), ElementsAre("learned-1"));
}

TEST(OutlierTraffic, TheLastWindowIsJudgedToo) {
  Traffic traffic;
  Print(traffic, 0, 150, 2);
  Rummage(traffic, 120, 30);  // three windows, the last of them closed by the end
  const Told told = Replayed(traffic, Small(), 1, ModelsOfAQuietHour());
  EXPECT_THAT(told.Opened(), ElementsAre("anomaly.outlier"));
}

// An expired model, one not yet valid, another device's.
TEST(OutlierTraffic, ModelsThatDoNotApplyChangeNothing) {
  const auto told_with = [](auto change) {
    std::vector<DeviceModel> models;
    for (const auto& [device, model] : ModelsOfAQuietHour()->models()) {
      change(models.emplace_back(*model));
    }
    return Replayed(Burglary(), Small(), 1, SetOf(std::move(models)));
  };
  for (const Told& told :
       {told_with([](DeviceModel& model) { model.valid_to_us = kStartUs; }),
        told_with([](DeviceModel& model) { model.valid_from_us = kStartUs + 3'600 * kSecond; }),
        told_with([](DeviceModel& model) { model.device = "other" + model.device; })}) {
    EXPECT_THAT(told.Opened(), IsEmpty());
    EXPECT_THAT(ModelsNamed(told), ElementsAre(""));
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
  const std::shared_ptr<const ModelSet>& models = ModelsOfAQuietHour();
  const Told one = Replayed(Burglary(), Small(), 1, models);
  ASSERT_THAT(one.Opened(), Not(IsEmpty()));
  for (const size_t workers : {2, 3, 16}) {
    const Told many = Replayed(Burglary(), Small(), workers, models);
    EXPECT_EQ(Texts(many.alerts), Texts(one.alerts)) << workers;
    EXPECT_EQ(Texts(many.devices), Texts(one.devices)) << workers;
  }
}

// By the policy as any other kind: twice the limit, or not at all.
TEST(OutlierTraffic, ThePolicyAdjustsAndSuppressesIt) {
  const auto opened_with = [](PolicyEntry entry) {
    entry.kinds = {"anomaly.*"};
    entry.host.kind = HostTerm::Kind::kHome;
    SensorConfig config = Small();
    config.policy.compiled = std::make_shared<const Policy>(PolicyDefinition{.entries = {entry}});
    return Replayed(Burglary(), config, 1, ModelsOfAQuietHour()).Opened();
  };
  EXPECT_THAT(opened_with({.effect = PolicyEffect::kAdjust, .limit_factor = 1.01}),
              ElementsAre("anomaly.outlier"));
  EXPECT_THAT(opened_with({.effect = PolicyEffect::kAdjust, .limit_factor = 1'000}), IsEmpty());
  EXPECT_THAT(opened_with({.effect = PolicyEffect::kSuppress}), IsEmpty());
}

// A device without a model of its own has that of its group.
TEST(OutlierTraffic, AGroupsModelJudgesItsDevices) {
  SensorConfig config = Small();
  PolicyDefinition policy;
  policy.groups.push_back({.name = "printers"});
  policy.groups[0].members.push_back(
      {.kind = HostTerm::Kind::kPrefix, .prefix = {.address = Ip(kPrinter), .length = 128}});
  config.policy.compiled = std::make_shared<const Policy>(std::move(policy));
  DeviceModel model = *ModelsOfAQuietHour()->Find(std::string("default/0/") + kPrinter);
  model.device = "group/printers";
  const Told told = Replayed(Burglary(), config, 1, SetOf({model}));
  ASSERT_THAT(told.Opened(), ElementsAre("anomaly.outlier"));
  EXPECT_EQ(told.alerts.front().evidence.detail.at("model_of"), "group/printers");
  EXPECT_THAT(ModelsNamed(told), ElementsAre("", "learned-1")) << "others have none";
}

// Of what a person may say about a kind of alert.
TEST(OutlierTraffic, ItsLimitsAreConfigurable) {
  SensorConfig config = Small();
  auto& setting = std::get<Detectors::Setting<Outlier>>(config.detectors);
  setting.config.distance_min = 1'000;
  EXPECT_THAT(Replayed(Burglary(), config, 1, ModelsOfAQuietHour()).Opened(), IsEmpty());
  setting = {};
  setting.enabled = false;
  EXPECT_THAT(Replayed(Burglary(), config, 1, ModelsOfAQuietHour()).Opened(), IsEmpty());
}

}  // namespace
}  // namespace vedette
