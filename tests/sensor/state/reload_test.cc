// A configuration that is swapped while packets pass. Breaks if what a detector knew is lost with
// its settings, if a match is called by another pattern's name, if a packet is lost, or if a bad
// file changes anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <set>
#include <string>
#include <thread>

#include "sensor/pipeline/reloader.h"
#include "tests/sensor/state/made_traffic.h"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Does something at one second of the traffic.
class AtSecond final : public TickVisitor {
 public:
  AtSecond(uint64_t second, std::function<void()> call)
      : second_(kStartUs / kSecond + second), call_(std::move(call)) {}
  void OnTick(Control&, uint64_t second) override {
    if (second >= second_ && call_) std::exchange(call_, nullptr)();
  }

 private:
  uint64_t second_;
  std::function<void()> call_;
};

// A sensor whose configuration is read from a variable.
struct Reloadable {
  explicit Reloadable(SensorConfig start, size_t workers = 2) : config(std::move(start)) {
    request.read_again = [this]() -> absl::StatusOr<RunReading> {
      if (!fault.empty()) return absl::InvalidArgumentError(fault);
      return RunReading{config, {}};
    };
    engine = std::move(*Engine::Create(config, workers, /*flow_records=*/false, sink));
    reloader = std::make_unique<Reloader>(config, request, *engine);
  }
  void RunOn(const Traffic& traffic, uint64_t second, std::function<void()> change) {
    AtSecond visitor(second, [this, &change] {
      change();
      reloader->Reload();
    });
    engine->Attend(&visitor, AtEnd::kCloseAll);
    TrafficSource source(traffic);
    engine->Run(source);
  }
  template <typename D>
  auto& Setting() {
    return std::get<Detectors::Setting<D>>(config.detectors);
  }

  SensorConfig config;
  std::string fault;
  RunRequest request;
  ToldSink sink;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Reloader> reloader;
};

TEST(ReloadTest, ASwapThatChangesNothingChangesNothing) {
  const Traffic traffic = MadeTraffic();
  const Told whole = RunOn(traffic, {.at_end = AtEnd::kCloseAll}).told;
  Reloadable sensor(SmallSensor());
  sensor.RunOn(traffic, 30, [] {});
  ASSERT_EQ(sensor.sink.told.alerts.size(), whole.alerts.size());
  for (size_t i = 0; i < whole.alerts.size(); ++i) {
    EXPECT_EQ(sensor.sink.told.alerts[i].id, whole.alerts[i].id);
    EXPECT_EQ(sensor.sink.told.alerts[i].packets, whole.alerts[i].packets);
  }
  EXPECT_EQ(sensor.engine->generation(), 1);
  EXPECT_EQ(sensor.sink.told.healths.front().generation, 0);
  EXPECT_EQ(sensor.sink.told.healths.back().generation, 1);
}

TEST(ReloadTest, WhatADetectorKnewOutlivesItsSettings) {
  Traffic traffic;
  Talk(traffic, "192.168.1.50", 0, 40);
  Talk(traffic, "192.168.1.51", 0, 80);
  Reloadable sensor(SmallSensor());
  sensor.Setting<DeviceSilent>().config.silence_seconds_min = 60;
  // From the second the device falls silent, 5 s are enough again: it was known before.
  sensor.RunOn(traffic, 40, [&] { sensor.Setting<DeviceSilent>().config.silence_seconds_min = 5; });
  EXPECT_THAT(sensor.sink.told.Opened(), ElementsAre("dos.device_silent"));
}

TEST(ReloadTest, ADetectorMayBeSwitchedOffAndOn) {
  Traffic traffic;
  Talk(traffic, "192.168.1.51", 0, 40);
  Flood(traffic, 10, 40);
  Reloadable sensor(SmallSensor());
  sensor.RunOn(traffic, 5, [&] { sensor.Setting<SynFlood>().enabled = false; });
  EXPECT_THAT(sensor.sink.told.Opened(), IsEmpty());
}

TEST(ReloadTest, ABadConfigurationChangesNothing) {
  Traffic traffic;
  Flood(traffic, 0, 20);
  Reloadable sensor(SmallSensor());
  sensor.RunOn(traffic, 1, [&] {
    sensor.Setting<SynFlood>().enabled = false;
    sensor.fault = "vedette.yaml:3:1: nonsense";
  });
  EXPECT_EQ(sensor.engine->generation(), 0);
  EXPECT_EQ(sensor.reloader->figures().refused, 1U);
  EXPECT_THAT(sensor.sink.told.Opened(), ElementsAre("dos.syn_flood"));
}

// Patterns that do not compile are a bad configuration too.
TEST(ReloadTest, APatternThatDoesNotCompileChangesNothing) {
  Traffic traffic;
  Flood(traffic, 0, 20);
  Reloadable sensor(SmallSensor());
  sensor.RunOn(traffic, 1,
               [&] { sensor.config.patterns.push_back({.name = "bad", .expression = "("}); });
  EXPECT_EQ(sensor.engine->generation(), 0);
  EXPECT_EQ(sensor.reloader->figures().refused, 1U);
}

