-- What each device did, over all sensors: by minute (tumbling), by five minutes every minute
-- (hopping), and since the full hour every five minutes (cumulative). The longer ones are made of
-- minutes.
--
-- A row is final. Revision 0 of a minute has what came before the watermark passed its end; what
-- comes later (a sensor that was cut off) follows as further rows of the same minute with higher
-- revisions, which have only what is new: sums over rows are right, nothing has to be corrected.
-- Five minutes and hours have what was on time.
CREATE FUNCTION epoch_ms AS 'vedette.EpochMs';
CREATE FUNCTION theta_union AS 'vedette.ThetaUnion';
CREATE FUNCTION count_names AS 'vedette.CountNames';

CREATE TABLE device_windows (
  id STRING, device STRING, window_start_ms BIGINT, window_ms BIGINT, kind STRING,
  packets_in BIGINT, packets_out BIGINT, bytes_in BIGINT, bytes_out BIGINT, egress_packets BIGINT,
  egress_bytes BIGINT, ingress_bytes BIGINT, tcp_packets BIGINT, udp_packets BIGINT,
  icmp_packets BIGINT, other_packets BIGINT, fragments BIGINT, syn_in BIGINT, syn_out BIGINT,
  syn_ack_in BIGINT, syn_ack_out BIGINT, fin_in BIGINT, fin_out BIGINT, rst_in BIGINT,
  rst_out BIGINT, flows_opened BIGINT, flows_accepted BIGINT, flows_refused BIGINT,
  flows_unanswered BIGINT, dns_queries BIGINT, dns_answers BIGINT, dns_nxdomain BIGINT,
  dns_query_bytes BIGINT, malformed_packets BIGINT, checksum_errors BIGINT,
  sensor_lost_packets BIGINT,
  sensors INT, destinations_sketch STRING, revision INT
) WITH (
  'connector' = 'kafka', 'topic' = 'central.device_windows',
  'properties.bootstrap.servers' = '${brokers}',
  'key.format' = 'raw', 'key.fields' = 'device', 'value.format' = 'json',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'vedette-windows',
  'properties.transaction.timeout.ms' = '600000', 'properties.compression.type' = 'lz4'
);

CREATE VIEW device_events AS
SELECT id, sensor, device, window_start_ms, ts, destinations_sketch,
  COALESCE(packets_in, 0) AS packets_in, COALESCE(packets_out, 0) AS packets_out,
  COALESCE(bytes_in, 0) AS bytes_in, COALESCE(bytes_out, 0) AS bytes_out,
  COALESCE(egress_packets, 0) AS egress_packets, COALESCE(egress_bytes, 0) AS egress_bytes,
  COALESCE(ingress_bytes, 0) AS ingress_bytes, COALESCE(tcp_packets, 0) AS tcp_packets,
  COALESCE(udp_packets, 0) AS udp_packets, COALESCE(icmp_packets, 0) AS icmp_packets,
  COALESCE(other_packets, 0) AS other_packets, COALESCE(fragments, 0) AS fragments,
  COALESCE(syn_in, 0) AS syn_in, COALESCE(syn_out, 0) AS syn_out,
  COALESCE(syn_ack_in, 0) AS syn_ack_in, COALESCE(syn_ack_out, 0) AS syn_ack_out,
  COALESCE(fin_in, 0) AS fin_in, COALESCE(fin_out, 0) AS fin_out, COALESCE(rst_in, 0) AS rst_in,
  COALESCE(rst_out, 0) AS rst_out, COALESCE(flows_opened, 0) AS flows_opened,
  COALESCE(flows_accepted, 0) AS flows_accepted, COALESCE(flows_refused, 0) AS flows_refused,
  COALESCE(flows_unanswered, 0) AS flows_unanswered, COALESCE(dns_queries, 0) AS dns_queries,
  COALESCE(dns_answers, 0) AS dns_answers, COALESCE(dns_nxdomain, 0) AS dns_nxdomain,
  COALESCE(dns_query_bytes, 0) AS dns_query_bytes,
  COALESCE(malformed_packets, 0) AS malformed_packets,
  COALESCE(checksum_errors, 0) AS checksum_errors,
  COALESCE(sensor_lost_packets, 0) AS sensor_lost_packets,
  PROCTIME() AS passed,
  CURRENT_WATERMARK(ts) >= TO_TIMESTAMP_LTZ((window_start_ms / 60000 + 1) * 60000 - 1, 3) AS is_late
