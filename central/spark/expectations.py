"""What is a device's own: medians and deviations of its features, bytes sent out by hour of the
week, silences, destinations."""
import numpy
import pandas
from pyspark.sql import Window
from pyspark.sql import functions as f

import features

HOURS_OF_WEEK = 168
OWN = ("device STRING, feature_median ARRAY<DOUBLE>, feature_mad ARRAY<DOUBLE>, "
       "egress_median ARRAY<DOUBLE>, egress_mad ARRAY<DOUBLE>, destinations_sketch BINARY")


def week_of(hours):
    """Median and deviation of bytes sent out by hour of the week; hours not seen yet have those of
    all."""
    sent = hours["egress_bytes"].to_numpy(dtype=float)
    median, mad = features.middle_of(sent)
    medians, mads = numpy.full(HOURS_OF_WEEK, median), numpy.full(HOURS_OF_WEEK, mad)
    for hour, rows in hours.groupby("hour_of_week"):
        medians[hour], mads[hour] = features.middle_of(rows["egress_bytes"].to_numpy(dtype=float))
    return medians, mads


def own_of(key, hours):
    """What is a device's own, from its hours. Deviations have a floor: a figure that never moved
    may move a little."""
    median = numpy.median(numpy.stack(hours["feature_median"].to_numpy()), axis=0)
    mad = numpy.median(numpy.stack(hours["feature_mad"].to_numpy()), axis=0)
    medians, mads = week_of(hours)
    return pandas.DataFrame([{
        "device": key[0], "feature_median": median,
        "feature_mad": numpy.maximum(numpy.maximum(mad, numpy.abs(median) * 0.05), 0.001),
        "egress_median": medians, "egress_mad": mads,
        "destinations_sketch": features.united(sorted(set(hours["destinations_sketch"])))}])


def own(hours, windows):
    """What is a device's own, a row each."""
    following = Window.partitionBy("device").orderBy("window_start_ms")
    gaps = (windows.select("device", "window_start_ms").distinct()
            .withColumn("gap", f.lead("window_start_ms").over(following) - f.col("window_start_ms"))
            .groupBy("device").agg(f.expr("percentile(gap, 0.99)").alias("gap_p99_ms")))
    return hours.groupBy("device").applyInPandas(own_of, OWN).join(gaps, "device")
