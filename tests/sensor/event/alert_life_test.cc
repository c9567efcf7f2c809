#include "sensor/event/alert_life.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "dataplane/decode/address_text.h"
#include "sensor/event/alert_kinds.h"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kSecond = 1'000'000;
constexpr uint64_t kStart = 1'000 * kSecond;  // when the first interval begins

EndpointKey Host(uint8_t last, uint8_t third = 0) {
  return {.ip = IpAddress::V4(10, 0, third, last)};
}

DeviceIdentity Identify(const EndpointKey& key) {
  DeviceIdentity identity{.ip = IpText(key.ip), .vlan = key.vlan, .home = true};
  identity.device = absl::StrCat("lab/", key.vlan, "/", identity.ip);
  return identity;
}

struct FindingOf {
  absl::string_view kind = "dos.syn_flood";
  EndpointKey subject = Host(1);
  uint64_t last_us = kStart + kSecond / 2;
  uint64_t start_us = kStart;
  double measured = 200;
  Severity severity = Severity::kHigh;

  Finding Build() const {
    return {.kind = kind,
            .subject = subject,
            .severity = severity,
            .score = 0.9,
            .role = Role::kTarget,
            .start_us = start_us,
            .last_us = last_us,
            .packets = 10,
            .bytes = 600,
            .message = absl::StrCat("received ", measured),
            .measured = measured,
            .limit = 100,
            .unit = "packets/s"};
  }
};

// Feeds whole seconds from kStart on; collects what became of alerts.
class Life {
 public:
  explicit Life(AlertLifeConfig config = {}, IdentityOf identify = Identify)
      : life_(config, {.sensor = "s", .site = "lab"}, std::move(identify)) {}

  // Second `n` with these findings, which are moved into it.
  std::vector<AlertEvent> Second(uint64_t n, std::vector<FindingOf> wanted) {
    std::vector<Finding> findings;
    for (FindingOf& finding : wanted) {
      finding.last_us = kStart + n * kSecond + kSecond / 2;
      findings.push_back(finding.Build());
    }
    return Observe(n, std::move(findings));
  }
  std::vector<AlertEvent> Observe(uint64_t n, std::vector<Finding> findings) {
    std::vector<AlertEvent> out;
    const uint64_t begin_us = kStart + n * kSecond;
    life_.Observe(std::move(findings), begin_us, begin_us + kSecond, out);
    all.insert(all.end(), out.begin(), out.end());
    return out;
  }
  std::vector<AlertEvent> End() {
    std::vector<AlertEvent> out;
    life_.EndOfSource(out);
    all.insert(all.end(), out.begin(), out.end());
    return out;
  }
  size_t open() const { return life_.open(); }

  std::vector<AlertEvent> all;

 private:
  AlertLife life_;
};

std::string Story(const std::vector<AlertEvent>& events) {
  std::string story;
  for (const AlertEvent& event : events) {
    absl::StrAppend(&story, story.empty() ? "" : " ", event.kind, ":", event.state, event.revision,
                    event.suppressed ? "!" : "");
  }
  return story;
}

TEST(AlertLife, OpensUpdatesAndCloses) {
  Life life;
  EXPECT_EQ(Story(life.Second(0, {{}})), "dos.syn_flood:open0");
  for (uint64_t n = 1; n < 10; ++n) EXPECT_THAT(life.Second(n, {{}}), IsEmpty()) << n;
  EXPECT_EQ(Story(life.Second(10, {{}})), "dos.syn_flood:update1");
  for (uint64_t n = 11; n < 20; ++n) EXPECT_THAT(life.Second(n, {{}}), IsEmpty()) << n;
  EXPECT_EQ(Story(life.Second(20, {{}})), "dos.syn_flood:update2");
  for (uint64_t n = 21; n < 80; ++n) EXPECT_THAT(life.Second(n, {}), IsEmpty()) << n;
  EXPECT_EQ(Story(life.Second(80, {})), "dos.syn_flood:close3");  // 60 s after 20.5
  EXPECT_EQ(life.open(), 0U);

  const AlertEvent& last = life.all.back();
  EXPECT_EQ(last.start_ms, 1'000'000);
  EXPECT_EQ(last.last_ms, 1'020'500);
  EXPECT_EQ(last.time_ms, last.last_ms);
  EXPECT_EQ(last.packets, 210);  // 21 findings
  EXPECT_EQ(last.bytes, 21 * 600);
  std::set<std::string> ids, lives;
  for (const AlertEvent& event : life.all) {
    ids.insert(event.id);
    lives.insert(event.alert_id);
  }
  EXPECT_THAT(ids, SizeIs(4));
  EXPECT_THAT(lives, SizeIs(1));
}

