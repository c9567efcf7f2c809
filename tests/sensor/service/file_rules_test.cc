// A sensor may read its configuration, its certificates and its secrets, and write where its events
// go; nothing else is in the rules.
#include "sensor/service/file_rules.h"

#include <gtest/gtest.h>
#include <linux/landlock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sensor/service/confinement.h"
#include "sensor/service/xdp_cleaner.h"

namespace vedette {
namespace {

class FileRulesTest : public testing::Test {
 protected:
  FileRulesTest() : folder_(absl::StrCat(testing::TempDir(), "/file_rules_", getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~FileRulesTest() override { std::filesystem::remove_all(folder_); }

  // Those of the test's folder, from there.
  std::map<std::string, FileUse> Rules(const SensorConfig& config, const FilesInUse& files) {
    std::map<std::string, FileUse> rules;
    for (const FileRule& rule : FileRulesOf(config, files)) {
      if (absl::StartsWith(rule.path, folder_)) {
        rules[rule.path.substr(folder_.size())] = rule.use;
      }
    }
    return rules;
  }

  const std::string folder_;
};

using Wanted = std::map<std::string, FileUse>;

TEST_F(FileRulesTest, FilesOfTheConfigurationAndOfTheCommandLine) {
  SensorConfig config;
  config.sinks.files.when = "always";
  config.sinks.files.folder = folder_ + "/state/events";
  config.patterns_file = "more/patterns.yaml";
  config.policy.files = {"policy/hosts.yaml"};
  config.alert_pcaps.folder = folder_ + "/state/pcaps";
  config.local.socket = folder_ + "/socket/vedette.sock";
  EXPECT_EQ(Rules(config, {.config_file = folder_ + "/conf/vedette.yaml",
                           .written = {"", "-", folder_ + "/alerts.ndjson"},
                           .folders = {folder_ + "/run"}}),
            (Wanted{{"/conf", FileUse::kRead},
                    {"/conf/more", FileUse::kRead},
                    {"/conf/policy", FileUse::kRead},
                    {"/state/pcaps", FileUse::kWrite},
                    {"/socket", FileUse::kWrite},
                    {"/state/events", FileUse::kWrite},
                    {"/run", FileUse::kWrite},
                    {"/alerts.ndjson", FileUse::kWrite}}));
  EXPECT_TRUE(std::filesystem::is_directory(folder_ + "/state/events"))
      << "a rule can speak of what is there alone";
  EXPECT_TRUE(std::filesystem::is_regular_file(folder_ + "/alerts.ndjson"));
}

TEST_F(FileRulesTest, SecretsAndTheSpoolOfABroker) {
  setenv("CREDENTIALS_DIRECTORY", (folder_ + "/credentials").c_str(), 1);
  SensorConfig config;
  config.sinks.kafka.brokers = {"broker:9092"};
  config.sinks.kafka.ca_file = folder_ + "/tls/ca.pem";
  config.sinks.kafka.key_file = folder_ + "/keys/key.pem";
  config.sinks.kafka.password_file = "kafka-password";
  config.sinks.spool.folder = folder_ + "/state/spool";
  Wanted wanted = {{"/tls", FileUse::kRead},
                   {"/keys", FileUse::kRead},
                   {"/credentials", FileUse::kRead},
                   {"/state", FileUse::kWrite},  // a damaged spool is set aside there
                   {"/state/spool", FileUse::kWrite}};
  EXPECT_EQ(Rules(config, {}), wanted);
  // A folder in which everybody writes is not the sensor's to change.
  std::filesystem::permissions(folder_ + "/state", std::filesystem::perms::all);
  wanted.erase("/state");
  EXPECT_EQ(Rules(config, {}), wanted);
  // Models alone are read from brokers with the same secrets; their events go nowhere.
  config.sinks.kafka.brokers.clear();
  config.models.brokers = {"broker:9092"};
  config.sinks.files.when = "never";
  wanted.erase("/state/spool");
  EXPECT_EQ(Rules(config, {}), wanted);
  unsetenv("CREDENTIALS_DIRECTORY");
}

TEST(XdpCleaner, KnowsTheInterfaceBehindAPort) {
  EXPECT_EQ(XdpInterfaceOf("af_xdp:eth1"), "eth1");
  EXPECT_EQ(XdpInterfaceOf("net_af_xdp0,iface=eth1,start_queue=2"), "eth1");
  EXPECT_EQ(XdpInterfaceOf("net_af_xdp0,start_queue=2,iface=eth1"), "eth1");
  for (const char* port : {"eth1", "af_packet:eth1", "net_af_packet0,iface=eth1", "0000:81:00.0"}) {
    EXPECT_EQ(XdpInterfaceOf(port), "") << port;
  }
}

TEST(RightsFor, EachSourceOpensWithMoreThanItKeeps) {
  CaptureConfig capture;
  const auto needed = [&capture](const char* port) {
    capture.interfaces = {port};
    const RightsNeeded rights = RightsFor(capture);
    return NamesOf(rights.to_open) + " / " + NamesOf(rights.to_go_on);
  };
  EXPECT_EQ(needed("eth1"), "CAP_NET_RAW / CAP_NET_RAW");
  EXPECT_EQ(needed("0000:81:00.0"), "CAP_IPC_LOCK / CAP_IPC_LOCK");
  EXPECT_EQ(needed("af_packet:eth1"),
            "CAP_IPC_LOCK, CAP_NET_RAW, CAP_NET_ADMIN / CAP_IPC_LOCK, CAP_NET_RAW");
  EXPECT_EQ(needed("af_xdp:eth1"),
            "CAP_IPC_LOCK, CAP_NET_RAW, CAP_NET_ADMIN, CAP_BPF, CAP_SYS_ADMIN / CAP_IPC_LOCK");
  capture.source = "dpdk";
  EXPECT_EQ(needed("eth1"), needed("af_packet:eth1")) << "it is reached that way";
}

TEST(FileAccess, ReadingIsNoWritingAndNothingIsRun) {
  for (int version = 1; version <= 9; ++version) {
    const uint64_t known = RightsKnown(version);
    const uint64_t read = RightsGiven(FileUse::kRead, true, version);
    const uint64_t write = RightsGiven(FileUse::kWrite, true, version);
    EXPECT_EQ(read, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
    EXPECT_EQ(write & read, read);
    EXPECT_EQ(write & ~known, 0u) << "the kernel refuses a rule with rights it does not know";
    EXPECT_EQ((read | write) & LANDLOCK_ACCESS_FS_EXECUTE, 0u);
    EXPECT_EQ((read | write) & (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK), 0u);
    EXPECT_EQ(RightsGiven(FileUse::kWrite, false, version) & LANDLOCK_ACCESS_FS_MAKE_REG, 0u);
  }
  EXPECT_EQ(RightsKnown(0), 0u);
  EXPECT_EQ(RightsKnown(2) & ~RightsKnown(1), uint64_t{LANDLOCK_ACCESS_FS_REFER});
}

}  // namespace
}  // namespace vedette
