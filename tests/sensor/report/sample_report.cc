#include "tests/sensor/report/sample_report.h"

#include <string>

namespace vedette {
namespace {

constexpr uint64_t kBeginS = 1'769'860'800;  // 2026-01-31 12:00:00 UTC

AlertEvent Alert(const std::string& kind, const std::string& severity, int64_t at_s) {
  AlertEvent alert;
  alert.alert_id = alert.id = kind + "-" + severity;
  alert.state = "close";
  alert.kind = kind;
  alert.severity = severity;
  alert.score = 0.9;
  alert.start_ms = (static_cast<int64_t>(kBeginS) + at_s) * 1'000;
  alert.last_ms = alert.start_ms + 43'000;
  alert.role = "target";
  alert.device = "default/0/10.0.0.5";
  alert.device_ip = "10.0.0.5";
  alert.service = "tcp/443";
  alert.peers = {"198.51.100.1", "198.51.100.2"};
  alert.peer_count = 250;
  alert.packets = 12'000;
  alert.bytes = 720'000;
  alert.technique = "T1498.001";
  alert.message = "10.0.0.5 was asked for 2,410 connections in 1 s that nobody completed";
  alert.evidence = {.measured = 2'410,
                    .limit = 100,
                    .baseline = 3,
                    .unit = "handshakes/s",
                    .window_ms = 1'000,
                    .detail = {{"begun", "2410"}}};
  alert.flows = {"1:LQU9qZlK+B5F3KDmev6m5PMibrg="};
  return alert;
}

void AddTraffic(ReportData& data) {
  for (uint64_t s = 0; s < 120; ++s) data.series.Add(kBeginS + s, 100, 60'000, 10'000);
  data.totals.packets = data.received = data.processed = 12'000;
  data.totals.bytes = 7'200'000;
  data.totals.home_packets = 11'500;
  data.totals.carried_packets = {8'000, 3'000, 500, 300, 200};
  data.totals.carried_bytes = {5'000'000, 2'000'000, 100'000, 80'000, 20'000};
  for (int i = 0; i < 12'000; ++i) data.totals.packet_bytes.Add(i < 7'000 ? 64 : 1'514);
  for (int i = 0; i < 400; ++i) data.totals.flow_bytes.Add(i < 300 ? 1'000 : 1'000'000);
  data.totals.flows_ended = 400;
  data.totals.flows_ended_one_way = 40;
  data.decoded = {{"ok", 11'800},
                  {"eth.unknown_type", 150},
                  {"capture.snap_length", 10},
                  {"tcp.bad_header_length", 40}};
  data.irregularities = {{"tcp.bad_header_length", 40}, {"checksum.udp", 7}};
  data.dropped = {{"kernel", 0}, {"other", 0}};
}

}  // namespace

ReportData SampleReport() {
  ReportData data;
  data.version = "0.1.0";
  data.sensor = "replay";
  data.input.files = {{"captures/office.pcapng", "pcapng in zstd", 12'000}};
  data.input.captured_bytes = 7'100'000;
  data.input.first_us = kBeginS * 1'000'000;
  data.input.last_us = (kBeginS + 119) * 1'000'000;
  AddTraffic(data);
  data.talkers = {{.who = {.device = "default/0/10.0.0.5", .ip = "10.0.0.5", .name = "camera-3"},
                   .ips = {"10.0.0.5"},
                   .sums = {.packets_in = 4'000,
                            .packets_out = 3'000,
                            .bytes_in = 900'000,
                            .bytes_out = 4'100'000}},
                  {.who = {.device = "ext/0/198.51.100.1", .ip = "198.51.100.1"},
                   .ips = {"198.51.100.1"},
                   .sums = {.packets_in = 900, .bytes_in = 700'000}}};
  data.egress_bytes = 1'200'000;
  data.egress_packets = 2'100;
  data.ingress_bytes = 300'000;
  data.destinations = {{.ip = "198.51.100.1",
                        .bytes = 700'000,
                        .packets = 900,
                        .devices = 2,
                        .heaviest = data.talkers[0].who,
                        .heaviest_bytes = 600'000}};
  data.alerts.worst = {Alert("dos.syn_flood", "critical", 30), Alert("recon.port_scan", "low", 70)};
  data.alerts.by_severity = {1, 0, 0, 1};
  data.alerts.opened = 3;
  data.alerts.folded = 1;
  return data;
}

ReportData HostileReport() {
  ReportData data = SampleReport();
  data.sensor = kHostile;
  data.input.files[0].path = kHostile;
  data.input.faults = {std::string(kHostile) + ": at byte 12: the file ends inside a record"};
  data.input.filter = kHostile;
  for (Talker& talker : data.talkers) talker.who.name = kHostile;
  data.destinations[0].heaviest.name = kHostile;
  for (AlertEvent& alert : data.alerts.worst) {
    alert.message = alert.device = alert.device_name = alert.service = kHostile;
    alert.evidence.unit = kHostile;
    alert.evidence.detail = {{kHostile, kHostile}};
    alert.peers = alert.flows = {kHostile};
  }
  return data;
}

ReportData EmptyReport() {
  ReportData data;
  data.version = "0.1.0";
  data.input.files = {{"empty.pcap", "pcap", 0}};
  return data;
}

}  // namespace vedette
