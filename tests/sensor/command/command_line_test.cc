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
};

Outcome Ran(const std::vector<std::string>& arguments) {
  Outcome outcome;
  std::ostringstream out, err;
  const CommandContext context{
      .out = out,
      .err = err,
      .run_replay = [&outcome](const SensorConfig&, const ReplayRequest& request) {
        outcome.request = request;
        return static_cast<int>(ExitStatus::kInputIncomplete);
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
  for (const char* command : {"replay", "check", "explain", "patterns", "help"}) {
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
                                             {"run"},
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
  EXPECT_THAT(Ran({"replya"}).err,
              AllOf(HasSubstr("did you mean 'replay'?"), HasSubstr("Commands: replay, check")));
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

TEST(CommandLine, ReplayRefusesWhatThisReleaseHasNot) {
  EXPECT_THAT(Ran({"replay", "--models", "m", "a.pcap"}).err, HasSubstr("reads no models"));
  EXPECT_EQ(Ran({"replay", "--models", "m", "a.pcap"}).status, 2);
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
              HasSubstr(absl::StrCat(file, ":3 (default true)")));
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

}  // namespace
}  // namespace vedette
