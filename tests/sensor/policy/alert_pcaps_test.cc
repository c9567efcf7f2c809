// The first packets behind each alert, through the whole engine and back through our own reader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "dataplane/capture/replay_source.h"
#include "sensor/pipeline/pcap_folder.h"
#include "tests/detectors/conversations.h"

namespace vedette {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kDevice[] = "192.168.1.20", kOutside[] = "203.0.113.9";
constexpr uint8_t kSyn = 2;  // of TCP's flags
constexpr char kCards[] =
    "POST /in HTTP/1.1\r\n\r\ncard=4111111111111111&x=1\n"
    "card=5555 5555 5555 4444&x=2\ncard=3782-822463-10005&x=3\n";

// 40,000, of the connection that steals.
constexpr std::byte kPort[] = {std::byte{0x9c}, std::byte{0x40}};

class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_(absl::StrCat(::testing::TempDir(), "/", name, "_", getpid())) {
    fs::remove_all(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  const std::string& path() const { return path_; }
  // Contents by name.
  std::map<std::string, std::string> Files() const {
    std::map<std::string, std::string> files;
    if (!fs::exists(path_)) return files;
    for (const auto& entry : fs::directory_iterator(path_)) {
      std::ifstream file(entry.path(), std::ios::binary);
      files[entry.path().filename().string()] = {std::istreambuf_iterator<char>(file), {}};
    }
    return files;
  }

 private:
  std::string path_;
};

struct Read {
  std::vector<uint64_t> times_us;
  std::vector<PacketBytes> packets;
  std::vector<uint32_t> wire_lengths;
};

Read ReadBack(const std::string& path) {
  Read read;
  const auto source = OpenReplay({path}, {});
  EXPECT_TRUE(source.ok()) << source.status();
  if (!source.ok()) return read;
  PacketBurst burst;
  SourceState state;
  do {
    state = (*source)->Receive(burst);
    for (const PacketView& view : burst.views()) {
      read.times_us.push_back(view.arrival.us);
      read.packets.emplace_back(view.bytes.begin(), view.bytes.end());
      read.wire_lengths.push_back(view.wire_length);
    }
    (*source)->Release(burst);
  } while (state != SourceState::kEnded);
  EXPECT_THAT((*source)->faults(), IsEmpty());
  return read;
}

SensorConfig ConfigFor(const Folder& folder) {
  SensorConfig config;
  config.alert_pcaps.folder = folder.path();
  config.alert_pcaps.memory_mib = 16;
  return config;
}

// A theft amid a talk of others, a second of quiet before it.
Traffic Theft() {
  Traffic traffic;
  Connection(traffic, "192.168.1.30", "192.168.1.2", 50'000, 80, kStartUs).Open().Say("a").Close();
  Connection(traffic, kDevice, kOutside, 40'000, 80, kStartUs + 2 * kSecond)
      .Open()
      .Say(kCards)
      .Wait(3 * kSecond)
      .Say("more of it")
      .Close();
  Connection(traffic, "192.168.1.31", kOutside, 50'001, 80, kStartUs + 2 * kSecond).Open().Close();
  return traffic;
}

TEST(AlertPcaps, HoldThePacketsOfTheFlowAndNoOthers) {
  const Folder folder("pcaps");
  const Traffic traffic = Theft();
  const Told told = Replayed(traffic, ConfigFor(folder));
  const std::vector<AlertEvent> alerts = AlertsOf(told, "exfil.sensitive_content");
  ASSERT_THAT(alerts, SizeIs(1));
  const auto files = folder.Files();
  ASSERT_THAT(files, SizeIs(1));
  const std::string name = absl::StrCat(alerts[0].alert_id, ".pcap");
  ASSERT_EQ(files.begin()->first, name);
  const Read read = ReadBack(absl::StrCat(folder.path(), "/", name));
  std::vector<PacketBytes> expected;
  std::vector<uint64_t> times_us;
  for (const Traffic::Packet& packet : traffic.Sorted()) {
    const bool ours = std::search(packet.bytes.begin(), packet.bytes.end(), std::begin(kPort),
                                  std::end(kPort)) != packet.bytes.end();
    if (!ours) continue;
    expected.push_back(packet.bytes);
    times_us.push_back(packet.at_us);
  }
  ASSERT_GE(expected.size(), 7U);  // from before the alert opened, and after it
  EXPECT_EQ(read.packets, expected);
  EXPECT_EQ(read.times_us, times_us);
}

TEST(AlertPcaps, OffByDefault) {
  const Folder folder("no_pcaps");
  EXPECT_THAT(AlertsOf(Replayed(Theft()), "exfil.sensitive_content"), SizeIs(1));
  EXPECT_FALSE(fs::exists(folder.path()));
}

TEST(AlertPcaps, AreReadableByTheirOwnerAlone) {
  const Folder folder("private_pcaps");
  Replayed(Theft(), ConfigFor(folder));
  struct stat found {};
  ASSERT_EQ(stat(folder.path().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700U);
  for (const auto& [name, contents] : folder.Files()) {
    ASSERT_EQ(stat(absl::StrCat(folder.path(), "/", name).c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600U);
  }
}

Traffic Flood() {
  Traffic traffic;
  for (uint32_t i = 0; i < 12'000; ++i) {
    const std::string source = absl::StrCat("198.51.", i / 250 % 256, ".", i % 250 + 1);
    traffic.At(kStartUs + i * 500, PacketBuilder()
                                       .Ethernet()
                                       .Ip4(source, kDevice)
                                       .Tcp(static_cast<uint16_t>(1'024 + i), 443, kSyn)
                                       .Build());
  }
  return traffic;
}

TEST(AlertPcaps, HoldTheFirstPacketsOfAFloodCutToTheSnapLength) {
  const Folder folder("flood_pcaps");
  SensorConfig config = ConfigFor(folder);
  config.alert_pcaps.snap_length_bytes = 64;
  config.alert_pcaps.packets = 20;
  const Told told = Replayed(Flood(), config);
  const std::vector<AlertEvent> alerts = AlertsOf(told, "dos.syn_flood");
  ASSERT_THAT(alerts, SizeIs(1));
  const Read read = ReadBack(absl::StrCat(folder.path(), "/", alerts[0].alert_id, ".pcap"));
  ASSERT_THAT(read.packets, SizeIs(20));
  EXPECT_TRUE(std::is_sorted(read.times_us.begin(), read.times_us.end()));
  EXPECT_GE(read.times_us.front(), static_cast<uint64_t>(alerts[0].start_ms) * 1'000);
  for (const PacketBytes& packet : read.packets) EXPECT_LE(packet.size(), 64U);
}

TEST(AlertPcaps, AreTheSameForAnyNumberOfWorkers) {
  Traffic traffic = Theft();
  traffic.Add(Flood());
  const Folder one("one_pcaps"), four("four_pcaps");
  Replayed(traffic, ConfigFor(one), 1);
  Replayed(traffic, ConfigFor(four), 4);
  EXPECT_THAT(one.Files(), ::testing::Not(IsEmpty()));
  EXPECT_EQ(one.Files(), four.Files());
}

TEST(AlertPcaps, ATapeThatIsFullLosesPacketsAndNothingElse) {
  TapeOptions options{.bytes = 4'096, .snap_length = 1'536, .packets_of_pair = 64};
  PacketTape tape(options);
  const PacketBytes bytes(1'000, std::byte{7});
  for (uint64_t i = 0; i < 10; ++i) {
    PacketKeys keys;
    keys.pair_hash = {i << 48};
    tape.Append({.bytes = bytes, .wire_length = 1'000, .arrival = {i}}, keys);
  }
  std::vector<uint64_t> kept;
  EachTaped(tape.words(), [&](const TapedPacket& packet) {
    kept.push_back(packet.arrival_us);
    EXPECT_TRUE(std::equal(packet.bytes().begin(), packet.bytes().end(), bytes.begin()));
  });
  EXPECT_THAT(kept, ElementsAre(0, 1, 2));
  EXPECT_EQ(tape.refused(), 7U);
}

TEST(AlertPcaps, APairTakesNoMoreThanItsShareOfASecond) {
  PacketTape tape({.bytes = 1 << 20, .snap_length = 64, .packets_of_pair = 5});
  const PacketBytes bytes(60, std::byte{7});
  for (uint64_t i = 0; i < 100; ++i) {
    PacketKeys keys;
    keys.pair_hash = {(i % 2) << 48};
    tape.Append({.bytes = bytes, .wire_length = 60, .arrival = {i}}, keys);
  }
  size_t kept = 0;
  EachTaped(tape.words(), [&kept](const TapedPacket&) { ++kept; });
  EXPECT_EQ(kept, 10U);
  EXPECT_EQ(tape.refused(), 0U);
}

std::string Id(char digit) { return std::string(32, digit); }

TEST(PcapFolder, DeletesTheOldestAndNothingElse) {
  const Folder folder("capped");
  fs::create_directories(folder.path());
  std::ofstream(folder.path() + "/notes.pcap") << std::string(2'000'000, 'n');
  std::ofstream(absl::StrCat(folder.path(), "/", Id('0'), ".pcap.part")) << "cut";
  {
    const auto opened = PcapFolder::Open(folder.path(), 1'000, true, {});
    ASSERT_TRUE(opened.ok()) << opened.status();
    for (const char digit : {'1', '2', '3'}) (*opened)->Put(Id(digit), std::string(400, digit));
    (*opened)->Stop();
    EXPECT_EQ((*opened)->counts().written, 3U);
    EXPECT_EQ((*opened)->counts().deleted, 1U);
  }
  std::vector<std::string> names;
  for (const auto& [name, contents] : folder.Files()) names.push_back(name);
  EXPECT_THAT(names, ElementsAre(Id('2') + ".pcap", Id('3') + ".pcap", "notes.pcap"));
  // Those of an earlier start count, too.
  const auto again = PcapFolder::Open(folder.path(), 1'000, true, {});
  (*again)->Put(Id('4'), std::string(900, '4'));
  (*again)->Stop();
  EXPECT_THAT(folder.Files(), SizeIs(2));
}

TEST(PcapFolder, AFolderThatCannotBeIsRefused) {
  const auto opened = PcapFolder::Open("/proc/nothing/here", 1'000, true, {});
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(std::string(opened.status().message()),
              ::testing::HasSubstr("alert_pcaps: /proc/nothing/here: cannot be made"));
}

TEST(PcapFolder, AFailureIsToldOnce) {
  const Folder folder("gone");
  int told = 0;
  const auto opened =
      PcapFolder::Open(folder.path(), 1'000, true, [&told](const std::string&) { ++told; });
  ASSERT_TRUE(opened.ok()) << opened.status();
  fs::remove_all(folder.path());
  (*opened)->Put(Id('1'), "a");
  (*opened)->Put(Id('2'), "b");
  (*opened)->Stop();
  EXPECT_EQ(told, 1);
  EXPECT_EQ((*opened)->counts().failed, 2U);
}

}  // namespace
}  // namespace vedette
