#include "sensor/report/report_gatherer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dataplane/decode/address_text.h"
#include "sensor/report/packet_accounting.h"

namespace vedette {
namespace {

IpAddress Address(uint32_t number) {
  return IpAddress::V4(static_cast<uint8_t>(number >> 24), static_cast<uint8_t>(number >> 16),
                       static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number));
}

EndpointInterval Endpoint(const IpAddress& ip, uint64_t bytes_out, uint64_t egress_bytes = 0) {
  EndpointInterval endpoint;
  endpoint.key.ip = ip;
  endpoint.counters.packets_out = 1;
  endpoint.counters.bytes_out = bytes_out;
  endpoint.counters.egress_bytes = egress_bytes;
  endpoint.counters.egress_packets = egress_bytes != 0;
  return endpoint;
}

DeviceIdentity ByAddress(const EndpointKey& key) {
  return {.device = absl::StrCat("default/0/", IpText(key.ip)), .ip = IpText(key.ip)};
}

void Observe(ReportGatherer& gatherer, uint64_t second, const std::vector<EndpointInterval>& seen,
             const std::vector<EgressPair>& egress = {}) {
  IntervalView view;
  view.begin_us = second * 1'000'000;
  view.end_us = view.begin_us + 1'000'000;
  view.endpoints = seen;
  view.egress = egress;
  view.totals.packets = seen.size();
  gatherer.OnInterval(view);
}

AlertEvent Alert(const std::string& id, const std::string& severity, int revision = 0) {
  AlertEvent alert;
  alert.alert_id = id;
  alert.severity = severity;
  alert.revision = revision;
  return alert;
}

// A scan or a flood shows millions of addresses; those that talk for hours must not drown in them.
TEST(ReportGatherer, MemoryIsBoundedAndTheHeavyStay) {
  ReportGatherer gatherer;
  uint32_t stranger = 0x0b000000;
  const IpAddress heavy = Address(0x0a000001), far = Address(0xcb007101);
  for (uint64_t second = 0; second < 40; ++second) {
    std::vector<EndpointInterval> seen = {Endpoint(heavy, 50'000, 50'000)};
    std::vector<EgressPair> egress = {
        {.device = {.ip = heavy}, .destination = far, .bytes = 50'000, .packets = 1}};
    for (int i = 0; i < 1'000; ++i) {
      seen.push_back(Endpoint(Address(++stranger), 60));
      egress.push_back(
          {.device = {.ip = heavy}, .destination = Address(stranger), .bytes = 60, .packets = 1});
    }
    Observe(gatherer, second, seen, egress);
  }
  for (int i = 0; i < 10'000; ++i) gatherer.OnAlert(Alert(absl::StrCat("low", i), "low"));
  EXPECT_LE(gatherer.held(), 2 * (ReportGatherer::kTalkersKept + ReportGatherer::kPairsKept +
                                  ReportGatherer::kAlertsMax));
  const ReportData data = gatherer.Finish(ByAddress);
  ASSERT_EQ(data.talkers.size(), ReportGatherer::kShownMax);
  EXPECT_EQ(data.talkers[0].who.ip, "10.0.0.1");
  EXPECT_EQ(data.talkers[0].sums.bytes_out, 2'000'000U);
  EXPECT_GT(data.talkers_missed_bytes, 0U);
  EXPECT_LE(data.talkers_missed_bytes, 2'000'000U + 40 * 1'000 * 60);
  ASSERT_FALSE(data.destinations.empty());
  EXPECT_EQ(data.destinations[0].ip, "203.0.113.1");
  EXPECT_EQ(data.destinations[0].bytes, 2'000'000U);
  EXPECT_EQ(data.egress_bytes, 2'000'000U);
}

// One machine with two addresses talked as much as both together.
TEST(ReportGatherer, ADeviceIsAllItsAddresses) {
  ReportGatherer gatherer;
  Observe(gatherer, 10,
          {Endpoint(Address(0x0a000001), 700), Endpoint(Address(0x0a000002), 600),
           Endpoint(Address(0x0a000003), 900)});
  const ReportData data = gatherer.Finish([](const EndpointKey& key) {
    DeviceIdentity who = ByAddress(key);
    if (who.ip != "10.0.0.3") who.device = "default/0/02:00:00:00:00:01";
    return who;
  });
  ASSERT_EQ(data.talkers.size(), 2U);
  EXPECT_EQ(data.talkers[0].sums.bytes_out, 1'300U);
  EXPECT_EQ(data.talkers[0].ips, (std::vector<std::string>{"10.0.0.1", "10.0.0.2"}));
  EXPECT_EQ(data.talkers[1].who.ip, "10.0.0.3");
}

// What a worker's table added to a pair that displaced another is not the pair's.
TEST(ReportGatherer, InheritedBytesAreNotReported) {
  ReportGatherer gatherer;
  Observe(gatherer, 10, {},
          {{.device = {.ip = Address(0x0a000001)},
            .destination = Address(0xcb007101),
            .bytes = 900,
            .packets = 2,
            .error_bytes = 600}});
  const ReportData data = gatherer.Finish(ByAddress);
  ASSERT_EQ(data.destinations.size(), 1U);
  EXPECT_EQ(data.destinations[0].bytes, 300U);
}

TEST(ReportGatherer, AlertsAreAsLastToldTheWorstFirst) {
  ReportGatherer gatherer;
  gatherer.OnAlert(Alert("a", "low"));
  gatherer.OnAlert(Alert("b", "medium"));
  gatherer.OnAlert(Alert("c", "medium"));
  gatherer.OnAlert(Alert("a", "critical", 1));
  gatherer.OnAlert(Alert("b", "medium"));
  AlertEvent folded = Alert("c", "medium", 1);
  folded.suppressed = true;
  gatherer.OnAlert(folded);
  const ReportAlerts alerts = gatherer.Finish(ByAddress).alerts;
  ASSERT_EQ(alerts.worst.size(), 2U);
  EXPECT_EQ(alerts.worst[0].alert_id, "a");
  EXPECT_EQ(alerts.worst[0].revision, 1);
  EXPECT_EQ(alerts.opened, 3U);
  EXPECT_EQ(alerts.folded, 1U);
  EXPECT_EQ(alerts.unlisted(), 0U);
  EXPECT_EQ(alerts.by_severity[3], 1U);
  EXPECT_EQ(alerts.by_severity[1], 1U);
}

// The worst alert may come when the list is full of others; those left out are still counted.
TEST(ReportGatherer, AFullListKeepsTheWorst) {
  ReportGatherer gatherer;
  for (int i = 0; i < 5'000; ++i) gatherer.OnAlert(Alert(absl::StrCat("low", i), "low"));
  gatherer.OnAlert(Alert("worst", "critical"));
  for (int i = 0; i < 5'000; ++i) gatherer.OnAlert(Alert(absl::StrCat("medium", i), "medium"));
  const ReportAlerts alerts = gatherer.Finish(ByAddress).alerts;
  ASSERT_EQ(alerts.worst.size(), ReportGatherer::kAlertsMax);
  EXPECT_EQ(alerts.worst[0].alert_id, "worst");
  EXPECT_EQ(alerts.worst.back().severity, "medium");
  EXPECT_EQ(alerts.unlisted(), 10'001 - ReportGatherer::kAlertsMax);
}

TEST(ReportGatherer, AccountsOfAllWindowsAddUp) {
  ReportGatherer gatherer;
  for (int i = 0; i < 3; ++i) {
    HealthEvent health;
    health.packets_received = 103;
    health.packets_processed = 100;
    health.dropped = {{"kernel", 3}, {"other", 0}};
    health.decoded = {{"ok", 80}, {"eth.unknown_type", 5}, {"tcp.bad_header_length", 15}};
    health.irregularities = {{"tcp.bad_header_length", 15}, {"checksum.udp", 2}};
    gatherer.OnHealth(health);
  }
  PacketAccounting accounting = AccountingOf(gatherer.Finish(ByAddress));
  EXPECT_EQ(accounting.received, 309U);
  EXPECT_EQ(accounting.dropped, 9U);
  EXPECT_TRUE(accounting.AddsUp());
  ASSERT_EQ(accounting.groups.size(), 4U);
  EXPECT_EQ(accounting.groups[0].packets, 240U);
  EXPECT_EQ(accounting.groups[3].packets, 45U);
  EXPECT_EQ(accounting.irregularities[0].name, "tcp.bad_header_length");
  ++accounting.processed;
  EXPECT_FALSE(accounting.AddsUp());
}

}  // namespace
}  // namespace vedette
