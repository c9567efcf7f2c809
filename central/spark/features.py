"""The feature store: what each device was like, hour by hour, from its windows of ten seconds.

Goes on where the last run ended. New events are laid down by run, so that a run that was cut off
is repeated and not added; every hour to which something came is worked out again from all that was
laid down of it. What is older than KEPT_HOURS before the newest is deleted: so late nothing comes."""
import json
import shutil

from datasketches import compact_theta_sketch, theta_union
from pyspark.sql import functions as f
from pyspark.sql.types import BinaryType

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
                     "AND window_start_ms <= unix_millis(timestamp) + 300000 "
                     "AND NOT exists(features, x -> x IS NULL OR isnan(x) OR abs(x) > 1e300)")
              .withColumn("hour_ms", (f.col("window_start_ms") / HOUR_MS).cast("long") * HOUR_MS)
              .drop("schema", "timestamp"))
    place = options.work / "features" / f"run={number}"
    events.write.mode("overwrite").parquet(str(place))
    laid = spark.read.parquet(str(place))
    hours = sorted(row.hour_ms for row in laid.select("hour_ms").distinct().collect())
    return number, end, hours


def laid_down(spark, options):
    """Every event once, whichever run brought it."""
    return spark.read.parquet(str(options.work / "features")).dropDuplicates(["id"])


@f.udf(BinaryType())
def united(sketches):
    """The union of theta sketches in hexadecimal; what is damaged adds nothing."""
    union = theta_union(ENTRIES_LOG2)
    for text in sketches:
        try:
            union.update(compact_theta_sketch.deserialize(bytes.fromhex(text)))
        except (ValueError, RuntimeError):
            continue
    return bytes(union.get_result().serialize())


def medians(windows, keys):
    """Median and median absolute deviation of each feature, exactly."""
    def each(column):
        return f.array(*(f.expr(f"percentile({column}[{i}], 0.5)") for i in range(FEATURES)))
    middle = windows.groupBy(*keys).agg(each("features").alias("feature_median"))
    away = windows.join(middle, keys).withColumn(
        "away", f.expr("transform(features, (x, i) -> abs(x - feature_median[i]))"))
    return middle.join(away.groupBy(*keys).agg(each("away").alias("feature_mad")), keys)


def update(spark, options):
    """Brings the feature store up to what Kafka has; returns how many hours of devices changed."""
    folder = options.work / "features"
    folder.mkdir(parents=True, exist_ok=True)
    progress = Progress(options.work)
    number, end, hours = lay_down(spark, options, progress)
    if not hours:
        progress.add(number, end)
        return 0
    windows = laid_down(spark, options).where(f.col("hour_ms").isin(hours)).persist()
    keys = ["device", "hour_ms"]
    sums = windows.groupBy(*keys).agg(
        f.count("*").cast("int").alias("windows"), f.sum("egress_bytes").alias("egress_bytes"),
        united(f.sort_array(f.collect_list("destinations_sketch"))).alias("destinations_sketch"))
    # Monday 00 UTC is hour 0; 1970 began on a Thursday.
    store = medians(windows, keys).join(sums, keys).withColumn(
        "hour_of_week", ((f.col("hour_ms") / HOUR_MS).cast("long") + 72) % 168)
    store = store.withColumn("hour_of_week", f.col("hour_of_week").cast("int")).persist()
    changed = store.count()
    write(store, "device_hours")
    progress.add(number, end)
    windows.unpersist()
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
