"""Who may do what in Kafka: a broker as scripts/central up --secure starts it, real clients with the
accounts of central/kafka/access.yaml, and a sensor that delivers through its own.

Without Java, Maven or a way to fetch the engines it is skipped.
central_security_test.py [--data FOLDER] [--shift N] [--keep]"""
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

ROOT = Path(__file__).resolve().parent.parent.parent
VEDETTE = os.environ.get("VEDETTE", str(ROOT / "build/sensor/vedette"))
FEEDS = ("alerts", "devices", "flows", "health")
failures = []


def check(held, what):
    print(f"{'good' if held else 'FAIL'}: {what}", flush=True)
    if not held:
        failures.append(what)
    return held


class World:
    def __init__(self, data, jars, shift):
        from engines.start import Machine
        self.machine = Machine(data, jars, shift)
        self.accounts, self.brokers = self.machine.accounts, self.machine.brokers()

    def client(self, account, **more):
        return {**self.machine.kafka_client(account), **more, "error_cb": lambda error: None,
                "log_level": 0}

    def write(self, account, topic, **more):
        """The name of the error, or "" where the broker has taken it."""
        from confluent_kafka import KafkaException, Producer
        said = []
        producer = Producer(self.client(account, **{"message.timeout.ms": 20_000, **more}))
        try:
            if "transactional.id" in more:
                producer.init_transactions(20)
                producer.begin_transaction()
            producer.produce(topic, b"{}", b"key", on_delivery=lambda error, _: said.append(error))
            producer.flush(30)
            if "transactional.id" in more and said == [None]:
                producer.commit_transaction(20)
        except KafkaException as error:
            return error.args[0].name()
        return said[0].name() if said and said[0] else "" if said else "nothing said"

    def read(self, account, topic, group="vedette-reader-test"):
        """Messages of a topic, or the name of the error."""
        from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
        consumer = Consumer(self.client(account, **{
            "group.id": group, "enable.partition.eof": True, "enable.auto.commit": False}))
        try:
            there = consumer.list_topics(topic, timeout=20).topics[topic]
            if there.error:
                return there.error.name()
            consumer.assign([TopicPartition(topic, n, 0) for n in there.partitions])
            ended, found = 0, []
            while ended < len(there.partitions):
                message = consumer.poll(20)
                if message is None:
                    return "nothing said"
                if message.error() and message.error().code() != KafkaError._PARTITION_EOF:
                    return message.error().name()
                ended += message.error() is not None
                if not message.error():
                    found.append(message.value())
            return found
        except KafkaException as error:
            return error.args[0].name()
        finally:
            consumer.close()


def check_rights(world):
    refused = "TOPIC_AUTHORIZATION_FAILED"
    may = [("sensor-north", f"vedette.{feed}") for feed in FEEDS] + [("trainer", "vedette.models")]
    for account, topic in may:
        check(world.write(account, topic) == "", f"{account} writes {topic}")
    for account, topic in (
            ("sensor-north", "vedette.models"), ("sensor-north", "central.device_windows"),
            ("sensor-north", "central.incidents"), ("reader", "vedette.alerts"),
            ("reader", "vedette.models"), ("pinot", "vedette.devices"), ("warehouse", "vedette.models"),
            ("flink", "vedette.alerts"), ("flink", "vedette.models"),
            ("trainer", "central.incidents")):
        found = world.write(account, topic)
        check(found == refused, f"{account} is refused to write {topic}: {found or 'written'}")
    for account, topic, group in (
            ("reader", "vedette.alerts", "vedette-reader-1"),
            ("sensor-north", "vedette.models", "vedette-models-north"),
            ("flink", "vedette.flows", "vedette-flink-1"),
            ("trainer", "vedette.devices", "vedette-trainer-1")):
        found = world.read(account, topic, group)
        check(isinstance(found, list), f"{account} reads {topic}: {found}")
    for account, topic, group in (
            ("sensor-north", "vedette.alerts", "vedette-models-north"),
            ("sensor-north", "central.incidents", "vedette-models-north"),
            ("warehouse", "vedette.alerts", "spark-kafka-source-1"),
            ("trainer", "vedette.alerts", "vedette-trainer-1")):
        found = world.read(account, topic, group)
        check(found == refused, f"{account} is refused to read {topic}: {found}")
    found = world.write("flink", "central.incidents", **{"transactional.id": "vedette-incidents-1"})
    check(found == "", f"flink writes central.incidents in a transaction of its own: {found}")
    found = world.write("flink", "central.incidents", **{"transactional.id": "other"})
    check(found == "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
          f"flink is refused another's transactions: {found}")


