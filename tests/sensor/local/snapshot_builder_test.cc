#include "sensor/local/snapshot_builder.h"

#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "dataplane/decode/decode_status.h"
#include "sensor/local/metrics_page.h"
#include "sensor/local/sensor_state.h"

namespace vedette {
namespace {

AlertEvent AlertOf(int number, const char* state, const char* severity = "high") {
  AlertEvent alert;
  alert.alert_id = absl::StrCat("id", number);
  alert.kind = "dos.syn_flood";
  alert.category = "dos";
  alert.severity = severity;
  alert.state = state;
  alert.device = absl::StrCat("default/0/10.0.0.", number);
  return alert;
}

DeviceEvent DeviceOf(int number, int64_t window_start_ms, int64_t bytes) {
  DeviceEvent event;
  event.device = absl::StrCat("default/0/device", number);
  event.window_start_ms = window_start_ms;
  event.window_ms = 10'000;
  event.bytes_out = bytes;
  event.packets_out = 1;
  return event;
}

class SnapshotBuilderTest : public testing::Test {
 protected:
  const Snapshot& Tick() {
    builder_.Tick();
    last_ = board_.Last();
    return *last_;
  }

  SnapshotBoard board_;
  SnapshotBuilder builder_{
      {.sensor = "edge", .site = "default", .source = "libpcap"}, nullptr, board_};
  std::shared_ptr<const Snapshot> last_;
};

TEST_F(SnapshotBuilderTest, AlertsMoveFromOpenToClosed) {
  EXPECT_EQ(board_.Last(), nullptr);
  builder_.Add(AlertOf(1, "open"));
  builder_.Add(AlertOf(2, "open"));
  builder_.Add(AlertOf(1, "update", "critical"));
  const Snapshot before = Tick();
  ASSERT_EQ(before.open.size(), 2U);
  EXPECT_EQ(before.open[0]->severity, "critical");
  builder_.Add(AlertOf(1, "close"));
  EXPECT_EQ(Tick().open.size(), 1U);
  ASSERT_EQ(last_->closed.size(), 1U);
  EXPECT_EQ(last_->alerts_opened.at("dos.syn_flood"), 2);
  EXPECT_EQ(before.open.size(), 2U) << "a published picture has changed";
}

TEST_F(SnapshotBuilderTest, AlertsAreBounded) {
  const int many = static_cast<int>(SnapshotBuilder::kOpenMax) + 10;
  for (int i = 0; i < many; ++i) builder_.Add(AlertOf(i, "open"));
  EXPECT_EQ(Tick().open.size(), SnapshotBuilder::kOpenMax);
  EXPECT_EQ(last_->open_unlisted, 10U);
  for (int i = 0; i < many; ++i) builder_.Add(AlertOf(i, "close"));
  EXPECT_EQ(Tick().open.size(), 0U);
  EXPECT_EQ(last_->open_unlisted, 0U);
  EXPECT_EQ(last_->closed.size(), SnapshotBuilder::kClosedMax);
  EXPECT_EQ(last_->closed.front()->alert_id, absl::StrCat("id", many - 1)) << "newest first";
}

TEST_F(SnapshotBuilderTest, DevicesAddUpAndTheLongestInactiveGo) {
  const int many = static_cast<int>(SnapshotBuilder::kDevicesMax);
  builder_.Add(DeviceOf(-1, 10'000, 100));
  builder_.Add(DeviceOf(-2, 10'000, 1));
  for (int i = 0; i < many - 2; ++i) builder_.Add(DeviceOf(i, 10'000, 1));
  builder_.Add(DeviceOf(-1, 20'000, 50));
  builder_.Add(DeviceOf(many, 20'000, 1));
  ASSERT_EQ(Tick().devices->size(), SnapshotBuilder::kDevicesMax);
  EXPECT_EQ(last_->devices_forgotten, 1U);
  std::set<std::string> names;
  const DeviceRow* twice = nullptr;
  for (const DevicePointer& row : *last_->devices) {
    names.insert(row->device);
    if (row->device == "default/0/device-1") twice = row.get();
  }
  EXPECT_EQ(names.count("default/0/device-2"), 0U) << "the longest inactive was kept";
  ASSERT_NE(twice, nullptr) << "an active device was forgotten";
  EXPECT_EQ(twice->sum.bytes_out, 150);
  EXPECT_EQ(twice->window.bytes_out, 50);
  EXPECT_EQ(twice->first_ms, 10'000);
  EXPECT_EQ(twice->last_ms, 30'000);
}

// Every status and reason there is, as many interfaces and sinks as there may be.
TEST_F(SnapshotBuilderTest, SeriesAreBounded) {
  HealthEvent health;
  for (const auto& status : kDecodeStatuses) {
    health.decoded[std::string(status.wire_name)] = 2;
    health.irregularities[std::string(status.wire_name)] = 1;
    health.packets_processed += 2;
  }
  for (const char* reason :
       {"nic_missed", "no_mbuf", "nic_errors", "kernel", "ring_full", "other"}) {
    health.dropped[reason] = 1;
  }
  builder_.Add(health);
  for (int i = 0; i < 3'000; ++i) {
    AlertEvent alert = AlertOf(i, "open");
    alert.kind = absl::StrCat("made.up_", i);
    builder_.Add(alert);
    builder_.Add(DeviceOf(i, 10'000, 1));
  }
  builder_.set_interfaces([] {
    std::vector<InterfaceRow> rows(16);
    for (size_t i = 0; i < rows.size(); ++i) rows[i].name = absl::StrCat("tap", i);
    return rows;
  });
  Snapshot all = Tick();
  all.sinks = {SinkRow{.name = "kafka", .spool_bytes_max = 1}, SinkRow{.name = "files"}};
  const auto families = MetricsOf(&all, {}, SteadyNow());
  EXPECT_LE(SeriesOf(families), kSeriesMax);
  EXPECT_GT(SeriesOf(families), 200U) << "most of the page is missing";
  const std::string text = MetricsText(families);
  size_t lines = 0, comments = 0;
  for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    (text[at] == '#' ? comments : lines) += 1;
  }
  EXPECT_EQ(lines, SeriesOf(families));
  EXPECT_EQ(comments, 2 * families.size()) << "a family has no HELP or no TYPE";
  EXPECT_EQ(text.find("made.up"), std::string::npos);
}

TEST_F(SnapshotBuilderTest, CountersAreOfAllWindowsAndAgree) {
  HealthEvent health;
  health.packets_received = 12;
  health.packets_processed = 10;
  health.dropped = {{"kernel", 2}};
  health.decoded = {{"ok", 7}, {"ip4.truncated", 2}, {"eth.unknown_type", 1}};
  health.irregularities = {{"tcp.xmas", 3}, {"tcp.null_flags", 1}, {"dns.truncated", 1}};
  builder_.Add(health);
  builder_.Add(health);
  const HealthTotals& totals = Tick().totals;
  EXPECT_EQ(totals.received, 24);
  EXPECT_EQ(totals.dropped.at("kernel"), 4);
  EXPECT_EQ(totals.decoded.at("ok"), 14);
  EXPECT_EQ(totals.decoded.at("malformed"), 4);
  EXPECT_EQ(totals.decoded.at("unsupported"), 2);
  EXPECT_EQ(totals.irregularities.at("tcp"), 8);
  EXPECT_EQ(totals.irregularities.at("dns"), 2);
}

std::set<std::string> NamesOf(const SensorState& state) {
  std::set<std::string> names;
  for (const Reason& reason : state.reasons) names.insert(reason.name);
  return names;
}

TEST(SensorState, ReasonsAreNamed) {
  const absl::Time now = SteadyNow();
  EXPECT_TRUE(StateOf(nullptr, now).live);
  EXPECT_FALSE(StateOf(nullptr, now).ready);
  Snapshot good;
  good.made = good.last_packet = good.started = now;
  good.interfaces = {{.name = "tap0", .link = LinkState::kUp, .capturing = true},
                     {.name = "tap1", .link = LinkState::kDown}};
  good.sinks = {SinkRow{.name = "kafka"}};
  EXPECT_TRUE(StateOf(&good, now).ready);

  Snapshot stalled = good;
  stalled.made = now - 2 * kTickAgeMax;
  EXPECT_FALSE(StateOf(&stalled, now).live);
  EXPECT_EQ(NamesOf(StateOf(&stalled, now)), std::set<std::string>{"stalled"});

  Snapshot down = good;
  down.interfaces[0].capturing = false;
  EXPECT_EQ(NamesOf(StateOf(&down, now)), std::set<std::string>{"no_interface"});
  EXPECT_TRUE(StateOf(&down, now).live);

  Snapshot blind = good;
  blind.last_packet = now - 2 * kSilenceMax;
  EXPECT_EQ(NamesOf(StateOf(&blind, now)), std::set<std::string>{"capture_blind"});

  Snapshot losing = good;
  losing.health.packets_received = 1'000;
  losing.health.packets_processed = 900;
  EXPECT_EQ(NamesOf(StateOf(&losing, now)), std::set<std::string>{"capture_loss"});
  losing.health.packets_processed = 990;
  EXPECT_TRUE(StateOf(&losing, now).ready) << "one in a hundred is no reason yet";

  Snapshot dropping = good;
  dropping.sinks[0].last_drop = now - absl::Seconds(1);
  EXPECT_EQ(NamesOf(StateOf(&dropping, now)), std::set<std::string>{"events_dropped"});
  dropping.sinks[0].last_drop = now - 2 * kSilenceMax;
  EXPECT_TRUE(StateOf(&dropping, now).ready) << "what was dropped long ago is history";
}

}  // namespace
}  // namespace vedette
