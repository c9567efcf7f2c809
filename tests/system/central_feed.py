"""What three sensors see, sent into the pipeline, and Kafka as a test reads and writes it."""
import collections
import json
import os
import subprocess
import time
from pathlib import Path

import capture_files
import frames

ROOT = Path(__file__).resolve().parent.parent.parent
VEDETTE = os.environ.get("VEDETTE", str(ROOT / "build/sensor/vedette"))
SENSORS = ("north", "south", "west")
TOPICS = ("alerts", "devices", "flows", "health")
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
REPLAY_S = 700  # longer than a replay waits for a broker
REAL_BYTES = range(100_000, 3_000_000)  # of captures that take a moment, and not a test's time
REAL_SPAN_MS = 10 * MINUTE_MS


class Feed:
    """Replays go to Kafka and to files at once; `events` has what the files say, by topic and id."""

    def __init__(self, folder, kafka):
        self.folder, self.kafka = folder, kafka
        self.events = {topic: {} for topic in TOPICS}
        self.made = {}

    def capture(self, kind, seed, *options):
        """One of scripts/make_pcap; the seed makes that of each sensor another one."""
        path = self.folder / f"{kind}.{seed}.pcap"
        if not path.exists():
            subprocess.run([ROOT / "scripts/make_pcap", kind, path, "--seed", str(seed), *options],
                           check=True, stdout=subprocess.DEVNULL)
        return path

    def captures(self, kind, *options):
        return {sensor: self.capture(kind, seed, *options) for seed, sensor in enumerate(SENSORS, 1)}

    def one_device(self):
        """A capture in which a single device says something: its events lie in one partition."""
        path = self.folder / "one.pcap"
        packets = [(1_700_000_000 + second, 0, frames.udp(b"tick", "10.20.9.9", 4000,
                                                          "198.51.100.9", 4000))
                   for second in range(30)]
        path.write_bytes(capture_files.pcap(packets))
        return {SENSORS[0]: path}

    def config(self, sensor):
        path = self.folder / f"{sensor}.yaml"
        path.write_text(f"""sensor: {sensor}
export:
  flows: true
  kafka:
    brokers: ["{self.kafka.brokers}"]
  spool:
    folder: {self.folder / (sensor + '.spool')}
""")
        return path

    def replay(self, name, captures, at_s, meanwhile=None):
        """All at once, their first packets at `at_s`. `meanwhile` is called when events of it are in
        Kafka; returns what it says."""
        before, running, said = self.kafka.ends("vedette.flows"), [], None
        for sensor, capture in captures.items():
            files = [part for topic in TOPICS for part in
                     (f"--{topic}", self.folder / f"{name}.{sensor}.{topic}")]
            running.append(subprocess.Popen(
                [VEDETTE, "replay", "--sinks", "-c", self.config(sensor), "--shift-to", str(at_s),
                 "--quiet", *files, capture], stderr=subprocess.PIPE, text=True))
        if meanwhile:
            while self.kafka.ends("vedette.flows") == before and running[0].poll() is None:
                time.sleep(0.02)
            said = meanwhile(running)
        for process in running:
            errors = process.communicate(timeout=REPLAY_S)[1]
            if process.returncode != 0:
                raise RuntimeError(f"a replay ended with {process.returncode}: {errors[-500:]}")
        self.read(name, captures)
        return said

    def read(self, name, captures):
        self.made[name] = collections.Counter()
        for topic, events in self.events.items():
            for sensor in captures:
                for line in open(self.folder / f"{name}.{sensor}.{topic}"):
                    event = json.loads(line)
                    events[event["id"]] = event
                    self.made[name][topic] += 1

    def some(self, topic, condition=lambda event: True):
        return next(event for event in self.events[topic].values() if condition(event))


def real_captures(folder):
    """Three of ../shared/pcaps in which something happens within minutes; none where there are none."""
    found = {}
    shared = ROOT.parent / "shared/pcaps"
    paths = [path for path in sorted(shared.glob("*.pcap")) if path.stat().st_size in REAL_BYTES]
    for path in paths:
        if len(found) == len(SENSORS):
            break
        devices = folder / "real.devices"
        done = subprocess.run([VEDETTE, "replay", "--quiet", "--devices", devices, path],
                              capture_output=True)
        times = [json.loads(line)["window_start_ms"] for line in open(devices)]
        if done.returncode == 0 and len(times) > 10 and max(times) - min(times) < REAL_SPAN_MS:
            found[SENSORS[len(found)]] = path
    return found


class Kafka:
    def __init__(self, brokers):
        self.brokers = brokers

    def consumer(self):
        from confluent_kafka import Consumer
        return Consumer({"bootstrap.servers": self.brokers, "group.id": "test",
                         "isolation.level": "read_committed", "enable.partition.eof": True})

    def ends(self, topic):
        """How many messages were written to each partition."""
        from confluent_kafka import TopicPartition
        consumer = self.consumer()
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        ends = [consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=30)[1]
                for number in sorted(partitions)]
        consumer.close()
        return ends

    def messages(self, topic):
        from confluent_kafka import TopicPartition
        consumer = self.consumer()
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
        """What is an event; garbage, which the test sends under a name of its own, is not."""
        found = []
        for key, value in self.messages(topic):
            try:
                event = json.loads(value or b"")
            except ValueError:
                continue
            if key != GARBAGE and isinstance(event, dict) and isinstance(event.get("id"), str):
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


GARBAGE = b"garbage"
