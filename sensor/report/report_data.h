// What a report says, as plain numbers and text: filled by ReportGatherer and the replay, read by
// the terminal's and the page's writers, which therefore say the same. All text that came from
// packets is hostile here; the writers escape it. Control thread.
#ifndef VEDETTE_SENSOR_REPORT_REPORT_DATA_H_
#define VEDETTE_SENSOR_REPORT_REPORT_DATA_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/track/shard_counters.h"
#include "sensor/event/events.h"
#include "sensor/merge/device_identity.h"
#include "sensor/report/traffic_series.h"

namespace vedette {

struct ReportFile {
  std::string path, format;
  uint64_t packets = 0;
};

// What was read, before anything was made of it.
struct ReportInput {
  std::vector<ReportFile> files;
  std::vector<std::string> faults;  // what was damaged, each with file, byte and cause
  std::string filter;               // BPF; empty: none
  uint64_t filtered = 0;            // records the filter refused
  uint64_t captured_bytes = 0;
  uint64_t cut_packets = 0;  // by the snap length
  uint64_t time_backwards = 0, oversized_wire_length = 0;
  std::optional<uint64_t> first_us, last_us;  // arrivals
};

struct TrafficSums {
  uint64_t packets_in = 0, packets_out = 0, bytes_in = 0, bytes_out = 0;
  uint64_t egress_bytes = 0, ingress_bytes = 0;
  uint64_t bytes() const { return bytes_in + bytes_out; }
};

// A device with all its addresses, or an address that is nobody's device.
struct Talker {
  DeviceIdentity who;
  std::vector<std::string> ips;  // at most 4, the heaviest first
  TrafficSums sums;
};

struct Destination {
  std::string ip;
  uint64_t bytes = 0, packets = 0;
  uint64_t devices = 0;     // that sent there
  DeviceIdentity heaviest;  // of them
  uint64_t heaviest_bytes = 0;
};

struct ReportAlerts {
  std::vector<AlertEvent> worst;  // by severity, score, start, id: the last that was told of each
  std::array<uint64_t, 4> by_severity{};  // of `worst`, low to critical
  uint64_t opened = 0;                    // all there were
  uint64_t folded = 0;                    // of them, explained by another one; not in `worst`
  uint64_t unlisted() const {             // less severe than all in `worst`
    const uint64_t known = folded + worst.size();
    return opened - std::min(known, opened);
  }
};

// An entry of the policy that decided about alerts.
struct ReportPolicyEntry {
  std::string effect, comment, place;
  uint64_t alerts = 0;
};

struct ReportData {
  std::string version, sensor;
  ReportInput input;
  ShardCounters totals;
  // Of all health events: received = processed + the sum of dropped; processed = that of decoded.
  uint64_t received = 0, processed = 0;
  CountMap dropped, decoded, irregularities;
  uint64_t devices = 0;  // home addresses at the end
  uint64_t devices_evicted = 0;
  uint64_t tables_refused = 0;  // observations for which some table had no room
  TrafficSeries series;
  std::vector<Talker> talkers;            // heaviest first
  uint64_t talkers_missed_bytes = 0;      // at most so much is missing from a talker's bytes
  std::vector<Destination> destinations;  // heaviest first
  uint64_t destinations_missed_bytes = 0;
  uint64_t egress_bytes = 0, ingress_bytes = 0, egress_packets = 0;
  ReportAlerts alerts;
  std::vector<ReportPolicyEntry> policy;  // most alerts first
};

inline constexpr std::array<const char*, kCarriedCount> kCarriedNames = {"TCP", "UDP", "ICMP",
                                                                         "other IP", "not IP"};

// 0 low to 3 critical; 0 for what is none.
size_t SeverityRank(const std::string& severity);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_REPORT_REPORT_DATA_H_
