#include "sensor/local/local_api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "sensor/local/query.h"

namespace vedette {
namespace {

using Json = nlohmann::json;

// What a host may call itself.
constexpr char kHostile[] = "\x1b[2J\xff\xc0\xaf\"</script>\n\xe2\x80\xae";

AlertPointer AlertOf(const char* id, const char* kind, const char* severity, int64_t last_ms) {
  auto alert = std::make_shared<AlertEvent>();
  alert->alert_id = id;
  alert->kind = kind;
  alert->category = std::string(kind).substr(0, std::string(kind).find('.'));
  alert->severity = severity;
  alert->state = "open";
  alert->last_ms = last_ms;
  alert->device = "default/0/10.0.0.1";
  alert->device_ip = "10.0.0.1";
  alert->device_name = kHostile;
  alert->message = kHostile;
  return alert;
}

DevicePointer DeviceOf(int number, int64_t bytes, const char* name, int64_t last_ms = 20'000) {
  auto row = std::make_shared<DeviceRow>();
  row->device = absl::StrCat("default/0/10.0.0.", number);
  row->ip = absl::StrCat("10.0.0.", number);
  row->name = name;
  row->last_ms = last_ms;
  row->window.bytes_out = bytes;
  row->sum.bytes_out = 10 * bytes;
  return row;
}

Snapshot Picture() {
  Snapshot snapshot;
  snapshot.sensor = "edge";
  snapshot.made = snapshot.last_packet = snapshot.started = SteadyNow();
  snapshot.open = {AlertOf("a", "dos.syn_flood", "medium", 5),
                   AlertOf("b", "recon.port_scan", "critical", 1),
                   AlertOf("c", "dos.udp_flood", "critical", 9)};
  auto closed = std::make_shared<AlertEvent>(*AlertOf("d", "exfil.volume", "low", 3));
  closed->state = "close";
  snapshot.closed = {closed};
  snapshot.devices = std::make_shared<std::vector<DevicePointer>>(
      std::vector<DevicePointer>{DeviceOf(1, 10, kHostile), DeviceOf(2, 300, "printer"),
                                 DeviceOf(3, 900, "asleep", 10'000), DeviceOf(4, 20, "")});
  return snapshot;
}

LocalAnswer Ask(const Snapshot* snapshot, absl::string_view target) {
  return AnswerOf({.target = target, .snapshot = snapshot, .requests = {}, .now = SteadyNow()});
}

Json Read(absl::string_view target) {
  const Snapshot snapshot = Picture();
  const LocalAnswer answer = Ask(&snapshot, target);
  EXPECT_EQ(answer.status, 200) << target << answer.body;
  // Strict: invalid UTF-8 and control characters do not parse.
  return Json::parse(answer.body);
}

std::vector<std::string> Each(const Json& list, const char* field) {
  std::vector<std::string> values;
  for (const Json& item : list) values.push_back(item[field]);
  return values;
}

using Names = std::vector<std::string>;

TEST(LocalApi, AlertsComeWorstFirstAndAsAsked) {
  const Json all = Read("/api/alerts");
  EXPECT_EQ(Each(all["alerts"], "alert_id"), (Names{"c", "b", "a", "d"}));
  EXPECT_EQ(all["open"], 3);
  EXPECT_EQ(Each(Read("/api/alerts?state=open&limit=2")["alerts"], "alert_id"), (Names{"c", "b"}));
  EXPECT_EQ(Read("/api/alerts?state=open&limit=2")["matched"], 3);
  EXPECT_EQ(Each(Read("/api/alerts?kind=dos")["alerts"], "alert_id"), (Names{"c", "a"}));
  EXPECT_EQ(Each(Read("/api/alerts?kind=dos.syn_flood")["alerts"], "alert_id"), (Names{"a"}));
  EXPECT_EQ(Each(Read("/api/alerts?severity=medium")["alerts"], "alert_id"),
            (Names{"c", "b", "a"}));
  EXPECT_EQ(Each(Read("/api/alerts?state=closed")["alerts"], "alert_id"), (Names{"d"}));
  EXPECT_EQ(Read("/api/alerts?device=10.0.0.1")["matched"], 4);
  EXPECT_EQ(Read("/api/alerts?device=10.0.0")["matched"], 0);
}

TEST(LocalApi, DevicesAreSortedAndSearched) {
  const Json all = Read("/api/devices");
  EXPECT_EQ(Each(all["devices"], "device_ip"),
            (Names{"10.0.0.2", "10.0.0.4", "10.0.0.1", "10.0.0.3"}))
      << "who was not in the last window has no traffic now";
  EXPECT_EQ(all["devices"][2]["alerts_open"], 3);
  EXPECT_EQ(Each(Read("/api/devices?sort=total_bytes&limit=1")["devices"], "device_ip"),
            (Names{"10.0.0.3"}));
  EXPECT_EQ(Each(Read("/api/devices?search=PRINT")["devices"], "device_ip"), (Names{"10.0.0.2"}));
  EXPECT_EQ(Each(Read("/api/devices?sort=alerts&limit=1")["devices"], "device_ip"),
            (Names{"10.0.0.1"}));
  EXPECT_EQ(Read("/api/devices?limit=1")["matched"], 4);
}

TEST(LocalApi, HostileTextIsEscaped) {
  const Snapshot snapshot = Picture();
  for (const char* target : {"/api/alerts", "/api/devices", "/api/sensor", "/health", "/metrics"}) {
    const std::string body = Ask(&snapshot, target).body;
    EXPECT_EQ(body.find('\x1b'), std::string::npos) << target;
    EXPECT_EQ(body.find("\xff"), std::string::npos) << target;
  }
  const std::string name = Read("/api/devices?sort=alerts")["devices"][0]["device_name"];
  EXPECT_NE(name.find("</script>"), std::string::npos) << "the name is lost";
}

TEST(LocalApi, WrongQuestionsAreRefusedWithWhatIsAllowed) {
  const Snapshot snapshot = Picture();
  for (const char* target :
       {"/api/alerts?severty=high", "/api/alerts?severity=worst", "/api/alerts?limit=0",
        "/api/alerts?limit=-1", "/api/alerts?limit=99999999999999999999", "/api/alerts?kind=%f",
        "/api/alerts?kind=a&kind=b", "/api/devices?sort=size", "/api/sensor?x=1", "/metrics?a=b"}) {
    const LocalAnswer answer = Ask(&snapshot, target);
    EXPECT_EQ(answer.status, 400) << target;
    EXPECT_NE(Json::parse(answer.body)["error"]["message"], "") << target;
  }
  for (const char* target : {"", "/", "*", "/api", "/api/alerts/", "/metrics/", "//metrics",
                             "/health/ready/x", "http://a/metrics"}) {
    EXPECT_EQ(Ask(&snapshot, target).status, 404) << target;
  }
}

TEST(LocalApi, BeforeTheFirstPictureItLivesAndIsNotReady) {
  EXPECT_EQ(Ask(nullptr, "/health/live").status, 200);
  EXPECT_EQ(Ask(nullptr, "/health/ready").status, 503);
  EXPECT_EQ(Ask(nullptr, "/api/alerts").status, 503);
  EXPECT_EQ(Ask(nullptr, "/metrics").status, 200);
}

TEST(LocalApi, ReadinessHasItsReasons) {
  Snapshot snapshot = Picture();
  EXPECT_EQ(Ask(&snapshot, "/health/ready").status, 200);
  snapshot.interfaces = {{.name = "tap0", .link = LinkState::kMissing}};
  const LocalAnswer answer = Ask(&snapshot, "/health/ready");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(Json::parse(answer.body)["reasons"][0]["name"], "no_interface");
  EXPECT_EQ(Ask(&snapshot, "/health/live").status, 200);
  EXPECT_EQ(Json::parse(Ask(&snapshot, "/health").body)["health"]["type"], "health");
}

}  // namespace
}  // namespace vedette