FROM devices_once;

CREATE VIEW minutes AS
SELECT device, epoch_ms(window_start) AS window_start_ms, window_time AS ts,
  SUM(packets_in) AS packets_in, SUM(packets_out) AS packets_out, SUM(bytes_in) AS bytes_in,
  SUM(bytes_out) AS bytes_out, SUM(egress_packets) AS egress_packets,
  SUM(egress_bytes) AS egress_bytes, SUM(ingress_bytes) AS ingress_bytes,
  SUM(tcp_packets) AS tcp_packets, SUM(udp_packets) AS udp_packets,
  SUM(icmp_packets) AS icmp_packets, SUM(other_packets) AS other_packets,
  SUM(fragments) AS fragments, SUM(syn_in) AS syn_in, SUM(syn_out) AS syn_out,
  SUM(syn_ack_in) AS syn_ack_in, SUM(syn_ack_out) AS syn_ack_out, SUM(fin_in) AS fin_in,
  SUM(fin_out) AS fin_out, SUM(rst_in) AS rst_in, SUM(rst_out) AS rst_out,
  SUM(flows_opened) AS flows_opened, SUM(flows_accepted) AS flows_accepted,
  SUM(flows_refused) AS flows_refused, SUM(flows_unanswered) AS flows_unanswered,
  SUM(dns_queries) AS dns_queries, SUM(dns_answers) AS dns_answers,
  SUM(dns_nxdomain) AS dns_nxdomain, SUM(dns_query_bytes) AS dns_query_bytes,
  SUM(malformed_packets) AS malformed_packets, SUM(checksum_errors) AS checksum_errors,
  SUM(sensor_lost_packets) AS sensor_lost_packets,
  CAST(COUNT(DISTINCT sensor) AS INT) AS sensors, LISTAGG(DISTINCT sensor) AS sensor_names,
  theta_union(destinations_sketch) AS destinations_sketch
