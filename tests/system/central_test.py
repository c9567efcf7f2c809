"""The whole central pipeline, for real: engines from nothing, three sensors that replay different
captures at one time, and everything counted again by another way. In the middle a task manager is
killed, events are sent twice, and garbage is sent to every topic.

Runs in the environment that scripts/central makes; without Java, Maven or a way to fetch it is
skipped. central_test.py [--data FOLDER] [--shift N] [--keep]"""
import argparse
import collections
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import central_questions

ROOT = Path(__file__).resolve().parent.parent.parent
VEDETTE = os.environ.get("VEDETTE", str(ROOT / "build/sensor/vedette"))
PYTHON = ROOT / "build-central/jars/python/bin/python"
SENSORS = ("north", "south", "west")
PATIENCE_S = int(os.environ.get("CENTRAL_PATIENCE_S", "300"))
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
REPEATED = 10_000
failures = []


def check(held, what):
    print(f"{'good' if held else 'FAIL'}: {what}", flush=True)
    if not held:
        failures.append(what)
    return held


def until(condition, what):
    """Asks again until it holds; what it last said is in the message."""
    end, last = time.monotonic() + PATIENCE_S, None
    while time.monotonic() < end:
        last = condition()
        if last is True:
            return check(True, what)
        time.sleep(1)
    return check(False, f"{what}: {str(last)[:400]}")


class Feed:
    """What three sensors saw, by their own files; sent to Kafka by the same run."""

    def __init__(self, folder, brokers):
        self.folder, self.brokers = folder, brokers
        self.events = {topic: {} for topic in ("alerts", "devices", "flows", "health")}
        for seed, sensor in enumerate(SENSORS, 1):
            subprocess.run([ROOT / "scripts/make_pcap", "demo", self.capture(sensor), "--seed",
                            str(seed)], check=True, stdout=subprocess.DEVNULL)

    def capture(self, sensor):
        return self.folder / f"{sensor}.pcap"

    def replay(self, at_s, name, meanwhile=lambda: None):
        """All three at once, their first packets at `at_s`."""
        running = []
        for sensor in SENSORS:
            config = self.folder / f"{sensor}.yaml"
            config.write_text(f"""sensor: {sensor}
export:
  flows: true
  kafka:
    brokers: ["{self.brokers}"]
  spool:
    folder: {self.folder / (sensor + '.spool')}
""")
            files = [part for topic in self.events for part in
                     (f"--{topic}", self.folder / f"{name}.{sensor}.{topic}")]
            running.append(subprocess.Popen(
                [VEDETTE, "replay", "--sinks", "-c", config, "--shift-to", str(at_s), "--quiet",
                 *files, self.capture(sensor)], stderr=subprocess.PIPE, text=True))
        meanwhile()
        for process in running:
            said = process.communicate(timeout=600)[1]
            if process.returncode != 0:
                raise RuntimeError(f"a replay ended with {process.returncode}: {said[-500:]}")
        for topic, events in self.events.items():
            for sensor in SENSORS:
                for line in open(self.folder / f"{name}.{sensor}.{topic}"):
                    event = json.loads(line)
                    events[event["id"]] = event


class Kafka:
    def __init__(self, brokers):
        self.brokers = brokers

    def messages(self, topic):
        from confluent_kafka import Consumer, TopicPartition
        consumer = Consumer({"bootstrap.servers": self.brokers, "group.id": "test",
                             "isolation.level": "read_committed", "enable.partition.eof": True})
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
        ended, found = 0, []
        while ended < len(partitions):
            message = consumer.poll(30)
            if message is None or message.error():
                ended += 1
            else:
                found.append((message.key(), message.value()))
        consumer.close()
        return found

    def events(self, topic):
        found = []
        for _, value in self.messages(topic):
            try:
                event = json.loads(value)
            except ValueError:
                continue
            if isinstance(event, dict) and isinstance(event.get("id"), str):
                found.append(event)
        return found

    def send(self, topic, messages):
        from confluent_kafka import Producer
        # As sensors do: a key's messages lie in one partition.
        producer = Producer({"bootstrap.servers": self.brokers, "linger.ms": 50,
                             "partitioner": "murmur2_random"})
        for key, value in messages:
            producer.produce(topic, value=value, key=key)
            producer.poll(0)
        return producer.flush(60) == 0


