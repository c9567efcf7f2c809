-- Sensors of which nothing is heard. Health comes every 10 s; half a minute without is three
-- missed. This is about the sensor and the way from it, so the clock on the wall counts: also where
-- nobody else says anything, and whatever time the sensor believes it is. A row is one silence; the
-- sensor is back when its health is.
CREATE FUNCTION epoch_ms AS 'vedette.EpochMs';

CREATE TABLE silent_sensors (
  id STRING, sensor STRING, site STRING, version STRING, heard_ms BIGINT, silent_ms BIGINT
) WITH (
  'connector' = 'kafka', 'topic' = 'central.silent_sensors',
  'properties.bootstrap.servers' = '${brokers}',
  'key.format' = 'raw', 'key.fields' = 'sensor', 'value.format' = 'json',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'vedette-silent',
  'properties.transaction.timeout.ms' = '600000', 'properties.compression.type' = 'lz4'
);

INSERT INTO silent_sensors
SELECT SUBSTRING(SHA256(CONCAT_WS(CHR(10), sensor, CAST(silent_ms AS STRING), '')) FROM 1 FOR 32),
  sensor, site, version, heard_ms, silent_ms
FROM (
  SELECT sensor, MAX(site) AS site, MAX(version) AS version, MAX(time_ms) AS heard_ms,
    epoch_ms(window_end) AS silent_ms
  FROM TABLE(SESSION(
    (SELECT sensor, site, version, time_ms, arrival FROM health
     WHERE `schema` = 1 AND sensor IS NOT NULL AND time_ms >= 0) PARTITION BY sensor,
    DESCRIPTOR(arrival), INTERVAL '30' SECOND))
  GROUP BY sensor, window_start, window_end
);
