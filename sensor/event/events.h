// The events of schema 1 as plain values: member names are the fields' names,
// conf/events/*.schema.json hold what they may be. Unknown text is "", number 0, list [], object
// {}: no field is ever left out. Made on the control thread, handed to sinks by reference.
#ifndef VEDETTE_SENSOR_EVENT_EVENTS_H_
#define VEDETTE_SENSOR_EVENT_EVENTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace vedette {

inline constexpr int kEventSchema = 1;

// The part of an event's identity that is the sensor's own.
struct EventIdentity {
  std::string sensor, site;
};

using CountMap = std::map<std::string, int64_t>;
using TextMap = std::map<std::string, std::string>;

struct AlertEvidence {
  double measured = 0, limit = 0, baseline = 0;
  std::string unit;
  int64_t window_ms = 0;
  TextMap detail;
};

struct AlertEvent {
  std::string sensor, site, id;
  int64_t time_ms = 0;
  std::string alert_id;
  int32_t revision = 0;
  std::string state, category, kind, severity;
  double score = 0;
  int64_t start_ms = 0, last_ms = 0;
  std::string role, device, device_ip, device_mac, device_name;
  int32_t vlan = 0;
  std::string service;
  std::vector<std::string> peers;
  int64_t peer_count = 0, packets = 0, bytes = 0;
  std::string technique, message;
  AlertEvidence evidence;
  std::vector<std::string> flows;
  std::string model_id;
  bool suppressed = false;
};

struct EgressTop {
  std::string ip;
  int64_t bytes = 0, packets = 0;
};

struct DeviceEvent {
  std::string sensor, site, id;
  int64_t time_ms = 0;
  std::string device, device_ip, device_mac, device_name, group;
  int32_t vlan = 0;
  int64_t window_start_ms = 0, window_ms = 0;
  int64_t packets_in = 0, packets_out = 0, bytes_in = 0, bytes_out = 0;
  int64_t egress_packets = 0, egress_bytes = 0, ingress_bytes = 0;
  std::vector<EgressTop> egress_top;
  int64_t tcp_packets = 0, udp_packets = 0, icmp_packets = 0, other_packets = 0, fragments = 0;
  int64_t syn_in = 0, syn_out = 0, syn_ack_in = 0, syn_ack_out = 0;
  int64_t fin_in = 0, fin_out = 0, rst_in = 0, rst_out = 0;
  int64_t flows_opened = 0, flows_accepted = 0, flows_refused = 0, flows_unanswered = 0;
  int64_t dns_queries = 0, dns_answers = 0, dns_nxdomain = 0, dns_query_bytes = 0;
  int64_t malformed_packets = 0, checksum_errors = 0;
  CountMap errors;
  int64_t peers_estimate = 0, destinations_estimate = 0, ports_estimate = 0;
  std::string peers_sketch, destinations_sketch;
  std::vector<double> features;
  bool one_way = false;
  int64_t sensor_lost_packets = 0;
  std::string model_id;
};

struct FlowEvent {
  std::string sensor, site, id;
  int64_t time_ms = 0;
  std::string flow_id;
  int32_t part = 0;
  std::string device, peer_device, src_ip, dst_ip;
  int32_t src_port = 0, dst_port = 0, protocol = 0, vlan = 0;
  std::vector<int32_t> vlans;
  std::string tunnel, direction;
  int64_t start_us = 0, end_us = 0;
  int64_t packets_fwd = 0, packets_rev = 0, bytes_fwd = 0, bytes_rev = 0;
  int32_t tcp_flags_fwd = 0, tcp_flags_rev = 0;
  std::string end_reason, community_id, app, server_name;
  bool one_way = false;
};

struct EventCounts {
  int64_t made = 0, delivered = 0, spooled = 0, dropped = 0;
};

struct HealthEvent {
  std::string sensor, site, id;
  int64_t time_ms = 0;
  int64_t window_start_ms = 0, window_ms = 0;
  std::string version;
  int32_t generation = 0;
  std::string source;
  int64_t packets_received = 0, bytes_received = 0, packets_processed = 0;
  CountMap dropped, decoded;
  int64_t duplicates = 0;
  double home_share = 0, one_way_share = 0, queue_skew = 0;
  int64_t flows = 0, flows_max = 0, flows_evicted = 0;
  int64_t devices = 0, devices_max = 0, devices_evicted = 0;
  int64_t memory_bytes = 0, alerts_open = 0;
  std::map<std::string, EventCounts> events;
  CountMap dropped_events_by_reason;
  int64_t spool_bytes = 0, spool_age_ms = 0, kafka_rtt_ms = 0;
  int64_t event_latency_p50_ms = 0, event_latency_p99_ms = 0;
  std::string clock_source;
  int64_t clock_offset_us = 0, models = 0;
  CountMap models_refused;
  std::string model_set;
  CountMap irregularities;
  CountMap policy;  // entries, and since the start what they did; see docs/policy.md
};

// The first 128 bits, in hexadecimal, of SHA-256 over the parts, each ended by a newline. No part
// holds one, so that no two lists of parts are one text.
std::string IdOf(const std::vector<std::string>& parts);

// Sets id and time_ms from the other fields.
void Seal(AlertEvent& event);
void Seal(DeviceEvent& event);
void Seal(FlowEvent& event);
// `boot_ms` is 0 in a replay.
void Seal(HealthEvent& event, int64_t boot_ms = 0);

// One JSON object, no newline. Text becomes valid UTF-8 without control characters.
void AppendJson(const AlertEvent& event, std::string& out);
void AppendJson(const DeviceEvent& event, std::string& out);
void AppendJson(const FlowEvent& event, std::string& out);
void AppendJson(const HealthEvent& event, std::string& out);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EVENT_EVENTS_H_
