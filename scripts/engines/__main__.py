"""Runs in the environment that fetch made: scripts/central hands over to it."""
import argparse
import shutil
import sys
from pathlib import Path

from . import dashboard, load, measure, sizing
from .fetch import ROOT, fail, say
from .start import ENGINES, Machine


def engines(text):
    names = set(text.split(","))
    if not names <= set(ENGINES):
        raise argparse.ArgumentTypeError(
            f"found {', '.join(sorted(names - set(ENGINES)))}, allowed {', '.join(ENGINES)}")
    return names


def main():
    parser = argparse.ArgumentParser(prog="scripts/central")
    parser.add_argument("action", choices=["up", "down", "status", "fetch", "access", "dashboard",
                                           "train", "rollback", "measure", "size"])
    parser.add_argument("--data", type=Path, default=ROOT / "build-central/data",
                        help="logs and data of all engines [build-central/data]")
    parser.add_argument("--jars", type=Path, default=ROOT / "build-central/jars",
                        help="where class paths are kept [build-central/jars]")
    parser.add_argument("--shift", type=int, default=0, help="added to every port [0]")
    parser.add_argument("--only", type=engines, default=set(ENGINES), metavar="ENGINE,...",
                        help=f"up: these and what they need, of {', '.join(ENGINES)} [all]")
    parser.add_argument("--secure", action="store_true",
                        help="up: TLS and an account for each, rights and quotas; kept until --wipe")
    parser.add_argument("--kill", action="store_true", help="down: with SIGKILL")
    parser.add_argument("--wipe", action="store_true", help="down: delete the data")
    parser.add_argument("--device", help="rollback: of this device only")
    parser.add_argument("--dry-run", action="store_true", help="train: publish nothing")
    parser.add_argument("--devices", help="measure: device events of a sensor, to invent others by")
    parser.add_argument("--events", type=int, default=1_000_000, help="measure: how many [1000000]")
    parser.add_argument("--spread", type=int, default=10_000,
                        help="measure: over so many devices [10000]")
    parser.add_argument("--per-day", type=float, default=7e9, help="size: events a day [7e9]")
    parser.add_argument("--spark-mib", type=int,
                        help="memory of Spark's jobs [central/one_machine.yaml]")
    options = parser.parse_args()
    machine = Machine(options.data.resolve(), options.jars.resolve(), options.shift,
                      options.only, options.secure)
    if options.spark_mib:
        machine.settings["spark"]["driver_mib"] = options.spark_mib
    if options.action == "up":
        machine.up()
        load.everything(machine)
        say(f"all serve; data and logs: {machine.data}")
    elif options.action == "down":
        machine.down(options.kill)
        if options.wipe:
            shutil.rmtree(machine.data, ignore_errors=True)
    elif options.action == "access":
        if not machine.accounts:
            fail("these engines run without accounts; scripts/central down --wipe, then up --secure")
        machine.accounts.make()
        machine.start_kafka()
        machine.access()
    elif options.action == "dashboard":
        dashboard.run(machine.address("pinot_broker"), machine.ports["dashboard"])
    elif options.action == "status":
        machine.status()
    elif options.action == "fetch":
        machine.fetch_kafka()
    elif options.action == "measure":
        measure.run(machine, options)
    elif options.action == "size":
        sizing.run(options.per_day)
    else:
        more = ["--device", options.device] if options.device else []
        machine.spark_job(f"{options.action}.py", *more, *["--dry-run"] * options.dry_run)


if __name__ == "__main__":
    sys.exit(main())
