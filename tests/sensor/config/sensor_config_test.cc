#include "sensor/config/sensor_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace vedette {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

ConfigReading Read(absl::string_view text) { return ReadConfigText(text, "v.yaml", "/"); }

TEST(SensorConfig, EmptyFileIsAllDefaults) {
  const ConfigReading reading = Read("");
  EXPECT_THAT(reading.faults, IsEmpty());
  EXPECT_EQ(reading.config.sensor, "replay");
  EXPECT_EQ(reading.config.tracker.flows, TrackerOptions{}.flows);
  EXPECT_THAT(reading.config.patterns, SizeIs(BuiltInPatterns().size()));
  for (const SettingDeclaration& declared : reading.declarations) {
    EXPECT_FALSE(declared.present) << declared.path;
    EXPECT_EQ(declared.value_text, declared.default_text) << declared.path;
  }
}

TEST(SensorConfig, ReadsWhatIsSet) {
  const ConfigReading reading = Read(
      "sensor: edge-1\nsite: lab\nhome: [192.0.2.0/24]\ntables: {flows: 160001}\n"
      "flow_timeouts: {tcp_idle_s: 77}\ndevice_windows: {window_s: 60}\n"
      "detectors:\n  dos.syn_flood:\n    enabled: false\n");
  EXPECT_THAT(reading.faults, IsEmpty());
  EXPECT_EQ(reading.config.sensor, "edge-1");
  EXPECT_EQ(reading.config.site, "lab");
  ASSERT_THAT(reading.config.home, SizeIs(1));
  EXPECT_EQ(reading.config.home[0].ToText(), "192.0.2.0/24");
  EXPECT_EQ(reading.config.tracker.flows, 10'001U);  // of a shard, rounded up
  EXPECT_EQ(reading.config.tracker.tcp_idle_timeout_s, 77U);
  EXPECT_EQ(reading.config.device_windows.window_s, 60U);
}

TEST(SensorConfig, ModelsAreBelievedByKeysThatAreKeys) {
  const std::string key = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=";
  const ConfigReading good = Read(absl::StrCat("models: {public_keys: [", key, "], max: 10}\n"));
  EXPECT_THAT(good.faults, IsEmpty());
  EXPECT_THAT(good.config.models.public_keys, ElementsAre(key));
  EXPECT_EQ(good.config.models.max, 10U);
  EXPECT_TRUE(good.config.model_brokers().brokers.empty());
  const ConfigReading bad =
      Read(absl::StrCat("models:\n  public_keys: [", key, ", AAAA, ", key,
                        "]\n  brokers: [nowhere]\n  topic: a/b\n  max: 0\n  keys: []\n"));
  EXPECT_THAT(bad.faults, ElementsAre(AllOf(StartsWith("v.yaml:2:16: models.public_keys: item 2: "),
                                            HasSubstr("found 3 bytes")),
                                      HasSubstr("item 3: stands here already"),
                                      StartsWith("v.yaml:3:12: models.brokers: found 'nowhere'"),
                                      StartsWith("v.yaml:4:10: models.topic: "),
                                      StartsWith("v.yaml:5:8: models.max: "),
                                      HasSubstr("models.keys: unknown key")));
}

// Where nothing else is said the brokers of the events hold the models too.
TEST(SensorConfig, ModelsComeFromTheBrokersOfTheEvents) {
  const auto brokers = [](absl::string_view text) {
    return Read(text).config.model_brokers().brokers;
  };
  const std::string events = "export: {kafka: {brokers: ['a:1']}}\n";
  EXPECT_THAT(brokers(events), ElementsAre("a:1"));
  EXPECT_THAT(brokers(events + "models: {brokers: ['b:1']}\n"), ElementsAre("b:1"));
  EXPECT_THAT(brokers("models: {brokers: ['b:1']}\n"), ElementsAre("b:1"));
  EXPECT_THAT(brokers(events + "models: {enabled: false}\n"), IsEmpty());
}

TEST(SensorConfig, AllFaultsAtOnceInTheOrderOfTheFile) {
  const ConfigReading reading = Read(
      "detectors:\n  dos.sin_flood: {}\nsite: a/b\nhome: [10.0.0.0/99]\ntables:\n  flows: 1\n");
  EXPECT_THAT(
      reading.faults,
      ElementsAre(AllOf(StartsWith("v.yaml:2:3: detectors.dos.sin_flood: unknown key"),
                        HasSubstr("did you mean 'dos.syn_flood'?")),
                  StartsWith("v.yaml:3:7: site: "), StartsWith("v.yaml:4:8: home: found \"10.0"),
                  AllOf(StartsWith("v.yaml:6:10: tables.flows: found '1'"),
                        HasSubstr("allowed a whole number, 1024 to 16777216"),
                        HasSubstr("default 524288"))));
}

TEST(SensorConfig, LoadConfigReturnsEveryFault) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/vedette_faults.yaml");
  std::ofstream(path) << "a: 1\nb: 2\n";
  const absl::StatusOr<SensorConfig> config = LoadConfig(path);
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(config.status().message()),
              AllOf(HasSubstr(":1:1: a: "), HasSubstr(":2:1: b: ")));
  std::filesystem::remove(path);
}