def send_twice(kafka):
    sent = 0
    for topic in ("vedette.alerts", "vedette.devices", "vedette.health", "vedette.flows"):
        again = kafka.messages(topic)[:REPEATED - sent]
        sent += len(again)
        check(kafka.send(topic, again), f"{len(again)} of {topic} are sent again")
    check(sent == REPEATED, f"{sent} events sent again")


def send_garbage(kafka, feed):
    """What no sensor of ours sends; none of it may count, and nobody may stop at it."""
    device = dict(next(iter(feed.events["devices"].values())), sensor="garbage")
    ahead = int(time.time() * 1000) // 10_000 * 10_000 + 86_400_000
    bad = [b"", b"no JSON", b"{", b"[]", b"null", b"7", b"\xff\xfe", b'{"id":null}',
           json.dumps(dict(device, schema=2, id="0" * 32)).encode(),
           json.dumps(dict(device, id="1" * 32, window_start_ms=ahead, time_ms=ahead)).encode(),
           json.dumps({"schema": 1, "id": "2" * 32, "window_start_ms": "soon"}).encode()]
    for topic in ("vedette.alerts", "vedette.devices", "vedette.flows", "vedette.health",
                  "central.device_windows", "central.incidents"):
        check(kafka.send(topic, [(b"garbage", value) for value in bad[:-3]]), f"garbage to {topic}")
    kafka.send("vedette.devices", [(b"garbage", value) for value in bad])


def counters(event):
    return {name: value for name, value in event.items()
            if isinstance(value, int) and not isinstance(value, bool) and name not in (
                "schema", "vlan", "time_ms", "window_start_ms", "window_ms", "boot_ms", "seq",
                "sensors", "revision") and not name.endswith("_estimate")}


def minutes_of(devices):
    """By hand: what the windows of a minute must come to."""
    sums, sensors = collections.defaultdict(collections.Counter), collections.defaultdict(set)
    for event in devices:
        key = event["device"], event["window_start_ms"] // MINUTE_MS * MINUTE_MS
        sums[key].update(counters(event))
        sensors[key].add(event["sensor"])
    return {key: +total for key, total in sums.items()}, sensors


def summed(rows):
    sums = collections.defaultdict(collections.Counter)
    for row in rows:
        sums[row["device"], row["window_start_ms"]].update(counters(row))
    return {key: +total for key, total in sums.items()}


def check_windows(kafka, wanted):
    """Waits until every minute of the first feed is told, and compares."""
    def complete():
        found = summed(row for row in kafka.events("central.device_windows")
                       if row["kind"] == "tumbling")
        wrong = [key for key in wanted if found.get(key) != wanted[key]]
        return True if not wrong else f"{len(wrong)} of {len(wanted)} differ, such as {wrong[0]}: " \
            f"{found.get(wrong[0])}, wanted {wanted[wrong[0]]}"
    until(complete, f"{len(wanted)} device minutes are those worked out from the sensors' files")
    rows = kafka.events("central.device_windows")
    check(len({row["id"] for row in rows}) == len(rows), f"{len(rows)} windows, none told twice")
    late = {(row["device"], row["window_start_ms"]) for row in rows if row["revision"] > 0}
    minutes = summed(row for row in rows if row["kind"] == "tumbling")
    compared = wrong = 0
    for row in rows:
        if row["kind"] == "tumbling":
            continue
        parts = [(row["device"], at) for at in range(
            row["window_start_ms"], row["window_start_ms"] + row["window_ms"], MINUTE_MS)]
        if late & set(parts) or row["window_start_ms"] + row["window_ms"] > max(wanted)[1] + HOUR_MS:
            continue
        total = collections.Counter()
        for part in parts:
            total.update(minutes.get(part, {}))
        compared += 1
        wrong += +total != +collections.Counter(counters(row))
    check(compared > 0 and wrong == 0,
          f"{compared} longer windows are the sums of their minutes, {wrong} are not")
    return rows


