"""Every packet of a capture is accounted for: accounting_test.py [--made | --all] [CAPTURE...]
In each health event and over all: received = processed + dropped, processed = sum of decoded,
events made = delivered + spooled + dropped;
received is what an independent reader counts up to the damage; the windows follow each other and
cover the capture; flows hold no more packets than were received. Which captures:
capture_choice.py."""
import argparse
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import capture_choice
import capture_files
import sensor_run

DROPPED = {"nic_missed", "no_mbuf", "nic_errors", "kernel", "ring_full", "other"}


def window_faults(event):
    start, faults = event["window_start_ms"], []
    if set(event["dropped"]) != DROPPED:
        faults.append(f"window {start}: dropped names {sorted(event['dropped'])}")
    lost = sum(event["dropped"].values())
    if event["packets_received"] != event["packets_processed"] + lost:
        faults.append(f"window {start}: received {event['packets_received']}, processed "
                      f"{event['packets_processed']}, dropped {lost}")
    if event["packets_processed"] != sum(event["decoded"].values()):
        faults.append(f"window {start}: processed {event['packets_processed']}, decoded "
                      f"{sum(event['decoded'].values())} {event['decoded']}")
    for topic, kept in event["events"].items():
        if kept["made"] != kept["delivered"] + kept["spooled"] + kept["dropped"]:
            faults.append(f"window {start}: {topic}: {kept}")
    if event["duplicates"] > event["packets_received"]:
        faults.append(f"window {start}: more duplicates than packets")
    return faults


def coverage_faults(outcome):
    """Windows do not overlap, and each event of a flow lies between the first and the last."""
    windows = sorted((h["window_start_ms"], h["window_ms"]) for h in outcome.health)
    faults = [f"window {b[0]} begins inside window {a[0]} of {a[1]} ms"
              for a, b in zip(windows, windows[1:]) if a[0] + a[1] > b[0]]
    if not windows:
        return faults
    begin_us, end_us = windows[0][0] * 1000, sum(windows[-1]) * 1000
    for flow in outcome.flows:
        if not begin_us <= flow["start_us"] <= flow["end_us"] < end_us:
            faults.append(f"flow {flow['flow_id']} from {flow['start_us']} to {flow['end_us']} us "
                          f"lies outside the windows {begin_us}..{end_us}")
            break
    return faults


def sum_faults(outcome, count):
    received = sensor_run.total(outcome.health, "packets_received")
    faults = []
    if received != count.packets:
        faults.append(f"received {received} packets, in the file are {count.packets}")
    if (count.damage_at is not None) != (outcome.status == sensor_run.INCOMPLETE):
        faults.append(f"exit status {outcome.status}, damage by an independent reader: "
                      f"{count.cause or 'none'}")
    if count.damage_at is not None and f"at byte {count.damage_at}:" not in outcome.text()[1]:
        faults.append(f"damage at byte {count.damage_at}, said was {outcome.text()[1]}")
    in_flows = sum(f["packets_fwd"] + f["packets_rev"] for f in outcome.flows)
    if in_flows > received:
        faults.append(f"flows hold {in_flows} packets of {received}")
    return faults


def check(capture):
    """Faults of one capture and the packets it holds."""
    count = capture_files.count_packets(capture.read_bytes())
    if count is None:
        return [f"{capture}: neither pcap nor pcapng"], 0
    with tempfile.TemporaryDirectory(prefix="vedette-test-") as folder:
        outcome = sensor_run.replay(folder, capture)
        if outcome.status not in (sensor_run.DONE, sensor_run.INCOMPLETE):
            return [f"{capture}: {outcome.describe()}"], 0
        faults = [fault for event in outcome.health for fault in window_faults(event)]
        faults += coverage_faults(outcome) + sum_faults(outcome, count)
    return [f"{capture}: {fault}" for fault in faults], count.packets


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    capture_choice.add_options(parser)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vedette-test-") as folder:
        captures = capture_choice.chosen(arguments, folder)
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            results = list(pool.map(check, captures))
    faults = [fault for found, _ in results for fault in found]
    print("\n".join(faults))
    print(f"checked: {len(captures)} captures, {sum(packets for _, packets in results)} packets, "
          f"{len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
