"""The whole central pipeline, for real: engines from nothing, three sensors that replay different
captures at one time, and everything counted again by another way. A task manager, Pinot, Cassandra
and the broker are killed while sensors send; events are sent twice, garbage to every topic; models
are learned and led back; in the end nothing runs any more.

In a world of its own, as root: its own network and processes, which end with it. Without Java, Maven
or a way to fetch the engines it is skipped.
central_test.py [--data FOLDER] [--shift N] [--keep] [--faults NAME,...]"""
import argparse
import collections
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import central_checks
import central_faults
import central_feed
import central_garbage
import central_models
import central_questions
import central_sensor
import kafka_world
from central_feed import MINUTE_MS, ROOT, SENSORS, TOPICS

PYTHON = ROOT / "build-central/jars/python/bin/python"
CENTRAL = ROOT / "scripts/central"
PATIENCE_S = int(os.environ.get("CENTRAL_PATIENCE_S", "240"))
REPEATED = 10_000
APART_S = 900  # from feed to feed: longer than an incident's gap behind a feed of five minutes


class Checks:
    """What held and what did not, said at once."""

    def __init__(self):
        self.began = self.phase_began = time.monotonic()
        self.count = collections.Counter()

    def __call__(self, held, what):
        self.count["passed" if held else "failed"] += 1
        print(f"{'good' if held else 'FAIL'}: {what}", flush=True)
        return held

    def until(self, condition, what):
        """Asks again until it holds; what it last said is in the message."""
        end, last = time.monotonic() + PATIENCE_S, None
        while time.monotonic() < end:
            try:
                last = condition()
            except (OSError, ValueError) as error:  # whom one asks may just be starting
                last = error
            if last is True:
                return self(True, what)
            time.sleep(1)
        return self(False, f"{what}: {str(last)[:400]}")

    def skip(self, why):
        self.count["skipped"] += 1
        print(f"skipped: {why}", flush=True)

    def phase(self, name):
        now = time.monotonic()
        print(f"--- {name}: {now - self.phase_began:.0f} s, {now - self.began:.0f} s in all",
              flush=True)
        self.phase_began = now

    def end(self):
        print(f"{self.count['passed']} passed, {self.count['failed']} failed, "
              f"{self.count['skipped']} skipped")
        return 1 if self.count["failed"] else 0


