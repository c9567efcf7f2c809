// What the policy does to alerts: the gate alone, in the life of alerts, and in the whole line.
#include "sensor/policy/policy_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "dataplane/decode/address_text.h"
#include "sensor/config/policy_settings.h"
#include "sensor/config/sensor_config.h"
#include "sensor/event/alert_life.h"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kSecond = 1'000'000;

std::shared_ptr<const Policy> PolicyOf(absl::string_view entries) {
  const ConfigReading reading =
      ReadConfigText(absl::StrCat("policy:\n  entries:\n", entries), "v.yaml", "/");
  EXPECT_THAT(reading.faults, IsEmpty());
  return reading.config.policy.compiled;
}

const char kAllowScans[] =
    "    - {effect: allow, kinds: [recon.*], source: 10.0.0.5, comment: x}\n";

DeviceIdentity Identify(const EndpointKey& key) {
  DeviceIdentity identity{.ip = IpText(key.ip), .vlan = key.vlan, .home = true};
  identity.device = absl::StrCat("lab/0/", identity.ip);
  return identity;
}

Finding FindingOf(absl::string_view kind, uint64_t second, uint8_t host = 5) {
  return {.kind = kind,
          .subject = {.ip = IpAddress::V4(10, 0, 0, host)},
          .severity = Severity::kHigh,
          .role = kind.substr(0, 4) == "dos." ? Role::kTarget : Role::kActor,
          .start_us = second * kSecond,
          .last_us = second * kSecond + 1,
          .message = "did it",
          .measured = 100,
          .limit = 30};
}

class AlertsUnder {
 public:
  explicit AlertsUnder(std::shared_ptr<const Policy> policy)
      : life_({}, {.sensor = "s", .site = "lab"}, Identify, std::move(policy)) {}

  // What is told of one second: "kind state severity".
  std::vector<std::string> At(uint64_t second, std::vector<Finding> findings) {
    std::vector<AlertEvent> events;
    life_.Observe(std::move(findings), second * kSecond, (second + 1) * kSecond, events);
    std::vector<std::string> told;
    for (const AlertEvent& event : events) {
      told.push_back(absl::StrCat(event.kind, " ", event.state, " ", event.severity,
                                  event.suppressed ? " suppressed" : ""));
    }
    return told;
  }
  AlertLife& life() { return life_; }

 private:
  AlertLife life_;
};

TEST(PolicyGate, AnAlertThatDoesNotOpenIsCountedOnce) {
  AlertsUnder alerts(PolicyOf(kAllowScans));
  for (uint64_t second = 1; second < 600; ++second) {
    EXPECT_THAT(alerts.At(second, {FindingOf("recon.port_scan", second)}), IsEmpty());
  }
  const PolicyGate& gate = alerts.life().policy();
  EXPECT_EQ(alerts.life().open(), 0U);
  EXPECT_EQ(gate.TotalsAt(0).allowed, 1U);
  EXPECT_EQ(gate.counts()[0].alerts, 1U);
  EXPECT_EQ(gate.counts()[0].last_us, 599 * kSecond + 1);
  // After its calm it is another.
  EXPECT_THAT(alerts.At(700, {FindingOf("recon.port_scan", 700)}), IsEmpty());
  EXPECT_EQ(gate.counts()[0].alerts, 2U);
}

TEST(PolicyGate, OthersAreTold) {
  AlertsUnder alerts(PolicyOf(kAllowScans));
  EXPECT_THAT(alerts.At(1, {FindingOf("recon.port_scan", 1), FindingOf("recon.port_scan", 1, 6),
                            FindingOf("exfil.volume", 1)}),
              ElementsAre("exfil.volume open high", "recon.port_scan open high"));
}

TEST(PolicyGate, WhatIsSuppressedStillExplainsAndWhatIsAllowedDoesNot) {
  AlertsUnder suppressed(PolicyOf(
      "    - {effect: suppress, kinds: [dos.amplification], target: 10.0.0.5, comment: x}\n"));
  EXPECT_THAT(suppressed.At(1, {FindingOf("dos.amplification", 1), FindingOf("dos.udp_flood", 1)}),
              IsEmpty());
  EXPECT_EQ(suppressed.life().policy().TotalsAt(0).suppressed, 1U);
  AlertsUnder allowed(PolicyOf(
      "    - {effect: allow, kinds: [dos.amplification], target: 10.0.0.5, comment: x}\n"));
  EXPECT_THAT(allowed.At(1, {FindingOf("dos.amplification", 1), FindingOf("dos.udp_flood", 1)}),
              ElementsAre("dos.udp_flood open high"));
}

