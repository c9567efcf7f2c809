// Queue, accounts, the sink's thread, the file sink and the exporter that feeds them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sensor/export/exporter.h"
#include "sensor/export/file_sink.h"
#include "sensor/export/secret_file.h"

namespace vedette {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::SizeIs;

EventPointer EventOf(Topic topic, uint64_t seq = 1, size_t bytes = 50) {
  auto event = std::make_shared<ExportEvent>();
  event->topic = topic;
  event->seq = seq;
  event->json = std::string(bytes, 'j');
  return event;
}

struct Folder {
  explicit Folder(const std::string& name)
      : path(absl::StrCat(::testing::TempDir(), "/vedette_", getpid(), "_", name)) {
    fs::remove_all(path);
  }
  ~Folder() { fs::remove_all(path); }
  std::string path;
};

std::string TextOf(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (path.extension() != ".zst") return text.str();
  std::string plain(64 << 20, '\0');
  const size_t size =
      ZSTD_decompress(plain.data(), plain.size(), text.str().data(), text.str().size());
  EXPECT_FALSE(ZSTD_isError(size)) << path;
  plain.resize(ZSTD_isError(size) ? 0 : size);
  return plain;
}

std::vector<nlohmann::json> LinesOf(const fs::path& path) {
  std::vector<nlohmann::json> lines;
  for (const auto line : absl::StrSplit(TextOf(path), '\n', absl::SkipEmpty())) {
    lines.push_back(nlohmann::json::parse(std::string(line)));
  }
  return lines;
}

TEST(EventQueue, WhatIsWorthLeastFindsNoRoomFirst) {
  EventQueue queue(160, 1 << 20);
  size_t flows = 0, devices = 0, healths = 0, alerts = 0;
  while (queue.Offer(EventOf(Topic::kFlows))) ++flows;
  while (queue.Offer(EventOf(Topic::kDevices))) ++devices;
  while (queue.Offer(EventOf(Topic::kHealth))) ++healths;
  while (queue.Offer(EventOf(Topic::kAlerts))) ++alerts;
  EXPECT_EQ(flows, 120U);
  EXPECT_EQ(devices, 20U);
  EXPECT_EQ(healths, 10U);
  EXPECT_EQ(alerts, 10U);
  std::vector<EventPointer> out;
  queue.Take(1'000, absl::ZeroDuration(), out);
  EXPECT_THAT(out, SizeIs(160));
  EXPECT_TRUE(queue.Offer(EventOf(Topic::kFlows)));
}

TEST(EventQueue, BytesBindToo) {
  EventQueue queue(1'000'000, 100'000);
  size_t count = 0;
  while (queue.Offer(EventOf(Topic::kAlerts, 1, 1'000))) ++count;
  EXPECT_GT(count, 70U);
  EXPECT_LE(count, 100U);
}

// Takes what it is told to, when it is told to.
class HeldWriter : public SinkWriter {
 public:
  HeldWriter(Sink& sink, const std::atomic<bool>& open) : sink_(sink), open_(open) {}
  size_t Room() const override { return open_ ? 1'000 : 0; }
  void Write(std::vector<EventPointer> events) override {
    for (const EventPointer& event : events) sink_.accounts().Delivered(event->topic);
  }
  void Turn() override {}
  absl::Status Finish(const StopLimits&) override { return absl::OkStatus(); }

 private:
  Sink& sink_;
  const std::atomic<bool>& open_;
};

TEST(Sink, AccountsAreExactWhateverHappens) {
  std::atomic<bool> open = false;
  Sink sink("held", 1'600, 1 << 24);
  sink.Start(std::make_unique<HeldWriter>(sink, open));
  for (int i = 0; i < 2'000; ++i) sink.Give(EventOf(Topic::kFlows), false);
  for (int i = 0; i < 100; ++i) sink.Give(EventOf(Topic::kAlerts), false);
  EventCounts flows = sink.accounts().Of(Topic::kFlows);
  EXPECT_EQ(flows.made, 2'000);
  EXPECT_EQ(flows.dropped, 800);
  EXPECT_EQ(flows.spooled, 1'200);
  EXPECT_EQ(sink.accounts().Of(Topic::kAlerts).dropped, 0);
  EXPECT_EQ(sink.accounts().DroppedBy(DropReason::kQueueFull), 800U);
  open = true;
  EXPECT_TRUE(sink.Stop({}).ok());
  flows = sink.accounts().Of(Topic::kFlows);
  EXPECT_EQ(flows.delivered, 1'200);
  EXPECT_EQ(flows.spooled, 0);
  EXPECT_EQ(sink.accounts().Of(Topic::kAlerts).delivered, 100);
}

// In a replay who is ahead waits.
TEST(Sink, AGiverMayWaitForRoom) {
  std::atomic<bool> open = true;
  Sink sink("slow", 160, 1 << 24);
  sink.Start(std::make_unique<HeldWriter>(sink, open));
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(sink.Give(EventOf(Topic::kFlows), true));
  EXPECT_TRUE(sink.Stop({}).ok());
  EXPECT_EQ(sink.accounts().Of(Topic::kFlows).delivered, 20'000);
}

ExportConfig FilesOnly(const std::string& folder) {
  ExportConfig config;
  config.files.folder = folder;
  return config;
}

TEST(Exporter, NumbersEachTopicWithoutGaps) {
  const Folder folder("numbers");
  auto exporter = Exporter::Create(FilesOnly(folder.path), {.boot_ms = 1'234});
  ASSERT_TRUE(exporter.ok()) << exporter.status();
  for (int i = 0; i < 300; ++i) {
    (*exporter)->Write(AlertEvent{.sensor = "s"});
    (*exporter)->Write(FlowEvent{.part = i});
    (*exporter)->Write(FlowEvent{.part = i});
  }
  ASSERT_TRUE((*exporter)->Stop({}).ok());
  const auto flows = LinesOf(folder.path + "/flows.ndjson");
  ASSERT_THAT(flows, SizeIs(600));
  for (size_t i = 0; i < flows.size(); ++i) {
    ASSERT_EQ(flows[i]["seq"], i + 1);
    ASSERT_EQ(flows[i]["boot_ms"], 1'234);
    ASSERT_EQ(flows[i]["part"], i / 2);
  }
  EXPECT_EQ(LinesOf(folder.path + "/alerts.ndjson").back()["seq"], 300);
  EXPECT_FALSE(fs::exists(folder.path + "/devices.ndjson"));
}

TEST(Exporter, HealthSaysWhatBecameOfAll) {
  const Folder folder("health");
  auto exporter = Exporter::Create(FilesOnly(folder.path), {.boot_ms = 1});
  ASSERT_TRUE(exporter.ok());
  for (int i = 0; i < 50; ++i) (*exporter)->Write(DeviceEvent{});
  (*exporter)->Write(HealthEvent{.sensor = "s"});
  ASSERT_TRUE((*exporter)->Stop({}).ok());
  const auto health = LinesOf(folder.path + "/health.ndjson");
  ASSERT_THAT(health, SizeIs(1));
  const auto& devices = health[0]["events"]["vedette.devices"];
  EXPECT_EQ(devices["made"], 50);
  EXPECT_EQ(devices["delivered"].get<int>() + devices["spooled"].get<int>(), 50);
  EXPECT_EQ(devices["dropped"], 0);
  HealthEvent after;
  (*exporter)->AddAccounts(after);
  EXPECT_EQ(after.events["vedette.devices"].delivered, 50);
  EXPECT_EQ(after.events["vedette.health"].delivered, 1);
}

TEST(FileSink, CutsCompressesAndForgets) {
  const Folder folder("cut");
  ExportConfig config = FilesOnly(folder.path);
  config.files.rotate_bytes = 100'000;
  auto exporter = Exporter::Create(config, {.wait_for_room = true});
  ASSERT_TRUE(exporter.ok());
  for (int i = 0; i < 2'000; ++i) (*exporter)->Write(FlowEvent{.part = i});
  ASSERT_TRUE((*exporter)->Stop({}).ok());
  std::vector<bool> seen(2'000);
  size_t cut = 0;
  for (const auto& entry : fs::directory_iterator(folder.path)) {
    struct stat found {};
    ASSERT_EQ(stat(entry.path().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0640U) << entry.path();
    if (entry.path().filename() != "flows.ndjson") {
      ++cut;
      EXPECT_EQ(entry.path().extension(), ".zst");
    }
    for (const auto& line : LinesOf(entry.path())) seen[line["part"].get<size_t>()] = true;
  }
  EXPECT_GT(cut, 0U);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 2'000);

  config.files.keep_bytes_max = 0;
  exporter = Exporter::Create(config, {.wait_for_room = true});
  ASSERT_TRUE(exporter.ok());
  for (int i = 0; i < 2'000; ++i) (*exporter)->Write(FlowEvent{.part = i});
  ASSERT_TRUE((*exporter)->Stop({}).ok());
  for (const auto& entry : fs::directory_iterator(folder.path)) {
    EXPECT_EQ(entry.path().filename(), "flows.ndjson");
  }
}

// A crash: half a line at the end, a compressed file half written, a cut one not yet compressed.
TEST(FileSink, ClearsUpAfterACrash) {
  const Folder folder("crash");
  fs::create_directory(folder.path);
  std::ofstream(folder.path + "/flows.ndjson") << "{\"part\":1}\n{\"par";
  std::ofstream(folder.path + "/flows-20260101T000000Z-1-1.ndjson") << "{\"part\":2}\n";
  std::ofstream(folder.path + "/flows-20260101T000000Z-1-1.ndjson.zst.part") << "half";
  auto exporter = Exporter::Create(FilesOnly(folder.path), {});
  ASSERT_TRUE(exporter.ok());
  (*exporter)->Write(FlowEvent{.part = 3});
  ASSERT_TRUE((*exporter)->Stop({}).ok());
  const auto flows = LinesOf(folder.path + "/flows.ndjson");
  ASSERT_THAT(flows, SizeIs(2));
  EXPECT_EQ(flows[0]["part"], 1);
  EXPECT_EQ(flows[1]["part"], 3);
  EXPECT_EQ(LinesOf(folder.path + "/flows-20260101T000000Z-1-1.ndjson.zst")[0]["part"], 2);
  EXPECT_FALSE(fs::exists(folder.path + "/flows-20260101T000000Z-1-1.ndjson"));
  EXPECT_FALSE(fs::exists(folder.path + "/flows-20260101T000000Z-1-1.ndjson.zst.part"));
}

TEST(FileSink, AFullDiskDropsAndCounts) {
  const Folder folder("full");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit = before;
  limit.rlim_cur = 400'000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::vector<std::string> said;
  auto exporter = Exporter::Create(
      FilesOnly(folder.path),
      {.wait_for_room = true, .tell = [&said](const std::string& line) { said.push_back(line); }});
  ASSERT_TRUE(exporter.ok());
  for (int i = 0; i < 2'000; ++i) (*exporter)->Write(FlowEvent{.part = i});
  (*exporter)->Write(AlertEvent{});  // another file: nothing is lost of it
  const absl::Status stopped = (*exporter)->Stop({});
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  const auto& accounts = (*exporter)->sinks()[0]->accounts();
  const EventCounts flows = accounts.Of(Topic::kFlows);
  EXPECT_EQ(flows.delivered + flows.dropped, 2'000);
  EXPECT_GT(flows.delivered, 100);
  EXPECT_GT(flows.dropped, 100);
  EXPECT_EQ(accounts.DroppedBy(DropReason::kDiskFull), static_cast<uint64_t>(flows.dropped));
  EXPECT_EQ(accounts.Of(Topic::kAlerts).delivered, 1);
  EXPECT_THAT(LinesOf(folder.path + "/flows.ndjson"), SizeIs(flows.delivered));  // whole lines
  EXPECT_THAT(std::string(stopped.message()),
              HasSubstr(absl::StrCat("files: ", flows.dropped, " events were dropped")));
  ASSERT_FALSE(said.empty());
  EXPECT_THAT(said[0], HasSubstr("flows.ndjson: events are lost: File too large"));
}

TEST(FileSink, AFolderThatCannotBeMadeIsAFaultOfTheStart) {
  EXPECT_THAT(std::string(Exporter::Create(FilesOnly("/proc/none"), {}).status().message()),
              HasSubstr("export.files.folder: /proc/none: cannot be made"));
}

TEST(MessageLog, SaysOneOfASortAndHowManyWereLike) {
  std::vector<std::string> said;
  MessageLog log([&said](const std::string& line) { said.push_back(line); },
                 absl::Milliseconds(50));
  for (int i = 0; i < 5; ++i) log.Say("a", "first\x1b[31m");
  log.Say("b", "other");
  ASSERT_THAT(said, SizeIs(2));
  EXPECT_EQ(said[0].find('\x1b'), std::string::npos);
  absl::SleepFor(absl::Milliseconds(60));
  log.Say("a", "again");
  EXPECT_EQ(said.back(), "again (and 4 like it before)");
}

TEST(SecretFile, IsReadWhereItMayBe) {
  const Folder folder("secret");
  fs::create_directory(folder.path);
  const std::string path = folder.path + "/password";
  std::ofstream(path) << "s3cret\n";
  chmod(path.c_str(), 0600);
  EXPECT_EQ(*ReadSecret(path), "s3cret");
  chmod(path.c_str(), 0644);
  EXPECT_EQ(ReadSecret(path).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReadSecret(folder.path + "/none").status().code(), absl::StatusCode::kNotFound);
  chmod(path.c_str(), 0400);
  setenv("CREDENTIALS_DIRECTORY", folder.path.c_str(), 1);
  EXPECT_EQ(*ReadSecret("password"), "s3cret");
  unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_THAT(std::string(ReadSecret("password").status().message()),
              HasSubstr("LoadCredential=password:FILE"));
  EXPECT_FALSE(ReadSecret("../password").ok());
}

}  // namespace
}  // namespace vedette