def check_incidents(kafka, feed, begin_ms, end_ms):
    """Each alert in one incident of its device; what is about one device in one time is one."""
    alerts = collections.defaultdict(set)
    sensors = collections.defaultdict(set)
    for event in feed.events["alerts"].values():
        if begin_ms <= event["start_ms"] < end_ms and not event["suppressed"]:
            alerts[event["device"]].add(event["alert_id"])
            sensors[event["device"]].add(event["sensor"])

    def joined():
        last = {}
        for row in kafka.events("central.incidents"):
            if row["alert_count"] and row["revision"] >= last.get(row["incident_id"], row)["revision"]:
                last[row["incident_id"]] = row
        for device, ids in alerts.items():
            mine = [row for row in last.values() if row["subject"] == device
                    and ids & set(row["alert_ids"])]
            found = set().union(*(row["alert_ids"] for row in mine)) if mine else set()
            if not ids <= found:
                return f"{device}: {len(found)} of {len(ids)} alerts in {len(mine)} incidents"
            if len(mine) == 1 and set(mine[0]["sensors"]) != sensors[device]:
                return f"{device}: sensors {mine[0]['sensors']}, wanted {sorted(sensors[device])}"
        return True
    until(joined, f"alerts about {len(alerts)} devices, {sum(map(len, alerts.values()))} in all, "
          "are joined over sensors")
    return alerts


def check_pinot(machine, ask, feed, windows):
    """Counts and sums in Pinot are those of the sensors' files; once each, garbage or not."""
    for table, topic in (("devices", "devices"), ("flows", "flows"), ("health", "health")):
        wanted = len(feed.events[topic])
        until(lambda: (found := ask(machine, f"SELECT COUNT(*), DISTINCTCOUNT(id) FROM {table} WHERE "
                                    f"sensor IN {SENSORS}")[0]) == [wanted, wanted] or found,
              f"Pinot has {wanted} {table}, each once")
    sums = ("packets_in", "packets_out", "bytes_in", "bytes_out", "egress_bytes")
    wanted = [sum(event[name] for event in feed.events["devices"].values()) for name in sums]
    found = ask(machine, f"SELECT {', '.join(f'SUM({n})' for n in sums)} FROM devices WHERE sensor IN "
                f"{SENSORS}")[0]
    check(found == wanted, f"Pinot's sums over devices are {wanted}")
    lives = {}
    for event in feed.events["alerts"].values():
        lives[event["alert_id"]] = max(event["revision"], lives.get(event["alert_id"], 0))
    until(lambda: (found := dict(map(tuple, ask(machine, "SELECT alert_id, revision FROM alerts WHERE "
                   f"sensor IN {SENSORS} LIMIT 100000")))) == lives or len(found),
          f"Pinot has {len(lives)} alerts at their last revision")
    wanted = len(windows)
    until(lambda: (found := ask(machine, "SELECT COUNT(*) FROM device_windows WHERE sensors > 0")[0][0])
          >= wanted or found, f"Pinot has the {wanted} device windows")


def check_cassandra(machine, load, windows, wanted):
    cluster = load.cassandra(machine)
    session = cluster.connect("vedette")

    def same():
        rows = [row._asdict() for row in session.execute("SELECT * FROM device_windows")]
        found = summed(row for row in rows if row["kind"] == "tumbling")
        wrong = [key for key in wanted if found.get(key) != wanted[key]]
        missing = {row["id"] for row in windows} - {row["id"] for row in rows}
        return not wrong and not missing or f"{len(wrong)} differ, {len(missing)} are not there"
    until(same, f"Cassandra has the {len(windows)} device windows, with the same sums")
    cluster.shutdown()


