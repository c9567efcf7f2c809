#include <gtest/gtest.h>

#include "sensor/console/console_text.h"
#include "sensor/console/sensor_answers.h"
#include "sensor/console/top_screen.h"

namespace vedette {
namespace {

constexpr char kHostile[] = "\x1b[2J\x9b\xff\xe2\x80\xae evil";

TopData Data() {
  TopData data;
  data.sensor.sensor = "edge";
  data.sensor.site = "default";
  data.sensor.ready = true;
  data.sensor.interfaces = {{"tap0", true}, {kHostile, false}};
  data.sensor.alerts_open = 30;
  data.sensor.flows_max = data.sensor.devices_max = 10;
  for (int i = 0; i < 200; ++i) {
    data.sensor.seconds.push_back({.packets = i, .bytes = i * 1'000'000, .lost = 0});
  }
  for (int i = 0; i < 30; ++i) {
    AlertEvent alert;
    alert.kind = "dos.syn_flood";
    alert.severity = i == 0 ? "critical" : kHostile;
    alert.device_name = kHostile;
    alert.device_ip = "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff";
    alert.message = kHostile;
    data.alerts.alerts.push_back(alert);
    DeviceFigures device;
    device.name = kHostile;
    device.ip = alert.device_ip;
    device.bytes_in = device.bytes_out = device.egress_bytes = int64_t{1} << 60;
    device.window_ms = 1;
    data.devices.devices.push_back(device);
  }
  return data;
}

size_t ColumnsWithoutInk(const std::string& line) {
  std::string plain;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b') {
      i = line.find('m', i);
    } else {
      plain.push_back(line[i]);
    }
  }
  return ColumnsOf(plain);
}

// Whatever the size and whatever is on it.
TEST(TopScreen, FillsTheScreenAndNoMore) {
  for (const TopData& data : {Data(), TopData{}}) {
    for (size_t rows = 1; rows <= 60; ++rows) {
      for (const size_t width : {40, 80, 160}) {
        for (const bool utf8 : {false, true}) {
          const TerminalStyle style{.width = width, .color = true, .utf8 = utf8};
          const std::vector<std::string> lines = TopLines(data, {.rows = rows}, style);
          ASSERT_EQ(lines.size(), rows) << width;
          for (const std::string& line : lines) {
            ASSERT_LE(ColumnsWithoutInk(line), width) << rows << ": " << line;
            ASSERT_EQ(line.find("\x1b[2J"), std::string::npos) << line;
            ASSERT_EQ(line.find('\xff'), std::string::npos) << line;
            ASSERT_EQ(line.find('\n'), std::string::npos) << line;
          }
        }
      }
    }
  }
}

TEST(TopScreen, SaysWhatItShows) {
  TopData data = Data();
  const TerminalStyle style{.width = 80, .color = false, .utf8 = false};
  std::string all;
  for (const std::string& line : TopLines(data, {.rows = 24}, style)) all += line + "\n";
  for (const char* text : {"edge of default", "30 alerts open", "CRITICAL", "tap0 up", "q quit"}) {
    EXPECT_NE(all.find(text), std::string::npos) << text << "\n" << all;
  }
  data.fault = "no sensor answers";
  EXPECT_NE(TopLines(data, {.rows = 24}, style)[1].find("no sensor answers"), std::string::npos);
  data.fault = "";
  data.sensor.ready = false;
  data.sensor.reasons = {"no interface is up"};
  EXPECT_NE(TopLines(data, {.rows = 24}, style)[1].find("NOT READY"), std::string::npos);
}

TEST(ConsoleText, HostileTextIsHarmlessAndFits) {
  AlertList alerts{.sensor = kHostile, .open = 1, .matched = 9, .alerts = Data().alerts.alerts};
  DeviceList devices{
      .sensor = kHostile, .known = 9, .matched = 99, .devices = Data().devices.devices};
  const TerminalStyle style{.width = 80, .color = false, .utf8 = true};
  for (const std::string& text : {AlertListText(alerts, style, absl::UTCTimeZone()),
                                  DeviceListText(devices, style, absl::UTCTimeZone())}) {
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find('\xff'), std::string::npos);
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      EXPECT_LE(ColumnsOf(text.substr(at, end - at)), 80U) << text.substr(at, end - at);
      at = end + 1;
    }
  }
}

// The sensor may be another version, or no sensor.
TEST(SensorAnswers, WhatIsMissingOrOfAnotherKindIsZero) {
  for (const char* json : {"{}", R"({"alerts":7,"devices":{},"seconds":null,"health":[]})",
                           R"({"alerts":[1,null,{"kind":3,"peers":[1,{}],"last_ms":"x"}],
                              "devices":[[],{"window":4}],"reasons":[3],"interfaces":[{}],
                              "seconds":[1.5],"health":{"events":{"a":1}}})"}) {
    EXPECT_TRUE(ReadAlertList(json).ok()) << json;
    EXPECT_TRUE(ReadDeviceList(json).ok()) << json;
    EXPECT_TRUE(ReadSensorFigures(json).ok()) << json;
  }
  for (const char* json : {"", "[]", "{", "<html>", "3"}) {
    EXPECT_FALSE(ReadAlertList(json).ok()) << json;
    EXPECT_FALSE(ReadSensorFigures(json).ok()) << json;
  }
}

}  // namespace
}  // namespace vedette
