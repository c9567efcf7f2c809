-- Addresses outside that the organisation's devices send to: told when one is seen for the first
-- time by anybody, and as a campaign when many devices send to a new one within a day.
CREATE FUNCTION known_destinations AS 'vedette.Destinations';

CREATE TABLE destinations (
  id STRING, destination STRING, event STRING, first_ms BIGINT, last_ms BIGINT,
  devices ARRAY<STRING>, device_count INT, `bytes` BIGINT
) WITH (
  'connector' = 'kafka', 'topic' = 'central.destinations',
  'properties.bootstrap.servers' = '${brokers}',
  'key.format' = 'raw', 'key.fields' = 'destination', 'value.format' = 'json',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'vedette-destinations',
  'properties.transaction.timeout.ms' = '600000', 'properties.compression.type' = 'lz4'
);

CREATE VIEW sent AS
SELECT ip AS destination, device, window_start_ms, `bytes`
FROM devices_once CROSS JOIN UNNEST(egress_top) AS top (ip, `bytes`, packets)
WHERE ip IS NOT NULL AND `bytes` IS NOT NULL;

INSERT INTO destinations
SELECT SUBSTRING(SHA256(CONCAT_WS(CHR(10), destination, event, CAST(first_ms AS STRING), ''))
    FROM 1 FOR 32),
  destination, event, first_ms, last_ms, devices, device_count, `bytes`
FROM known_destinations(
  sent => TABLE sent PARTITION BY destination,
  devicesMin => CAST(${campaign_devices_min} AS INT),
  withinMs => CAST(${campaign_within_ms} AS BIGINT),
  uid => 'known-destinations');