TEST(SensorConfig, PatternsComeFromTheFileBesideTheConfiguration) {
  const std::string folder = absl::StrCat(::testing::TempDir(), "/vedette_patterns");
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/v.yaml") << "patterns_file: p.yaml\n";
  std::ofstream(folder + "/p.yaml") << "patterns:\n  - nome: x\n";
  const absl::StatusOr<ConfigReading> reading = ReadConfig(folder + "/v.yaml");
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_THAT(absl::StrJoin(reading->faults, "\n"),
              HasSubstr(absl::StrCat(folder, "/p.yaml:2:5: patterns[0].nome: unknown key")));
  std::filesystem::remove_all(folder);
}

// What YAML readers take for numbers or flags, and people do not mean.
TEST(SensorConfig, NumbersAndFlagsAreWhatPeopleWrite) {
  for (const char* text : {"nan",      ".nan",   "inf",    ".inf",     "-.inf",
                           "0x400",    "0o2000", "02000",  "1_024",    "1e4",
                           "+2048",    "-2048",  "2048.0", "\"2048\"", "99999999999999999999",
                           "2048 s",   "",       "~",      "null",     "[2048]",
                           "{a: 2048}"}) {
    const ConfigReading reading = Read(absl::StrCat("tables: {flows: ", text, "}\n"));
    EXPECT_THAT(reading.faults, SizeIs(1)) << text;
    EXPECT_EQ(reading.config.tracker.flows, TrackerOptions{}.flows) << text;
  }
  for (const char* text :
       {"nan", "inf", "-inf", "1e400", "0x1", "0.5s", "01.5", "\"0.5\"", "1,5"}) {
    EXPECT_THAT(
        Read(absl::StrCat("detectors:\n  dos.udp_flood:\n    unasked_share_min: ", text, "\n"))
            .faults,
        SizeIs(1))
        << text;
  }
  for (const char* text : {"yes", "on", "True", "TRUE", "1", "\"true\"", "y", "", "[true]"}) {
    const ConfigReading reading =
        Read(absl::StrCat("detectors:\n  dos.syn_flood:\n    enabled: ", text, "\n"));
    ASSERT_THAT(reading.faults, SizeIs(1)) << text;
    EXPECT_THAT(reading.faults[0], HasSubstr("allowed true or false")) << text;
  }
}

TEST(SensorConfig, LineEndsAndByteOrderMarksDoNotMatter) {
  const ConfigReading reading = Read("\xef\xbb\xbfsensor: a\r\ntables:\r\n  flows: 2048\r\n");
  EXPECT_THAT(reading.faults, IsEmpty());
  EXPECT_EQ(reading.config.sensor, "a");
  EXPECT_EQ(reading.config.tracker.flows, 128U);
  // Places are the same too.
  EXPECT_THAT(Read("\xef\xbb\xbfsite: lab\r\nflosw: 1\r\n").faults,
              ElementsAre(StartsWith("v.yaml:2:1: flosw: unknown key")));
}

// ext/0/192.0.2.1 is an address outside: a site of that name would have devices that look so.
TEST(SensorConfig, NamesArePartOfIdentities) {
  EXPECT_THAT(Read("site: ext\n").faults,
              ElementsAre(HasSubstr("v.yaml:1:7: site: found \"ext\"")));
  EXPECT_THAT(Read("site: ext2\nsensor: ext\n").faults, IsEmpty());
  for (const char* text : {"a/b", "\"a b\"", "\"\"", "\"a\\nb\"", "\"\xc3\xa9\""}) {
    EXPECT_THAT(Read(absl::StrCat("sensor: ", text, "\n")).faults, SizeIs(1)) << text;
  }
  EXPECT_THAT(Read(absl::StrCat("sensor: ", std::string(64, 'a'))).faults, IsEmpty());
  EXPECT_THAT(Read(absl::StrCat("sensor: ", std::string(65, 'a'))).faults, SizeIs(1));
}

TEST(SensorConfig, AFileOfFaultsIsCutShort) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) absl::StrAppend(&text, "key", i, ": [1, 2]\n");
  const ConfigReading reading = Read(text);
  EXPECT_GE(reading.faults.size(), 50U);
  EXPECT_LE(reading.faults.size(), 200U);
}