TEST(AlertLife, EveryFieldIsFilled) {
  Life life;
  Finding finding = FindingOf{.kind = "recon.port_scan"}.Build();
  finding.role = Role::kActor;
  finding.service = "tcp/443";
  finding.baseline = 3;
  finding.detail = {{"ports", "1000"}};
  finding.peer_count = 12;
  finding.flows = {{.low_ip = Host(1).ip, .high_ip = Host(2).ip, .protocol = 6}};
  const std::vector<AlertEvent> out = life.Observe(0, {finding});
  ASSERT_THAT(out, SizeIs(1));
  const AlertEvent& event = out[0];
  EXPECT_EQ(event.sensor, "s");
  EXPECT_EQ(event.site, "lab");
  EXPECT_EQ(event.category, "recon");
  EXPECT_EQ(event.severity, "high");
  EXPECT_EQ(event.role, "actor");
  EXPECT_EQ(event.device, "lab/0/10.0.0.1");
  EXPECT_EQ(event.device_ip, "10.0.0.1");
  EXPECT_EQ(event.service, "tcp/443");
  EXPECT_EQ(event.technique, "T1046");
  EXPECT_EQ(event.message, "10.0.0.1 received 200");
  EXPECT_EQ(event.peer_count, 12);
  EXPECT_EQ(event.evidence.measured, 200);
  EXPECT_EQ(event.evidence.limit, 100);
  EXPECT_EQ(event.evidence.baseline, 3);
  EXPECT_EQ(event.evidence.unit, "packets/s");
  EXPECT_EQ(event.evidence.window_ms, 1'000);
  EXPECT_EQ(event.evidence.detail.at("ports"), "1000");
  ASSERT_THAT(event.flows, SizeIs(1));
  EXPECT_EQ(event.flows[0].substr(0, 2), "1:");
  EXPECT_EQ(event.alert_id, IdOf({"s", "recon.port_scan", "lab/0/10.0.0.1", "1000000"}));
  EXPECT_EQ(event.id, IdOf({event.alert_id, "open", "0"}));
}

// An attack that pauses for less than the calm is one alert, whether or not its evidence sinks.
TEST(AlertLife, PausesShorterThanTheCalmDoNotClose) {
  Life life({.calm_s = 10});
  for (uint64_t n = 0; n < 100; n += 9) life.Second(n, {{.measured = 500.0 - double(n)}});
  EXPECT_EQ(life.open(), 1U);
  EXPECT_EQ(std::count_if(life.all.begin(), life.all.end(),
                          [](const AlertEvent& e) { return e.state == "open"; }),
            1);
  EXPECT_EQ(life.all.back().evidence.measured, 500);  // of the worst interval
}

// Seconds in which nothing arrives have no interval: the pause counts all the same.
TEST(AlertLife, LongPausesCloseThoughNoIntervalCame) {
  Life life;
  life.Second(0, {{}});
  const std::vector<AlertEvent> out = life.Second(7'200, {{.start_us = kStart + 7'200 * kSecond}});
  EXPECT_EQ(Story(out), "dos.syn_flood:close1 dos.syn_flood:open0");
  EXPECT_NE(out[0].alert_id, out[1].alert_id);
}

TEST(AlertLife, FindingsMayAskForAnotherCalm) {
  Life life;
  Finding finding = FindingOf{}.Build();
  finding.calm_ms = 5'000;
  life.Observe(0, {finding});
  for (uint64_t n = 1; n < 5; ++n) EXPECT_THAT(life.Second(n, {}), IsEmpty()) << n;
  EXPECT_EQ(Story(life.Second(5, {})), "dos.syn_flood:close1");
}

