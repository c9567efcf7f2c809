"""What new models say of windows that they were not learned from, beside the models in use: how
many more or fewer would be called outliers."""
from pyspark.sql import Window
from pyspark.sql import functions as f

from outliers import judged
from session import table

WORSE_MAX = 2.0   # times the outliers of the model in use
SHARE_MAX = 0.01  # of windows that may be outliers where there is no model in use
FEW = 5           # windows of one device are no reason to hold its model back
CONTENT = ("device STRING, feature_median ARRAY<DOUBLE>, feature_mad ARRAY<DOUBLE>, "
           "centres ARRAY<ARRAY<DOUBLE>>, distance_quantiles ARRAY<ARRAY<DOUBLE>>")


def history(spark):
    """Of each device the newest number given, and the model in use."""
    models = table(spark, "models").select("device", "version", "model_id", "published", "payload")
    newest = Window.partitionBy("device").orderBy(f.desc("version"))
    numbers = models.groupBy("device").agg(f.max("version").alias("version"))
    used = (models.where("published").withColumn("n", f.row_number().over(newest)).where("n = 1")
            .withColumn("content", f.from_json("payload", CONTENT))
            .select("device", "model_id", "content.feature_median", "content.feature_mad",
                    "content.centres", "content.distance_quantiles"))
    return numbers, used


def outliers(windows, models, kinds):
    """How many windows of each device are further away than nearly all were when its model was
    learned; `kinds` are centres and quantiles by number."""
    limits = [(centres, [quantiles[-1] for quantiles in each]) for centres, each in kinds]
    return (judged(windows.join(models, "device"), limits).groupBy("device")
            .agg(f.count("*").alias("windows"),
                 f.sum(f.col("outlier").cast("int")).alias("outliers")))


def outliers_in_use(spark, windows, used):
    """The same of the models in use, of which there may be several kinds at once."""
    found = sorted(used.where("centres IS NOT NULL AND distance_quantiles IS NOT NULL")
                   .select("centres", "distance_quantiles").distinct().collect())
    if not found:
        return spark.createDataFrame([], "device STRING, windows BIGINT, outliers BIGINT")
    kinds = spark.createDataFrame([(number, *kind) for number, kind in enumerate(found)],
                                  "model INT, centres ARRAY<ARRAY<DOUBLE>>, "
                                  "distance_quantiles ARRAY<ARRAY<DOUBLE>>")
    models = used.join(f.broadcast(kinds), ["centres", "distance_quantiles"]).select(
        "device", "feature_median", "feature_mad", "model")
    return outliers(windows, models, found)


class Trial:
    def __init__(self, after, before):
        by_device = after.join(before.select("device", f.col("outliers").alias("before")), "device",
                               "left")
        self.by_device = by_device.selectExpr("device", "windows AS tried", "outliers AS after",
                                              "before").persist()
        totals = self.by_device.agg(f.sum("tried"), f.sum("after"), f.sum("before")).first()
        self.windows, self.after, self.before = (total or 0 for total in totals)

    @staticmethod
    def allowed(before, windows, few=0):
        return max(WORSE_MAX * (before or 0), SHARE_MAX * windows, few)

    def passed(self):
        return self.after <= self.allowed(self.before, self.windows)

    def passed_by(self, row):
        return (row.after or 0) <= self.allowed(row.before, row.tried or 0, FEW)
