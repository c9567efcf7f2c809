"""Brings the feature store up to date, learns from it what each device is like, tries that on the
newest windows against the model in use, and publishes it if it is not worse.

A model has two parts. What is a device's own: medians and deviations of its features, bytes sent out
by hour of the week. What is of all: centres of k-means over windows scaled by each device's own
medians, so that a printer and a server can be near the same centre, and how far from a centre windows
lie. The same input gives the same model."""
import hashlib
import json
import time

from pyspark.ml.clustering import KMeans
from pyspark.ml.linalg import Vectors, VectorUDT
from pyspark.sql import Window
from pyspark.sql import functions as f

import envelope
import features
from session import arguments, client, session, table, write

CENTRES = 8
SEED = 1
CLIP = 50.0          # scaled features beyond this do not draw a centre to themselves
QUANTILES = (0.5, 0.95, 0.99, 0.999)
VALID_MS = 7 * 86_400_000
TRIED_SHARE = 0.25   # of the time learned from, at most an hour, is kept back to try the model on
WORSE_MAX = 2.0      # times the alerts of the model in use
SHARE_MAX = 0.01     # of windows that may be outliers where there is no model in use
HOURS_OF_WEEK = 168
DEVIATION = ("transform({mad}, (d, i) -> greatest(d, abs({median}[i]) * 0.05D, 0.001D))")
SCALED = "transform(features, (x, i) -> (x - feature_median[i]) / feature_mad[i])"
DISTANCES = ("transform(centres, c -> sqrt(aggregate(zip_with(scaled, c, (a, b) -> (a - b) * (a - b)),"
             " 0D, (s, x) -> s + x)))")
CONTENT = ("device STRING, feature_median ARRAY<DOUBLE>, feature_mad ARRAY<DOUBLE>, "
           "centres ARRAY<ARRAY<DOUBLE>>, distance_quantiles ARRAY<ARRAY<DOUBLE>>")


def own(hours, windows):
    """What is a device's own, a row each."""
    def each(column):
        return f.array(*(f.expr(f"percentile({column}[{i}], 0.5)") for i in range(features.FEATURES)))
    middle = hours.groupBy("device").agg(
        each("feature_median").alias("feature_median"), each("feature_mad").alias("mad"),
        features.united(f.transform(f.sort_array(f.collect_list("destinations_sketch")),
                                    lambda s: f.lower(f.hex(s)))).alias("destinations_sketch"))
    middle = middle.withColumn("feature_mad", f.expr(
        DEVIATION.format(mad="mad", median="feature_median"))).drop("mad")
    following = Window.partitionBy("device").orderBy("window_start_ms")
    gaps = (windows.select("device", "window_start_ms").distinct()
            .withColumn("gap", f.lead("window_start_ms").over(following) - f.col("window_start_ms"))
            .groupBy("device").agg(f.expr("percentile(gap, 0.99)").alias("gap_p99_ms")))
    return middle.join(egress(hours), "device").join(gaps, "device")


def egress(hours):
    """Median and deviation by hour of the week; hours not seen yet have those of all hours."""
    by_hour = hours.groupBy("device", "hour_of_week").agg(
        f.expr("percentile(egress_bytes, 0.5)").alias("median"))
    away = hours.join(by_hour, ["device", "hour_of_week"]).groupBy("device", "hour_of_week").agg(
        f.first("median").alias("median"),
        f.expr("percentile(abs(egress_bytes - median), 0.5)").alias("mad"))
    known = away.groupBy("device").agg(
        f.map_from_entries(f.sort_array(f.collect_list(f.struct("hour_of_week", "median")))).alias("m"),
        f.map_from_entries(f.sort_array(f.collect_list(f.struct("hour_of_week", "mad")))).alias("d"))
    overall = hours.groupBy("device").agg(f.expr("percentile(egress_bytes, 0.5)").alias("median"))
    spread = hours.join(overall, "device").groupBy("device").agg(
        f.first("median").alias("median"),
        f.expr("percentile(abs(egress_bytes - median), 0.5)").alias("mad"))
    week = f.sequence(f.lit(0), f.lit(HOURS_OF_WEEK - 1))
    return known.join(spread, "device").select(
        "device", f.transform(week, lambda h: f.coalesce(f.col("m")[h], f.col("median"))).alias(
            "egress_median"),
        f.transform(week, lambda h: f.coalesce(f.col("d")[h], f.col("mad"))).alias("egress_mad"))


@f.udf(VectorUDT())
def as_vector(values):
    return Vectors.dense(values)


def centres_of(scaled):
    """Sorted; rows are in order before the fit, without which k-means differs from run to run."""
    rows = (scaled.orderBy("device", "window_start_ms", "id").coalesce(1)
            .select(as_vector(f.expr(
                f"transform(scaled, x -> greatest(least(x, {CLIP}D), -{CLIP}D))")).alias("features")))
    model = KMeans(k=CENTRES, seed=SEED, maxIter=30).fit(rows)
    return sorted([float(x) for x in centre] for centre in model.clusterCenters())