class Pipeline:
    """What is tested, and what has been sent into it."""

    def __init__(self, options, folder, check):
        sys.path.insert(0, str(ROOT / "scripts"))
        from engines import load
        from engines.start import Machine
        self.check, self.until, self.load = check, check.until, load
        self.machine = Machine(folder / "data", ROOT / "build-central/jars", options.shift)
        self.kafka = central_feed.Kafka(self.machine.address("kafka"))
        self.feed = central_feed.Feed(folder, self.kafka)
        where = ["--data", str(folder / "data"), "--shift", str(options.shift)]
        self.models = central_models.Models(self.kafka, where, check)
        self.faults, self.folder = options.faults, folder
        self.begin_s = (int(time.time()) // 3600 - 3) * 3600 + 600
        self.next_s, self.garbage = self.begin_s, collections.Counter()
        self.times = {}

    def ask(self, sql):
        return self.load.ask(self.machine, sql)

    def send(self, name, captures, meanwhile=None):
        """The next quarter of an hour of the sensors."""
        self.times[name] = self.next_s * 1000, (self.next_s + APART_S) * 1000
        said = self.feed.replay(name, captures, self.next_s, meanwhile)
        self.next_s += APART_S
        print(f"         {name}: {dict(self.feed.made[name])}", flush=True)
        return said

    def send_and_kill(self, name):
        """A feed, and in the middle of it the end of an engine."""
        def kill(running):
            during = any(process.poll() is None for process in running)
            central_faults.FAULTS[name](self.machine)
            return during
        self.check(self.send(name, self.feed.captures("demo"), kill),
                   f"{name} is killed while sensors send")
        jobs = self.load.Jobs(self.machine)
        jobs.wait(PATIENCE_S)
        if name == "taskmanager":
            self.until(lambda: (found := {job: jobs.restored(job) for job in jobs.ids}) and
                       min(found.values()) > 0 or found,
                       f"all {len(jobs.ids)} jobs have gone on from a checkpoint")

    def send_twice(self):
        sent = 0
        for topic in TOPICS:
            again = self.kafka.messages(f"vedette.{topic}")[:REPEATED - sent]
            sent += len(again)
            self.kafka.send(f"vedette.{topic}", again)
        self.check(sent == REPEATED, f"{sent} events are sent again")

    def send_garbage(self):
        """Events that would be good, each spoilt in one way."""
        goods = {f"vedette.{topic}": self.feed.some(topic) for topic in TOPICS}
        self.until(lambda: len(self.kafka.events("central.device_windows")) > 0 and
                   len(self.kafka.events("central.incidents")) > 0, "windows and incidents are told")
        goods |= {topic: self.kafka.events(topic)[0]
                  for topic in ("central.device_windows", "central.incidents")}
        self.garbage = central_garbage.send(self.kafka, self.check, goods)

    def send_real(self):
        captures = central_feed.real_captures(self.folder)
        if not captures:
            self.check.skip("real captures: ../shared/pcaps is not there, or has none of minutes")
        else:
            self.send("real", captures)

    def move_time(self):
        """One device, more than an hour later, in one partition: the others are idle by then, and all
        that was open is told."""
        self.next_s += 3600
        before = self.kafka.ends("vedette.devices")
        self.send("later", self.feed.one_device())
        moved = [new - old for old, new in zip(before, self.kafka.ends("vedette.devices"))]
        self.check(sum(count > 0 for count in moved) == 1,
                   f"what moves time is in one partition of vedette.devices: {moved}")


def feed_everything(pipeline):
    check = pipeline.check
    # An ordinary quarter of an hour is what is learned from: attacks would be outliers of the trial.
    pipeline.send("ordinary", pipeline.feed.captures("ordinary", "--seconds", str(APART_S - 60)))
    check.phase("an ordinary quarter of an hour")
    pipeline.models.learn()
    check.phase("learning, twice")
    for name in pipeline.faults or ["demo"]:
        if name == "demo":
            pipeline.send(name, pipeline.feed.captures("demo"))
        else:
            pipeline.send_and_kill(name)
        check.phase(name)
    pipeline.send_twice()
    pipeline.send_garbage()
    check.phase("repeats, garbage")
    pipeline.send("spread", pipeline.feed.captures("spread"))
    pipeline.send_real()
    pipeline.move_time()
    check.phase("spread attacks, real captures, time")


def check_everything(pipeline):
    import yaml
    check, until, kafka, feed = pipeline.check, pipeline.until, pipeline.kafka, pipeline.feed
    central_checks.kafka_has_all(kafka, feed, check)
    rows = central_checks.windows(kafka, feed, pipeline.times["later"][0], check, until)
    check.phase("Kafka and windows")
    for name, times in pipeline.times.items():
        if name not in ("spread", "later"):
            central_checks.incidents(kafka, feed, name, *times, until)
    central_checks.spread(kafka, feed, *pipeline.times["spread"], check, until)
    central_checks.destinations(kafka, feed, until)
    until(lambda: (found := {event["sensor"] for event in kafka.events("central.silent_sensors")})
          == set(SENSORS) or found, "sensors that ended are told silent")
    check.phase("incidents, spread attacks, destinations")
    central_checks.pinot(pipeline.ask, kafka, feed, rows, until)
    central_checks.cassandra(lambda: pipeline.load.cassandra(pipeline.machine), kafka, rows, until)
    central_checks.garbage(kafka, pipeline.ask, pipeline.garbage, central_garbage.counted, check,
                           until)
    check.phase("Pinot, Cassandra, garbage")
    # What lies in the spool is told to Kafka alone: files say what any replay would.
    told = {**feed.events, "health": {event["id"]: event for event in kafka.events("vedette.health")
                                      if event["sensor"] in SENSORS}}
    central_questions.check_all(
        yaml.safe_load((ROOT / "central/pinot/questions.yaml").read_text()),
        lambda span_ms: central_questions.Answers(
            kafka.events("central.device_windows"), kafka.events("central.incidents"), told,
            span_ms), pipeline.ask, until)
    central_questions.check_cassandra(
        yaml.safe_load((ROOT / "central/cassandra/questions.yaml").read_text()),
        pipeline.load.cassandra(pipeline.machine).connect("vedette"),
        lambda: kafka.events("central.device_windows"), until)
    check.phase("questions")


def run(pipeline):
    feed_everything(pipeline)
    check_everything(pipeline)
    before = pipeline.models.sent()
    learned = pipeline.models.run("train")
    pipeline.check(pipeline.models.sent() - before == learned["published"],
                   f"all {learned['published']} are in Kafka")
    pipeline.check(learned["published"] > 0, f"{learned['published']} of {learned['devices']} models "
                   "are new by what came since")
    pipeline.models.lead_back()
    pipeline.check.phase("learning again, leading back")
    central_sensor.check_all(pipeline, learned)
    pipeline.check.phase("models in a sensor")
    states = {name: job["state"] for name, job in pipeline.load.Jobs(pipeline.machine).running().items()}
    pipeline.check(set(states.values()) == {"RUNNING"} and len(states) == len(
        list((ROOT / "central/flink/sql").glob("*.sql"))) - 1, f"all jobs run on: {sorted(states)}")


def left_running(folder):
    """Processes of engines of this data folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder / "data") in command and path.parent.name != str(os.getpid()):
            found.append(command[:120])
    return found


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help="[a new folder, deleted afterwards]")
    parser.add_argument("--shift", type=int, default=5000, help="of every port [5000]")
    parser.add_argument("--keep", action="store_true",
                        help="leave the engines running, in this machine's own network")
    parser.add_argument("--faults", default=",".join(central_faults.FAULTS),
                        help="what is killed, each in a feed of its own [%(default)s]; '': nothing")
    options = parser.parse_args()
    options.faults = [name for name in options.faults.split(",") if name]
    for name in options.faults:
        if name not in central_faults.FAULTS:
            parser.error(f"--faults: found '{name}', allowed {', '.join(central_faults.FAULTS)}")
    return options


def skip(why):
    print(f"skipped: {why}\n0 passed, 0 failed, 1 skipped")
    sys.exit(kafka_world.SKIPPED)


def prepare(options):
    """Fetches what is missing where there is a network, then enters a world of the test's own."""
    if not kafka_world.is_inside():
        for tool in ("java", "javac", "mvn", "openssl"):
            if not shutil.which(tool):
                skip(f"{tool} is not installed; scripts/setup central installs it")
        fetched = subprocess.run([CENTRAL, "fetch"], stderr=subprocess.PIPE, text=True)
        print(fetched.stderr, end="", flush=True)
        if fetched.returncode != 0:
            skip("the engines cannot be fetched")
    if os.geteuid() == 0 and not options.keep:
        kafka_world.enter()


def main():
    options = parse_arguments()
    prepare(options)
    check = Checks()
    folder = (options.data or Path(tempfile.mkdtemp(prefix="central"))).resolve()
    where = ["--data", folder / "data", "--shift", str(options.shift)]
    up = subprocess.run([CENTRAL, "up", *where])
    try:
        if check(up.returncode == 0, "all engines serve"):
            check.phase("up")
            # What the clients need is in the environment that `up` made.
            sys.path[:0] = map(str, (PYTHON.parent.parent / "lib").glob("*/site-packages"))
            run(Pipeline(options, folder, check))
    except Exception:  # said, counted, and then everything is taken down
        check(False, traceback.format_exc())
    finally:
        if not options.keep:
            subprocess.run([CENTRAL, "down", *where, "--wipe"])
            check(not left_running(folder), f"nothing runs any more {left_running(folder)}")
            check.phase("down")
            if not options.data:
                shutil.rmtree(folder, ignore_errors=True)
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
