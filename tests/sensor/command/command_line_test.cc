#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sensor/command/command.h"

namespace vedette {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

struct Outcome {
  int status = -1;
  std::string out, err;
  std::optional<ReplayRequest> request;
  std::optional<RunRequest> run_request;
  SensorConfig config;
};

Outcome Ran(const std::vector<std::string>& arguments) {
  Outcome outcome;
  std::ostringstream out, err;
  const CommandContext context{
      .out = out,
      .err = err,
      .run_replay =
          [&outcome](const SensorConfig&, const ReplayRequest& request) {
            outcome.request = request;
            return static_cast<int>(ExitStatus::kInputIncomplete);
          },
      .run_live =
          [&outcome](const SensorConfig& config, const RunRequest& request) {
            outcome.run_request = request;
            outcome.config = config;
            return static_cast<int>(ExitStatus::kDone);
          }};
  outcome.status = RunCommandLine(arguments, context);
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

std::string Written(const std::string& name, const std::string& text) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/", name);
  std::ofstream(path) << text;
  return path;
}

TEST(CommandLine, VersionAndHelpAreDone) {
  EXPECT_EQ(Ran({"--version"}).status, 0);
  EXPECT_THAT(Ran({"--version"}).out, StartsWith("vedette 0."));
  const Outcome help = Ran({"help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_THAT(help.out, AllOf(HasSubstr("replay"), HasSubstr("check"), HasSubstr("explain"),
                              HasSubstr("patterns")));
  EXPECT_EQ(Ran({"--help"}).status, 0);
  for (const char* command : {"replay", "run", "check", "doctor", "explain", "patterns", "help"}) {
    EXPECT_EQ(Ran({"help", command}).status, 0) << command;
    EXPECT_EQ(Ran({command, "--help"}).status, 0) << command;
  }
  EXPECT_THAT(Ran({"help", "replay"}).out,
              AllOf(HasSubstr("--shift-to"), HasSubstr("Exit status"), HasSubstr("CAPTURE")));
}

TEST(CommandLine, WrongUsageSaysWhatThereIs) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"replya"},
                                             {"help", "replya"},
                                             {"run", "--interface"},
                                             {"replay"},
                                             {"replay", "--nope", "a.pcap"},
                                             {"check"},
                                             {"patterns"},
                                             {"patterns", "test"},
                                             {"explain"},
                                             {"--nope"}}) {
    const Outcome outcome = Ran(arguments);
    EXPECT_EQ(outcome.status, 2) << testing::PrintToString(arguments);
    EXPECT_THAT(outcome.err, Not(IsEmpty())) << testing::PrintToString(arguments);
    EXPECT_THAT(outcome.out, IsEmpty()) << testing::PrintToString(arguments);
    EXPECT_FALSE(outcome.request.has_value());
  }
  EXPECT_THAT(Ran({"replay", "--alert", "x", "a.pcap"}).err,
              AllOf(HasSubstr("did you mean '--alerts'?"), HasSubstr("See vedette help replay")));
  EXPECT_THAT(Ran({"replya"}).err, AllOf(HasSubstr("did you mean 'replay'?"),
                                         HasSubstr("Commands: replay, run, check")));
}

TEST(CommandLine, ReplayHandsOverAndReturnsThePipelinesStatus) {
  const Outcome outcome =
      Ran({"replay", "--home", "10.0.0.0/8", "a.pcap", "--home", "192.0.2.0/24", "--merge",
           "--workers", "4", "--bpf", "tcp port 80", "--alerts", "-", "--quiet", "b.pcap", "-"});
  EXPECT_EQ(outcome.status, 3);
  ASSERT_TRUE(outcome.request.has_value());
  EXPECT_THAT(outcome.request->captures, ElementsAre("a.pcap", "b.pcap", "-"));
  EXPECT_TRUE(outcome.request->merge);
  EXPECT_TRUE(outcome.request->quiet);
  EXPECT_TRUE(outcome.request->events_to_stdout());
  EXPECT_EQ(outcome.request->workers, 4U);
  EXPECT_EQ(outcome.request->bpf, "tcp port 80");
}

TEST(CommandLine, ReplayIsToldWhereModelsAre) {
  EXPECT_EQ(Ran({"replay", "--models", "m", "a.pcap"}).request->models, "m");
  EXPECT_EQ(Ran({"replay", "a.pcap"}).request->models, "");
  EXPECT_THAT(Ran({"replay", "--models", "m", "--alerts", "m", "a.pcap"}).err,
              HasSubstr("--alerts: 'm' holds the models that are to be read"));
}

TEST(CommandLine, ReplaySourceIsPassedOn) {
  EXPECT_FALSE(Ran({"replay", "a.pcap"}).request->dpdk);
  EXPECT_FALSE(Ran({"replay", "--source", "libpcap", "a.pcap"}).request->dpdk);
  EXPECT_TRUE(Ran({"replay", "--source", "dpdk", "a.pcap"}).request->dpdk);
}

TEST(CommandLine, CheckSaysGoodOrAllThatIsWrong) {
  const std::string good = Written("vedette_good.yaml", "site: lab\n");
  EXPECT_EQ(Ran({"check", "-c", good}).status, 0);
  EXPECT_THAT(Ran({"check", "-c", good}).out, HasSubstr("good; sets 1 of"));
  const std::string bad = Written("vedette_bad.yaml", "siet: lab\ntables: {flows: many}\n");
  const Outcome outcome = Ran({"check", "-c", bad});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr(absl::StrCat(bad, ":1:1: siet: unknown key, did you mean 'site'?")),
                    HasSubstr(absl::StrCat(bad, ":2:17: tables.flows: found 'many', allowed")),
                    HasSubstr("2 faults")));
  EXPECT_EQ(Ran({"check", "-c", "/nonexistent.yaml"}).status, 2);
  EXPECT_EQ(Ran({"check", "-c", ::testing::TempDir()}).status, 2);
}

