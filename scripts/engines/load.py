"""Loads what the engines work on: topics, tables, jobs. Each part can be repeated: what
is there stays, what has changed is changed."""
import hashlib
import json
import re
import subprocess
import time
import urllib.error
import urllib.request

import yaml
from confluent_kafka import KafkaException
from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource,
                                   NewTopic)

from .fetch import CENTRAL, fail, say
from .start import Machine


def everything(machine):
    jobs = Jobs(machine)
    for engine, load in (("kafka", topics), ("kafka", Machine.access), ("cassandra", cassandra_schema),
                         ("pinot", pinot_tables), ("flink", lambda _: jobs.submit()),
                         ("spark", lambda _: machine.start_warehouse()),
                         ("flink", lambda _: jobs.wait())):
        if engine in machine.only:
            load(machine)


def topics(machine):
    """Makes topics that are missing, and brings settings of the others to what the file says."""
    wanted = yaml.safe_load((CENTRAL / "kafka/topics.yaml").read_text())
    admin = AdminClient(machine.kafka_client("admin"))
    there = admin.list_topics(timeout=30).topics
    one = wanted["one_machine"]
    configs = {name: {**wanted["config"], **topic.get("config", {})}
               for name, topic in wanted["topics"].items()}
    for config in configs.values():
        config["min.insync.replicas"] = min(config["min.insync.replicas"], one["replication"])
    missing, known = set(wanted["topics"]) - set(there), set(wanted["topics"]) & set(there)
    made = admin.create_topics(
        [NewTopic(name, num_partitions=min(topic["partitions"], one["partitions"]),
                  replication_factor=one["replication"],
                  config={key: str(value) for key, value in configs[name].items()})
         for name, topic in wanted["topics"].items() if name in missing]) if missing else {}
    changed = admin.incremental_alter_configs(
        [ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=[
            ConfigEntry(key, str(value), incremental_operation=AlterConfigOpType.SET)
            for key, value in configs[name].items()])
         for name in sorted(known)]) if known else {}
    for future in (*made.values(), *changed.values()):
        try:
            future.result(timeout=60)
        except KafkaException as error:
            fail(f"Kafka refuses a topic of central/kafka/topics.yaml: {error}")
    say(f"{len(made)} topics made, {len(changed)} as they should be")


def functions(machine):
    """Compiles Flink's functions into the jar that jobs bring along; its name says from what, so
    that another state of the sources has a jar of its own."""
    sources = sorted((CENTRAL / "flink/java/vedette").glob("*.java"))
    made_of = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    jar = machine.data / "flink" / f"vedette-{made_of}.jar"
    if jar.exists():
        return jar
    classes, whole = jar.with_suffix(".classes"), jar.with_suffix(".new")
    for command in (
            ["javac", "-nowarn", "-parameters", "--release", "17", "-d", classes, "-cp",
             f"{machine.jars}/flink-dist/*:{machine.jars}/flink/*", *sources],
            ["jar", "--create", "--file", whole, "-C", classes, "."]):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if done.returncode != 0:
            fail(f"{command[0]}: {done.stderr[-3000:]}")
    whole.rename(jar)
    return jar