TEST(PolicyGate, AnEntryThatExpiresLetsTheAlertOpen) {
  AlertsUnder alerts(PolicyOf(
      "    - {effect: suppress, kinds: [all], host: 10.0.0.5, until: 1970-01-01T00:00:03Z, "
      "comment: x}\n"));
  EXPECT_THAT(alerts.At(1, {FindingOf("exfil.volume", 1)}), IsEmpty());
  EXPECT_THAT(alerts.At(2, {FindingOf("exfil.volume", 2)}), IsEmpty());
  EXPECT_THAT(alerts.At(3, {FindingOf("exfil.volume", 3)}), ElementsAre("exfil.volume open high"));
  EXPECT_EQ(alerts.life().policy().TotalsAt(3 * kSecond).expired, 1U);
}

TEST(PolicyGate, SeverityIsWhatTheEntrySays) {
  AlertsUnder alerts(PolicyOf(
      "    - {effect: adjust, kinds: [all], host: 10.0.0.5, severity: low, comment: a lab}\n"));
  EXPECT_THAT(alerts.At(1, {FindingOf("exfil.volume", 1)}), ElementsAre("exfil.volume open low"));
  Finding worse = FindingOf("exfil.volume", 20);
  worse.severity = Severity::kCritical;
  EXPECT_THAT(alerts.At(20, {worse}), ElementsAre("exfil.volume update low"));
  EXPECT_EQ(alerts.life().policy().TotalsAt(0).adjusted, 1U);
}

TEST(PolicyGate, AReloadClosesWhatIsNoLongerWantedAndKeepsCounts) {
  AlertsUnder alerts(PolicyOf(kAllowScans));
  EXPECT_THAT(alerts.At(1, {FindingOf("recon.port_scan", 1), FindingOf("exfil.volume", 1)}),
              ElementsAre("exfil.volume open high"));
  const std::string volume =
      "    - {effect: allow, kinds: [exfil.volume], source: 10.0.0.5, comment: y}\n";
  // The other entry keeps its count, in another place and with another comment.
  alerts.life().SetPolicy(PolicyOf(absl::StrCat(
      volume, "    - {effect: allow, kinds: [recon.*], source: 10.0.0.5, comment: z}\n")));
  EXPECT_EQ(alerts.life().policy().counts()[1].alerts, 1U);
  EXPECT_THAT(alerts.At(2, {FindingOf("exfil.volume", 2)}),
              ElementsAre("exfil.volume close high suppressed"));
  EXPECT_EQ(alerts.life().policy().counts()[0].alerts, 1U);
  // And a policy that is gone lets everything open again.
  alerts.life().SetPolicy(nullptr);
  EXPECT_THAT(alerts.At(3, {FindingOf("exfil.volume", 3)}), ElementsAre("exfil.volume open high"));
  alerts.life().SetPolicy(PolicyOf(kAllowScans));
  EXPECT_EQ(alerts.life().policy().counts()[0].alerts, 1U);
}

TEST(PolicyGate, FramesWithoutAddressesBelongToTheDevicesLife) {
  PolicyGate gate(PolicyOf("    - {effect: suppress, kinds: [all], host: 10.0.0.5, comment: x}\n"),
                  16);
  const PolicyGate::Key key("corruption.decode_errors", "lab/0/00:16:3e:00:00:05");
  PolicyCase by_mac{.kind = "corruption.decode_errors", .at_us = 2};
  by_mac.device = {.mac = "00:16:3e:00:00:05", .home = true};
  EXPECT_TRUE(gate.Judge(key, by_mac, kSecond).tells());  // nothing is known of its address
  PolicyCase by_ip = by_mac;
  by_ip.device.ip = IpAddress::V4(10, 0, 0, 5);
  EXPECT_FALSE(gate.Judge(key, by_ip, kSecond).tells());
  EXPECT_FALSE(gate.Judge(key, by_mac, kSecond).tells());
  EXPECT_EQ(gate.TotalsAt(0).suppressed, 1U);
}

TEST(PolicyGate, LivesThatAreNotToldAreBounded) {
  PolicyGate gate(PolicyOf("    - {effect: allow, kinds: [all], host: any, comment: x}\n"), 16);
  for (uint32_t i = 0; i < 100; ++i) {
    PolicyCase asked{.kind = "recon.port_scan", .at_us = 1};
    EXPECT_FALSE(gate.Judge({"recon.port_scan", absl::StrCat(i)}, asked, kSecond).tells());
  }
  EXPECT_EQ(gate.TotalsAt(0).allowed, 100U);
  // Those it has no room for are counted again, the others are not.
  PolicyCase again{.kind = "recon.port_scan", .at_us = 2};
  gate.Judge({"recon.port_scan", "0"}, again, kSecond);
  EXPECT_EQ(gate.TotalsAt(0).allowed, 100U);
  gate.Judge({"recon.port_scan", "99"}, again, kSecond);
  EXPECT_EQ(gate.TotalsAt(0).allowed, 101U);
}

}  // namespace
}  // namespace vedette
