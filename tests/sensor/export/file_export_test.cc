#include "sensor/export/file_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace vedette {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string PathOf(const std::string& name) {
  return absl::StrCat(::testing::TempDir(), "/vedette_export_", getpid(), "_", name);
}

std::vector<nlohmann::json> LinesOf(const std::string& path) {
  std::vector<nlohmann::json> events;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) events.push_back(nlohmann::json::parse(line));
  return events;
}

TEST(EventFiles, OneFileATopic) {
  const EventPaths paths{.alerts = PathOf("alerts"), .devices = PathOf("devices")};
  auto files = EventFiles::Open(paths);
  ASSERT_TRUE(files.ok()) << files.status();
  (*files)->Write(AlertEvent{.sensor = "s"});
  (*files)->Write(DeviceEvent{.sensor = "s"});
  (*files)->Write(DeviceEvent{.sensor = "t"});
  (*files)->Write(FlowEvent{});  // nobody asked for it
  EXPECT_TRUE((*files)->Finish().ok());
  EXPECT_THAT(LinesOf(paths.alerts), SizeIs(1));
  const std::vector<nlohmann::json> devices = LinesOf(paths.devices);
  ASSERT_THAT(devices, SizeIs(2));
  EXPECT_EQ(devices[0]["type"], "device");
  EXPECT_EQ(devices[1]["sensor"], "t");
}

TEST(EventFiles, TopicsMayShareAFile) {
  const std::string path = PathOf("shared");
  auto files = EventFiles::Open({.alerts = path, .flows = path});
  ASSERT_TRUE(files.ok()) << files.status();
  for (int i = 0; i < 100; ++i) {
    (*files)->Write(AlertEvent{});
    (*files)->Write(FlowEvent{});
  }
  EXPECT_TRUE((*files)->Finish().ok());
  const std::vector<nlohmann::json> events = LinesOf(path);
  ASSERT_THAT(events, SizeIs(200));
  EXPECT_EQ(events[0]["type"], "alert");
  EXPECT_EQ(events[199]["type"], "flow");
}

TEST(EventFiles, WhatStoodInAFileIsReplaced) {
  const std::string path = PathOf("old");
  std::ofstream(path) << "an old line\nanother\n";
  auto files = EventFiles::Open({.alerts = path});
  ASSERT_TRUE(files.ok());
  EXPECT_TRUE((*files)->Finish().ok());
  EXPECT_EQ(std::filesystem::file_size(path), 0U);
}

TEST(EventFiles, AllThatCannotBeOpenedIsNamed) {
  const auto files = EventFiles::Open(
      {.alerts = "/nonexistent/a", .devices = ::testing::TempDir(), .health = PathOf("good")});
  EXPECT_THAT(std::string(files.status().message()),
              AllOf(HasSubstr("/nonexistent/a: cannot be written: No such file"),
                    HasSubstr(absl::StrCat(::testing::TempDir(), ": cannot be written"))));
}

// A full disk: said with how many events were lost; the other topics go on.
TEST(EventFiles, AFullDiskLosesItsOwnEventsAlone) {
  const std::string good = PathOf("beside");
  auto files = EventFiles::Open({.alerts = "/dev/full", .devices = good});
  ASSERT_TRUE(files.ok()) << files.status();
  for (int i = 0; i < 3'000; ++i) {
    (*files)->Write(AlertEvent{});
    (*files)->Write(DeviceEvent{});
  }
  EXPECT_EQ(std::string((*files)->Finish().message()),
            "/dev/full: No space left on device; 3000 events were not written");
  EXPECT_THAT(LinesOf(good), SizeIs(3'000));
}

// What a disk still took stays whole lines, and is counted as delivered.
TEST(EventFiles, ADiskThatFillsUpKeepsWholeLines) {
  const std::string path = PathOf("quota");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit = before;
  limit.rlim_cur = 1'000'000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  auto file = EventFile::Open(path);
  ASSERT_TRUE(file.ok());
  constexpr int kEvents = 3'000;  // of some 800 bytes
  for (int i = 0; i < kEvents; ++i) (*file)->Write(Topic::kFlows, FlowEvent{.part = i});
  const absl::Status status = (*file)->Finish();
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);

  const std::vector<nlohmann::json> events = LinesOf(path);  // parses each line
  const EventCounts& counts = (*file)->counts(Topic::kFlows);
  EXPECT_EQ(counts.made, kEvents);
  EXPECT_EQ(counts.delivered, static_cast<int64_t>(events.size()));
  EXPECT_EQ(counts.dropped, kEvents - counts.delivered);
  EXPECT_EQ(counts.spooled, 0);
  EXPECT_GT(counts.delivered, 500);
  EXPECT_GT(counts.dropped, 500);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(absl::StrCat(counts.dropped, " events were not written")));
  for (size_t i = 0; i < events.size(); ++i) ASSERT_EQ(events[i]["part"], i);
}

TEST(EventFiles, HealthSaysWhatBecameOfTheEvents) {
  const std::string path = PathOf("health");
  auto files = EventFiles::Open({.alerts = "/dev/full", .flows = path, .health = path});
  ASSERT_TRUE(files.ok());
  for (int i = 0; i < 2'000; ++i) {
    (*files)->Write(AlertEvent{});
    (*files)->Write(FlowEvent{});
  }
  (*files)->Write(HealthEvent{});
  EXPECT_FALSE((*files)->Finish().ok());
  const nlohmann::json health = LinesOf(path).back();
  ASSERT_EQ(health["type"], "health");
  int64_t dropped = 0;
  for (const char* topic : {"vedette.alerts", "vedette.flows"}) {
    const nlohmann::json& counts = health["events"][topic];
    EXPECT_EQ(counts["made"], 2'000) << topic;
    EXPECT_EQ(counts["made"], counts["delivered"].get<int64_t>() +
                                  counts["spooled"].get<int64_t>() +
                                  counts["dropped"].get<int64_t>());
    dropped += counts["dropped"].get<int64_t>();
  }
  EXPECT_GT(dropped, 0);
  EXPECT_EQ(health["dropped_events_by_reason"]["file"], dropped);
  EXPECT_FALSE(health["events"].contains("vedette.devices"));  // nobody asked for them
}

}  // namespace
}  // namespace vedette
