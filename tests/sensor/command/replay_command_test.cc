#include "sensor/command/replay_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace vedette {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

ReplayArguments Reading(std::vector<std::string> captures) {
  ReplayArguments arguments;
  arguments.captures = std::move(captures);
  return arguments;
}

std::string FaultOf(const ReplayArguments& arguments) {
  const absl::StatusOr<ReplayPlan> plan = PlanReplay(arguments);
  return plan.ok() ? "" : std::string(plan.status().message());
}

TEST(PlanReplay, DefaultsAreThoseOfTheConfiguration) {
  const absl::StatusOr<ReplayPlan> plan = PlanReplay(Reading({"a.pcap", "-"}));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(plan->request.captures, ElementsAre("a.pcap", "-"));
  EXPECT_EQ(plan->request.workers, 1U);
  EXPECT_FALSE(plan->request.real_time);
  EXPECT_FALSE(plan->request.shift_to_us.has_value());
  EXPECT_FALSE(plan->request.events_to_stdout());
  EXPECT_EQ(plan->config.sensor, "replay");
  EXPECT_THAT(plan->config.home, SizeIs(HomeNetworks::Default().prefixes().size()));
}

TEST(PlanReplay, HomeReplacesTheDefault) {
  ReplayArguments arguments = Reading({"a.pcap"});
  arguments.home = {"192.0.2.0/24", "2001:db8::/32"};
  const absl::StatusOr<ReplayPlan> plan = PlanReplay(arguments);
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_THAT(plan->config.home, SizeIs(2));
  EXPECT_EQ(plan->config.home[0].ToText(), "192.0.2.0/24");
  EXPECT_EQ(plan->config.home[1].ToText(), "2001:db8::/32");
}

TEST(PlanReplay, EveryFaultIsNamedAtOnce) {
  ReplayArguments arguments = Reading({"-", "-"});
  arguments.source = "dpkd";
  arguments.workers = "17";
  arguments.speed = "rael";
  arguments.shift_to = "yesterday";
  arguments.home = {"10.0.0.0/99"};
  arguments.sensor = "a/b";
  arguments.report = "-";
  EXPECT_THAT(
      FaultOf(arguments),
      AllOf(HasSubstr("--source: found 'dpkd', allowed libpcap or dpdk, did you mean 'dpdk'?"),
            HasSubstr("found '17', allowed a whole number from 1 to 16"),
            HasSubstr("did you mean 'real'?"), HasSubstr("found 'yesterday'"),
            HasSubstr("--home: found \"10.0.0.0/99\""), HasSubstr("found 'a/b'"),
            HasSubstr("--report"), HasSubstr("named twice")));
}

TEST(PlanReplay, WorkersAreDigitsAlone) {
  for (const char* text : {"", "0", "-1", "1.5", "0x2", " 2", "2 ", "99999999999999999999"}) {
    ReplayArguments arguments = Reading({"a.pcap"});
    arguments.workers = text;
    EXPECT_THAT(FaultOf(arguments), HasSubstr("--workers")) << text;
  }
}

TEST(PlanReplay, ShiftsToTimesAndSeconds) {
  ReplayArguments arguments = Reading({"a.pcap"});
  const auto shifted = [&arguments](const char* text) {
    arguments.shift_to = text;
    const absl::StatusOr<ReplayPlan> plan = PlanReplay(arguments);
    return plan.ok() ? plan->request.shift_to_us : std::nullopt;
  };
  EXPECT_EQ(shifted("2026-01-31T12:00:00Z"), 1'769'860'800'000'000U);
  EXPECT_EQ(shifted("2026-01-31T13:00:00.25+01:00"), 1'769'860'800'250'000U);
  EXPECT_EQ(shifted("1769860800.5"), 1'769'860'800'500'000U);
  EXPECT_EQ(shifted("0"), 0U);
  EXPECT_EQ(shifted("-1"), std::nullopt);
  EXPECT_EQ(shifted("nan"), std::nullopt);
  EXPECT_EQ(shifted("1e300"), std::nullopt);
  EXPECT_EQ(shifted("1969-12-31T23:59:59Z"), std::nullopt);
  EXPECT_EQ(shifted("infinite-past"), std::nullopt);
  EXPECT_EQ(shifted("infinite-future"), std::nullopt);
}

TEST(PlanReplay, OutputsMayNotDestroyInputs) {
  const std::string capture = absl::StrCat(::testing::TempDir(), "/vedette_input.pcap");
  std::ofstream(capture) << "x";
  ReplayArguments arguments = Reading({capture});
  arguments.alerts = absl::StrCat(::testing::TempDir(), "/./vedette_input.pcap");
  EXPECT_THAT(FaultOf(arguments), HasSubstr("is a capture to be read"));
  std::filesystem::remove(capture);
}

TEST(PlanReplay, OutputsMayNotDestroyEachOther) {
  ReplayArguments arguments = Reading({"a.pcap"});
  arguments.alerts = "out.ndjson";
  arguments.flows = "./out.ndjson";
  EXPECT_THAT(FaultOf(arguments), HasSubstr("is also that of --alerts"));
  arguments.alerts = arguments.flows = "-";
  EXPECT_EQ(FaultOf(arguments), "");
}

}  // namespace
}  // namespace vedette
