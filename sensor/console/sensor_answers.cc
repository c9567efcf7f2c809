#include "sensor/console/sensor_answers.h"

#include <nlohmann/json.hpp>

#include "absl/status/status.h"

namespace vedette {
namespace {

using Json = nlohmann::json;

const Json& Member(const Json& object, const char* name) {
  static const auto* const none = new Json;
  if (!object.is_object()) return *none;
  const auto at = object.find(name);
  return at == object.end() ? *none : *at;
}

std::string TextOf(const Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}
std::string Text(const Json& object, const char* name) { return TextOf(Member(object, name)); }

double Number(const Json& object, const char* name) {
  const Json& value = Member(object, name);
  return value.is_number() ? value.get<double>() : 0;
}

int64_t Count(const Json& object, const char* name) {
  const Json& value = Member(object, name);
  return value.is_number_integer() ? value.get<int64_t>() : 0;
}

bool Flag(const Json& object, const char* name) {
  const Json& value = Member(object, name);
  return value.is_boolean() && value.get<bool>();
}

template <typename Take>
void ForEach(const Json& object, const char* name, Take take) {
  const Json& list = Member(object, name);
  if (!list.is_array()) return;
  for (const Json& item : list) take(item);
}

absl::StatusOr<Json> Parsed(absl::string_view text) {
  Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (json.is_object()) return json;
  return absl::UnavailableError("the answer is no JSON object: does a sensor listen there?");
}

AlertEvent AlertOf(const Json& json) {
  AlertEvent alert;
  alert.alert_id = Text(json, "alert_id");
  alert.state = Text(json, "state");
  alert.kind = Text(json, "kind");
  alert.severity = Text(json, "severity");
  alert.start_ms = Count(json, "start_ms");
  alert.last_ms = Count(json, "last_ms");
  alert.device = Text(json, "device");
  alert.device_ip = Text(json, "device_ip");
  alert.device_mac = Text(json, "device_mac");
  alert.device_name = Text(json, "device_name");
  alert.service = Text(json, "service");
  ForEach(json, "peers", [&](const Json& peer) { alert.peers.push_back(TextOf(peer)); });
  alert.peer_count = Count(json, "peer_count");
  alert.packets = Count(json, "packets");
  alert.bytes = Count(json, "bytes");
  alert.message = Text(json, "message");
  const Json& evidence = Member(json, "evidence");
  alert.evidence.measured = Number(evidence, "measured");
  alert.evidence.limit = Number(evidence, "limit");
  alert.evidence.baseline = Number(evidence, "baseline");
  alert.evidence.unit = Text(evidence, "unit");
  alert.suppressed = Flag(json, "suppressed");
  return alert;
}

DeviceFigures DeviceOf(const Json& json) {
  const Json& window = Member(json, "window");
  const Json& sum = Member(json, "sum");
  return {.device = Text(json, "device"),
          .ip = Text(json, "device_ip"),
          .mac = Text(json, "device_mac"),
          .name = Text(json, "device_name"),
          .group = Text(json, "group"),
          .first_ms = Count(json, "first_ms"),
          .last_ms = Count(json, "last_ms"),
          .window_ms = Count(json, "window_ms"),
          .alerts_open = Count(json, "alerts_open"),
          .destinations = Count(json, "destinations_estimate"),
          .packets = Count(window, "packets_in") + Count(window, "packets_out"),
          .bytes_in = Count(window, "bytes_in"),
          .bytes_out = Count(window, "bytes_out"),
          .egress_bytes = Count(window, "egress_bytes"),
          .flows = Count(window, "flows_opened"),
          .sum_bytes_in = Count(sum, "bytes_in"),
          .sum_bytes_out = Count(sum, "bytes_out")};
}

void ReadHealth(const Json& health, SensorFigures& figures) {
  figures.flows = Count(health, "flows");
  figures.flows_max = Count(health, "flows_max");
  figures.devices = Count(health, "devices");
  figures.devices_max = Count(health, "devices_max");
  figures.memory_bytes = Count(health, "memory_bytes");
  figures.spool_bytes = Count(health, "spool_bytes");
  figures.spool_age_ms = Count(health, "spool_age_ms");
  figures.kafka_rtt_ms = Count(health, "kafka_rtt_ms");
  const Json& events = Member(health, "events");
  if (!events.is_object()) return;
  for (const Json& topic : events) {
    figures.events.made += Count(topic, "made");
    figures.events.delivered += Count(topic, "delivered");
    figures.events.spooled += Count(topic, "spooled");
    figures.events.dropped += Count(topic, "dropped");
  }
}

}  // namespace

absl::StatusOr<AlertList> ReadAlertList(absl::string_view json) {
  const absl::StatusOr<Json> parsed = Parsed(json);
  if (!parsed.ok()) return parsed.status();
  AlertList list{.sensor = Text(*parsed, "sensor"),
                 .site = Text(*parsed, "site"),
                 .open = static_cast<uint64_t>(Count(*parsed, "open")),
                 .matched = static_cast<uint64_t>(Count(*parsed, "matched")),
                 .alerts = {}};
  ForEach(*parsed, "alerts", [&](const Json& alert) { list.alerts.push_back(AlertOf(alert)); });
  return list;
}

absl::StatusOr<DeviceList> ReadDeviceList(absl::string_view json) {
  const absl::StatusOr<Json> parsed = Parsed(json);
  if (!parsed.ok()) return parsed.status();
  DeviceList list{.sensor = Text(*parsed, "sensor"),
                  .site = Text(*parsed, "site"),
                  .known = static_cast<uint64_t>(Count(*parsed, "known")),
                  .matched = static_cast<uint64_t>(Count(*parsed, "matched")),
                  .devices = {}};
  ForEach(*parsed, "devices",
          [&](const Json& device) { list.devices.push_back(DeviceOf(device)); });
  return list;
}

absl::StatusOr<SensorFigures> ReadSensorFigures(absl::string_view json) {
  const absl::StatusOr<Json> parsed = Parsed(json);
  if (!parsed.ok()) return parsed.status();
  SensorFigures figures;
  figures.sensor = Text(*parsed, "sensor");
  figures.site = Text(*parsed, "site");
  figures.version = Text(*parsed, "version");
  figures.source = Text(*parsed, "source");
  figures.generation = Count(*parsed, "generation");
  figures.uptime_s = Count(*parsed, "uptime_s");
  figures.received = Count(*parsed, "packets_received");
  figures.processed = Count(*parsed, "packets_processed");
  figures.alerts_open = Count(*parsed, "alerts_open");
  figures.ready = Flag(*parsed, "ready");
  ForEach(*parsed, "reasons",
          [&](const Json& reason) { figures.reasons.push_back(Text(reason, "message")); });
  ForEach(*parsed, "interfaces", [&](const Json& port) {
    figures.interfaces.emplace_back(Text(port, "name"),
                                    Text(port, "link") == "up" && Flag(port, "capturing"));
  });
  ForEach(*parsed, "seconds", [&](const Json& second) {
    figures.seconds.push_back({.packets = Count(second, "packets"),
                               .bytes = Count(second, "bytes"),
                               .lost = Count(second, "lost_packets")});
  });
  ReadHealth(Member(*parsed, "health"), figures);
  return figures;
}

}  // namespace vedette
