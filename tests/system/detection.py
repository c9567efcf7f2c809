"""How well the sensor finds what the labelled captures hold: detection.py
Runs ../shared/bin/score on ../shared/pcaps with the alert kinds the program knows, and judges its
table: a crash, recall below 0.8 in a class of attacks, more than 0.05 false alerts a
benign capture, more than 5 alerts an attack capture, and irregularities in more than a quarter of
the benign ones are failures, unless VEDETTE_DETECTION=print: then only printed."""
import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import command_line_test
import sensor_run
import system_test

SCORE = sensor_run.SHARED.parent / "bin" / "score"
RECALL_MIN, FALSE_MAX, ALERTS_MAX, IRREGULAR_MAX = 0.8, 0.05, 5, 0.25
ARTEFACTS = ("irregularity.checksum.", "irregularity.capture.")


def is_irregular(kinds):
    return any(k.startswith("irregularity.") and not k.startswith(ARTEFACTS) for k in kinds)


def class_faults(name, results):
    """What a class's captures fall short of, each as a sentence."""
    n, alerts = len(results), sum(sum(not k.startswith("irregularity") for k in r["kinds"])
                                  for r in results)
    if name == "hostile":
        return []
    if name != "benign":
        recall = sum(r["hit"] for r in results) / n
        return ([f"{name}: recall {recall:.3f}, wanted {RECALL_MIN}"] if recall < RECALL_MIN else []
                ) + ([f"{name}: {alerts / n:.2f} alerts a capture, at most {ALERTS_MAX} are wanted"]
                     if alerts > ALERTS_MAX * n else [])
    false = sum(len(r["false"]) for r in results) / n
    irregular = sum(is_irregular(r["kinds"]) for r in results) / n
    return ([f"benign: {false:.3f} false alerts a capture, at most {FALSE_MAX} are wanted"]
            if false > FALSE_MAX else []) + (
                [f"benign: irregularities in {irregular:.2f} of the captures, at most "
                 f"{IRREGULAR_MAX} is wanted"] if irregular > IRREGULAR_MAX else [])


def main():
    enforce = os.environ.get("VEDETTE_DETECTION") != "print"
    system_test.shared_or_exit()
    if not SCORE.exists():
        print("skipped: there is no ../shared/bin/score")
        sys.exit(system_test.SKIPPED)
    kinds = ",".join([*command_line_test.kinds(), "irregularity."])
    with tempfile.TemporaryDirectory(prefix="vedette-test-") as folder:
        report = Path(folder) / "score.json"
        done = subprocess.run([SCORE, "--kinds", kinds, "--json", report, sensor_run.PROGRAM,
                               sensor_run.SHARED], check=False)
        results = json.loads(report.read_text()) if report.exists() else None
    if done.returncode != 0 or results is None:
        print(f"FAIL: score ended with status {done.returncode}")
        sys.exit(1)
    with open(sensor_run.SHARED / "labels.tsv", encoding="utf-8") as labels:
        class_of = {r["file"]: r["class"] for r in csv.DictReader(labels, delimiter="\t")}
    crashes = [r for r in results if "crash" in r]
    faults = [fault for name in sorted(set(class_of.values()))
              if (of := [r for r in results if "crash" not in r and class_of[r["file"]] == name])
              for fault in class_faults(name, of)]
    for crash in crashes:
        print(f"FAIL: {crash['file']}: {crash['crash']}")
    for fault in faults:
        print(f"{'FAIL' if enforce else 'falls short'}: {fault}")
    print(f"checked: {len(results)} captures, {len(crashes)} crashes, {len(faults)} goals missed")
    sys.exit(1 if crashes or (enforce and faults) else 0)


if __name__ == "__main__":
    main()
