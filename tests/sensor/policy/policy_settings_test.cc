#include "sensor/config/policy_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sensor/config/sensor_config.h"

namespace vedette {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

ConfigReading Read(absl::string_view text) { return ReadConfigText(text, "v.yaml", "/"); }

// A folder of files that is gone with the test.
class Folder {
 public:
  explicit Folder(const std::string& name) : path_(absl::StrCat(::testing::TempDir(), name)) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string Write(const std::string& name, absl::string_view text) const {
    const std::string path = absl::StrCat(path_, "/", name);
    std::ofstream(path) << text;
    return path;
  }

 private:
  std::string path_;
};

TEST(PolicySettings, ReadsEntriesAndGroups) {
  const ConfigReading reading = Read(
      "policy:\n"
      "  groups:\n"
      "    - name: scanners\n"
      "      members: [10.0.0.5, 2001:db8::/64, 00:1B:21:aa:bb:cc, name/Nessus]\n"
      "  entries:\n"
      "    - effect: allow\n"
      "      kinds: [recon.*, corruption.tcp_flags]\n"
      "      source: group/scanners\n"
      "      target: 10.1.0.0/16\n"
      "      until: 2027-03-31\n"
      "      comment: nightly scan, asked for by security\n"
      "    - {effect: adjust, kinds: [all], host: home, severity: low, comment: a lab}\n");
  ASSERT_THAT(reading.faults, IsEmpty());
  ASSERT_NE(reading.config.policy.compiled, nullptr);
  const PolicyDefinition& policy = reading.config.policy.compiled->definition();
  ASSERT_THAT(policy.groups, SizeIs(1));
  EXPECT_THAT(policy.groups[0].members, SizeIs(4));
  EXPECT_EQ(policy.groups[0].members[2].ToText(), "00:1b:21:aa:bb:cc");
  ASSERT_THAT(policy.entries, SizeIs(2));
  const PolicyEntry& entry = policy.entries[0];
  EXPECT_EQ(entry.effect, PolicyEffect::kAllow);
  EXPECT_THAT(entry.kinds, ElementsAre("recon.*", "corruption.tcp_flags"));
  EXPECT_EQ(entry.source.ToText(), "group/scanners");
  EXPECT_EQ(entry.target.ToText(), "10.1.0.0/16");
  EXPECT_EQ(entry.until_us, 1'806'537'600'000'000U);  // 2027-04-01T00:00:00Z
  EXPECT_EQ(policy.PlaceText(entry.place), "v.yaml:6:7");
  EXPECT_EQ(policy.entries[1].severity, Severity::kLow);
}

TEST(PolicySettings, NoEntriesNoPolicy) {
  EXPECT_EQ(Read("").config.policy.compiled, nullptr);
  EXPECT_EQ(Read("policy: {files: [], groups: [], entries: []}\n").config.policy.compiled, nullptr);
}

TEST(PolicySettings, AllFaultsAtOnceEachWithItsPlace) {
  const ConfigReading reading = Read(
      "policy:\n"
      "  entries:\n"
      "    - effect: alow\n"
      "      kinds: [recon.port_scam, doss.*]\n"
      "      host: 10.0.0.1/8\n"
      "      untill: 2027-03-31\n"
      "    - effect: suppress\n"
      "      kinds: []\n"
      "      host: printers\n"
      "      source: 10.0.0.5\n"
      "      until: 31.3.2027\n"
      "      severity: lowest\n"
      "      comment: x\n"
      "    - {effect: adjust, kinds: [exfil.beacon], limit_factor: 2, comment: y}\n");
  const std::string faults = absl::StrJoin(reading.faults, "\n");
  for (const char* fault :
       {"v.yaml:3:15: policy.entries[0].effect: found 'alow', allowed allow, suppress or adjust, "
        "did you mean 'allow'?",
        "v.yaml:4:14: policy.entries[0].kinds: found 'recon.port_scam', allowed a kind of alert",
        "did you mean 'recon.port_scan'?", "found 'doss.*', allowed dos.*",
        "v.yaml:5:13: policy.entries[0].host: found \"10.0.0.1/8\", which has bits behind",
        "v.yaml:6:7: policy.entries[0].untill: unknown key, did you mean 'until'?",
        "policy.entries[0].comment: found none, allowed a sentence that says why",
        "v.yaml:8:14: policy.entries[1].kinds: found none",
        "v.yaml:9:13: policy.entries[1].host: found 'printers', allowed an address, a prefix",
        "policy.entries[1].host: stands for either end",
        "v.yaml:11:14: policy.entries[1].until: found '31.3.2027', allowed a day",
        "v.yaml:12:17: policy.entries[1].severity: found 'lowest'",
        "policy.entries[1].effect: allowed adjust alone",
        "policy.entries[2].host: found none, allowed host (either end), source or target",
        "policy.entries[2].limit_factor: exfil.beacon has no limit that can be multiplied"}) {
    EXPECT_THAT(faults, HasSubstr(fault));
  }
}

TEST(PolicySettings, WhatShowsOverAllFilesIsToldWithBothPlaces) {
  const Folder folder("/vedette_policy_files");
  folder.Write("more.yaml",
               "groups:\n  - {name: printers, members: [10.0.0.2]}\n"
               "entries:\n"
               "  - {effect: allow, kinds: [all], host: group/printer, comment: x}\n"
               "  - {effect: allow, kinds: [dos.*], host: 10.0.0.1, until: 2027-01-01, "
               "comment: again}\n");
  const std::string path = folder.Write(
      "v.yaml",
      "policy:\n  files: [more.yaml]\n  groups:\n    - {name: printers, members: [10.0.0.1]}\n"
      "  entries:\n    - {effect: allow, kinds: [dos.*], host: 10.0.0.1, comment: x}\n");
  const absl::StatusOr<ConfigReading> reading = ReadConfig(path);
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_THAT(
      reading->faults,
      ElementsAre(AllOf(HasSubstr("more.yaml:2:5: groups: 'printers' stands at "),
                        HasSubstr("v.yaml:4:7 too")),
                  AllOf(HasSubstr("more.yaml:4:5: no group is called 'printer'"),
                        HasSubstr("did you mean 'printers'?")),
                  AllOf(HasSubstr("more.yaml:5:5: says the same as "), HasSubstr("v.yaml:6:7"))));
}

TEST(PolicySettings, MembersStandInAFileOneOnALine) {
  const Folder folder("/vedette_policy_members");
  folder.Write("cdn.txt", "# a list\n10.0.0.0/24\n\n 2001:db8::/32   # v6\r\n");
  const std::string config =
      folder.Write("v.yaml", "policy:\n  groups:\n    - {name: cdn, members_file: cdn.txt}\n");
  const absl::StatusOr<SensorConfig> read = LoadConfig(config);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(read->policy.compiled->definition().groups[0].members, SizeIs(2));
  folder.Write("cdn.txt", "10.0.0.0/24\nexample.com\nhome\n");
  EXPECT_THAT(
      std::string(LoadConfig(config).status().message()),
      AllOf(HasSubstr("cdn.txt:2:1: found 'example.com'"), HasSubstr("cdn.txt:3:1: found 'home'")));
  std::filesystem::remove(std::filesystem::path(config).parent_path() / "cdn.txt");
  EXPECT_THAT(std::string(LoadConfig(config).status().message()),
              AllOf(HasSubstr("v.yaml:3:7: "), HasSubstr("cdn.txt: cannot open")));
}

TEST(PolicySettings, AFileThatIsNotThereIsAFault) {
  EXPECT_THAT(Read("policy: {files: [none.yaml]}\n").faults,
              ElementsAre(StartsWith("/none.yaml: cannot open")));
}

TEST(PolicySettings, TimesAreDaysOrMoments) {
  EXPECT_EQ(*ParseUntil("1970-01-01"), 86'400'000'000U);
  EXPECT_EQ(*ParseUntil("1970-01-01T00:00:01Z"), 1'000'000U);
  for (const char* text : {"", "tomorrow", "2027-13-01", "2027-02-30", "1969-12-31", "27-1-1",
                           "infinite-future", "99999-01-01", "1970-01-01T00:00:00Z"}) {
    EXPECT_FALSE(ParseUntil(text).ok()) << text;
  }
}

TEST(PolicySettings, HostsAreReadStrictly) {
  for (const char* text : {"", "printer", "group/", "group/a b", "name/", "10.0.0.0/33", "10.0.0",
                           "00:1b:21:aa:bb", "00-1b-21-aa-bb-cc", "00:1b:21:aa:bb:cg", "Any"}) {
    EXPECT_FALSE(ParseHost(text).ok()) << text;
  }
  for (const char* text : {"any", "home", "outside", "10.0.0.0/8", "10.0.0.1", "2001:db8::/32",
                           "group/a", "name/tv", "00:1b:21:aa:bb:cc"}) {
    ASSERT_TRUE(ParseHost(text).ok()) << text;
    EXPECT_EQ(ParseHost(text)->ToText(), text);
  }
}

// Faults of a hostile file are bounded, too.
TEST(PolicySettings, AFileOfFaultsIsCutShort) {
  std::string text = "policy:\n  entries:\n";
  for (int i = 0; i < 5'000; ++i) absl::StrAppend(&text, "    - {effect: x", i, "}\n");
  EXPECT_LE(Read(text).faults.size(), 300U);
}

}  // namespace
}  // namespace vedette