TEST(SensorConfig, SaysWhyAFileCannotBeRead) {
  EXPECT_EQ(LoadConfig("/nonexistent/v.yaml").status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(LoadConfig(::testing::TempDir()).status().message()),
              HasSubstr("is a directory"));
  const std::string path = absl::StrCat(::testing::TempDir(), "/vedette_unreadable.yaml");
  std::ofstream(path) << "site: lab\n";
  std::filesystem::permissions(path, std::filesystem::perms::none);
  if (!std::ifstream(path)) {  // root may read all
    EXPECT_THAT(std::string(LoadConfig(path).status().message()), HasSubstr("cannot open"));
  }
  std::filesystem::remove(path);
}

// The section `export` is read like the others; what librdkafka says has its place in the file.
TEST(SensorConfig, FaultsOfTheExportHaveTheirPlaces) {
  const ConfigReading reading = ReadConfigText(
      "export:\n"
      "  kafka:\n"
      "    brokers: [a.example:9092, b]\n"
      "    compression: zip\n"
      "    properties:\n"
      "      socket.timeout.ms: 1\n"
      "      acks: 1\n"
      "  spool:\n"
      "    folder: spool\n"
      "  files:\n"
      "    when: sometimes\n",
      "f", ".");
  EXPECT_THAT(
      reading.faults,
      UnorderedElementsAre(
          HasSubstr("f:3:14: export.kafka.brokers: found 'b', allowed HOST:PORT"),
          HasSubstr("f:4:18: export.kafka.compression: found 'zip', allowed one of zstd, lz4"),
          HasSubstr("f:9:13: export.spool.folder: allowed an absolute path"),
          HasSubstr("f:11:11: export.files.when: found 'sometimes', allowed one of")));
  const ConfigReading properties = ReadConfigText(
      "export:\n"
      "  kafka:\n"
      "    brokers: [a.example:9092]\n"
      "    properties:\n"
      "      socket.timeout.ms: 1\n"
      "      acks: 1\n",
      "f", ".");
  EXPECT_THAT(
      properties.faults,
      UnorderedElementsAre(AllOf(HasSubstr("f:5:26: export.kafka.properties.socket.timeout.ms: "),
                                 HasSubstr("outside allowed range")),
                           HasSubstr("f:6:13: export.kafka.properties.acks: is not for choice")));
}

TEST(ShippedConfig, TheReplayExampleIsGood) {
  const absl::StatusOr<ConfigReading> reading = ReadConfig(SOURCE_ROOT "/conf/replay.yaml");
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_THAT(reading->faults, IsEmpty());
  EXPECT_EQ(reading->config.device_windows.window_s, 5U);
}

// conf/vedette.yaml is the reference of every key: it must name them all, at their defaults.
TEST(ShippedConfig, NamesEveryKeyAtItsDefault) {
  const absl::StatusOr<ConfigReading> reading = ReadConfig(SOURCE_ROOT "/conf/vedette.yaml");
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_THAT(reading->faults, IsEmpty());
  EXPECT_GT(reading->declarations.size(), 20U);
  for (const SettingDeclaration& declared : reading->declarations) {
    EXPECT_TRUE(declared.present) << declared.path << " is missing in conf/vedette.yaml";
    EXPECT_EQ(declared.value_text, declared.default_text) << declared.path;
  }
}

// The comment above each key says what the code says. One comment block a key: "UNIT, RANGE. Why.
// Default: X."
TEST(ShippedConfig, CommentsSayTheDefault) {
  const absl::StatusOr<ConfigReading> reading = ReadConfig(SOURCE_ROOT "/conf/vedette.yaml");
  ASSERT_TRUE(reading.ok()) << reading.status();
  std::ifstream file(SOURCE_ROOT "/conf/vedette.yaml");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  for (const SettingDeclaration& declared : reading->declarations) {
    ASSERT_GE(declared.place.line, 1) << declared.path;
    std::string comment;
    for (int at = declared.place.line - 2; at >= 0; --at) {
      const size_t text = lines[at].find_first_not_of(' ');
      if (text == std::string::npos || lines[at][text] != '#') break;
      comment = absl::StrCat(lines[at].substr(text + 1), comment);
    }
    EXPECT_THAT(comment, HasSubstr("Default: ")) << declared.path;
    if (declared.type == "flag") {
      EXPECT_THAT(comment, HasSubstr(absl::StrCat("Default: ", declared.default_text, ".")))
          << declared.path;
    }
    if (declared.type == "number" || declared.type == "integer") {
      EXPECT_THAT(comment, HasSubstr(absl::StrCat("Default: ", declared.default_text, ".")))
          << declared.path;
      EXPECT_THAT(comment, HasSubstr(declared.range)) << declared.path;
    }
  }
}

}  // namespace
}  // namespace vedette