FROM TABLE(TUMBLE(
  (SELECT * FROM device_events WHERE is_late IS NOT TRUE), DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY device, window_start, window_end, window_time;

CREATE VIEW late_minutes AS
SELECT device, window_start_ms / 60000 * 60000 AS window_start_ms,
  CAST(epoch_ms(window_end) / 1000 AS INT) AS revision,
  SUM(packets_in) AS packets_in, SUM(packets_out) AS packets_out, SUM(bytes_in) AS bytes_in,
  SUM(bytes_out) AS bytes_out, SUM(egress_packets) AS egress_packets,
  SUM(egress_bytes) AS egress_bytes, SUM(ingress_bytes) AS ingress_bytes,
  SUM(tcp_packets) AS tcp_packets, SUM(udp_packets) AS udp_packets,
  SUM(icmp_packets) AS icmp_packets, SUM(other_packets) AS other_packets,
  SUM(fragments) AS fragments, SUM(syn_in) AS syn_in, SUM(syn_out) AS syn_out,
  SUM(syn_ack_in) AS syn_ack_in, SUM(syn_ack_out) AS syn_ack_out, SUM(fin_in) AS fin_in,
  SUM(fin_out) AS fin_out, SUM(rst_in) AS rst_in, SUM(rst_out) AS rst_out,
  SUM(flows_opened) AS flows_opened, SUM(flows_accepted) AS flows_accepted,
  SUM(flows_refused) AS flows_refused, SUM(flows_unanswered) AS flows_unanswered,
  SUM(dns_queries) AS dns_queries, SUM(dns_answers) AS dns_answers,
  SUM(dns_nxdomain) AS dns_nxdomain, SUM(dns_query_bytes) AS dns_query_bytes,
  SUM(malformed_packets) AS malformed_packets, SUM(checksum_errors) AS checksum_errors,
  SUM(sensor_lost_packets) AS sensor_lost_packets,
  CAST(COUNT(DISTINCT sensor) AS INT) AS sensors,
  theta_union(destinations_sketch) AS destinations_sketch
FROM TABLE(TUMBLE(
  (SELECT * FROM device_events WHERE is_late), DESCRIPTOR(passed), INTERVAL '10' SECOND))
GROUP BY device, window_start_ms / 60000 * 60000, window_start, window_end;

CREATE VIEW five_minutes AS
SELECT device, epoch_ms(window_start) AS window_start_ms,
  SUM(packets_in) AS packets_in, SUM(packets_out) AS packets_out, SUM(bytes_in) AS bytes_in,
  SUM(bytes_out) AS bytes_out, SUM(egress_packets) AS egress_packets,
  SUM(egress_bytes) AS egress_bytes, SUM(ingress_bytes) AS ingress_bytes,
  SUM(tcp_packets) AS tcp_packets, SUM(udp_packets) AS udp_packets,
  SUM(icmp_packets) AS icmp_packets, SUM(other_packets) AS other_packets,
  SUM(fragments) AS fragments, SUM(syn_in) AS syn_in, SUM(syn_out) AS syn_out,
  SUM(syn_ack_in) AS syn_ack_in, SUM(syn_ack_out) AS syn_ack_out, SUM(fin_in) AS fin_in,
  SUM(fin_out) AS fin_out, SUM(rst_in) AS rst_in, SUM(rst_out) AS rst_out,
  SUM(flows_opened) AS flows_opened, SUM(flows_accepted) AS flows_accepted,
  SUM(flows_refused) AS flows_refused, SUM(flows_unanswered) AS flows_unanswered,
  SUM(dns_queries) AS dns_queries, SUM(dns_answers) AS dns_answers,
  SUM(dns_nxdomain) AS dns_nxdomain, SUM(dns_query_bytes) AS dns_query_bytes,
  SUM(malformed_packets) AS malformed_packets, SUM(checksum_errors) AS checksum_errors,
  SUM(sensor_lost_packets) AS sensor_lost_packets,
  count_names(sensor_names) AS sensors, theta_union(destinations_sketch) AS destinations_sketch
FROM TABLE(HOP(
  (SELECT * FROM minutes), DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '5' MINUTE))
GROUP BY device, window_start, window_end;

CREATE VIEW hours AS
SELECT device, epoch_ms(window_start) AS window_start_ms,
  epoch_ms(window_end) - epoch_ms(window_start) AS window_ms,
  SUM(packets_in) AS packets_in, SUM(packets_out) AS packets_out, SUM(bytes_in) AS bytes_in,
  SUM(bytes_out) AS bytes_out, SUM(egress_packets) AS egress_packets,
  SUM(egress_bytes) AS egress_bytes, SUM(ingress_bytes) AS ingress_bytes,
  SUM(tcp_packets) AS tcp_packets, SUM(udp_packets) AS udp_packets,
  SUM(icmp_packets) AS icmp_packets, SUM(other_packets) AS other_packets,
  SUM(fragments) AS fragments, SUM(syn_in) AS syn_in, SUM(syn_out) AS syn_out,
  SUM(syn_ack_in) AS syn_ack_in, SUM(syn_ack_out) AS syn_ack_out, SUM(fin_in) AS fin_in,
  SUM(fin_out) AS fin_out, SUM(rst_in) AS rst_in, SUM(rst_out) AS rst_out,
  SUM(flows_opened) AS flows_opened, SUM(flows_accepted) AS flows_accepted,
  SUM(flows_refused) AS flows_refused, SUM(flows_unanswered) AS flows_unanswered,
  SUM(dns_queries) AS dns_queries, SUM(dns_answers) AS dns_answers,
  SUM(dns_nxdomain) AS dns_nxdomain, SUM(dns_query_bytes) AS dns_query_bytes,
  SUM(malformed_packets) AS malformed_packets, SUM(checksum_errors) AS checksum_errors,
  SUM(sensor_lost_packets) AS sensor_lost_packets,
  count_names(sensor_names) AS sensors, theta_union(destinations_sketch) AS destinations_sketch
FROM TABLE(CUMULATE(
  (SELECT * FROM minutes), DESCRIPTOR(ts), INTERVAL '5' MINUTE, INTERVAL '1' HOUR))
GROUP BY device, window_start, window_end;

CREATE VIEW all_windows AS
SELECT device, window_start_ms, CAST(60000 AS BIGINT) AS window_ms, 'tumbling' AS kind,
  packets_in, packets_out, bytes_in, bytes_out, egress_packets, egress_bytes, ingress_bytes,
  tcp_packets, udp_packets, icmp_packets, other_packets, fragments, syn_in, syn_out, syn_ack_in,
  syn_ack_out, fin_in, fin_out, rst_in, rst_out, flows_opened, flows_accepted, flows_refused,
  flows_unanswered, dns_queries, dns_answers, dns_nxdomain, dns_query_bytes, malformed_packets,
  checksum_errors, sensor_lost_packets,
  sensors, destinations_sketch, 0 AS revision
FROM minutes
UNION ALL
SELECT device, window_start_ms, 60000, 'tumbling',
  packets_in, packets_out, bytes_in, bytes_out, egress_packets, egress_bytes, ingress_bytes,
  tcp_packets, udp_packets, icmp_packets, other_packets, fragments, syn_in, syn_out, syn_ack_in,
  syn_ack_out, fin_in, fin_out, rst_in, rst_out, flows_opened, flows_accepted, flows_refused,
  flows_unanswered, dns_queries, dns_answers, dns_nxdomain, dns_query_bytes, malformed_packets,
  checksum_errors, sensor_lost_packets,
  sensors, destinations_sketch, revision
FROM late_minutes
UNION ALL
SELECT device, window_start_ms, 300000, 'hopping',
  packets_in, packets_out, bytes_in, bytes_out, egress_packets, egress_bytes, ingress_bytes,
  tcp_packets, udp_packets, icmp_packets, other_packets, fragments, syn_in, syn_out, syn_ack_in,
  syn_ack_out, fin_in, fin_out, rst_in, rst_out, flows_opened, flows_accepted, flows_refused,
  flows_unanswered, dns_queries, dns_answers, dns_nxdomain, dns_query_bytes, malformed_packets,
  checksum_errors, sensor_lost_packets,
  sensors, destinations_sketch, 0
FROM five_minutes
UNION ALL
SELECT device, window_start_ms, window_ms, 'cumulative',
  packets_in, packets_out, bytes_in, bytes_out, egress_packets, egress_bytes, ingress_bytes,
  tcp_packets, udp_packets, icmp_packets, other_packets, fragments, syn_in, syn_out, syn_ack_in,
  syn_ack_out, fin_in, fin_out, rst_in, rst_out, flows_opened, flows_accepted, flows_refused,
  flows_unanswered, dns_queries, dns_answers, dns_nxdomain, dns_query_bytes, malformed_packets,
  checksum_errors, sensor_lost_packets,
  sensors, destinations_sketch, 0
FROM hours;

INSERT INTO device_windows
SELECT SUBSTRING(SHA256(CONCAT_WS(CHR(10), device, CAST(window_start_ms AS STRING),
      CAST(window_ms AS STRING), kind, CAST(revision AS STRING), '')) FROM 1 FOR 32),
    device, window_start_ms, window_ms, kind,
  packets_in, packets_out, bytes_in, bytes_out, egress_packets, egress_bytes, ingress_bytes,
  tcp_packets, udp_packets, icmp_packets, other_packets, fragments, syn_in, syn_out, syn_ack_in,
  syn_ack_out, fin_in, fin_out, rst_in, rst_out, flows_opened, flows_accepted, flows_refused,
  flows_unanswered, dns_queries, dns_answers, dns_nxdomain, dns_query_bytes, malformed_packets,
  checksum_errors, sensor_lost_packets,
    sensors, destinations_sketch, revision
FROM all_windows;