TEST(CommandLine, ExplainSaysWhereLimitsComeFrom) {
  const Outcome defaults = Ran({"explain", "dos.syn_flood"});
  EXPECT_EQ(defaults.status, 0);
  EXPECT_THAT(defaults.out, AllOf(HasSubstr("enabled"), HasSubstr("default")));
  const std::string file =
      Written("vedette_explain.yaml", "detectors:\n  dos.syn_flood:\n    enabled: false\n");
  EXPECT_THAT(Ran({"explain", "-c", file, "dos.syn_flood"}).out,
              HasSubstr(absl::StrCat(file, ":3:5 (default true)")));
  EXPECT_THAT(Ran({"explain", "10.1.2.3"}).out, HasSubstr("is home: in 10.0.0.0/8"));
  EXPECT_THAT(Ran({"explain", "192.0.2.1"}).out, HasSubstr("is outside"));
  const Outcome unknown = Ran({"explain", "dos.syn_fload"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean 'dos.syn_flood'?"));
}

TEST(CommandLine, PatternsTestFindsCardNumbersAndShowsNone) {
  const std::string file = Written("vedette_card.txt", "pay with 4111 1111 1111 1111 today\n");
  const Outcome outcome = Ran({"patterns", "test", file});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr(file), Not(HasSubstr("1111"))));
  const std::string none = Written("vedette_none.txt", "nothing to see\n");
  EXPECT_THAT(Ran({"patterns", "test", none}).out, HasSubstr("no match"));
  EXPECT_EQ(Ran({"patterns", "test", "/nonexistent"}).status, 1);
}

TEST(CommandLine, RunOverridesTheConfiguration) {
  const std::string config =
      Written("run.yaml", "sensor: edge\ncapture: {interfaces: [eth8], workers: 3, bpf: tcp}\n");
  const Outcome configured = Ran({"run", "-c", config});
  ASSERT_TRUE(configured.run_request) << configured.err;
  EXPECT_THAT(configured.config.capture.interfaces, ElementsAre("eth8"));
  EXPECT_EQ(configured.config.capture.workers, 3U);
  EXPECT_EQ(configured.config.sensor, "edge");
  const Outcome ran =
      Ran({"run", "-c", config, "-i", "eth1", "--interface", "eth2", "--workers", "2", "--bpf",
           "udp", "--source", "libpcap", "--home", "192.0.2.0/24", "--alerts", "-"});
  ASSERT_TRUE(ran.run_request) << ran.err;
  EXPECT_THAT(ran.config.capture.interfaces, ElementsAre("eth1", "eth2"));
  EXPECT_EQ(ran.config.capture.workers, 2U);
  EXPECT_EQ(ran.config.capture.bpf, "udp");
  EXPECT_EQ(ran.config.capture.source, "libpcap");
  EXPECT_EQ(ran.config.home.size(), 1U);
  EXPECT_EQ(ran.run_request->alerts, "-");
}

TEST(CommandLine, RunIsNamedAfterItsHost) {
  const Outcome ran = Ran({"run", "-c", Written("empty.yaml", ""), "-i", "eth1"});
  ASSERT_TRUE(ran.run_request) << ran.err;
  EXPECT_NE(ran.config.sensor, "replay");
  EXPECT_TRUE(IsIdentifier(ran.config.sensor));
}

TEST(CommandLine, RunSaysAllThatIsWrong) {
  const std::string config =
      Written("bad_run.yaml", "capture: {workers: 0, cores: 1-x, source: pcap, snap_length: 1}\n");
  const Outcome ran =
      Ran({"run", "-c", config, "--bpf", "udp prot", "--source", "dpkd", "--workers", "99", "-i",
           "a", "-i", "a", "--alerts", "x", "--flows", "x"});
  EXPECT_FALSE(ran.run_request);
  EXPECT_EQ(ran.status, static_cast<int>(ExitStatus::kUsage));
  for (const char* fault :
       {"capture.workers: found '0', allowed a whole number, 1 to 16", "capture.cores: found '1-x'",
        "capture.source: found 'pcap'", "snap_length: unknown key, known here",
        "--bpf: ", "did you mean 'dpdk'", "--workers: found", "twice", "named for two kinds"}) {
    EXPECT_THAT(ran.err, HasSubstr(fault));
  }
}

TEST(CommandLine, CoreListsAreReadStrictly) {
  EXPECT_THAT(*ParseCoreList("2-4,8"), ElementsAre(2, 3, 4, 8));
  for (const char* text : {"", "a", "1-", "-1", "4-2", "1,1", "1-3,2", "1024", "1 2", "0x1"}) {
    EXPECT_FALSE(ParseCoreList(text).ok()) << text;
  }
}

TEST(CommandLine, DoctorLooksBelowARoot) {
  const Outcome ran = Ran({"doctor", "--root", "/nonexistent", "-i", "eth1"});
  EXPECT_EQ(ran.status, static_cast<int>(ExitStatus::kFailed));
  EXPECT_THAT(ran.out, AllOf(HasSubstr("WRONG  interface eth1: does not exist"), HasSubstr("do: "),
                             HasSubstr("things are wrong")));
}

}  // namespace
}  // namespace vedette
