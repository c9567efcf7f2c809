"""The feature store: what each device was like, hour by hour, from its windows of ten seconds.

Goes on where the last run ended. New events are laid down by run, so that a run that was cut off
is repeated and not added; every hour to which something came is worked out again from all that was
laid down of it. What is older than KEPT_HOURS before the newest is deleted: so late nothing
comes."""
import json
import shutil

import numpy
import pandas
from datasketches import compact_theta_sketch, theta_union
from pyspark.sql import functions as f

from session import client, topics, write

HOUR_MS = 3_600_000
KEPT_HOURS = 36
FEATURES = 24
ENTRIES_LOG2 = 9
TOPIC = "vedette.devices"
EVENT = ("`schema` INT, id STRING, device STRING, window_start_ms BIGINT, window_ms BIGINT, "
         "egress_bytes BIGINT, sensor_lost_packets BIGINT, destinations_sketch STRING, "
         "features ARRAY<DOUBLE>")


class Progress:
    """Which offsets each finished run began and ended with."""

    def __init__(self, folder):
        self.folder, self.file = folder, folder / "runs.json"
        self.runs = json.loads(self.file.read_text()) if self.file.exists() else []

    def begin(self):
        return self.runs[-1]["end"] if self.runs else {}

    def add(self, number, end):
        self.runs.append({"run": number, "end": end})
        whole = self.file.with_suffix(".new")
        whole.write_text(json.dumps(self.runs[-1000:]))
        whole.rename(self.file)

    def number(self):
        return self.runs[-1]["run"] + 1 if self.runs else 1


def ends_of(options):
    from confluent_kafka import Consumer, TopicPartition
    consumer = Consumer({**client(options), "group.id": "vedette-trainer-features"})
    partitions = consumer.list_topics(TOPIC, timeout=30).topics[TOPIC].partitions
    ends = {str(number): consumer.get_watermark_offsets(TopicPartition(TOPIC, number), timeout=30)
            for number in sorted(partitions)}
    consumer.close()
    return ends


def lay_down(spark, options, progress):
    """Brings what is new in Kafka; returns the hours it is about."""
    bounds, before, number = ends_of(options), progress.begin(), progress.number()
    begin = {part: max(low, before.get(part, low)) for part, (low, _) in bounds.items()}
    end = {part: high for part, (_, high) in bounds.items()}
    read = (spark.read.format("kafka").options(**topics(options))
            .option("kafka.isolation.level", "read_committed").option("subscribe", TOPIC)
            .option("startingOffsets", json.dumps({TOPIC: begin}))
            .option("endingOffsets", json.dumps({TOPIC: end}))
            .option("failOnDataLoss", "false").load())
    events = (read.select(f.from_json(f.col("value").cast("string"), EVENT).alias("e"), "timestamp")
              .select("e.*", "timestamp")
              .where(f"`schema` = 1 AND id IS NOT NULL AND device IS NOT NULL "
                     f"AND size(features) = {FEATURES} AND window_start_ms >= 0 "
                     "AND egress_bytes >= 0 AND window_start_ms <= unix_millis(timestamp) + 300000 "
                     "AND NOT exists(features, x -> x IS NULL OR isnan(x) OR abs(x) > 1e300)")
              .withColumn("hour_ms", (f.col("window_start_ms") / HOUR_MS).cast("long") * HOUR_MS)
              .drop("schema", "timestamp"))
    place = options.work / "features" / f"run={number}"
    events.write.mode("overwrite").parquet(str(place))
    laid = spark.read.parquet(str(place))
    hours = [row.hour_ms for row in laid.select("hour_ms").distinct().collect()]
    # What lies further back is not whole any more: to work it out again would spoil it.
    return number, end, [hour for hour in hours if hour > max(hours) - KEPT_HOURS * HOUR_MS]


def laid_down(spark, options, *columns):
    """Every event once, whichever run brought it; `columns` of it, as sketches are most."""
    events = spark.read.parquet(str(options.work / "features"))
    return events.select("id", *columns).dropDuplicates(["id"])


def united(sketches):
    """The union of theta sketches; what is damaged adds nothing."""
    union = theta_union(ENTRIES_LOG2)
    for sketch in sketches:
        try:
            union.update(compact_theta_sketch.deserialize(sketch))
        except (ValueError, RuntimeError):
            continue
    return bytes(union.get_result().serialize())


def from_hex(texts):
    """In one order, each once: most windows have the sketch of the one before. What is no
    hexadecimal is left out."""
    for text in sorted({text for text in texts if text}):
        try:
            yield bytes.fromhex(text)
        except ValueError:
            continue


def middle_of(rows):
    """Median and median absolute deviation of each column."""
    median = numpy.median(rows, axis=0)
    return median, numpy.median(numpy.abs(rows - median), axis=0)


HOUR = ("device STRING, hour_ms BIGINT, hour_of_week INT, windows INT, egress_bytes BIGINT, "
        "feature_median ARRAY<DOUBLE>, feature_mad ARRAY<DOUBLE>, destinations_sketch BINARY")


def hour_of(key, events):
    """A device's hour, from its windows."""
    device, hour_ms = key
    events = events.drop_duplicates("id")
    median, mad = middle_of(numpy.stack(events["features"].to_numpy()))
    return pandas.DataFrame([{
        "device": device, "hour_ms": hour_ms,
        # Monday 00 UTC is hour 0; 1970 began on a Thursday.
        "hour_of_week": (hour_ms // HOUR_MS + 72) % 168,
        "windows": len(events), "egress_bytes": int(events["egress_bytes"].sum()),
        "feature_median": median, "feature_mad": mad,
        "destinations_sketch": united(from_hex(events["destinations_sketch"]))}])


def hours_of(events):
    return events.groupBy("device", "hour_ms").applyInPandas(hour_of, HOUR)


def update(spark, options):
    """Brings the feature store up to what Kafka has; returns how many hours of devices changed."""
    folder = options.work / "features"
    folder.mkdir(parents=True, exist_ok=True)
    progress = Progress(options.work)
    number, end, hours = lay_down(spark, options, progress)
    changed = 0
    if hours:
        events = spark.read.parquet(str(folder)).where(f.col("hour_ms").isin(hours))
        store = hours_of(events).persist()
        changed = store.count()
        write(store, "device_hours")
        store.unpersist()
    progress.add(number, end)
    forget(spark, folder)
    return changed


def forget(spark, folder):
    """Deletes runs of which nothing is young enough."""
    newest = {}
    for place in folder.glob("run=*"):
        found = spark.read.parquet(str(place)).agg(f.max("hour_ms")).first()[0]
        newest[place] = found or 0
    for place, hour_ms in newest.items():
        if hour_ms < max(newest.values()) - KEPT_HOURS * HOUR_MS:
            shutil.rmtree(place)