def nearest(windows):
    """With `nearest` and `distance`, of windows that have features, medians, deviations, centres."""
    return (windows.withColumn("scaled", f.expr(SCALED)).withColumn("d", f.expr(DISTANCES))
            .withColumn("distance", f.array_min("d"))
            .withColumn("nearest", f.expr("array_position(d, distance) - 1").cast("int")).drop("d"))


def quantiles_of(windows, centres):
    """Of the distance to each centre; a centre near which nothing lies has those of all."""
    wanted = f"percentile(distance, array({', '.join(map(str, QUANTILES))})) AS q"
    overall = windows.selectExpr(wanted).first().q
    by_centre = {row.nearest: row.q for row in windows.groupBy("nearest").agg(f.expr(
        wanted.replace(" AS q", "")).alias("q")).collect()}
    return [by_centre.get(number, overall) for number in range(len(centres))]


def outliers(windows, models):
    """How many windows are further away than nearly all were when the model was learned."""
    return nearest(windows.join(models, "device")).where(
        "distance > distance_quantiles[nearest][3]").count()


def in_use(spark):
    """The newest published model of each device, and its number."""
    newest = Window.partitionBy("device").orderBy(f.desc("version"))
    return (table(spark, "models").where("published").withColumn("n", f.row_number().over(newest))
            .where("n = 1").select("device", "version", "model_id", "payload"))


def learn(spark, options):
    """Contents of models by device; how many windows were tried; outliers before and after."""
    windows = features.laid_down(spark, options).persist()
    begin, end = windows.agg(f.min("window_start_ms"), f.max("window_start_ms")).first()
    cut = end - min(features.HOUR_MS, int((end - begin) * TRIED_SHARE))
    past, tried = windows.where(f.col("window_start_ms") < cut), windows.where(
        f.col("window_start_ms") >= cut)
    devices = own(table(spark, "device_hours"), windows).persist()
    scaled = past.join(devices.select("device", "feature_median", "feature_mad"), "device")
    centres = centres_of(scaled.withColumn("scaled", f.expr(SCALED)))
    literal = f.array(*(f.array(*(f.lit(x) for x in centre)) for centre in centres))
    quantiles = quantiles_of(nearest(scaled.withColumn("centres", literal)).persist(), centres)
    after = outliers(tried, devices.select("device", "feature_median", "feature_mad").withColumn(
        "centres", literal).withColumn("distance_quantiles", f.array(
            *(f.array(*(f.lit(float(x)) for x in q)) for q in quantiles))))
    used = in_use(spark).withColumn("content", f.from_json("payload", CONTENT)).select("content.*")
    before = outliers(tried, used)
    contents = []
    for row in devices.orderBy("device").toLocalIterator():
        content = {
            "device": row.device, "valid_from_ms": end, "valid_to_ms": end + VALID_MS,
            "egress_median": list(row.egress_median), "egress_mad": list(row.egress_mad),
            "feature_median": list(row.feature_median), "feature_mad": list(row.feature_mad),
            "centres": centres, "distance_quantiles": quantiles,
            "gap_p99_ms": int(row.gap_p99_ms or 0),
            "destinations_sketch": bytes(row.destinations_sketch).hex()}
        name = hashlib.sha256(envelope.text_of(content).encode()).hexdigest()[:16]
        contents.append({**content, "model_id": f"kmeans-{name}"})
    return contents, tried.count(), before, after


def main():
    parser = arguments(__doc__.split("\n\n")[0])
    parser.add_argument("--dry-run", action="store_true", help="learn and try, publish nothing")
    options = parser.parse_args()
    begin, spark = time.monotonic(), session(options, "train")
    hours = features.update(spark, options)
    contents, tried, before, after = learn(spark, options)
    used = {row.device: row for row in in_use(spark).collect()}
    allowed = max(WORSE_MAX * before, SHARE_MAX * tried)
    good = after <= allowed and not options.dry_run
    signer, rows, messages = envelope.Signer(options.work / "keys"), [], []
    for content in contents:
        known = used.get(content["device"])
        if known and known.model_id == content["model_id"]:
            continue
        version = known.version + 1 if known else 1
        text = signer.envelope(content, version)
        rows.append((content["device"], version, content["model_id"], int(time.time() * 1000), good,
                     json.loads(text)["payload"], text, tried, before, after))
        messages.append((content["device"], text))
    if good and rows:
        write(spark.createDataFrame(rows, "device STRING, version BIGINT, model_id STRING, "
              "trained_ms BIGINT, published BOOLEAN, payload STRING, envelope STRING, "
              "windows BIGINT, alerts_before BIGINT, alerts_after BIGINT"), "models")
        envelope.send(client(options), messages)
    print(json.dumps({
        "hours": hours, "devices": len(contents), "tried_windows": tried, "outliers_before": before,
        "outliers_after": after, "published": len(rows) if good else 0,
        "held_back": 0 if good else len(rows), "public_key": signer.public_text(),
        "seconds": round(time.monotonic() - begin, 1),
        "models": hashlib.sha256("".join(c["model_id"] for c in contents).encode()).hexdigest()[:16]}))


if __name__ == "__main__":
    main()
