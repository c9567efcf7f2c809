-- Messages that no job can use, counted by topic and reason in ten seconds of the clock on the wall.
-- What is needed of a message is what the views of tables.sql, Pinot's filters and the warehouse ask
-- for; everything else of it may be missing.
CREATE FUNCTION epoch_ms AS 'vedette.EpochMs';
CREATE FUNCTION refusal AS 'vedette.Refusal';

CREATE TABLE refused (
  id STRING, topic STRING, reason STRING, window_start_ms BIGINT, window_ms BIGINT,
  messages BIGINT
) WITH (
  'connector' = 'kafka', 'topic' = 'central.refused',
  'properties.bootstrap.servers' = '${brokers}',
  'key.format' = 'raw', 'key.fields' = 'topic', 'value.format' = 'json',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'vedette-refused',
  'properties.transaction.timeout.ms' = '600000', 'properties.compression.type' = 'lz4'
);

CREATE TABLE everything (
  `value` BYTES,
  topic STRING NOT NULL METADATA VIRTUAL,
  received TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  arrival AS PROCTIME()
) WITH (
  'connector' = 'kafka',
  'topic' = 'vedette.alerts;vedette.devices;vedette.flows;vedette.health;central.device_windows;central.incidents',
  'properties.bootstrap.servers' = '${brokers}',
  'properties.group.id' = 'vedette-flink-${job}', 'properties.isolation.level' = 'read_committed',
  'properties.auto.offset.reset' = 'earliest', 'scan.startup.mode' = 'group-offsets',
  'format' = 'raw'
);

CREATE VIEW judged AS
SELECT topic, arrival, refusal(`value`, CASE topic
    WHEN 'vedette.alerts' THEN
      'schema id sensor alert_id device state severity suppressed start_ms:time last_ms:time'
    WHEN 'vedette.devices' THEN 'schema id sensor device window_start_ms:time'
    WHEN 'vedette.flows' THEN 'schema id time_ms:time'
    WHEN 'vedette.health' THEN 'schema id sensor time_ms:count'
    WHEN 'central.device_windows' THEN
      'id device kind window_start_ms:count window_ms:count revision:count'
    ELSE 'id incident_id start_ms:count revision:count' END, received) AS reason
FROM everything;

INSERT INTO refused
SELECT SUBSTRING(SHA256(CONCAT_WS(CHR(10), topic, reason, CAST(window_start_ms AS STRING), ''))
    FROM 1 FOR 32),
  topic, reason, window_start_ms, 10000, messages
FROM (
  SELECT topic, reason, epoch_ms(window_start) AS window_start_ms, COUNT(*) AS messages
  FROM TABLE(TUMBLE(
    (SELECT topic, reason, arrival FROM judged WHERE reason IS NOT NULL), DESCRIPTOR(arrival),
    INTERVAL '10' SECOND))
  GROUP BY topic, reason, window_start, window_end);
