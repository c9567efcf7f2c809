-- The topics as tables, for every job. Field names and types are those of docs/events.md; a field
-- that no job asks for is not named.
--
-- Event time is the sensor's, as far as it can be true: an event from more than five minutes after
-- the broker received it comes from a wrong clock. It is left out by the views below, and must not
-- move the watermark, for which it, and one without a time, is as old as can be. A partition without events is idle after
-- 10 s and holds nobody up. A message that is no JSON, or of another
-- schema, is left out; refused.sql counts those.
SET 'table.local-time-zone' = 'UTC';
-- What a reader of committed messages waits for; kept when a job is stopped, to go on from.
SET 'execution.checkpointing.interval' = '3 s';
SET 'execution.checkpointing.min-pause' = '1 s';
SET 'execution.checkpointing.timeout' = '2 min';
SET 'execution.checkpointing.mode' = 'EXACTLY_ONCE';
SET 'execution.checkpointing.tolerable-failed-checkpoints' = '100';
SET 'execution.checkpointing.externalized-checkpoint-retention' = 'RETAIN_ON_CANCELLATION';
SET 'table.exec.source.idle-timeout' = '10 s';
-- How long an id is remembered: the same event sent again within this time counts once.
SET 'table.exec.state.ttl' = '1 h';

CREATE TABLE alerts (
  `schema` INT, id STRING, sensor STRING, alert_id STRING, revision INT, state STRING,
  category STRING, kind STRING, severity STRING, start_ms BIGINT, last_ms BIGINT, `role` STRING,
  device STRING, peers ARRAY<STRING>, peer_count BIGINT, suppressed BOOLEAN,
  received TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  arrival AS PROCTIME(),
  -- Sessions close by the broker's time, see Incidents: brokers' clocks are this close.
  WATERMARK FOR received AS received - INTERVAL '30' SECOND
) WITH (
  'connector' = 'kafka', 'topic' = 'vedette.alerts',
  'properties.bootstrap.servers' = '${brokers}',
  'properties.group.id' = 'vedette-flink-${job}', 'properties.isolation.level' = 'read_committed',
  'properties.auto.offset.reset' = 'earliest', 'scan.startup.mode' = 'group-offsets',
  'format' = 'json', 'json.ignore-parse-errors' = 'true'
);

CREATE TABLE devices (
  `schema` INT, id STRING, sensor STRING, device STRING, window_start_ms BIGINT,
  window_ms BIGINT,
  packets_in BIGINT, packets_out BIGINT, bytes_in BIGINT, bytes_out BIGINT, egress_packets BIGINT,
  egress_bytes BIGINT, ingress_bytes BIGINT, tcp_packets BIGINT, udp_packets BIGINT,
  icmp_packets BIGINT, other_packets BIGINT, fragments BIGINT, syn_in BIGINT, syn_out BIGINT,
  syn_ack_in BIGINT, syn_ack_out BIGINT, fin_in BIGINT, fin_out BIGINT, rst_in BIGINT,
  rst_out BIGINT, flows_opened BIGINT, flows_accepted BIGINT, flows_refused BIGINT,
  flows_unanswered BIGINT, dns_queries BIGINT, dns_answers BIGINT, dns_nxdomain BIGINT,
  dns_query_bytes BIGINT, malformed_packets BIGINT, checksum_errors BIGINT,
  sensor_lost_packets BIGINT,
  destinations_sketch STRING, egress_top ARRAY<ROW<ip STRING, `bytes` BIGINT, packets BIGINT>>,
  received TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  arrival AS PROCTIME(),
  ts AS CASE
    WHEN TO_TIMESTAMP_LTZ(window_start_ms, 3) <= received + INTERVAL '5' MINUTE
      THEN TO_TIMESTAMP_LTZ(window_start_ms, 3)
    ELSE TO_TIMESTAMP_LTZ(0, 3) END,
  WATERMARK FOR ts AS ts - INTERVAL '30' SECOND
) WITH (
  'connector' = 'kafka', 'topic' = 'vedette.devices',
  'properties.bootstrap.servers' = '${brokers}',
  'properties.group.id' = 'vedette-flink-${job}', 'properties.isolation.level' = 'read_committed',
  'properties.auto.offset.reset' = 'earliest', 'scan.startup.mode' = 'group-offsets',
  'format' = 'json', 'json.ignore-parse-errors' = 'true'
);

CREATE TABLE health (
  `schema` INT, id STRING, sensor STRING, site STRING, time_ms BIGINT, version STRING,
  received TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  arrival AS PROCTIME(),
  WATERMARK FOR received AS received - INTERVAL '30' SECOND
) WITH (
  'connector' = 'kafka', 'topic' = 'vedette.health',
  'properties.bootstrap.servers' = '${brokers}',
  'properties.group.id' = 'vedette-flink-${job}', 'properties.isolation.level' = 'read_committed',
  'properties.auto.offset.reset' = 'earliest', 'scan.startup.mode' = 'group-offsets',
  'format' = 'json', 'json.ignore-parse-errors' = 'true'
);

-- Each event once.
CREATE VIEW alerts_once AS
SELECT * FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY arrival) AS occurrence
  FROM alerts
  WHERE `schema` = 1 AND id IS NOT NULL AND alert_id IS NOT NULL AND device IS NOT NULL
    AND sensor IS NOT NULL AND state IS NOT NULL AND severity IS NOT NULL AND start_ms >= 0
    AND start_ms <= last_ms AND NOT suppressed
    AND TO_TIMESTAMP_LTZ(last_ms, 3) <= received + INTERVAL '5' MINUTE
) WHERE occurrence = 1;

CREATE VIEW devices_once AS
SELECT * FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY arrival) AS occurrence
  FROM devices
  WHERE `schema` = 1 AND id IS NOT NULL AND device IS NOT NULL AND sensor IS NOT NULL
    AND window_start_ms >= 0
    AND TO_TIMESTAMP_LTZ(window_start_ms, 3) <= received + INTERVAL '5' MINUTE
) WHERE occurrence = 1;
