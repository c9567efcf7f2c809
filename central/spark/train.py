"""Brings the feature store up to date, learns from it what each device is like, tries that on the
newest windows against the model in use, and publishes it if it is not worse.

A model has two parts. What is a device's own: medians and deviations of its features, bytes sent
out by hour of the week. What is of all: centres of k-means over windows scaled by each device's own
medians, so that a printer and a server can be near the same centre, and how far from a centre
windows lie. The same input gives the same model."""
import hashlib
import json
import time

from pyspark import StorageLevel
from pyspark.sql import functions as f

import features
from expectations import own
from outliers import centres_of, quantiles_of
from publisher import Publisher, content_of
from session import arguments, session, table, write
from trial import Trial, history, outliers, outliers_in_use

VALID_MS = 7 * 86_400_000
TRIED_SHARE = 0.25  # of the time learned from, at most an hour, is kept back to try the model on


def parts(spark, options):
    """Windows to learn from, windows to try the model on, hours to learn from, the newest time.
    Where one hour is all there is, what is tried was part of that hour's medians."""
    windows = features.laid_down(spark, options, "device", "window_start_ms", "features").persist(
        StorageLevel.DISK_ONLY)
    begin, end = windows.agg(f.min("window_start_ms"), f.max("window_start_ms")).first()
    cut = end - min(features.HOUR_MS, int((end - begin) * TRIED_SHARE))
    hours = table(spark, "device_hours")
    whole = hours.where(f.col("hour_ms") + features.HOUR_MS <= cut)
    past, tried = (windows.where(f"window_start_ms {when} {cut}") for when in ("<", ">="))
    return past, tried, hours if whole.isEmpty() else whole, end


def learn(spark, options):
    """What is each device's own with the outcome of its trial and its last number; what is of all;
    the trial."""
    past, tried, hours, end = parts(spark, options)
    devices = own(hours, past).persist()
    mine = devices.select("device", "feature_median", "feature_mad")
    known = past.join(mine, "device")
    centres = centres_of(known)
    quantiles = quantiles_of(known, centres)
    numbers, used = history(spark)
    trial = Trial(outliers(tried, mine.withColumn("model", f.lit(0)), [(centres, quantiles)]),
                  outliers_in_use(spark, tried, used))
    shared = {"valid_from_ms": end, "valid_to_ms": end + VALID_MS, "centres": centres,
              "distance_quantiles": quantiles}
    rows = (devices.join(trial.by_device, "device", "left").join(numbers, "device", "left")
            .join(used.select("device", f.col("model_id").alias("used")), "device", "left"))
    return rows.orderBy("device"), shared, trial


def publish(spark, options, rows, shared, trial):
    """Counts, and the fingerprint of all models."""
    publisher, fingerprint, counts = Publisher(spark, options), hashlib.sha256(), {
        "devices": 0, "unchanged": 0, "held_back": 0}
    good = trial.passed() and not options.dry_run
    for row in rows.toLocalIterator():
        content = content_of(row, shared)
        fingerprint.update(content["model_id"].encode())
        counts["devices"] += 1
        if row.used == content["model_id"]:
            counts["unchanged"] += 1
        elif good and trial.passed_by(row):
            publisher.add(row.device, row.version, content, row.tried, row.before, row.after)
        else:
            counts["held_back"] += 1
    publisher.send()
    return {**counts, "published": publisher.sent, "public_key": publisher.signer.public_text(),
            "models": fingerprint.hexdigest()[:16]}


def main():
    parser = arguments(__doc__.split("\n\n")[0])
    parser.add_argument("--dry-run", action="store_true", help="learn and try, publish nothing")
    options = parser.parse_args()
    begin, spark = time.monotonic(), session(options, "train")
    hours = features.update(spark, options)
    rows, shared, trial = learn(spark, options)
    said = {"hours": hours, "tried_windows": trial.windows, "outliers_before": trial.before,
            "outliers_after": trial.after, **publish(spark, options, rows, shared, trial),
            "seconds": round(time.monotonic() - begin, 1)}
    now = time.time()
    write(spark.createDataFrame([(
        time.gmtime(now).tm_year, int(now * 1000), said["models"], said["devices"], trial.windows,
        said["published"], said["held_back"], said["seconds"])],
        "year INT, trained_ms BIGINT, model_id STRING, devices INT, windows BIGINT, published INT, "
        "held_back INT, seconds DOUBLE"), "trainings")
    print(json.dumps(said))


if __name__ == "__main__":
    main()
