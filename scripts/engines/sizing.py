"""How many cores, partitions, disks and how much network a day of events takes: from what one core
did (central/measured.yaml), by going through a day in steps of ten seconds. The day has a curve, two
peaks and, one after another, each engine away for a while; an engine has as many cores as keep it
within the delay that its readers bear."""
import math

import yaml

from .fetch import CENTRAL

STEP_S = 10
DAY_S = 86_400
PEAK = 5             # times the average
PEAKS_S = ((9 * 3600, 900), (20 * 3600, 900))    # begin, length
UTILISATION = 0.7    # of a core that is planned with; the rest is for what nobody planned
GIB, TIB = 1 << 30, 1 << 40


def curve(average):
    """Events a second, by steps; nights at a third of the day's height. Comes to the day's sum."""
    steps = range(0, DAY_S, STEP_S)
    peak = [any(begin <= at < begin + length for begin, length in PEAKS_S) for at in steps]
    shape = [2 - math.cos(2 * math.pi * (at - 3 * 3600) / DAY_S) for at in steps]
    left = average * len(shape) - PEAK * average * sum(peak)
    scale = left / sum(height for height, high in zip(shape, peak) if not high)
    return [PEAK * average if high else height * scale for height, high in zip(shape, peak)]


class Day:
    """One engine through a day: how far it fell behind."""

    def __init__(self, rates, capacity, away=None):
        self.delay_max_s, self.behind_s, backlog = 0.0, 0, 0.0
        begin, length = away or (-1, 0)
        for number, rate in enumerate(rates):
            able = 0 if begin <= number * STEP_S < begin + length else capacity
            backlog = max(0.0, backlog + (rate - able) * STEP_S)
            # The last event that waits is served when all before it are.
            wait_s = backlog / capacity + max(0, begin + length - number * STEP_S) * (able == 0)
            self.delay_max_s = max(self.delay_max_s, wait_s)
            self.behind_s += STEP_S * (backlog > 0)
        self.left = backlog


def cores_for(rates, per_core, delay_s, away_s):
    """The fewest that keep the delay, and one that was away for so long in the morning's peak."""
    away = (PEAKS_S[0][0], away_s) if away_s else None
    low, high = 1, 2
    def good(cores):
        capacity = cores * per_core * UTILISATION
        return Day(rates, capacity).delay_max_s <= delay_s and (
            not away or Day(rates, capacity, away).delay_max_s <= delay_s + away_s)
    while not good(high):
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if good(middle) else (middle + 1, high)
    return low


def plan(measured, events_per_day):
    """A row for each engine."""
    average = events_per_day / DAY_S
    for name, engine in measured["engines"].items():
        rates = [rate * engine["per_event"] for rate in curve(average)]
        cores = cores_for(rates, engine["per_cpu_s"], engine["delay_s"], engine["away_s"])
        capacity = cores * engine["per_cpu_s"] * UTILISATION
        morning = Day(rates, capacity, (PEAKS_S[0][0], engine["away_s"]))
        stored = average * engine["per_event"] * engine.get("stored_bytes", 0) * DAY_S
        yield {
            "engine": name, "items_per_s": average * engine["per_event"], "cores": cores,
            "delay_s": Day(rates, capacity).delay_max_s, "delay_after_s": morning.delay_max_s,
            "memory_gib": cores * engine["memory_gib_per_core"],
            "disk_tib": stored * engine.get("days", 0) * engine.get("replicas", 1) / TIB,
            "network_gbit": PEAK * average * engine["per_event"] * engine["network_bytes"] * 8 / 1e9}


def partitions_of(measured, events_per_day):
    """Of a topic: so many that its slowest reader's cores each have one at the peak, a multiple of
    twelve, which two, three, four and six brokers share evenly."""
    peak = PEAK * events_per_day / DAY_S
    slowest = min(engine["per_cpu_s"] / engine["per_event"] for engine in
                  measured["engines"].values() if engine.get("reads_events"))
    return -(-math.ceil(peak / (slowest * UTILISATION)) // 12) * 12


def text(measured, events_per_day):
    """A table for people."""
    average = events_per_day / DAY_S
    lines = [f"{events_per_day:.3g} events a day: {average:,.0f} a second on average, "
             f"{PEAK * average:,.0f} in peaks; {partitions_of(measured, events_per_day)} partitions",
             "",
             "| engine | items/s | cores | memory GiB | disk TiB | network Gbit/s | delay at most, s "
             "| after being away, s |", "|---|---|---|---|---|---|---|---|"]
    for row in plan(measured, events_per_day):
        lines.append(
            f"| {row['engine']} | {row['items_per_s']:,.0f} | {row['cores']} | "
            f"{row['memory_gib']:,.0f} | {row['disk_tib']:,.1f} | {row['network_gbit']:.2f} | "
            f"{row['delay_s']:.0f} | {row['delay_after_s']:.0f} |")
    training = measured["training"]
    for what, share in (("four hours' events", 1 / 6), ("a day's events", 1)):
        cores = events_per_day * share / training["windows_per_cpu_s"] / training["within_s"] / \
            UTILISATION
        lines.append(f"\nTraining on {what} within {training['within_s'] // 60} minutes: "
                     f"{math.ceil(cores):,} cores of Spark.")
    return "\n".join(lines)


def run(events_per_day):
    measured = yaml.safe_load((CENTRAL / "measured.yaml").read_text())
    print(text(measured, events_per_day))