TEST(AlertLife, SeverityAndScoreNeverSink) {
  Life life;
  life.Second(0, {{.measured = 300, .severity = Severity::kMedium}});
  life.Second(1, {{.measured = 200, .severity = Severity::kCritical}});
  life.Second(2, {{.measured = 900, .severity = Severity::kLow}});
  const std::vector<AlertEvent> end = life.End();
  ASSERT_THAT(end, SizeIs(1));
  EXPECT_EQ(end[0].severity, "critical");
  EXPECT_EQ(end[0].evidence.measured, 900);
  EXPECT_EQ(end[0].score, 0.9);
}

TEST(AlertLife, ReopeningIsAnotherLifeThoughTheDetectorNamesTheSameStart) {
  Life life({.calm_s = 1});
  std::set<std::string> lives, ids;
  for (uint64_t round = 0; round < 5; ++round) {
    life.Second(10 * round, {{}});  // start_us stays kStart
    life.Second(10 * round + 5, {});
  }
  ASSERT_THAT(life.all, SizeIs(10));
  for (const AlertEvent& event : life.all) {
    lives.insert(event.alert_id);
    ids.insert(event.id);
    EXPECT_LE(event.start_ms, event.last_ms);
  }
  EXPECT_THAT(lives, SizeIs(5));
  EXPECT_THAT(ids, SizeIs(10));
}