def check_doors(world):
    """Without TLS, without an account, with a wrong password, and to the broker's settings."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient, NewTopic
    from engines.start import listens
    port = world.machine.ports["kafka"]
    open_ports = [n for n in (port, port + 2, port + 4) if listens(n)]
    check(not open_ports, f"nothing listens without TLS and password: {open_ports}")
    for what, more in (("a wrong password", {"sasl.password": "wrong"}),
                       ("an unknown account", {"sasl.username": "vedette-nobody"}),
                       ("TLS without an account", {"security.protocol": "SSL"}),
                       ("no TLS", {"security.protocol": "SASL_PLAINTEXT"})):
        found = world.write("sensor-north", "vedette.alerts",
                            **{**more, "message.timeout.ms": 4000})
        check(found != "", f"{what} is refused: {found}")
    heard = []
    from confluent_kafka import Producer
    producer = Producer({**world.client("sensor-north"), "sasl.password": "wrong",
                         "error_cb": lambda error: heard.append(error.name())})
    end = time.monotonic() + 20
    while "_AUTHENTICATION" not in heard and time.monotonic() < end:
        producer.poll(0.2)
    check("_AUTHENTICATION" in heard, f"who has a wrong password is told so: {sorted(set(heard))}")
    for account in ("sensor-north", "reader", "flink"):
        admin = AdminClient(world.client(account))
        try:
            admin.create_topics([NewTopic("vedette.more", 1, 1)])["vedette.more"].result(20)
            found = "made"
        except KafkaException as error:
            found = error.args[0].name()
        check(found.endswith("AUTHORIZATION_FAILED"), f"{account} is refused to make topics: {found}")


def check_secrets(world):
    folder = world.accounts.folder
    loose = [path.name for path in folder.iterdir() if path.stat().st_mode & 0o077 and
             path.name not in ("san", "trust.jks")]
    check(folder.stat().st_mode & 0o077 == 0 and not loose,
          f"only their owner reads secrets: {loose}")
    passwords = [world.accounts.password(name) for name in world.accounts.names()]
    check(len(set(passwords)) == len(passwords) >= 8, f"{len(passwords)} passwords, all different")
    told = [path for path in Path("/proc").glob("[0-9]*/cmdline") if holds(path, passwords)]
    check(not told, f"no command line has one: {told}")
    data = world.machine.data
    logs = [path for path in data.rglob("*") if path.suffix in (".log", ".out") and path.is_file()
            and "node-0" not in path.parts]
    told = [path for path in logs if holds(path, passwords)]
    check(bool(logs) and not told, f"none of {len(logs)} logs has one: {told}")


def holds(path, texts):
    try:
        content = path.read_text(errors="replace")
    except OSError:
        return False
    return any(text in content for text in texts)


def other_access(world, folder, change):
    """As if the file said something else; what it says is in force when this returns."""
    import yaml
    from engines.accounts import Accounts
    access = yaml.safe_load((ROOT / "central/kafka/access.yaml").read_text())
    change(access)
    path = folder / "access.yaml"
    path.write_text(yaml.safe_dump(access))
    Accounts(world.accounts.folder, path).apply(world.machine.jars, world.brokers)


def until(condition, what, patience_s=20):
    """Rights and quotas are in force a moment after they are accepted."""
    end = time.monotonic() + patience_s
    while not (held := condition()) and time.monotonic() < end:
        time.sleep(0.3)
    return check(held, what)


def check_taken_away(world, folder):
    def without_west(access):
        access["sensors"].remove("west")

    check(world.write("sensor-west", "vedette.alerts") == "", "sensor-west writes")
    other_access(world, folder, without_west)
    until(lambda: world.write("sensor-west", "vedette.alerts") == "TOPIC_AUTHORIZATION_FAILED",
          "a sensor that the file no longer names is refused")
    check(world.write("sensor-north", "vedette.alerts") == "", "the others go on")
    other_access(world, folder, lambda access: None)
    until(lambda: world.write("sensor-west", "vedette.alerts") == "",
          "named again it writes again")


def flood(world, account, messages):
    """How many were delivered, and how often the broker said that it holds this client back."""
    from confluent_kafka import Producer
    throttled, delivered = [], []
    producer = Producer(world.client(
        account, **{"throttle_cb": lambda event: throttled.append(event.throttle_time),
                    "batch.size": 20_000, "linger.ms": 1, "compression.type": "none"}))
    for _ in range(messages):
        producer.produce("vedette.flows", os.urandom(5000), on_delivery=lambda error, _:
                         delivered.append(error is None))
        producer.poll(0)
    producer.flush(90)
    return sum(delivered), sum(time_s > 0 for time_s in throttled)


def check_quotas(world, folder):
    """One that sends far more than its share is held back and loses nothing; the next is not."""
    def small(access):
        access["accounts"]["sensor"]["quotas"] = {"producer_byte_rate": 100_000}

    other_access(world, folder, small)
    sent, throttled = flood(world, "sensor-north", 400)
    check(sent == 400 and throttled > 0,
          f"sensor-north sends 2 MB at 100 kB/s: {sent} delivered, held back {throttled} times")
    sent, throttled = flood(world, "sensor-south", 4)
    check(sent == 4 and throttled == 0,
          f"sensor-south sends 20 kB meanwhile: {sent} delivered, held back {throttled} times")
    other_access(world, folder, lambda access: None)


def check_sensor(world, folder):
    """A real sensor with its own account: everything it wrote into files is in Kafka."""
    if not Path(VEDETTE).exists():
        print(f"skipped: no sensor at {VEDETTE}")
        return
    capture, config = folder / "north.pcap", folder / "north.yaml"
    subprocess.run([ROOT / "scripts/make_pcap", "demo", capture], check=True,
                   stdout=subprocess.DEVNULL)
    config.write_text(f"""sensor: north
