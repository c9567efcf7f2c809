-- Alerts that belong together, of all sensors: about one target, or about one source.
CREATE FUNCTION sessions AS 'vedette.Incidents';

CREATE TABLE incidents (
  id STRING, incident_id STRING, revision INT, state STRING, category STRING, severity STRING,
  start_ms BIGINT, last_ms BIGINT, subject STRING, subject_role STRING, alert_ids ARRAY<STRING>,
  sensors ARRAY<STRING>, alert_count BIGINT, message STRING
) WITH (
  'connector' = 'kafka', 'topic' = 'central.incidents',
  'properties.bootstrap.servers' = '${brokers}',
  'key.format' = 'raw', 'key.fields' = 'incident_id', 'value.format' = 'json',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'vedette-incidents',
  'properties.transaction.timeout.ms' = '600000', 'properties.compression.type' = 'lz4'
);

-- Subjects of an alert: its device; and, of an attack with few sources, each source outside.
-- Health moves time on where there is no alert for long.
CREATE VIEW subjects AS
SELECT device AS subject, CASE `role` WHEN 'target' THEN 'target' ELSE 'actor' END AS subject_role,
    TRUE AS is_primary, alert_id, sensor, device, state, category, kind, severity, start_ms,
    last_ms, received
FROM alerts_once
UNION ALL
SELECT CONCAT('ext/0/', peer), 'actor', FALSE, alert_id, sensor, device, state, category, kind,
    severity, start_ms, last_ms, received
FROM alerts_once CROSS JOIN UNNEST(peers) AS p (peer)
WHERE `role` = 'target' AND peer_count <= 10
UNION ALL
SELECT sensor, 'tick', FALSE, CAST(NULL AS STRING), sensor, '', '', '', '', '', CAST(0 AS BIGINT),
    CAST(0 AS BIGINT), received
FROM health WHERE `schema` = 1 AND sensor IS NOT NULL;

INSERT INTO incidents
SELECT id, incident_id, revision, state, category, severity, start_ms, last_ms, subject,
    subject_role, alert_ids, sensors, alert_count, message
FROM sessions(
  alert => TABLE subjects PARTITION BY (subject, subject_role),
  gapMs => CAST(${incident_gap_ms} AS BIGINT),
  updateMs => CAST(${incident_update_ms} AS BIGINT),
  on_time => DESCRIPTOR(received),
  uid => 'incident-sessions');