class Jobs:
    """Flink's jobs, one of each SQL file beside tables.sql; a job that is away goes on from its
    last checkpoint."""

    def __init__(self, machine):
        self.machine, self.folder = machine, machine.data / "flink"
        self.known = self.folder / "jobs.json"
        self.ids = json.loads(self.known.read_text()) if self.known.exists() else {}

    def running(self):
        overview = json.loads(self.machine.get("flink_rest/jobs/overview"))
        return {job["name"]: job for job in overview["jobs"]
                if job["state"] not in ("CANCELED", "FAILED", "FINISHED")}

    def checkpoint(self, name):
        """The folder of the last whole one."""
        found = [path.parent for path in
                 (self.folder / "checkpoints" / self.ids.get(name, "none")).glob("chk-*/_metadata")]
        return max(found, key=lambda path: int(path.name.split("-")[1]), default=None)

    def submit(self):
        """All that do not run, in one go: most of the work is to load the planner."""
        jar, running = functions(self.machine), self.running()
        before = {path: self.checkpoint(path.stem)
                  for path in sorted((CENTRAL / "flink/sql").glob("*.sql"))
                  if path.stem != "tables" and path.stem not in running}
        if not before:
            return
        options = [option for option in (CENTRAL / "flink/jvm.options").read_text().splitlines()
                   if option.startswith("-")]
        done = subprocess.run(
            ["java", *options, "-Xmx384m", "-XX:TieredStopAtLevel=1", self.machine.log4j(),
             f"-Dvedette.log={self.folder}/submit.log", "-cp",
             f"{jar}:{self.machine.jars}/flink-dist/*:{self.machine.jars}/flink/*",
             "vedette.SubmitSql", *(f"{key}={value}" for key, value in self.values(jar).items()),
             "--", str(CENTRAL / "flink/sql/tables.sql"),
             *(f"{path}@file://{found}" if found else str(path) for path, found in before.items())],
            capture_output=True, text=True)
        self.ids.update(re.findall(r"^job (\w+) ([0-9a-f]+)$", done.stdout, re.M))
        self.known.write_text(json.dumps(self.ids))
        if done.returncode != 0:
            fail(f"Flink refuses a job:\n{(done.stdout + done.stderr)[-4000:]}")
        for path, found in before.items():
            say(f"job {path.stem} {'goes on from its checkpoint' if found else 'begins'}")

    def values(self, jar):
        return {
            "brokers": self.machine.brokers(),
            **{f"kafka.{key}": value for key, value in self.machine.kafka_security().items()},
            **yaml.safe_load((CENTRAL / "flink/settings.yaml").read_text()),
            "execution.target": "remote", "execution.attached": "false",
            "rest.address": "127.0.0.1", "rest.port": self.machine.ports["flink_rest"],
            "pipeline.jars": f"file://{jar}", "parallelism.default": 1,
        }

    def wait(self, patience_s=180):
        """Until all run."""
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            states = {name: job["state"] for name, job in self.running().items()}
            if set(states) >= set(self.ids) and set(states.values()) == {"RUNNING"}:
                return
            time.sleep(0.5)
        fail(f"Flink's jobs do not run: {states}; see {self.folder}/taskmanager.log")

    def restored(self, name):
        """How often it has gone on from a checkpoint."""
        counts = json.loads(self.machine.get(f"flink_rest/jobs/{self.ids[name]}/checkpoints"))
        return counts["counts"]["restored"]

    def cancel(self, name):
        request = urllib.request.Request(
            f"http://{self.machine.address('flink_rest')}/jobs/{self.ids[name]}?mode=cancel",
            method="PATCH")
        urllib.request.urlopen(request, timeout=20).close()
        while name in self.running():
            time.sleep(0.5)


def pinot_tables(machine):
    """Makes Pinot's tables, and brings schemas and tables that are there to what the files say."""
    there = json.loads(machine.get("pinot_controller/tables"))["tables"]
    for path in sorted((CENTRAL / "pinot/tables").glob("*.json")):
        definition = json.loads(path.read_text().replace("${brokers}", machine.brokers()))
        definition["table"]["tableIndexConfig"]["streamConfigs"] |= machine.kafka_security()
        name = path.stem
        send(machine, "POST", "schemas", definition["schema"])
        if name in there:
            send(machine, "PUT", f"tables/{name}_REALTIME", definition["table"])
        else:
            send(machine, "POST", "tables", definition["table"])
    say("Pinot's tables are as they should be")


def send(machine, method, path, content):
    request = urllib.request.Request(
        f"http://{machine.address('pinot_controller')}/{path}", json.dumps(content).encode(),
        {"Content-Type": "application/json"}, method=method)
    try:
        urllib.request.urlopen(request, timeout=60).close()
    except urllib.error.HTTPError as error:
        fail(f"Pinot refuses {path}: {error.read().decode(errors='replace')[:2000]}")


def ask(machine, sql):
    """Rows of Pinot's answer."""
    request = urllib.request.Request(
        f"http://{machine.address('pinot_broker')}/query/sql", json.dumps({"sql": sql}).encode(),
        {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as read:
        answer = json.load(read)
    if answer["exceptions"]:
        raise ValueError(f"{sql}: {answer['exceptions']}")
    return answer["resultTable"]["rows"]


def cassandra(machine, **login):
    """A connection; patient, because the machine may have a lot to do."""
    from cassandra.cluster import Cluster
    return Cluster(["127.0.0.1"], port=machine.ports["cassandra"], protocol_version=5,
                   connect_timeout=60, control_connection_timeout=60,
                   **(login or (machine.accounts.cassandra("admin") if machine.accounts else {})))


def cassandra_schema(machine):
    """Makes the keyspace and the tables that are missing, and the accounts that use them."""
    files = ["schema.cql"]
    if machine.accounts:
        machine.accounts.cassandra_roles(lambda login: cassandra(machine, **login))
        files.append("access.cql")
    cluster = cassandra(machine)
    try:
        session = cluster.connect()
        text = "\n".join(line for name in files
                         for line in (CENTRAL / "cassandra" / name).read_text().split("\n")
                         if not line.startswith("--"))
        for statement in text.split(";"):
            if statement.strip():
                session.execute(statement, timeout=120)
    finally:
        cluster.shutdown()
    say("Cassandra's tables are there")
