#!/usr/bin/env python3
"""Golden tests: tests/golden/golden_test.py [--update] VEDETTE [NAME...]

Makes the captures of captures.list, replays each, and compares the alerts with expected/NAME.txt:
one line an alert, its kind, role, device, name and life. Where there is an expected/NAME.ndjson,
all alert events are compared with it byte for byte, sorted by id. --update writes what was found
instead: read the difference before you commit it. Needs python3 alone.
"""
import argparse
import collections
import difflib
import json
import struct
import subprocess
import sys
import tempfile
from itertools import groupby
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
EXPECTED = FOLDER / "expected"


class Fault(Exception):
    pass


def read_list():
    """name -> arguments of make_pcap, without the file."""
    captures = {}
    for line in (FOLDER / "captures.list").read_text().split("\n"):
        if line and not line.startswith("#"):
            name, arguments = line.split(":")
            captures[name] = arguments.split()
    return captures


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Fault(f"{' '.join(command)}: exit status {done.returncode}\n"
                    f"{done.stdout}{done.stderr}")


def events_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def life(events):
    """open, update x3, close."""
    steps = ((state, len(list(same))) for state, same in groupby(e["state"] for e in events))
    return ", ".join(state if count == 1 else f"{state} x{count}" for state, count in steps)


def summary(alerts):
    """One line an alert, sorted; what a person would check by eye."""
    by_alert = collections.defaultdict(list)
    for event in sorted(alerts, key=lambda e: e["revision"]):
        by_alert[event["alert_id"]].append(event)
    rows = sorted((events[0]["kind"], events[0]["role"], events[0]["device"], events[0]["start_ms"],
                   events[0]["device_name"] or "-", life(events)) for events in by_alert.values())
    return "".join(f"{kind} {role} {device} {name}: {states}\n"
                   for kind, role, device, _, name, states in rows) or "no alert\n"


def count_records(path):
    data, at, count = path.read_bytes(), 24, 0
    while at < len(data):
        at += 16 + struct.unpack_from("<I", data, at + 8)[0]
        count += 1
    return count


def check_accounting(capture, health):
    """Every packet of the file is in the health events, and each has one status."""
    made = count_records(capture)
    received = sum(e["packets_received"] for e in health)
    processed = sum(e["packets_processed"] for e in health)
    dropped = sum(sum(e["dropped"].values()) for e in health)
    decoded = sum(sum(e["decoded"].values()) for e in health)
    if not made == received == processed + dropped or processed != decoded:
        raise Fault(f"packets: {made} in the file, {received} received, {processed} processed, "
                    f"{dropped} dropped, {decoded} with a status")


def compare(path, found, update):
    """The fault as a readable difference, or nothing."""
    if update:
        path.write_text(found, encoding="utf-8")
        return
    if not path.exists():
        raise Fault(f"{path}: there is no such file; --update writes it")
    expected = path.read_text(encoding="utf-8")
    if expected != found:
        raise Fault("\n".join(difflib.unified_diff(
            expected.splitlines(), found.splitlines(), f"expected: {path.relative_to(ROOT)}",
            "found in this run", lineterm="")))


def check(vedette, name, arguments, update):
    with tempfile.TemporaryDirectory() as folder:
        capture, alerts, health = (Path(folder) / name for name in ("pcap", "alerts", "health"))
        run([sys.executable, str(ROOT / "scripts/make_pcap"), arguments[0], str(capture),
             *arguments[1:]])
        run([vedette, "replay", "--quiet", "--alerts", str(alerts), "--health", str(health),
             str(capture)])
        check_accounting(capture, events_of(health))
        compare(EXPECTED / f"{name}.txt", summary(events_of(alerts)), update)
        whole = EXPECTED / f"{name}.ndjson"
        if whole.exists():
            lines = sorted(alerts.read_text(encoding="utf-8").splitlines(),
                           key=lambda line: json.loads(line)["id"])
            compare(whole, "".join(f"{line}\n" for line in lines), update)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("--update", action="store_true", help="write what is found as expected")
    parser.add_argument("vedette", metavar="VEDETTE", help="such as build/sensor/vedette")
    parser.add_argument("names", metavar="NAME", nargs="*", help="lines of captures.list (all)")
    options = parser.parse_args()
    captures = read_list()
    unknown = [name for name in options.names if name not in captures]
    if unknown:
        parser.error(f"found {unknown[0]}, allowed {', '.join(captures)}")
    failed = 0
    for name in options.names or captures:
        try:
            check(options.vedette, name, captures[name], options.update)
            print(f"{'written' if options.update else 'ok'}: {name}", flush=True)
        except Fault as fault:
            failed += 1
            print(f"FAILED: {name} (scripts/make_pcap {' '.join(captures[name])})\n{fault}",
                  flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
