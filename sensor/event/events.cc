#include "sensor/event/events.h"

#include <openssl/evp.h>

#include <array>
#include <cassert>

#include "absl/strings/str_cat.h"
#include "sensor/event/json_writer.h"

namespace vedette {

// Found by JsonWriter through their argument.
void WriteFields(const EgressTop& e, JsonWriter& writer) {
  writer.Field("ip", e.ip);
  writer.Field("bytes", e.bytes);
  writer.Field("packets", e.packets);
}

void WriteFields(const EventCounts& e, JsonWriter& writer) {
  writer.Field("made", e.made);
  writer.Field("delivered", e.delivered);
  writer.Field("spooled", e.spooled);
  writer.Field("dropped", e.dropped);
}

void WriteFields(const AlertEvidence& e, JsonWriter& writer) {
  writer.Field("measured", e.measured);
  writer.Field("limit", e.limit);
  writer.Field("baseline", e.baseline);
  writer.Field("unit", e.unit);
  writer.Field("window_ms", e.window_ms);
  writer.Field("detail", e.detail);
}

void WriteFields(const AlertEvent& e, JsonWriter& writer) {
  writer.Field("sensor", e.sensor);
  writer.Field("site", e.site);
  writer.Field("id", e.id);
  writer.Field("time_ms", e.time_ms);
  writer.Field("alert_id", e.alert_id);
  writer.Field("revision", e.revision);
  writer.Field("state", e.state);
  writer.Field("category", e.category);
  writer.Field("kind", e.kind);
  writer.Field("severity", e.severity);
  writer.Field("score", e.score);
  writer.Field("start_ms", e.start_ms);
  writer.Field("last_ms", e.last_ms);
  writer.Field("role", e.role);
  writer.Field("device", e.device);
  writer.Field("device_ip", e.device_ip);
  writer.Field("device_mac", e.device_mac);
  writer.Field("device_name", e.device_name);
  writer.Field("vlan", e.vlan);
  writer.Field("service", e.service);
  writer.Field("peers", e.peers);
  writer.Field("peer_count", e.peer_count);
  writer.Field("packets", e.packets);
  writer.Field("bytes", e.bytes);
  writer.Field("technique", e.technique);
  writer.Field("message", e.message);
  writer.Field("evidence", e.evidence);
  writer.Field("flows", e.flows);
  writer.Field("model_id", e.model_id);
  writer.Field("suppressed", e.suppressed);
}

void WriteFields(const DeviceEvent& e, JsonWriter& writer) {
  writer.Field("sensor", e.sensor);
  writer.Field("site", e.site);
  writer.Field("id", e.id);
  writer.Field("time_ms", e.time_ms);
  writer.Field("device", e.device);
  writer.Field("device_ip", e.device_ip);
  writer.Field("device_mac", e.device_mac);
  writer.Field("device_name", e.device_name);
  writer.Field("group", e.group);
  writer.Field("vlan", e.vlan);
  writer.Field("window_start_ms", e.window_start_ms);
  writer.Field("window_ms", e.window_ms);
  writer.Field("packets_in", e.packets_in);
  writer.Field("packets_out", e.packets_out);
  writer.Field("bytes_in", e.bytes_in);
  writer.Field("bytes_out", e.bytes_out);
  writer.Field("egress_packets", e.egress_packets);
  writer.Field("egress_bytes", e.egress_bytes);
  writer.Field("ingress_bytes", e.ingress_bytes);
  writer.Field("egress_top", e.egress_top);
  writer.Field("tcp_packets", e.tcp_packets);
  writer.Field("udp_packets", e.udp_packets);
  writer.Field("icmp_packets", e.icmp_packets);
  writer.Field("other_packets", e.other_packets);
  writer.Field("fragments", e.fragments);
  writer.Field("syn_in", e.syn_in);
  writer.Field("syn_out", e.syn_out);
  writer.Field("syn_ack_in", e.syn_ack_in);
  writer.Field("syn_ack_out", e.syn_ack_out);
  writer.Field("fin_in", e.fin_in);
  writer.Field("fin_out", e.fin_out);
  writer.Field("rst_in", e.rst_in);
  writer.Field("rst_out", e.rst_out);
  writer.Field("flows_opened", e.flows_opened);
  writer.Field("flows_accepted", e.flows_accepted);
  writer.Field("flows_refused", e.flows_refused);
  writer.Field("flows_unanswered", e.flows_unanswered);
  writer.Field("dns_queries", e.dns_queries);
  writer.Field("dns_answers", e.dns_answers);
  writer.Field("dns_nxdomain", e.dns_nxdomain);
  writer.Field("dns_query_bytes", e.dns_query_bytes);
  writer.Field("malformed_packets", e.malformed_packets);
  writer.Field("checksum_errors", e.checksum_errors);
  writer.Field("errors", e.errors);
  writer.Field("peers_estimate", e.peers_estimate);
  writer.Field("destinations_estimate", e.destinations_estimate);
  writer.Field("ports_estimate", e.ports_estimate);
  writer.Field("peers_sketch", e.peers_sketch);
  writer.Field("destinations_sketch", e.destinations_sketch);
  writer.Field("features", e.features);
  writer.Field("one_way", e.one_way);
  writer.Field("sensor_lost_packets", e.sensor_lost_packets);
  writer.Field("model_id", e.model_id);
}

void WriteFields(const FlowEvent& e, JsonWriter& writer) {
  writer.Field("sensor", e.sensor);
  writer.Field("site", e.site);
  writer.Field("id", e.id);
  writer.Field("time_ms", e.time_ms);
  writer.Field("flow_id", e.flow_id);
  writer.Field("part", e.part);
  writer.Field("device", e.device);
  writer.Field("peer_device", e.peer_device);
  writer.Field("src_ip", e.src_ip);
  writer.Field("dst_ip", e.dst_ip);
  writer.Field("src_port", e.src_port);
  writer.Field("dst_port", e.dst_port);
  writer.Field("protocol", e.protocol);
  writer.Field("vlan", e.vlan);
  writer.Field("vlans", e.vlans);
  writer.Field("tunnel", e.tunnel);
  writer.Field("direction", e.direction);
  writer.Field("start_us", e.start_us);
  writer.Field("end_us", e.end_us);
  writer.Field("packets_fwd", e.packets_fwd);
  writer.Field("packets_rev", e.packets_rev);
  writer.Field("bytes_fwd", e.bytes_fwd);
  writer.Field("bytes_rev", e.bytes_rev);
  writer.Field("tcp_flags_fwd", e.tcp_flags_fwd);
  writer.Field("tcp_flags_rev", e.tcp_flags_rev);
  writer.Field("end_reason", e.end_reason);
  writer.Field("community_id", e.community_id);
  writer.Field("app", e.app);
  writer.Field("server_name", e.server_name);
  writer.Field("one_way", e.one_way);
}

void WriteFields(const HealthEvent& e, JsonWriter& writer) {
  writer.Field("sensor", e.sensor);
  writer.Field("site", e.site);
  writer.Field("id", e.id);
  writer.Field("time_ms", e.time_ms);
  writer.Field("window_start_ms", e.window_start_ms);
  writer.Field("window_ms", e.window_ms);
  writer.Field("version", e.version);
  writer.Field("generation", e.generation);
  writer.Field("source", e.source);
  writer.Field("packets_received", e.packets_received);
  writer.Field("bytes_received", e.bytes_received);
  writer.Field("packets_processed", e.packets_processed);
  writer.Field("dropped", e.dropped);
  writer.Field("decoded", e.decoded);
  writer.Field("duplicates", e.duplicates);
  writer.Field("home_share", e.home_share);
  writer.Field("one_way_share", e.one_way_share);
  writer.Field("queue_skew", e.queue_skew);
  writer.Field("flows", e.flows);
  writer.Field("flows_max", e.flows_max);
  writer.Field("flows_evicted", e.flows_evicted);
  writer.Field("devices", e.devices);
  writer.Field("devices_max", e.devices_max);
  writer.Field("devices_evicted", e.devices_evicted);
  writer.Field("memory_bytes", e.memory_bytes);
  writer.Field("alerts_open", e.alerts_open);
  writer.Field("events", e.events);
  writer.Field("dropped_events_by_reason", e.dropped_events_by_reason);
  writer.Field("spool_bytes", e.spool_bytes);
  writer.Field("spool_age_ms", e.spool_age_ms);
  writer.Field("kafka_rtt_ms", e.kafka_rtt_ms);
  writer.Field("event_latency_p50_ms", e.event_latency_p50_ms);
  writer.Field("event_latency_p99_ms", e.event_latency_p99_ms);
  writer.Field("clock_source", e.clock_source);
  writer.Field("clock_offset_us", e.clock_offset_us);
  writer.Field("models", e.models);
  writer.Field("models_refused", e.models_refused);
  writer.Field("model_set", e.model_set);
  writer.Field("irregularities", e.irregularities);
  writer.Field("policy", e.policy);
}

namespace {

template <typename Event>
void AppendEvent(absl::string_view type, const Event& event, std::string& out) {
  JsonWriter writer(out);
  writer.Field("schema", kEventSchema);
  writer.Field("type", std::string(type));
  WriteFields(event, writer);
  writer.End();
}

}  // namespace

void AppendJson(const AlertEvent& event, std::string& out) { AppendEvent("alert", event, out); }
void AppendJson(const DeviceEvent& event, std::string& out) { AppendEvent("device", event, out); }
void AppendJson(const FlowEvent& event, std::string& out) { AppendEvent("flow", event, out); }
void AppendJson(const HealthEvent& event, std::string& out) { AppendEvent("health", event, out); }

std::string IdOf(const std::vector<std::string>& parts) {
  std::string input;
  for (const std::string& part : parts) {
    assert(part.find('\n') == std::string::npos);
    absl::StrAppend(&input, part, "\n");
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(input.data(), input.size(), digest.data(), &length, EVP_sha256(), nullptr);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string id;
  for (size_t i = 0; i < 16; ++i) {
    id.push_back(kDigits[digest[i] >> 4]);
    id.push_back(kDigits[digest[i] & 0x0f]);
  }
  return id;
}

void Seal(AlertEvent& event) {
  event.alert_id = IdOf({event.sensor, event.kind, event.device, absl::StrCat(event.start_ms)});
  event.id = IdOf({event.alert_id, event.state, absl::StrCat(event.revision)});
  event.time_ms = event.last_ms;
}

void Seal(DeviceEvent& event) {
  event.id = IdOf({event.sensor, event.device, absl::StrCat(event.window_start_ms)});
  event.time_ms = event.window_start_ms + event.window_ms;
}

void Seal(FlowEvent& event) {
  event.id = IdOf({event.sensor, event.flow_id, absl::StrCat(event.part)});
  event.time_ms = event.end_us / 1000;
}

void Seal(HealthEvent& event, int64_t boot_ms) {
  event.id = IdOf({event.sensor, absl::StrCat(boot_ms), absl::StrCat(event.window_start_ms)});
  event.time_ms = event.window_start_ms + event.window_ms;
}

}  // namespace vedette