export:
  flows: true
  kafka:
    brokers: ["{world.brokers}"]
    create_topics: false
    security: sasl_tls
    mechanism: PLAIN
    username: {world.accounts.user('sensor-north')}
    password_file: {world.accounts.password_file('sensor-north')}
    ca_file: {world.accounts.folder}/ca.pem
  spool:
    folder: {folder}/north.spool
""")
    files = [part for feed in FEEDS for part in (f"--{feed}", folder / f"north.{feed}")]
    done = subprocess.run([VEDETTE, "replay", "--sinks", "-c", config, "--quiet", *files, capture],
                          capture_output=True, text=True, timeout=300)
    check(done.returncode == 0 and not done.stderr,
          f"a sensor sends by its account, and has nothing to complain of: {done.stderr[-400:]}")
    for feed in FEEDS:
        wanted = collections.Counter(json.loads(line)["id"] for line in open(folder / f"north.{feed}"))
        read = [json.loads(value) for value in world.read("reader", f"vedette.{feed}")
                if value.startswith(b'{"')]
        found = collections.Counter(event["id"] for event in read)
        check(wanted and found == wanted, f"{sum(wanted.values())} {feed} are in Kafka, once each")


def run(options, folder, data):
    # What the clients need is in the environment that `up` made.
    jars = (options.jars or ROOT / "build-central/jars").resolve()
    sys.path[:0] = [str(ROOT / "scripts"), *map(str, (jars / "python/lib").glob("*/site-packages"))]
    world = World(data, jars, options.shift)
    check_doors(world)
    check_rights(world)
    check_taken_away(world, folder)
    check_sensor(world, folder)
    check_quotas(world, folder)
    check_secrets(world)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help="[a new folder, deleted afterwards]")
    parser.add_argument("--jars", type=Path, help="[build-central/jars]")
    parser.add_argument("--shift", type=int, default=6000, help="of every port [6000]")
    parser.add_argument("--keep", action="store_true", help="leave the broker running")
    options = parser.parse_args()
    for tool in ("java", "javac", "keytool", "mvn", "openssl"):
        if not shutil.which(tool):
            print(f"skipped: {tool} is not installed")
            return 77
    folder = Path(tempfile.mkdtemp(prefix="central_security"))
    data = (options.data or folder / "data").resolve()
    where = ["--data", data, "--shift", str(options.shift),
             *(["--jars", options.jars] if options.jars else [])]
    up = subprocess.run([ROOT / "scripts/central", "up", "--secure", "--only", "kafka", *where],
                        stderr=subprocess.PIPE, text=True)
    print(up.stderr, end="", flush=True)
    try:
        if "must reach" in up.stderr:
            print("skipped: the engines cannot be fetched")
            return 77
        if check(up.returncode == 0, "a broker with accounts serves"):
            run(options, folder, data)
    finally:
        if not options.keep:
            subprocess.run([ROOT / "scripts/central", "down", *where, "--wipe"])
        shutil.rmtree(folder, ignore_errors=True)
    print(f"checked: {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
