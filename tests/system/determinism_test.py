"""The same capture gives the same alerts, devices, flows and accounts, byte for byte after sorting
by id, for any number of workers: determinism_test.py [--made | --all] [CAPTURE...]
Which captures: capture_choice.py."""
import argparse
import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import capture_choice
import sensor_run

WORKERS = (1, 2, 3, 8, 16)


def sorted_lines(text, topic):
    """Lines by id; `health` without what is the process's own: its memory, and how far its files
    were written when the window ended."""
    events = []
    for line in text.split(b"\n")[:-1]:
        event = json.loads(line)
        if topic == "health":
            event.pop("memory_bytes")
            event["events"] = {name: kept["made"] for name, kept in event["events"].items()}
            line = json.dumps(event).encode()
        events.append((event["id"], line))
    return sorted(events)


def first_difference(one, other):
    """The first events in which two sorted lists of (id, line) differ, as text."""
    for a, b in zip(one, other):
        if a != b:
            one_event, other_event = json.loads(a[1]), json.loads(b[1])
            fields = [k for k in one_event if one_event[k] != other_event.get(k)] or ["(layout)"]
            return f"in {', '.join(fields)}:\n    {a[1].decode()}\n    {b[1].decode()}"
    longer = one if len(one) > len(other) else other
    return f"{len(one)} events against {len(other)}; first one too many:\n    " + longer[
        min(len(one), len(other))][1].decode()


def compare(capture, worker_counts):
    """Faults of one capture, and how many events agreed."""
    faults, reference, agreed = [], None, 0
    with tempfile.TemporaryDirectory(prefix="vedette-test-") as folder:
        for workers in worker_counts:
            outcome = sensor_run.replay(folder, capture, options=["--workers", workers])
            if outcome.status not in (sensor_run.DONE, sensor_run.INCOMPLETE):
                return [f"{capture}: {outcome.describe()}"], 0
            found = {t: sorted_lines(getattr(outcome, t + "_text"), t) for t in sensor_run.TOPICS}
            reference = reference or found
            agreed = sum(map(len, found.values()))
            for topic in sensor_run.TOPICS:
                if found[topic] != reference[topic]:
                    difference = first_difference(reference[topic], found[topic])
                    faults.append(f"{capture}: {topic} of {worker_counts[0]} and of {workers} "
                                  f"workers differ, first {difference}")
    return faults, agreed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", default=",".join(map(str, WORKERS)))
    capture_choice.add_options(parser)
    arguments = parser.parse_args()
    worker_counts = [int(number) for number in arguments.workers.split(",")]
    with tempfile.TemporaryDirectory(prefix="vedette-test-") as folder:
        captures = capture_choice.chosen(arguments, folder)
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            results = list(pool.map(lambda c: compare(c, worker_counts), captures))
    faults = [fault for found, _ in results for fault in found]
    print("\n".join(faults))
    print(f"checked: {len(captures)} captures by {arguments.workers} workers, "
          f"{sum(agreed for _, agreed in results)} events each, {len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
