-- Attacks spread over sensors so that none of them sees enough: what all sensors saw of one device
-- in a minute is beyond a limit that the share of each is below. The limits are those a sensor itself
-- has for an address without history, so that what a sensor has found is not told again.
CREATE FUNCTION epoch_ms AS 'vedette.EpochMs';

CREATE TABLE spread_attacks (
  id STRING, incident_id STRING, revision INT, state STRING, category STRING, severity STRING,
  start_ms BIGINT, last_ms BIGINT, subject STRING, subject_role STRING, alert_ids ARRAY<STRING>,
  sensors ARRAY<STRING>, alert_count BIGINT, message STRING
) WITH (
  'connector' = 'kafka', 'topic' = 'central.incidents',
  'properties.bootstrap.servers' = '${brokers}',
  'key.format' = 'raw', 'key.fields' = 'incident_id', 'value.format' = 'json',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'vedette-spread',
  'properties.transaction.timeout.ms' = '600000', 'properties.compression.type' = 'lz4'
);

CREATE VIEW by_sensor AS
SELECT device, sensor, window_time AS ts, SUM(syn_in) AS syn_in, SUM(fin_in + rst_in) AS ends_in,
  SUM(flows_opened) AS opened, SUM(flows_unanswered + flows_refused) AS in_vain
FROM TABLE(TUMBLE(
  (SELECT device, sensor, syn_in, fin_in, rst_in, flows_opened, flows_unanswered, flows_refused, ts
   FROM devices_once), DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY device, sensor, window_start, window_end, window_time;

CREATE VIEW over_sensors AS
SELECT device, epoch_ms(window_start) AS start_ms, epoch_ms(window_end) - 1 AS last_ms,
  ARRAY_SORT(ARRAY_AGG(sensor)) AS sensors, SUM(syn_in) AS syn_in, MAX(syn_in) AS syn_in_most,
  SUM(ends_in) AS ends_in, SUM(opened) AS opened, SUM(in_vain) AS in_vain,
  MAX(in_vain) AS in_vain_most
FROM TABLE(TUMBLE((SELECT * FROM by_sensor), DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY device, window_start, window_end;

CREATE VIEW found AS
SELECT 'dos' AS category, 'target' AS subject_role, device, start_ms, last_ms, sensors,
  CONCAT(CAST(syn_in AS STRING), ' SYNs in a minute, at most ', CAST(syn_in_most AS STRING),
    ' seen by one of ', CAST(CARDINALITY(sensors) AS STRING), ' sensors') AS message
FROM over_sensors
WHERE CARDINALITY(sensors) > 1 AND syn_in >= ${spread_syn_min} AND syn_in_most < ${spread_syn_min}
  AND 2 * ends_in < syn_in
UNION ALL
SELECT 'recon', 'actor', device, start_ms, last_ms, sensors,
  CONCAT(CAST(in_vain AS STRING), ' flows in vain in a minute, at most ',
    CAST(in_vain_most AS STRING), ' seen by one of ', CAST(CARDINALITY(sensors) AS STRING),
    ' sensors')
FROM over_sensors
WHERE CARDINALITY(sensors) > 1 AND in_vain >= ${spread_scan_min}
  AND in_vain_most < ${spread_scan_sensor_max} AND in_vain * 10 >= opened * 6;

INSERT INTO spread_attacks
SELECT SUBSTRING(SHA256(CONCAT_WS(CHR(10), incident_id, 'close', '0', '')) FROM 1 FOR 32),
  incident_id, 0, 'close', category, 'medium', start_ms, last_ms, device, subject_role,
  ARRAY_REMOVE(ARRAY[''], ''), sensors, CAST(0 AS BIGINT),
  CONCAT(subject_role, ' ', device, ': ', message)
FROM (
  SELECT *, SUBSTRING(SHA256(CONCAT_WS(CHR(10), subject_role, device, CAST(start_ms AS STRING),
    'spread', category, '')) FROM 1 FOR 32) AS incident_id
  FROM found);
