// `vedette explain` of hosts, alerts and kinds under a policy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sensor/command/command.h"
#include "sensor/command/explain_event.h"

namespace vedette {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

struct Outcome {
  int status = 0;
  std::string out, err;
};

Outcome Ran(std::vector<std::string> arguments) {
  std::ostringstream out, err;
  const CommandContext context{.out = out, .err = err, .run_replay = {}, .run_live = {}};
  const int status = RunCommandLine(arguments, context);
  return {status, out.str(), err.str()};
}

std::string Written(const std::string& name, const std::string& text) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/", getpid(), "_", name);
  std::ofstream(path) << text;
  return path;
}

std::string PolicyFile() {
  return Written(
      "explain.yaml",
      "home: [10.0.0.0/8]\n"
      "detectors:\n  recon.port_scan: {enabled: true}\n"
      "policy:\n"
      "  groups:\n    - {name: scanners, members: [10.0.0.0/29]}\n"
      "  entries:\n"
      "    - {effect: allow, kinds: [recon.*], source: group/scanners, comment: nightly}\n"
      "    - {effect: suppress, kinds: [all], host: 10.0.0.5, until: 2020-01-01, "
      "comment: long ago}\n"
      "    - {effect: adjust, kinds: [all], host: home, severity: low, comment: a lab}\n");
}

AlertEvent Scan() {
  AlertEvent alert;
  alert.kind = "recon.port_scan";
  alert.device = "lab/0/10.0.0.5";
  alert.device_ip = "10.0.0.5";
  alert.role = "actor";
  alert.state = "open";
  alert.severity = "medium";
  alert.sensor = "s";
  alert.peers = {"10.0.0.77"};
  alert.peer_count = 1;
  alert.start_ms = alert.last_ms = 1'700'000'000'000;
  alert.evidence.measured = 100;
  alert.evidence.limit = 30;
  alert.message = "10.0.0.5 asked 100 ports";
  Seal(alert);
  return alert;
}

std::string JsonOf(const AlertEvent& alert) {
  std::string json;
  AppendJson(alert, json);
  return json;
}

TEST(Explain, AHostSaysItsGroupsItsEntriesAndWhatHoldsForEachKind) {
  const std::string file = PolicyFile();
  const Outcome outcome = Ran({"explain", "-c", file, "10.0.0.5"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("10.0.0.5 is home: in 10.0.0.0/8"),
                                 HasSubstr(absl::StrCat("scanners (", file, ":6:7)")),
                                 HasSubstr("suppress all of host 10.0.0.5"), HasSubstr("EXPIRED"),
                                 HasSubstr(absl::StrCat("as source: allow (", file, ":8:7)")),
                                 HasSubstr(absl::StrCat("as target: adjust (", file, ":10:7)")),
                                 HasSubstr("\"nightly\"")));
  // Best first: the host itself, then its group's /29, then its side of the border.
  EXPECT_LT(outcome.out.find("long ago"), outcome.out.find("nightly"));
  EXPECT_LT(outcome.out.find("nightly"), outcome.out.find("a lab"));
  const Outcome outside = Ran({"explain", "-c", file, "192.0.2.1"});
  EXPECT_THAT(outside.out, AllOf(HasSubstr("is outside"), HasSubstr("no entry names it")));
}

TEST(Explain, AnAlertSaysWhichEntryDecides) {
  const std::string file = PolicyFile();
  const std::string alerts = Written(
      "alerts.ndjson", absl::StrCat("{\"schema\":1,\"type\":\"health\"}\n", JsonOf(Scan()), "\n"));
  const Outcome outcome = Ran({"explain", "-c", file, alerts});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("recon.port_scan\n"), HasSubstr("10.0.0.5 asked 100 ports"),
                    HasSubstr("by a /29 of a group's member; decides"),
                    HasSubstr("Verdict: allowed: no alert would open")));
  const std::string id = Scan().alert_id.substr(0, 10);
  EXPECT_EQ(Ran({"explain", "-c", file, "--alerts", alerts, id}).out, outcome.out);
  const Outcome unknown = Ran({"explain", "-c", file, "--alerts", alerts, "0123456789"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, HasSubstr("no alert whose id begins with"));
  // Without a policy it is told.
  EXPECT_THAT(Ran({"explain", alerts}).out, HasSubstr("Verdict: told: no entry covers it"));
}

TEST(Explain, JsonIsOneObjectALine) {
  const std::string file = PolicyFile();
  for (const std::vector<std::string>& subject :
       std::vector<std::vector<std::string>>{{"10.0.0.5"}, {"recon.port_scan"}}) {
    const Outcome outcome = Ran({"explain", "--json", "-c", file, subject[0]});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1);
    EXPECT_THAT(outcome.out, AllOf(HasSubstr("{\"subject\":"), HasSubstr("\"entries\":[{")));
  }
}

// Alerts come from files that anybody may have written.
TEST(Explain, AnAlertsTextIsHostile) {
  AlertEvent alert = Scan();
  alert.message = "\x1b]0;owned\x07 and \xff";
  alert.device_name = std::string(5'000, 'n');
  alert.peers = {"not an address", "10.0.0.77"};
  const Outcome outcome = Ran({"explain", Written("hostile.json", JsonOf(alert))});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, Not(HasSubstr("\x1b")));
}

TEST(Explain, WhatIsNoAlertIsRefusedWithItsLine) {
  for (const char* text : {"{", "[]", "{\"type\":\"alert\"}", "{\"type\":\"alert\",\"kind\":7}",
                           "{\"type\":\"alert\",\"kind\":\"dos.syn_fload\"}"}) {
    const Outcome outcome = Ran({"explain", Written("bad.json", text)});
    EXPECT_EQ(outcome.status, 2) << text;
    EXPECT_THAT(outcome.err, HasSubstr("bad.json:1: ")) << text;
  }
  EXPECT_EQ(Ran({"explain", Written("empty.json", "")}).status, 2);
}

TEST(Explain, TheLatestOfEachAlertIsTaken) {
  AlertEvent open = Scan();
  AlertEvent close = open;
  close.state = "close";
  Seal(close);
  const auto found = FindAlerts(absl::StrCat(JsonOf(open), "\n\n", JsonOf(close)), "");
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_THAT(*found, SizeIs(1));
  EXPECT_EQ((*found)[0].state, "close");
}

TEST(Check, TellsWhatHasExpired) {
  const Outcome outcome = Ran({"check", "-c", PolicyFile()});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr(":9:7: has expired and applies no more: long ago"),
                                 HasSubstr("policy: 3 entries, 1 expired, 1 host groups")));
}

}  // namespace
}  // namespace vedette
