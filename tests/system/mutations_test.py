"""No capture, however damaged, crashes the program, hangs it, or gets more than its memory:
mutations_test.py [--made | --all] [--whole] [--seed N] [--rounds N] [CAPTURE...]
Mutated copies are replayed (with --whole the originals too); the exit status must be 0 or 3, every
event JSON, every packet accounted for. The seed is printed; --seed or $VEDETTE_SEED repeats a run,
otherwise it is 1. Which captures: capture_choice.py."""
import argparse
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import accounting_test
import capture_choice
import mutate
import sensor_run

SECONDS_MAX = 300 if sensor_run.SANITIZED else 60


def judge(folder, path):
    """What is wrong with the replay of one file, or nothing."""
    try:
        outcome = sensor_run.replay(folder, path, seconds_max=SECONDS_MAX,
                                    options=["--workers", 2, "--report", folder / "page.html"])
    except ValueError as error:
        return f"an event is no JSON: {error}"
    if outcome.status is None:
        return f"did not end within {SECONDS_MAX} s\n{outcome.describe()}"
    if outcome.status not in (sensor_run.DONE, sensor_run.INCOMPLETE):
        return outcome.describe()
    faults = [fault for event in outcome.health for fault in accounting_test.window_faults(event)]
    return "\n".join(faults)


def tried(task):
    """Replays one original (seed None) or one mutated copy: the fault as text, or nothing."""
    capture, seed = task
    with tempfile.TemporaryDirectory(prefix="vedette-test-") as name:
        folder, path = Path(name), capture
        if seed is not None:
            path = folder / ("mutated-" + capture.name)
            path.write_bytes(mutate.mutated(capture.read_bytes(), seed))
        fault = judge(folder, path)
    if not fault:
        return ""
    if seed is None:
        return f"{capture}: {fault}"
    return (f"{capture}, seed {seed}: {fault}\nrepeat: python3 tests/system/mutate.py --seed {seed} "
            f"{capture} /tmp/mutated && {sensor_run.PROGRAM} replay --workers 2 /tmp/mutated")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("VEDETTE_SEED", "1")))
    parser.add_argument("--rounds", type=int, default=1)
    capture_choice.add_options(parser)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    seeds = [arguments.seed + i for i in range(arguments.rounds)]
    with tempfile.TemporaryDirectory(prefix="vedette-test-") as folder:
        captures = capture_choice.chosen(arguments, folder)
        tasks = [(c, s) for c in captures for s in ([None] if arguments.whole else []) + seeds]
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            faults = [fault for fault in pool.map(tried, tasks) if fault]
    print("\n".join(faults))
    print(f"checked: {len(captures)} captures, {len(tasks)} replays, {len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
