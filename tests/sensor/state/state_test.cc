// A sensor that is stopped and goes on from its state, against one that was never stopped; and
// states that are not whole. Breaks if an alert has two lives over a restart or one id has two
// meanings, if a downtime passes for silence or for calm, or if a damaged file does harm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "sensor/state/state_file.h"
#include "tests/detectors/made_model.h"
#include "tests/sensor/state/made_traffic.h"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Who was accused of what and since when: an alert's identity, with the states it went through.
using Lives = std::map<std::tuple<std::string, std::string, int64_t>, std::vector<std::string>>;
Lives LivesOf(const std::vector<AlertEvent>& alerts) {
  Lives lives;
  for (const AlertEvent& alert : alerts) {
    std::vector<std::string>& states = lives[{alert.kind, alert.device, alert.start_ms}];
    EXPECT_EQ(alert.revision, static_cast<int32_t>(states.size())) << alert.kind;
    states.push_back(alert.state);
  }
  return lives;
}
// Updates depend on when evidence changes; an alert opens once and closes once.
std::set<std::string> IdsOf(const std::vector<AlertEvent>& alerts, const std::string& state) {
  std::set<std::string> ids;
  for (const AlertEvent& alert : alerts) {
    if (alert.state != state) continue;
    EXPECT_TRUE(ids.insert(alert.alert_id).second) << alert.message;
  }
  return ids;
}

Told Joined(Told first, const Told& second) {
  first.alerts.insert(first.alerts.end(), second.alerts.begin(), second.alerts.end());
  first.devices.insert(first.devices.end(), second.devices.begin(), second.devices.end());
  return first;
}

// Packets in and out, by event. Who a device's peers are is learned when a flow begins; flows are
// not kept.
std::map<std::string, std::pair<int64_t, int64_t>> WindowsOf(
    const std::vector<DeviceEvent>& devices) {
  std::map<std::string, std::pair<int64_t, int64_t>> windows;
  for (const DeviceEvent& event : devices) {
    const bool first = windows.try_emplace(event.id, event.packets_in, event.packets_out).second;
    EXPECT_TRUE(first) << "a window of " << event.device << " was told twice";
  }
  return windows;
}

class SplitTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(SplitTest, RestoredSensorIsTheUninterruptedOne) {
  const Traffic traffic = MadeTraffic();
  const uint64_t split_s = GetParam();
  const Told whole = RunOn(traffic, {.at_end = AtEnd::kCloseAll}).told;
  const Ended before = RunOn(Part(traffic, 0, split_s), {});
  const Ended after = RunOn(Part(traffic, split_s, 1'000),
                            {.restored_from = before.state, .at_end = AtEnd::kCloseAll});
  EXPECT_THAT(after.notes, IsEmpty());
  const Told both = Joined(before.told, after.told);
  EXPECT_EQ(IdsOf(both.alerts, "open"), IdsOf(whole.alerts, "open"));
  EXPECT_EQ(IdsOf(both.alerts, "close"), IdsOf(whole.alerts, "close"));
  EXPECT_EQ(LivesOf(both.alerts).size(), LivesOf(whole.alerts).size());
  EXPECT_EQ(WindowsOf(both.devices), WindowsOf(whole.devices));
}

// Before, in and behind the flood; within a window of ten seconds and at its border.
INSTANTIATE_TEST_SUITE_P(State, SplitTest, ::testing::Values(15, 33, 40, 47, 60, 72));

TEST(StateTest, TheMadeTrafficHasAlertsOfFourDetectors) {
  std::set<std::string> kinds;
  for (const AlertEvent& alert : RunOn(MadeTraffic(), {}).told.alerts) kinds.insert(alert.kind);
  EXPECT_THAT(kinds,
              ElementsAre("dos.device_silent", "dos.syn_flood", "exfil.beacon", "recon.port_scan"));
}

TEST(StateTest, AnAlertGoesOnWithItsNextRevision) {
  const Traffic traffic = MadeTraffic();
  const Ended before = RunOn(Part(traffic, 0, 30), {});
  const Ended after = RunOn(Part(traffic, 30, 45), {.restored_from = before.state});
  const AlertEvent* last = nullptr;
  for (const AlertEvent& alert : before.told.alerts) {
    EXPECT_NE(alert.state, "close") << "a stop closes nothing";
    if (alert.kind == "dos.syn_flood") last = &alert;
  }
  ASSERT_NE(last, nullptr);
  const auto next =
      std::find_if(after.told.alerts.begin(), after.told.alerts.end(),
                   [](const AlertEvent& alert) { return alert.kind == "dos.syn_flood"; });
  ASSERT_NE(next, after.told.alerts.end());
  EXPECT_EQ(next->alert_id, last->alert_id);
  EXPECT_EQ(next->state, "update");
  EXPECT_EQ(next->revision, last->revision + 1);
  EXPECT_GT(next->packets, last->packets) << "it adds up";
}

// Two strange windows before the stop, the third behind it. Breaks if the detector's memory, or
// what was seen of the open window, is left behind.
TEST(StateTest, WindowsJudgedByAModelAreCountedOn) {
  Traffic usual;
  Talk(usual, "192.168.1.52", 0, 60);
  Traffic traffic;  // strange from 60 on: the window in which it begins to talk is long past
  Talk(traffic, "192.168.1.52", 0, 95);
  for (uint64_t s = 60; s < 90; ++s) {
    Connection(traffic, "192.168.1.52", "192.168.1." + std::to_string(100 + s % 8),
               static_cast<uint16_t>(50'000 + s), 445, kStartUs + s * kSecond)
        .Open()
        .Say("anything?")
        .Answer("no")
        .Close();
  }
  vedette::Run run{.models =
                       SetOf(Learned(RunOn(usual, {.at_end = AtEnd::kCloseAll}).told.devices))};
  // One alone is never enough here.
  std::get<Detectors::Setting<Outlier>>(run.config.detectors).config.extreme_factor = 1'000;
  const Ended before = RunOn(Part(traffic, 0, 85), run);
  EXPECT_THAT(before.told.Opened(), IsEmpty());
  const Ended anew = RunOn(Part(traffic, 85, 95), run);
  EXPECT_THAT(anew.told.Opened(), IsEmpty());
  run.restored_from = before.state;
  const Ended after = RunOn(Part(traffic, 85, 95), run);
  EXPECT_THAT(after.told.Opened(), ElementsAre("anomaly.outlier"));
  EXPECT_THAT(RunOn(traffic, {.config = run.config, .models = run.models}).told.Opened(),
              ElementsAre("anomaly.outlier"));
}

// Of a run that was killed nobody knows what it told after its last state: no id is used again.
TEST(StateTest, AfterACrashNoRevisionIsToldTwice) {
  const Traffic traffic = MadeTraffic();
  const Ended at_30 = RunOn(Part(traffic, 0, 30), {.crashed = true});
  const Ended killed_at_45 = RunOn(Part(traffic, 0, 45), {});
  const Ended after = RunOn(Part(traffic, 45, 1'000), {.restored_from = at_30.state});
  std::set<std::string> ids;
  for (const AlertEvent& alert : killed_at_45.told.alerts) ids.insert(alert.id);
  size_t updates = 0;
  for (const AlertEvent& alert : after.told.alerts) {
    EXPECT_TRUE(ids.insert(alert.id).second) << alert.message;
    updates += alert.state != "open";
  }
  EXPECT_GT(updates, 0U);
  std::set<std::string> windows;
  for (const DeviceEvent& event : killed_at_45.told.devices) windows.insert(event.id);
  for (const DeviceEvent& event : after.told.devices) {
    if (event.window_start_ms < static_cast<int64_t>(kStartUs / 1'000) + 40'000) {
      EXPECT_TRUE(windows.insert(event.id).second) << "a window before the crash, told again";
    }
  }
}

// Ten devices, each steady; the sensor is away for five minutes, in which one of them has left.
TEST(StateTest, ADowntimeAccusesNobody) {
  Traffic before, after;
  for (int i = 0; i < 10; ++i) {
    const std::string device = "192.168.1." + std::to_string(100 + i);
    Talk(before, device, 0, 60);
    if (i != 0) Talk(after, device, 360, 420);
  }
  const Ended first = RunOn(before, {});
  Ended second = RunOn(after, {.restored_from = first.state});
  EXPECT_THAT(second.told.Opened(), IsEmpty());
  // Who was heard again and stops after that is missed as ever.
  Traffic later;
  for (int i = 2; i < 10; ++i) Talk(later, "192.168.1." + std::to_string(100 + i), 420, 450);
  const Ended third = RunOn(later, {.restored_from = second.state});
  EXPECT_THAT(third.told.Opened(), ElementsAre("dos.device_silent"));
  EXPECT_EQ(third.told.alerts.front().device_ip, "192.168.1.101");
}

TEST(StateTest, AlertsThatAreTooOldAreClosedAndBaselinesStay) {
  const Ended before = RunOn(Part(MadeTraffic(), 0, 45), {});
  const std::set<std::string> opened = IdsOf(before.told.alerts, "open");
  ASSERT_FALSE(opened.empty());
  Traffic later;
  Talk(later, "192.168.1.51", 2'000, 2'030);
  Talk(later, "192.168.1.52", 2'000, 2'010);
  const Ended after = RunOn(later, {.restored_from = before.state});
  EXPECT_EQ(IdsOf(after.told.alerts, "close"), opened);
  // Ten seconds are too few to be known by; it is known from before.
  EXPECT_THAT(after.told.Opened(), ElementsAre("dos.device_silent"));
}

TEST(StateTest, ADowntimeIsNoCalm) {
  const Traffic traffic = MadeTraffic();
  const Ended before = RunOn(Part(traffic, 0, 30), {});
  Traffic after;
  Flood(after, 200, 203);
  const Ended resumed = RunOn(after, {.restored_from = before.state});
  EXPECT_THAT(resumed.told.Opened(), IsEmpty()) << "the flood's alert goes on";
  EXPECT_FALSE(resumed.told.alerts.empty());
}

TEST(StateTest, EveryPrefixAndEveryFlippedBitIsRefused) {
  const std::string state = RunOn(Part(MadeTraffic(), 0, 22), {}).state;
  ASSERT_TRUE(StateImage::Parse(state).ok());
  // All short ones, then steps: hashing each of some 100,000 would take minutes.
  for (size_t size = 0; size < state.size(); size += size < 2'000 ? 1 : 997) {
    EXPECT_FALSE(StateImage::Parse(state.substr(0, size)).ok()) << size;
  }
  std::mt19937 random(1);
  for (int i = 0; i < 500; ++i) {
    std::string flipped = state;
    flipped[random() % flipped.size()] ^= static_cast<char>(1 << random() % 8);
    EXPECT_FALSE(StateImage::Parse(std::move(flipped)).ok());
  }
}

std::string Sealed(std::string bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return bytes.append(digest, digest + sizeof digest);
}

// With a right checksum the rest must hold by itself: whatever is in it, a sensor starts and runs.
TEST(StateTest, WhateverAStateHoldsASensorRuns) {
  const std::string state = RunOn(Part(MadeTraffic(), 0, 22), {}).state;
  const std::string inside = state.substr(0, state.size() - SHA256_DIGEST_LENGTH);
  const Traffic next = Part(MadeTraffic(), 22, 24);
  std::mt19937 random(2);
  size_t parsed = 0, run = 0;
  for (int i = 0; i < 400; ++i) {
    std::string mutated = inside;
    for (auto n = 1 + random() % 3; n > 0; --n) {
      mutated[random() % mutated.size()] = static_cast<char>(random());
    }
    std::string sealed = Sealed(std::move(mutated));
    if (!StateImage::Parse(sealed).ok()) continue;
    ++parsed;
    if (run == 8) continue;  // the engine's tables take a while to make
    ++run;
    RunOn(next, {.restored_from = std::move(sealed)});
  }
  EXPECT_GT(parsed, 20U);
}

TEST(StateTest, ArraysInArraysEndSomewhere) {
  std::string bomb("VEDETTE-STATE 1\n");
  constexpr uint32_t kDeep = 1'000'000;
  for (int i = 0; i < 4; ++i) bomb += static_cast<char>(kDeep >> (8 * i));
  bomb.append(kDeep, '\x81').append(4, '\0');
  EXPECT_THAT(std::string(StateImage::Parse(Sealed(bomb)).status().message()),
              HasSubstr("a frame that is none"));
}

TEST(StateTest, AnotherFormatIsToldFromDamage) {
  const auto other = StateImage::Parse(Sealed("VEDETTE-STATE 2\n"));
  EXPECT_THAT(std::string(other.status().message()), HasSubstr("found format 2"));
  EXPECT_THAT(std::string(StateImage::Parse("anything").status().message()),
              HasSubstr("not a state"));
}

TEST(StateTest, APartOfAnotherVersionBeginsAnewAlone) {
  const Ended before = RunOn(Part(MadeTraffic(), 0, 30), {});
  std::string state = before.state.substr(0, before.state.size() - SHA256_DIGEST_LENGTH);
  // As if a field of the floods' state had had another name.
  for (size_t at = 0; (at = state.find("minute_begun", at)) != std::string::npos; ++at) {
    state.replace(at, 12, "minute_BEGUN");
  }
  const Ended after =
      RunOn(Part(MadeTraffic(), 30, 45), {.restored_from = Sealed(std::move(state))});
  EXPECT_THAT(after.notes,
              ElementsAre("dos.syn_flood.states is another version's and begins anew"));
}

TEST(StateTest, WhatFindsNoRoomIsLeftOutWhole) {
  ToldSink sink;
  auto engine = Engine::Create(SmallSensor(), 1, false, sink);
  ASSERT_TRUE(engine.ok());
  TrafficSource source(Part(MadeTraffic(), 0, 30));
  (*engine)->Attend(nullptr, AtEnd::kKeepOpen);
  (*engine)->Run(source);
  SensorMemory memory = (*engine)->control().CopyMemory();
  const WrittenState whole = EncodeMemory({.sensor = "kept"}, memory, size_t{64} << 20);
  EXPECT_THAT(whole.left_out, IsEmpty());
  const WrittenState part = EncodeMemory({.sensor = "kept"}, memory, whole.bytes.size() / 2);
  EXPECT_FALSE(part.left_out.empty());
  EXPECT_LE(part.bytes.size(), whole.bytes.size() / 2 + 64);
  EXPECT_TRUE(StateImage::Parse(part.bytes).ok());
}

class StateFileTest : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(folder_); }
  StateFile Opened() {
    auto file = StateFile::Open(folder_, 1 << 20);
    EXPECT_TRUE(file.ok()) << file.status();
    return *std::move(file);
  }
  const std::string folder_ = absl::StrCat(::testing::TempDir(), "/state_", getpid(), "/inner");
};

TEST_F(StateFileTest, IsTheOwnersAlone) {
  const StateFile file = Opened();
  ASSERT_TRUE(file.Write("first").ok());
  ASSERT_TRUE(file.Write("second").ok());
  struct stat about;
  ASSERT_EQ(stat(folder_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0700U);
  ASSERT_EQ(stat(file.path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
  EXPECT_EQ(about.st_size, 6);
  EXPECT_FALSE(std::filesystem::exists(file.path() + ".new"));
}

TEST_F(StateFileTest, WhatIsRefusedIsSetAside) {
  const StateFile file = Opened();
  EXPECT_EQ(file.Read().status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(file.Write("no state").ok());
  EXPECT_EQ(file.Read().status().code(), absl::StatusCode::kInvalidArgument);
  const auto aside = file.SetAside();
  ASSERT_TRUE(aside.ok());
  EXPECT_EQ(std::filesystem::file_size(*aside), 8U);
  EXPECT_EQ(file.Read().status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(file.Write(std::string((1 << 20) + 1, 'x')).ok());
  EXPECT_THAT(std::string(file.Read().status().message()), HasSubstr("state.mib_max"));
}

TEST_F(StateFileTest, SaysWhatAFolderLacks) {
  std::filesystem::create_directories(std::filesystem::path(folder_).parent_path());
  std::ofstream(folder_) << "in the way";
  EXPECT_THAT(std::string(StateFile::Open(folder_, 1).status().message()), HasSubstr(folder_));
}

}  // namespace
}  // namespace vedette