// What is remembered of the past is bounded; what is forgotten must not come back as itself.
TEST(AlertLife, LivesStayDistinctBeyondTheMemoryOfThem) {
  Life life({.calm_s = 1, .open_max = 16});
  for (uint64_t round = 0; round < 6; ++round) {
    for (uint8_t host = 0; host < 40; ++host) {
      life.Second(1'000 * round + 10U * host, {{.subject = Host(host)}});
    }
  }
  life.End();
  std::set<std::string> ids;
  for (const AlertEvent& event : life.all) ids.insert(event.id);
  EXPECT_EQ(ids.size(), life.all.size());
  EXPECT_THAT(life.all, SizeIs(2 * 6 * 40));
}

TEST(AlertLife, ExplainedKindsAreFoldedWhicheverComesFirst) {
  const FindingOf by{.kind = "dos.amplification"}, folded{.kind = "dos.udp_flood"};
  for (const auto& findings : {std::vector{by, folded}, std::vector{folded, by}}) {
    Life life;
    EXPECT_EQ(Story(life.Second(0, findings)), "dos.amplification:open0");
    EXPECT_EQ(Story(life.Second(1, {folded})), "");
  }
  Life late;  // the explained one opened before
  EXPECT_EQ(Story(late.Second(0, {folded})), "dos.udp_flood:open0");
  EXPECT_EQ(Story(late.Second(1, {folded, by})), "dos.amplification:open0 dos.udp_flood:close1!");
  EXPECT_EQ(Story(late.Second(2, {folded, by})), "");
  EXPECT_EQ(late.open(), 1U);
}

TEST(AlertLife, OnlyTheSameDevicesAlertsAreFolded) {
  Life life;
  EXPECT_EQ(Story(life.Second(0, {{.kind = "dos.amplification", .subject = Host(1)},
                                  {.kind = "dos.udp_flood", .subject = Host(2)}})),
            "dos.amplification:open0 dos.udp_flood:open0");
}

// What was folded while its explanation was open has its say when that closes first.
TEST(AlertLife, FoldedKindsOpenWhenTheirExplanationIsOver) {
  Life life({.calm_s = 2});
  const FindingOf folded{.kind = "dos.udp_flood"};
  life.Second(0, {folded});
  life.Second(1, {{.kind = "dos.amplification"}, folded});
  life.Second(2, {folded});
  EXPECT_EQ(Story(life.Second(3, {folded})), "dos.amplification:close1");
  EXPECT_EQ(Story(life.Second(4, {folded})), "dos.udp_flood:open0");
  std::set<std::string> ids;
  for (const AlertEvent& event : life.all) ids.insert(event.id);
  EXPECT_EQ(ids.size(), life.all.size());
}

TEST(AlertLife, NoKindExplainsItself) {
  for (const char* kind : {"dos.syn_flood", "dos.amplification", "dos.udp_flood",
                           "corruption.decode_errors", "corruption.tcp_flags"}) {
    EXPECT_THAT(ExplainersOf(kind), testing::Not(testing::Contains(kind)));
  }
  EXPECT_THAT(ExplainersOf("dos.udp_flood"), ElementsAre("dos.amplification"));
  EXPECT_EQ(TechniqueOf("exfil.dns_tunnel"), "T1071.004");
  EXPECT_EQ(TechniqueOf("anomaly.outlier"), "-");
}

TEST(AlertLife, BeyondTheBoundOneSummaryAKind) {
  Life life({.calm_s = 5});
  std::vector<FindingOf> findings;
  for (size_t i = 0; i < 5'000; ++i) {
    const EndpointKey subject = Host(static_cast<uint8_t>(i % 250), static_cast<uint8_t>(i / 250));
    findings.push_back({.kind = "dos.syn_flood", .subject = subject});
    if (i >= 4'500) findings.push_back({.kind = "recon.port_scan", .subject = subject});
  }
  const std::vector<AlertEvent> out = life.Second(0, findings);
  EXPECT_THAT(out, SizeIs(4'096 + 2));
  EXPECT_EQ(life.open(), 4'096U + 2);
  std::map<std::string, int> summaries;
  for (const AlertEvent& event : out) {
    if (event.device != "lab/0/many") continue;
    ++summaries[event.kind];
    EXPECT_THAT(event.message, HasSubstr("more than 4096 alerts are open"));
  }
  EXPECT_THAT(summaries,
              ElementsAre(std::pair("dos.syn_flood", 1), std::pair("recon.port_scan", 1)));
  // They are alerts like others: closed after calm, and never counted against the bound.
  life.Second(1, {});
  life.Second(20, {});
  EXPECT_EQ(life.open(), 0U);
  EXPECT_THAT(life.Second(21, findings), SizeIs(4'096 + 2));
}

TEST(AlertLife, EndOfSourceClosesAll) {
  Life life;
  life.Second(0, {{.kind = "dos.syn_flood"}, {.kind = "recon.port_scan"}});
  EXPECT_EQ(Story(life.End()), "dos.syn_flood:close1 recon.port_scan:close1");
  EXPECT_EQ(life.open(), 0U);
  EXPECT_THAT(life.End(), IsEmpty());
}

TEST(AlertLife, PeersAreTheHeaviestByWeightThenText) {
  Life life;
  Finding finding = FindingOf{}.Build();
  for (uint8_t i = 1; i <= 10; ++i) finding.peers.push_back({Host(i, 9), double(i)});
  life.Observe(0, {finding});
  finding.peers.clear();
  finding.last_us += kSecond;
  finding.peers = {{Host(1, 9), 100}, {Host(20, 9), 9}, {Host(30, 9), 9}};
  life.Observe(1, {finding});
  const std::vector<AlertEvent> end = life.End();
  EXPECT_THAT(end[0].peers,
              ElementsAre("10.0.9.1", "10.0.9.10", "10.0.9.20", "10.0.9.30", "10.0.9.9", "10.0.9.8",
                          "10.0.9.7", "10.0.9.6", "10.0.9.5", "10.0.9.4"));
  EXPECT_EQ(end[0].peer_count, 12);
}

TEST(AlertLife, APrefixIsATarget) {
  Life life;
  Finding finding = FindingOf{.subject = Host(0, 7)}.Build();
  finding.prefix_length = 96 + 24;
  const std::vector<AlertEvent> out = life.Observe(0, {finding});
  ASSERT_THAT(out, SizeIs(1));
  EXPECT_EQ(out[0].device, "lab/0/10.0.7.0/24");
  EXPECT_EQ(out[0].device_ip, "10.0.7.0/24");
}

// The name of a device may become better known while its alert is open; the alert keeps its own.
TEST(AlertLife, AnOpenAlertKeepsItsDevice) {
  bool known = false;
  Life life({.calm_s = 5}, [&known](const EndpointKey& key) {
    DeviceIdentity identity = Identify(key);
    if (known) identity.device = "lab/0/02:00:00:00:00:01";
    return identity;
  });
  life.Second(0, {{}});
  known = true;
  EXPECT_THAT(life.Second(1, {{}}), IsEmpty());
  const std::vector<AlertEvent> close = life.Second(30, {});
  ASSERT_EQ(Story(close), "dos.syn_flood:close1");
  EXPECT_EQ(close[0].device, "lab/0/10.0.0.1");
  const std::vector<AlertEvent> next = life.Second(31, {{}});
  ASSERT_EQ(Story(next), "dos.syn_flood:open0");
  EXPECT_EQ(next[0].device, "lab/0/02:00:00:00:00:01");
}

TEST(AlertLife, HostileNamesAreBoundedAndShown) {
  Life life({}, [](const EndpointKey& key) {
    DeviceIdentity identity = Identify(key);
    identity.name = std::string("\x1b[2J<script>") + std::string(5'000, 'x');
    return identity;
  });
  Finding finding = FindingOf{}.Build();
  finding.message = std::string(10'000, '\xc3');
  finding.detail = {{std::string(300, 'n'), std::string(9'000, 'd')}};
  const std::vector<AlertEvent> out = life.Observe(0, {finding});
  ASSERT_THAT(out, SizeIs(1));
  EXPECT_THAT(out[0].message, HasSubstr("\\u001b[2J<script>"));
  EXPECT_LE(out[0].message.size(), 1'024U);
  EXPECT_THAT(out[0].evidence.detail.begin()->first, SizeIs(64));
  EXPECT_THAT(out[0].evidence.detail.begin()->second, SizeIs(1'024));
}

std::vector<std::vector<Finding>> RandomSeconds(std::mt19937& random) {
  static constexpr absl::string_view kKinds[] = {"dos.syn_flood", "dos.udp_flood",
                                                 "dos.amplification", "corruption.tcp_flags",
                                                 "corruption.decode_errors"};
  std::vector<std::vector<Finding>> seconds(60);
  for (uint64_t n = 0; n < seconds.size(); ++n) {
    for (size_t i = random() % 12; i > 0; --i) {
      FindingOf wanted{.kind = kKinds[random() % 5],
                       .subject = Host(static_cast<uint8_t>(random() % 4)),
                       .last_us = kStart + n * kSecond + random() % kSecond,
                       .measured = double(random() % 500),
                       .severity = static_cast<Severity>(random() % 4)};
      Finding finding = wanted.Build();
      for (size_t p = random() % 4; p > 0; --p) {
        finding.peers.push_back({Host(static_cast<uint8_t>(random() % 30), 9), 1});
      }
      seconds[n].push_back(std::move(finding));
    }
  }
  return seconds;
}

TEST(AlertLife, TheOrderOfFindingsDoesNotMatter) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    const std::vector<std::vector<Finding>> seconds = RandomSeconds(random);
    std::string first;
    for (int round = 0; round < 3; ++round) {
      Life life({.calm_s = 3, .update_every_s = 2, .open_max = 8});
      for (uint64_t n = 0; n < seconds.size(); ++n) {
        std::vector<Finding> shuffled = seconds[n];
        if (round > 0) std::shuffle(shuffled.begin(), shuffled.end(), random);
        life.Observe(n, std::move(shuffled));
      }
      life.End();
      std::string text;
      for (const AlertEvent& event : life.all) AppendJson(event, text);
      if (round == 0) first = text;
      ASSERT_EQ(text, first) << "seed " << seed;
    }
  }
}

// Whatever comes: revisions count up from an open to one close, nothing is told too often.
TEST(AlertLife, EveryLifeIsWhole) {
  for (uint32_t seed = 100; seed < 120; ++seed) {
    std::mt19937 random(seed);
    const std::vector<std::vector<Finding>> seconds = RandomSeconds(random);
    Life life({.calm_s = 3, .update_every_s = 4, .open_max = 8});
    std::map<std::string, int32_t> revisions;
    std::map<std::string, uint64_t> told;
    std::set<std::string> closed;
    const auto look = [&](const std::vector<AlertEvent>& events, uint64_t n) {
      for (const AlertEvent& event : events) {
        ASSERT_FALSE(closed.contains(event.alert_id));
        const auto [at, first] = revisions.try_emplace(event.alert_id, 0);
        ASSERT_EQ(event.state == "open", first);
        ASSERT_EQ(event.revision, first ? 0 : ++at->second);
        ASSERT_TRUE(event.state != "update" || n >= told[event.alert_id] + 4);
        if (event.state == "close") closed.insert(event.alert_id);
        told[event.alert_id] = n;
      }
    };
    for (uint64_t n = 0; n < seconds.size(); ++n) look(life.Observe(n, seconds[n]), n);
    look(life.End(), seconds.size());
    EXPECT_EQ(closed.size(), revisions.size());
    EXPECT_GT(closed.size(), 5U);
  }
}

}  // namespace
}  // namespace vedette
