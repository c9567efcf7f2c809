"""What each engine costs: invented device events through all of them, CPU time of each process
until all are idle again. CPU time and not the clock, because on a small machine they share cores.

Events are a sensor's own (--devices FILE, from `vedette replay --devices`) with other devices,
times and features, so that they have the size and the fields of real ones."""
import hashlib
import json
import os
import random
import time
from pathlib import Path

from .fetch import fail, say

WINDOW_MS = 10_000
VARIANTS = 64       # of one event's features
IDLE_SHARE = 0.05   # of a core
IDLE_S = 10


class Invented:
    """`devices` devices in windows of ten seconds, in the order of time."""

    def __init__(self, templates, devices, seed=1):
        self.devices = devices
        chance = random.Random(seed)
        self.parts = [self.prepared(template, chance) for template in templates]

    @staticmethod
    def prepared(template, chance):
        """An event as text around what differs, and texts of its features."""
        marks = {"device": "@0@", "id": "@1@", "window_start_ms": "@2@", "time_ms": "@3@",
                 "features": "@4@"}
        text = json.dumps({**template, **marks}, separators=(",", ":"))
        for mark in ("@2@", "@3@", "@4@"):
            text = text.replace(f'"{mark}"', mark)
        pieces = []
        for name in sorted(marks, key=lambda name: text.index(marks[name])):
            before, text = text.split(marks[name], 1)
            pieces += [before, name]
        variants = [json.dumps([round(x * chance.lognormvariate(0, 0.1), 6)
                                for x in template["features"]], separators=(",", ":"))
                    for _ in range(VARIANTS)]
        return pieces + [text], variants

    def events(self, count, begin_ms):
        """(device, text) each."""
        chance = random.Random(2)
        names = [f"default/0/{hashlib.sha256(str(n).encode()).hexdigest()[:12]}"
                 for n in range(self.devices)]
        for number in range(count):
            window, device = divmod(number, self.devices)
            pieces, variants = self.parts[device % len(self.parts)]
            start_ms = begin_ms + window * WINDOW_MS
            values = {"device": names[device], "id": f"{window:012x}{device:020x}",
                      "window_start_ms": str(start_ms), "time_ms": str(start_ms + WINDOW_MS),
                      "features": variants[chance.getrandbits(6)]}
            yield names[device], "".join(values.get(piece, piece) for piece in pieces)


def feed(machine, invented, count):
    """Sends them; returns bytes of JSON and the client's own CPU time."""
    from confluent_kafka import Producer
    producer = Producer({**machine.kafka_client("admin"), "enable.idempotence": True,
                         "compression.type": "zstd", "linger.ms": 50,
                         "partitioner": "murmur2_random", "queue.buffering.max.messages": 500_000})
    span_ms = -(-count // invented.devices) * WINDOW_MS
    begin_ms = (int(time.time() * 1000) - span_ms) // WINDOW_MS * WINDOW_MS
    size, before = 0, time.process_time()
    for device, text in invented.events(count, begin_ms):
        while True:
            try:
                producer.produce("vedette.devices", key=device, value=text)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
        size += len(text)
    if producer.flush(300):
        fail("events were not delivered; see Kafka's log")
    return size, time.process_time() - before


def members(leaders):
    """(name, fields of stat behind the command) of processes that lead a session and of all in it."""
    names = {pid: name for name, pid in leaders.items()}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if name := names.get(int(fields[3])):
            yield name, fields


def spent_by(leaders):
    """CPU seconds by name."""
    ticks, spent = os.sysconf("SC_CLK_TCK"), dict.fromkeys(leaders, 0.0)
    for name, fields in members(leaders):
        spent[name] += sum(map(int, fields[11:15])) / ticks
    return spent


class Costs:
    """CPU seconds of every engine's processes, and memory."""

    def __init__(self, machine):
        self.leaders = {process.name: process.pid() for process in machine.processes
                        if process.alive()}
        for line in machine.kafka("status").stdout.splitlines():
            if " process " in line:
                self.leaders["kafka"] = int(line.rsplit(" ", 1)[1])

    def now(self):
        """By engine; with those that a process has started."""
        return spent_by(self.leaders)

    def resident_mib(self):
        page, found = os.sysconf("SC_PAGE_SIZE"), dict.fromkeys(self.leaders, 0)
        for name, fields in members(self.leaders):
            found[name] += int(fields[21]) * page >> 20
        return found

    def until_idle(self):
        """Waits until none works; returns what was spent by then."""
        calm, last = 0, self.now()
        while calm < IDLE_S:
            time.sleep(1)
            spent = self.now()
            busy = {name for name in spent if spent[name] - last[name] > 3 * IDLE_SHARE}
            calm, last = (0 if busy else calm + 1), spent
        return last


def trained(machine):
    """CPU seconds of one training and what it said. Asked while it runs: nobody waits for the
    virtual machine that Python starts, so that its time is in nobody's account."""
    begin, spent = time.monotonic(), 0.0
    with machine.spark_process("train.py", start_new_session=True) as process:
        while process.poll() is None:
            spent = max(spent, spent_by({"spark": process.pid})["spark"])
            time.sleep(0.2)
        said = process.stdout.read()
    if process.returncode != 0:
        fail(f"train.py failed; see {machine.data}/spark/train.out")
    return {"cpu_s": round(spent, 1), "clock_s": round(time.monotonic() - begin, 1),
            **json.loads(said.strip().split("\n")[-1])}


def run(machine, options):
    """Prints lines of JSON: events, bytes, CPU seconds and events per CPU second by engine; then of
    a training."""
    templates = [json.loads(line) for line in open(options.devices)]
    if not templates:
        fail(f"{options.devices} has no events: vedette replay --devices FILE CAPTURE makes some")
    costs = Costs(machine)
    if "kafka" not in costs.leaders:
        fail("Kafka does not run: scripts/central up")
    invented, before = Invented(templates, options.spread), costs.now()
    say(f"sending {options.events} events of {options.spread} devices")
    size, sending = feed(machine, invented, options.events)
    say("waiting until all engines are idle")
    after = costs.until_idle()
    spent = {name: round(after[name] - before[name], 2) for name in after}
    spent["client"] = round(sending, 2)
    result = {"events": options.events, "bytes_per_event": size // options.events, "cpu_s": spent,
              "events_per_cpu_s": {name: round(options.events / value)
                                   for name, value in spent.items() if value},
              "resident_mib": costs.resident_mib()}
    print(json.dumps(result), flush=True)
    if "cassandra" in costs.leaders:
        say("training")
        print(json.dumps({"training": trained(machine)}))
