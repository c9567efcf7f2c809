"""Writes device windows and incidents from Kafka to Cassandra, as they come.

Spark keeps in its checkpoint how far it has read; a batch that was cut off is written again, and as
every row has the key of its event, that changes nothing. So a query that ends because Kafka or
Cassandra went away is begun again until they are back."""
import sys
import time

from pyspark.errors import PySparkException
from pyspark.sql import Window
from pyspark.sql import functions as f
from pyspark.sql.types import StructType

from session import arguments, session, table, topics, write

EVERY = "5 seconds"
PAUSE_S = 3  # before a query that failed is begun again
MESSAGES_MAX = 200_000  # a batch: bounds memory after an outage
INCIDENT = ("id STRING, incident_id STRING, revision INT, state STRING, category STRING, "
            "severity STRING, start_ms BIGINT, last_ms BIGINT, subject STRING, "
            "subject_role STRING, alert_ids ARRAY<STRING>, sensors ARRAY<STRING>, alert_count BIGINT, message STRING")
PARTS = 64  # of a site, in table devices
DAY_MS = 86_400_000
# Without these a row has no key; what is no JSON has none of them.
WINDOW_IS = ("id IS NOT NULL AND device IS NOT NULL AND kind IS NOT NULL AND window_start_ms >= 0 "
             "AND window_ms >= 0 AND revision >= 0")
INCIDENT_IS = "id IS NOT NULL AND incident_id IS NOT NULL AND start_ms >= 0 AND revision >= 0"


def messages(spark, options, topic, schema, is_one):
    """The topic's JSON as columns; what is no event of it is left out."""
    read = (spark.readStream.format("kafka").options(**topics(options))
            .option("subscribe", topic).option("startingOffsets", "earliest")
            .option("kafka.isolation.level", "read_committed")
            .option("maxOffsetsPerTrigger", MESSAGES_MAX).option("failOnDataLoss", "false").load())
    parsed = read.select(f.from_json(f.col("value").cast("string"), schema).alias("e"), "offset")
    return parsed.select("e.*", "offset").where(is_one)


def day_of(column):
    return f.date_from_unix_date((f.col(column) / DAY_MS).cast("int"))


def write_windows(batch, _number):
    batch = batch.drop("offset").persist()
    write(batch.withColumn("day", day_of("window_start_ms"))
          .withColumn("destinations_sketch", f.unhex("destinations_sketch")), "device_windows")
    latest = Window.partitionBy("device").orderBy(f.desc("window_start_ms"))
    devices = (batch.where("kind = 'tumbling' AND revision = 0")
               .withColumn("n", f.row_number().over(latest)).where("n = 1")
               .select(f.split("device", "/")[0].alias("site"),
                       f.pmod(f.hash("device"), f.lit(PARTS)).cast("int").alias("part"), "device",
                       (f.col("window_start_ms") + f.col("window_ms")).alias("last_ms"), "sensors",
                       "bytes_in", "bytes_out"))
    write(devices, "devices")
    batch.unpersist()


def write_incidents(batch, _number):
    """The last word on each alone; a partition of the topic has them in order."""
    last = Window.partitionBy("incident_id").orderBy(f.desc("revision"))
    write(batch.drop("offset", "id").withColumn("n", f.row_number().over(last)).where("n = 1")
          .drop("n").withColumn("day", day_of("start_ms")), "incidents")


def schema_of_windows(spark):
    """That of Cassandra's table, whose columns are the event's fields; sketches travel as text."""
    fields = [field for field in table(spark, "device_windows").schema.fields
              if field.name not in ("day", "destinations_sketch")]
    return StructType(fields).add("destinations_sketch", "string")


def begin(spark, options, topic, schema, is_one, writer):
    return (messages(spark, options, topic, schema, is_one).writeStream.foreachBatch(writer)
            .option("checkpointLocation", str(options.work / "checkpoints" / topic))
            .trigger(processingTime=EVERY).start())


def keep_going(spark, queries):
    running = {}
    while True:
        for topic, start in queries.items():
            if topic not in running or not running[topic].isActive:
                running[topic] = start(topic)
        try:
            spark.streams.awaitAnyTermination()
        except PySparkException as error:
            print(f"begun again in {PAUSE_S} s: {str(error)[:500]}", file=sys.stderr, flush=True)
        spark.streams.resetTerminated()
        time.sleep(PAUSE_S)


def main():
    options = arguments(__doc__.split("\n")[0]).parse_args()
    spark = session(options, "warehouse")
    windows = schema_of_windows(spark)
    keep_going(spark, {
        "central.device_windows": lambda topic: begin(
            spark, options, topic, windows, WINDOW_IS, write_windows),
        "central.incidents": lambda topic: begin(
            spark, options, topic, INCIDENT, INCIDENT_IS, write_incidents)})


if __name__ == "__main__":
    main()
