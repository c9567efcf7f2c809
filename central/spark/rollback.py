"""Gives sensors the content of the model before the one in use, under a new number: numbers only
grow, so this is how a sensor is led back. Done again, it leads back further."""
import json

from pyspark.sql import Window
from pyspark.sql import functions as f

from publisher import Publisher
from session import arguments, session, table


def earlier(models):
    """Of each device the newest that was learned before the one in use, or null; the content in use
    may have been sent under several numbers, of which the first counts."""
    newest = Window.partitionBy("device").orderBy(f.desc("version"))
    learned = models.where("published").groupBy("device", "model_id").agg(
        f.min("version").alias("learned"), f.max("version").alias("sent"))
    used = learned.withColumn("n", f.row_number().over(
        Window.partitionBy("device").orderBy(f.desc("sent")))).where("n = 1")
    before = (learned.select("device", f.col("learned").alias("version"))
              .join(used.select("device", f.col("learned").alias("used")), "device")
              .where("version < used").withColumn("n", f.row_number().over(newest)).where("n = 1"))
    numbers = models.groupBy("device").agg(f.max("version").alias("number"))
    return (numbers.join(used.select("device"), "device")
            .join(before.select("device", "version"), "device", "left")
            .join(models, ["device", "version"], "left").orderBy("device"))


def main():
    parser = arguments(__doc__.split(":")[0])
    parser.add_argument("--device", help="only this; else every one")
    options = parser.parse_args()
    spark = session(options, "rollback")
    models = table(spark, "models").select("device", "version", "model_id", "published", "payload")
    if options.device:
        models = models.where(f.col("device") == options.device)
    publisher, alone = Publisher(spark, options), 0
    for row in earlier(models).toLocalIterator():
        if row.payload is None:
            alone += 1
        else:
            publisher.add(row.device, row.number, json.loads(row.payload))
    publisher.send()
    print(json.dumps({"led_back": publisher.sent, "without_an_earlier_model": alone}))


if __name__ == "__main__":
    main()