def kill_task_manager(machine):
    """As a machine that fails: its work goes on from the last checkpoint on the next one."""
    time.sleep(3)
    machine.by_name["taskmanager"].stop(kill=True)
    waiting = {}
    machine.start("taskmanager", waiting)
    machine.wait("taskmanager", waiting, time.monotonic())


def run(options, folder):
    sys.path.insert(0, str(ROOT / "scripts"))
    import yaml
    from engines import load
    from engines.start import Machine
    machine = Machine(folder / "data", ROOT / "build-central/jars", options.shift)
    kafka = Kafka(machine.address("kafka"))
    feed = Feed(folder, machine.address("kafka"))
    begin_s = (int(time.time()) // 3600 - 3) * 3600 + 600
    feed.replay(begin_s, "first", lambda: kill_task_manager(machine))
    jobs = load.Jobs(machine)
    until(lambda: (found := {name: jobs.restored(name) for name in jobs.ids}) and
          min(found.values()) > 0 or found,
          "all jobs have gone on from a checkpoint after their task manager was killed")
    jobs.wait(PATIENCE_S)
    send_twice(kafka)
    send_garbage(kafka, feed)
    wanted, _ = minutes_of(feed.events["devices"].values())
    # Time goes on: what is later by more than an hour closes all windows of the first feed.
    feed.replay(begin_s + 5400, "second")
    for topic, events in feed.events.items():
        found = {event["id"] for event in kafka.events(f"vedette.{topic}")
                 if event.get("sensor") in SENSORS}
        check(found == set(events), f"Kafka has the {len(events)} {topic} of the sensors' files")
    windows = check_windows(kafka, wanted)
    check_incidents(kafka, feed, begin_s * 1000, begin_s * 1000 + 5_400_000)
    check_pinot(machine, load.ask, feed, windows)
    check_cassandra(machine, load, windows, wanted)
    questions = yaml.safe_load((ROOT / "central/pinot/questions.yaml").read_text())
    central_questions.check_all(
        questions, central_questions.Answers(windows, kafka.events("central.incidents"), feed.events),
        lambda sql: load.ask(machine, sql), check)
    until(lambda: (found := {event["sensor"] for event in kafka.events("central.silent_sensors")})
          >= set(SENSORS) or found, "three sensors that ended are told silent")
    seen = {top["ip"] for event in feed.events["devices"].values() for top in event["egress_top"]}
    until(lambda: (found := collections.Counter(
        event["destination"] for event in kafka.events("central.destinations")
        if event["event"] == "first_seen")) == collections.Counter(seen) or len(found),
        f"{len(seen)} destinations are told as first seen, once each")
    states = {name: job["state"] for name, job in load.Jobs(machine).running().items()}
    check(set(states.values()) == {"RUNNING"}, f"all jobs run on: {states}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help="[a new folder, deleted afterwards]")
    parser.add_argument("--shift", type=int, default=5000, help="of every port [5000]")
    parser.add_argument("--keep", action="store_true", help="leave the engines running")
    options = parser.parse_args()
    for tool in ("java", "javac", "mvn", "openssl"):
        if not shutil.which(tool):
            print(f"skipped: {tool} is not installed")
            return 77
    folder = options.data or Path(tempfile.mkdtemp(prefix="central"))
    central = [ROOT / "scripts/central"]
    where = ["--data", folder / "data", "--shift", str(options.shift)]
    up = subprocess.run([*central, "up", *where], stderr=subprocess.PIPE, text=True)
    print(up.stderr, end="", flush=True)
    try:
        if "must reach" in up.stderr:
            print("skipped: the engines cannot be fetched")
            return 77
        if not check(up.returncode == 0, "all engines serve"):
            return 1
        # What the clients need is in the environment that `up` made.
        sys.path[:0] = map(str, (PYTHON.parent.parent / "lib").glob("*/site-packages"))
        run(options, folder)
    finally:
        if not options.keep:
            subprocess.run([*central, "down", *where, "--wipe"])
            if not options.data:
                shutil.rmtree(folder, ignore_errors=True)
    print(f"checked: {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
