"""Writes device windows and incidents from Kafka to Cassandra, as they come.

Spark keeps in its checkpoint how far it has read; a batch that was cut off is written again, and as
every row has the key of its event, that changes nothing."""
from pyspark.sql import Window
from pyspark.sql import functions as f
from pyspark.sql.types import StructType

from session import arguments, session, table, write

EVERY = "5 seconds"
MESSAGES_MAX = 200_000  # a batch: bounds memory after an outage
INCIDENT = ("id STRING, incident_id STRING, revision INT, state STRING, category STRING, "
            "severity STRING, start_ms BIGINT, last_ms BIGINT, subject STRING, "
            "subject_role STRING, alert_ids ARRAY<STRING>, sensors ARRAY<STRING>, alert_count BIGINT, message STRING")
PARTS = 64  # of a site, in table devices
DAY_MS = 86_400_000


def messages(spark, options, topic, schema):
    """The topic's JSON as columns; what is none has no id, and is left out."""
    read = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", options.kafka)
            .option("subscribe", topic).option("startingOffsets", "earliest")
            .option("kafka.isolation.level", "read_committed")
            .option("maxOffsetsPerTrigger", MESSAGES_MAX).option("failOnDataLoss", "false").load())
    parsed = read.select(f.from_json(f.col("value").cast("string"), schema).alias("e"), "offset")
    return parsed.select("e.*", "offset").where("id IS NOT NULL")


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


def main():
    options = arguments(__doc__.split("\n")[0]).parse_args()
    spark = session(options, "warehouse")
    for topic, schema, writer in (
            ("central.device_windows", schema_of_windows(spark), write_windows),
            ("central.incidents", INCIDENT, write_incidents)):
        (messages(spark, options, topic, schema).writeStream.foreachBatch(writer)
         .option("checkpointLocation", str(options.work / "checkpoints" / topic))
         .trigger(processingTime=EVERY).start())
    spark.streams.awaitAnyTermination()


if __name__ == "__main__":
    main()