void Leak(Traffic& traffic, const std::string& text, uint64_t begin_s, uint64_t end_s) {
  for (uint64_t s = begin_s; s < end_s; ++s) {
    Connection(traffic, "192.168.1.70", "198.51.100.70", static_cast<uint16_t>(30'000 + s), 80,
               kStartUs + s * kSecond)
        .Open()
        .Say(text)
        .Close();
  }
}

TEST(ReloadTest, PatternsAreSwappedInTheWorkers) {
  Traffic traffic;
  Leak(traffic, "the word is xyzzy, and plugh", 0, 30);
  SensorConfig config = SmallSensor();
  config.patterns = {{.name = "old_word", .expression = "xyzzy"}};
  Reloadable sensor(config);
  sensor.RunOn(traffic, 10,
               [&] { sensor.config.patterns = {{.name = "new_word", .expression = "plugh"}}; });
  // One alert, of the device: its evidence names what was found.
  std::set<std::string> names;
  for (const AlertEvent& alert : sensor.sink.told.alerts) {
    EXPECT_EQ(alert.kind, "exfil.sensitive_content");
    names.insert(alert.evidence.detail.at("pattern"));
  }
  EXPECT_FALSE(names.empty());
  EXPECT_TRUE(names.contains("old_word"));
  sensor.engine.reset();
}

TEST(ReloadTest, PatternsKeepTheirPlaces) {
  const std::vector<PatternDefinition> running = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
  const auto arranged = ArrangedPatterns(running, {{.name = "d"}, {.name = "b", .minimum = 3}});
  ASSERT_EQ(arranged.size(), 4U);
  EXPECT_FALSE(arranged[0].enabled);
  EXPECT_EQ(arranged[1].minimum, 3U);
  EXPECT_TRUE(arranged[1].enabled);
  EXPECT_FALSE(arranged[2].enabled);
  EXPECT_EQ(arranged[3].name, "d");
}

TEST(ReloadTest, HomeIsSwappedInWorkersAndControl) {
  Traffic traffic;
  Talk(traffic, "203.0.113.5", 0, 60, "203.0.113.6");
  Reloadable sensor(SmallSensor());
  sensor.RunOn(traffic, 20, [&] { sensor.config.home.push_back(*ParsePrefix("203.0.113.0/24")); });
  ASSERT_FALSE(sensor.sink.told.devices.empty());
  for (const DeviceEvent& event : sensor.sink.told.devices) {
    EXPECT_GE(event.window_start_ms, static_cast<int64_t>(kStartUs / 1'000) + 20'000);
    EXPECT_EQ(event.device.substr(0, 8), "default/");
  }
}

TEST(ReloadTest, SaysWhatWaitsForTheNextStart) {
  const auto changes = ChangesOf({{.path = "capture.workers", .value_text = "1"},
                                  {.path = "alerts.calm_s", .value_text = "60"},
                                  {.path = "models.public_keys", .value_text = "[]"},
                                  {.path = "models.topic", .value_text = "a"},
                                  {.path = "site", .value_text = "a"}},
                                 {{.path = "capture.workers", .value_text = "2"},
                                  {.path = "alerts.calm_s", .value_text = "30"},
                                  {.path = "models.public_keys", .value_text = "[k]"},
                                  {.path = "models.topic", .value_text = "b"},
                                  {.path = "site", .value_text = "a"}});
  ASSERT_EQ(changes.size(), 4U);
  EXPECT_EQ(changes[0].path, "alerts.calm_s");
  EXPECT_TRUE(changes[0].at_once);
  EXPECT_EQ(changes[1].path, "capture.workers");
  EXPECT_FALSE(changes[1].at_once);
  EXPECT_EQ(changes[1].before + changes[1].after, "12");
  EXPECT_TRUE(changes[2].at_once) << changes[2].path;
  EXPECT_FALSE(changes[3].at_once) << changes[3].path;
}

// From a thread beside, as fast as it can, good and bad in turn: every packet is processed, the
// last good one holds, and what is old is freed on the way.
TEST(ReloadTest, AStormOfReloadsLosesNoPacket) {
  Traffic traffic;
  for (uint64_t s = 0; s < 600; ++s) Talk(traffic, "192.168.1.50", s, s + 1);
  SensorConfig config = SmallSensor();
  config.patterns = {{.name = "word", .expression = "xyzzy"}};
  Reloadable sensor(config, 4);
  std::atomic<bool> ended = false;
  std::thread storm([&] {
    for (uint32_t i = 0; !ended || i < 20; ++i) {
      sensor.fault = i % 2 == 0 ? "" : "bad";
      sensor.config.patterns[0].minimum = 1 + i;
      sensor.config.alerts.calm_s = 10 + i % 50;
      sensor.reloader->Reload();
    }
    sensor.fault = "";
    sensor.reloader->Reload();
  });
  TrafficSource source(traffic);
  sensor.engine->Run(source);
  ended = true;
  storm.join();
  int64_t processed = 0;
  for (const HealthEvent& event : sensor.sink.told.healths) processed += event.packets_processed;
  EXPECT_EQ(processed, 1'200);
  const ReloadFigures figures = sensor.reloader->figures();
  EXPECT_EQ(figures.generation, static_cast<int32_t>(figures.applied));
  EXPECT_GT(figures.refused, 0U);
  EXPECT_LE(sensor.engine->generation(), figures.generation);
}

}  // namespace
}  // namespace vedette
