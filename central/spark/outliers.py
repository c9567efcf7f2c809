"""How strange a window is: its distance to the nearest of the centres at which windows lie, once
its features are scaled by the device's own medians and deviations. Sensors work out the same."""
import math

import numpy
import pyarrow
from pyspark.ml.clustering import KMeans
from pyspark.ml.linalg import Vectors, VectorUDT
from pyspark.sql import functions as f

import features

CENTRES = 8
SEED = 1
FITTED_MAX = 200_000  # windows that centres are fitted to; quantiles are of all
CLIP = 50.0           # deviations; beyond that a feature is as strange as it can be
QUANTILES = (0.5, 0.95, 0.99, 0.999)
STEPS = 2_000         # of a distance's logarithm: quantiles are right to a two-thousandth
JUDGED = "device STRING, nearest INT, distance DOUBLE, outlier BOOLEAN"


def scaled_of(batch):
    """Features of a batch in the device's own deviations, a row each."""
    def rows(name):
        return batch.column(name).flatten().to_numpy(zero_copy_only=False).reshape(
            -1, features.FEATURES)
    away = rows("features") - rows("feature_median")
    return numpy.clip(away / rows("feature_mad"), -CLIP, CLIP)


def scaled(windows):
    """Windows with `scaled`; of columns id, features, feature_median, feature_mad."""
    def each(batches):
        for batch in batches:
            flat = pyarrow.array(scaled_of(batch).ravel())
            ends = pyarrow.array(range(0, len(flat) + 1, features.FEATURES), pyarrow.int32())
            yield pyarrow.RecordBatch.from_arrays(
                [batch.column("id"), pyarrow.ListArray.from_arrays(ends, flat)], ["id", "scaled"])
    return windows.select("id", "features", "feature_median", "feature_mad").mapInArrow(
        each, "id STRING, scaled ARRAY<DOUBLE>")


@f.udf(VectorUDT())
def as_vector(values):
    return Vectors.dense(values)


def centres_of(windows):
    """Sorted. Fitted to a sample that the windows' ids choose, in one order: without that k-means
    differs from run to run."""
    share = min(1.0, FITTED_MAX / max(1, windows.count()))
    sample = windows.where(f"pmod(xxhash64(id), 1000000) < {round(share * 1_000_000)}")
    rows = scaled(sample).orderBy("id").coalesce(1).select(as_vector("scaled").alias("features"))
    model = KMeans(k=CENTRES, seed=SEED, maxIter=30).fit(rows.persist())
    rows.unpersist()
    return sorted([float(x) for x in centre] for centre in model.clusterCenters())


def judged(windows, models):
    """JUDGED of windows with `features`, `feature_median`, `feature_mad` and `model`, the place in
    `models` of centres and of limits of distance (None: not known yet)."""
    def each(batches):
        for batch in batches:
            rows, model = scaled_of(batch), batch.column("model").to_numpy(zero_copy_only=False)
            nearest, distance = numpy.zeros(len(rows), numpy.int32), numpy.zeros(len(rows))
            outlier = numpy.zeros(len(rows), bool)
            for number in numpy.unique(model):
                mine, (centres, limits) = model == number, models[number]
                away = numpy.stack([numpy.sqrt(((rows[mine] - centre) ** 2).sum(axis=1))
                                    for centre in numpy.asarray(centres)])
                nearest[mine], distance[mine] = away.argmin(axis=0), away.min(axis=0)
                if limits is not None:
                    outlier[mine] = distance[mine] > numpy.asarray(limits)[nearest[mine]]
            yield pyarrow.RecordBatch.from_arrays(
                [batch.column("device"), *map(pyarrow.array, (nearest, distance, outlier))],
                ["device", "nearest", "distance", "outlier"])
    return windows.select("device", "features", "feature_median", "feature_mad",
                          "model").mapInArrow(each, JUDGED)


def quantile_of(steps, share):
    """Of a histogram {step: windows}: the end of the first step with so many windows."""
    wanted, seen = share * sum(steps.values()), 0
    for step in sorted(steps):
        seen += steps[step]
        if seen >= wanted:
            return math.expm1((step + 1) / STEPS)
    return 0.0


def quantiles_of(windows, centres):
    """Of the distance to each centre; a centre near which nothing lies has those of all. By counts
    of steps, which come to the same in any order."""
    counted = (judged(windows.withColumn("model", f.lit(0)), [(centres, None)])
               .groupBy("nearest", f.floor(f.log1p("distance") * STEPS).cast("int").alias("step"))
               .count().collect())
    by_centre, of_all = [{} for _ in centres], {}
    for row in counted:
        by_centre[row.nearest][row.step] = row["count"]
        of_all[row.step] = of_all.get(row.step, 0) + row["count"]
    return [[quantile_of(steps or of_all, share) for share in QUANTILES] for steps in by_centre]
