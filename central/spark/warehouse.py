"""Writes device windows and incidents from Kafka to Cassandra, as they come.

Spark keeps in its checkpoint how far it has read; a batch that was cut off is written again, and as
every row has the key of its event, that changes nothing. So a query that ends because Kafka or
Cassandra went away is begun again until they are back."""
import os
import sys
import time

from pyspark.errors import PySparkException
from pyspark.sql import Window
from pyspark.sql import functions as f
from pyspark.sql.types import StructType

from session import arguments, session, table, topics, write

EVERY = "5 seconds"
LOOK_S = 3     # how often to look at what runs
STALLED_S = 30
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


class Writers:
    """The queries, by topic. One that fails is begun again. A driver whose Cassandra went away may wait
    for it without end, though nothing is left to wait for (Session.refreshSchema): that is known by
    batches in which Spark has no job, and ends the process, which its keeper begins again."""

    def __init__(self, spark, options):
        self.spark, self.options = spark, options
        self.begin, self.running, self.busy = {}, {}, set()

    def add(self, topic, schema, is_one, writer):
        def watched(batch, number):
            self.busy.add(topic)
            writer(batch, number)
            self.busy.discard(topic)

        self.begin[topic] = lambda: (
            messages(self.spark, self.options, topic, schema, is_one).writeStream
            .foreachBatch(watched).trigger(processingTime=EVERY)
            .option("checkpointLocation", str(self.options.work / "checkpoints" / topic)).start())

    def keep_going(self):
        stalled_s = 0
        while stalled_s < STALLED_S:
            for topic in self.begin:
                if topic not in self.running or not self.running[topic].isActive:
                    self.busy.discard(topic)
                    self.running[topic] = self.begin[topic]()
            self.look()
            working = self.spark.sparkContext.statusTracker().getActiveJobsIds()
            stalled_s = stalled_s + LOOK_S if self.busy and not working else 0
        say(f"{sorted(self.busy)}: nothing has moved for {stalled_s} s")
        os._exit(1)  # whoever waits without end would keep an orderly end from happening

    def look(self):
        """For a while, or until one ends."""
        try:
            if not self.spark.streams.awaitAnyTermination(LOOK_S):
                return
            say("a query has ended; begun again")
        except PySparkException as error:
            say(f"begun again: {str(error)[:500]}")
        self.spark.streams.resetTerminated()
        time.sleep(LOOK_S)


def say(text):
    print(f"warehouse: {text}", file=sys.stderr, flush=True)


def main():
    options = arguments(__doc__.split("\n")[0]).parse_args()
    spark = session(options, "warehouse")
    writers = Writers(spark, options)
    writers.add("central.device_windows", schema_of_windows(spark), WINDOW_IS, write_windows)
    writers.add("central.incidents", INCIDENT, INCIDENT_IS, write_incidents)
    writers.keep_going()


if __name__ == "__main__":
    main()
