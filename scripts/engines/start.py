"""Starts Cassandra, ZooKeeper with Pinot, and Flink on this machine, waits until each serves, and
stops them."""
import json
import os
import string
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import yaml

from .accounts import Accounts
from .fetch import CENTRAL, ROOT, fail, say
from .process import Process

READY_S = 300
ENGINES = {"kafka": (), "cassandra": ("cassandra",), "pinot": ("zookeeper", "pinot"),
           "flink": ("jobmanager", "taskmanager"), "spark": ("warehouse",)}
NEEDS = {"pinot": {"kafka"}, "flink": {"kafka"}, "spark": {"kafka", "cassandra"}}
SETTINGS = CENTRAL / "one_machine.yaml"


class Machine:
    """The engines of one data folder; `only` some of them are started."""

    def __init__(self, data, jars, shift=0, only=ENGINES, secure=False):
        self.data, self.jars = data, jars
        self.only = set(only).union(*(NEEDS.get(name, ()) for name in only))
        self.settings = yaml.safe_load(SETTINGS.read_text())
        # Once with accounts, always with accounts: until down --wipe.
        secure |= self.settings["security"] or (data / "accounts").exists()
        self.accounts = Accounts(data / "accounts") if secure else None
        self.ports = {name: port + shift for name, port in self.settings["ports"].items()}
        self.processes = [Process(name, data / engine)
                          for engine, names in ENGINES.items() for name in names]
        self.by_name = {process.name: process for process in self.processes}

    def address(self, port):
        return f"127.0.0.1:{self.ports[port]}"

    def filled(self, source, target, **more):
        """A file of an engine with ${...} replaced by ports and folders."""
        values = {**self.ports, **self.settings["flink_taskmanager"], **more}
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(string.Template(source.read_text()).substitute(values))
        return target

    def jvm(self, name):
        account = name.split("_")[0]
        return [*self.settings["jvm"]["all"], *self.settings["jvm"].get(name, []),
                *(self.accounts.java(account) if self.accounts and account in self.accounts.roles else [])]

    def log4j(self):
        return f"-Dlog4j2.configurationFile={CENTRAL / 'log4j2.properties'}"

    # Kafka has its own command.

    def kafka(self, action, *more):
        command = [ROOT / "scripts/central", "kafka", action, "--data", self.data / "kafka",
                   "--jars", self.jars, "--port", str(self.ports["kafka"]), *more]
        return subprocess.run(command, capture_output=True, text=True)

    def fetch_kafka(self):
        done = subprocess.run([ROOT / "scripts/central", "kafka", "fetch", "--jars", self.jars],
                              capture_output=True, text=True)
        if done.returncode != 0:
            fail(f"Kafka cannot be fetched: {done.stderr}")

    def brokers(self):
        return f"localhost:{self.ports['kafka'] + 3}" if self.accounts else self.address("kafka")

    def kafka_security(self):
        """What Kafka's clients in Java are told; who they are they know from accounts.java."""
        return {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN"} if self.accounts else {}

    def kafka_client(self, account):
        """Settings of librdkafka."""
        return self.accounts.client(account, self.brokers()) if self.accounts else \
            {"bootstrap.servers": self.brokers()}

    def access(self):
        if self.accounts:
            self.accounts.apply(self.jars, self.brokers())

    def start_kafka(self):
        more = []
        if self.accounts:
            more = ["--properties", self.accounts.broker(self.ports["kafka"])]
        done = self.kafka("up", *more)
        if done.returncode != 0:
            fail(f"Kafka does not start: {done.stderr}")

    # One function an engine: the command that starts its process.

    def cassandra(self, folder):
        config = self.filled(CENTRAL / "cassandra/cassandra.yaml", folder / "cassandra.yaml",
                             data=folder)
        if self.accounts:
            self.accounts.cassandra_server(config)
        agent = next((self.jars / "cassandra").glob("jamm-*.jar"))
        return [f"@{CENTRAL / 'cassandra/jvm.options'}", *self.jvm("cassandra"),
                f"-javaagent:{agent}", f"-Dcassandra.config=file://{config}",
                f"-Dcassandra.storagedir={folder}", f"-Dcassandra.logdir={folder}",
                f"-Dlogback.configurationFile={CENTRAL / 'cassandra/logback.xml'}",
                "-Dcassandra-foreground=yes", "-Dcassandra.skip_wait_for_gossip_to_settle=0",
                "-Dcassandra.ring_delay_ms=1", "-Dcassandra.superuser_setup_delay_ms=0", "-cp",
                f"{self.jars}/cassandra/*", "org.apache.cassandra.service.CassandraDaemon"]

    def zookeeper(self, folder):
        return [*self.jvm("zookeeper"), self.log4j(), "-cp", f"{self.jars}/pinot/*",
                "org.apache.pinot.tools.admin.PinotAdministrator", "StartZookeeper", "-zkPort",
                self.ports["zookeeper"], "-dataDir", folder / "zookeeper"]

    def pinot(self, folder):
        configs = [self.filled(CENTRAL / "pinot" / name, folder / name, data=folder)
                   for name in ("controller.conf", "broker.conf", "server.conf")]
        return [*self.jvm("pinot"), self.log4j(), "-cp", f"{self.jars}/pinot/*",
                "org.apache.pinot.tools.admin.PinotAdministrator", "StartServiceManager",
                "-clusterName", "vedette", "-zkAddress", self.address("zookeeper"), "-port", -1,
                "-bootstrapConfigPaths", *configs]

    def flink(self, name, main, folder, more):
        self.filled(CENTRAL / "flink/config.yaml", folder / "config.yaml", data=folder)
        for part in ("tmp", "web", "upload", "checkpoints"):
            (folder / part).mkdir(exist_ok=True)
        options = [option for option in (CENTRAL / "flink/jvm.options").read_text().splitlines()
                   if option.startswith("-")]
        classes = f"{self.jars}/flink-dist/*:{self.jars}/flink/*"
        return [*options, *self.jvm(name), self.log4j(), "-cp", classes,
                f"org.apache.flink.runtime.{main}", "--configDir", folder, *more]

    def jobmanager(self, folder):
        return self.flink("flink_jobmanager",
                          "entrypoint.StandaloneSessionClusterEntrypoint", folder, [])

    def taskmanager(self, folder):
        heap = self.settings["flink_taskmanager"]["task_heap_mib"] + 96
        command = self.flink("flink_taskmanager", "taskexecutor.TaskManagerRunner", folder, [])
        return [f"-Xmx{heap}m", "-XX:MaxMetaspaceSize=256m", "-XX:MaxDirectMemorySize=256m",
                *command]

    def spark(self, job, *more):
        """How a job of central/spark is called."""
        if self.accounts:
            more = (*more, "--account", self.accounts.spark(self.job_account(job), self.brokers()))
        return [CENTRAL / "spark" / job, "--kafka", self.brokers(), "--cassandra",
                self.address("cassandra"), "--jars", self.jars / "spark", "--work",
                self.data / "spark", *more]

    @staticmethod
    def job_account(job):
        return "warehouse" if job == "warehouse.py" else "trainer"

    def limit_spark(self, job):
        more = f"--properties-file {self.accounts.folder}/{self.job_account(job)}.spark " \
            if self.accounts else ""
        os.environ["PYSPARK_SUBMIT_ARGS"] = \
            f"{more}--driver-memory {self.settings['spark']['driver_mib']}m pyspark-shell"

    def spark_process(self, job, *more, **how):
        """A job that ends; the last line that it says is what came of it."""
        self.limit_spark(job)
        (self.data / "spark").mkdir(parents=True, exist_ok=True)
        with open(self.data / "spark" / f"{Path(job).stem}.out", "wb") as out:
            return subprocess.Popen(list(map(str, [sys.executable, *self.spark(job, *more)])),
                                    stdout=subprocess.PIPE, stderr=out, text=True, **how)

    def spark_job(self, job, *more):
        """Runs a job to its end, and prints what came of it."""
        with self.spark_process(job, *more) as process:
            said = process.communicate()[0]
        if process.returncode != 0:
            fail(f"{job} failed; see {self.data}/spark/{Path(job).stem}.out")
        print(said.strip().split("\n")[-1])

    def start_warehouse(self):
        """Needs topics and tables; its first batch shows that it serves."""
        process, begin = self.by_name["warehouse"], time.monotonic()
        if process.alive():
            return
        self.limit_spark("warehouse.py")
        keeper = ROOT / "scripts/engines/keeper.py"
        command = [keeper, sys.executable, *self.spark("warehouse.py")]
        self.wait("warehouse", {"warehouse": process.python(*command)}, begin)

    # Whether each serves.

    def serves(self, name):
        try:
            if name == "cassandra":
                log = self.by_name[name].log
                return log.exists() and "Starting listening for CQL clients" in log.read_text()
            if name == "zookeeper":
                return listens(self.ports["zookeeper"])
            if name == "pinot":
                return all(self.get(f"{port}/health").strip() == "OK" for port in
                           ("pinot_controller", "pinot_broker", "pinot_server_api"))
            if name == "warehouse":
                topics = ("central.device_windows", "central.incidents")
                return all((self.data / "spark/checkpoints" / topic / "metadata").exists()
                           for topic in topics)
            overview = json.loads(self.get("flink_rest/overview"))
            return name == "jobmanager" or overview["taskmanagers"] > 0
        except (OSError, ValueError):
            return False

    def get(self, path):
        port, _, rest = path.partition("/")
        with urllib.request.urlopen(f"http://{self.address(port)}/{rest}", timeout=20) as answer:
            return answer.read().decode()

    def up(self):
        begin = time.monotonic()
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.accounts:
            self.accounts.make()
        waiting = {}
        for name in ("cassandra", "zookeeper", "jobmanager"):
            self.start(name, waiting)
        if "kafka" in self.only:
            self.start_kafka()
        for name, before in (("pinot", "zookeeper"), ("taskmanager", "jobmanager")):
            self.wait(before, waiting, begin)
            self.start(name, waiting)
        for name in list(waiting):
            self.wait(name, waiting, begin)

    def start(self, name, waiting):
        process = self.by_name[name]
        if process.alive() or not any(name in ENGINES[engine] for engine in self.only):
            return
        process.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        waiting[name] = process.java(*getattr(self, name)(process.folder))

    def wait(self, name, waiting, begin):
        """Until it serves; a process that ends, or takes too long, ends the start."""
        child, end = waiting.pop(name, None), time.monotonic() + READY_S
        if child is None:
            return
        while not self.serves(name):
            if child.poll() is not None or time.monotonic() > end:
                why = f"ended with {child.returncode}" if child.returncode is not None else \
                      f"does not serve after {READY_S} s"
                process = self.by_name[name]
                fail(f"{name} {why}; its end of {process.log} and .out:\n{process.said()}\n"
                     "see that its ports are free (central/one_machine.yaml, --shift) and that "
                     "3 GiB of memory are; then scripts/central up again")
            time.sleep(0.25)
        say(f"{name} serves ({time.monotonic() - begin:.0f} s)")

    def down(self, kill=False):
        """Readers before what they read from; Pinot hangs without its ZooKeeper."""
        for name in ("warehouse", "taskmanager", "jobmanager", "pinot", "zookeeper", "cassandra"):
            self.by_name[name].stop(kill=kill)
        self.kafka("down", *(["--kill"] if kill else []))

    def status(self):
        kafka = self.kafka("status")
        print(kafka.stdout or kafka.stderr, end="")
        away = kafka.returncode != 0
        for process in self.processes:
            served = process.alive() and self.serves(process.name)
            away |= not served
            print(f"{process.name} " + (f"process {process.pid()}, {process.resident_mib()} MiB"
                  f"{'' if served else ', does not serve yet'}" if process.alive()
                                        else "is not running"))
        sys.exit(1 if away else 0)


def listens(port):
    import socket
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
