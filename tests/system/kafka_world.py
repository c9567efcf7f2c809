"""A world of a test's own for sensor and broker: network, processes and mounts that end with the test,
whatever becomes of it. Needs root, and Java and a Kafka (scripts/central)."""
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CENTRAL = ROOT / "scripts/central"
VEDETTE = os.environ.get("VEDETTE", "")
READ = os.environ.get("KAFKA_READ", "")
ACCOUNT = os.environ.get("KAFKA_ACCOUNT", "")
SKIPPED = 77
TOPICS = ("vedette.alerts", "vedette.devices", "vedette.flows", "vedette.health")
PORT = 29092
_INSIDE = "VEDETTE_KAFKA_WORLD"


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def is_inside():
    return bool(os.environ.get(_INSIDE))


def enter(tools=(), releases=("4.3.1",)):
    """Runs the script again inside a world of its own; returns there. Kafka is fetched before, where
    there is a network."""
    if is_inside():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        # tcpreplay looks there for its interface.
        subprocess.run(["mount", "-t", "sysfs", "sysfs", "/sys"], check=True)
        return
    if os.geteuid() != 0:
        skip("namespaces need root")
    for tool in ("java", "openssl", "unshare", "ip", *tools):
        if not shutil.which(tool):
            skip(f"{tool} is not installed; scripts/setup test installs it")
    for release in releases:
        fetched = subprocess.run([CENTRAL, "kafka", "fetch", "--release", release],
                                 capture_output=True, text=True)
        if fetched.returncode != 0:
            skip(f"there is no Kafka {release}: {fetched.stderr.strip()[-500:]}")
    unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    probe = subprocess.run([*unshare, "true"], capture_output=True, text=True)
    if probe.returncode != 0:
        skip(f"no namespaces can be made here: {probe.stderr.strip()}")
    done = subprocess.run([*unshare, sys.executable, *sys.argv],
                          env=os.environ | {_INSIDE: "1"})
    sys.exit(done.returncode)


class Checks:
    """What held and what did not, each said at once."""

    def __init__(self):
        self.failures = []
        self.began = time.monotonic()

    def seconds(self):
        return time.monotonic() - self.began

    def __call__(self, held, what):
        print(f"{self.seconds():6.1f} s {'good' if held else 'FAIL'}: {what}",
              flush=True)
        if not held:
            self.failures.append(what)
        return held

    def status(self):
        print(f"checked: {len(self.failures)} failures")
        return 1 if self.failures else 0


class Cluster:
    """Brokers started by scripts/central, which says where they listen."""

    def __init__(self, folder, *options, port=PORT, brokers=1):
        self.data, self.port, self.count = Path(folder), port, brokers
        self.options = ("--data", self.data, "--port", str(port), "--brokers", str(brokers),
                        *options)

    @staticmethod
    def jars(release="4.3.1"):
        return f"{ROOT}/build-central/jars/kafka-{release}/*"

    def central(self, action, *options):
        return subprocess.run([CENTRAL, "kafka", action, *options, *self.options],
                              capture_output=True, text=True)

    def up(self, *options):
        started = self.central("up", *options)
        if started.returncode != 0:
            raise RuntimeError(f"no Kafka can be started: {started.stderr.strip()[-1500:]}")

    def down(self, *options):
        self.central("down", *options)

    def pid(self, node=0):
        return int((self.data / f"node-{node}.pid").read_text())

    def pause(self, node=0):
        os.kill(self.pid(node), signal.SIGSTOP)

    def go_on(self, node=0):
        os.kill(self.pid(node), signal.SIGCONT)

    def cpu_seconds(self):
        return sum(cpu_seconds(self.pid(node)) for node in range(self.count))

    @property
    def brokers(self):
        return ",".join(f"127.0.0.1:{self.port + 10 * node}" for node in range(self.count))

    def read(self, topic, sensor=""):
        """Every event that lies in a topic, of one sensor or of all."""
        done = subprocess.run([READ, self.brokers, topic], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{topic} could not be read: {done.stderr[-500:]}")
        wanted = f'"sensor":"{sensor}"' if sensor else ""
        return [json.loads(line) for line in done.stdout.splitlines() if wanted in line]

    def account(self, sensor):
        """By (boot_ms, topic): what an independent reader has counted of one sensor's events."""
        done = subprocess.run([ACCOUNT, self.brokers, *TOPICS], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"the topics could not be read: {done.stderr[-500:]}")
        found = {}
        for line in done.stdout.splitlines():
            name, boot, topic, *counts = line.split("\t")
            if name == sensor:
                found[int(boot), topic] = dict(zip(
                    ("messages", "different", "highest", "repeats", "unmarked"),
                    map(int, counts)))
        return found


def total(account, count, topic=None):
    return sum(found[count] for (_, name), found in account.items() if topic in (None, name))


def missing(account):
    """Numbers up to the highest that have not come."""
    return sum(found["highest"] - found["different"] for found in account.values())


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def state(pid):
    """R, S, T, Z; Z too where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"


def resident_bytes(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def wait_until(condition, seconds_max, pause=0.1):
    end = time.monotonic() + seconds_max
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def sensor_config(path, sensor, brokers, *, kafka="", export="", spool=None, more=""):
    """Writes a configuration; `kafka` and `export` are further lines of these sections."""
    path = Path(path)
    spool = path.with_suffix(".spool") if spool is None else spool
    path.write_text(f"""sensor: {sensor}
{more}export:
  flows: true
{export}  kafka:
    brokers: [{brokers}]
    linger_ms: 5
{kafka}  spool:
    folder: {spool}
""")
    return path


class Tap:
    """A pair of interfaces: tcpreplay at one end, the sensor at the other."""

    def __init__(self, name="tap0"):
        self.name, self.player = name, None
        for command in (("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                         "net.ipv6.conf.default.disable_ipv6=1"),
                        ("ip", "link", "add", name, "type", "veth", "peer", "name", name + "p"),
                        ("ip", "link", "set", name, "arp", "off", "up"),
                        ("ip", "link", "set", name + "p", "arp", "off", "up")):
            subprocess.run(command, check=True)

    def play(self, capture, packets_per_s, log):
        """Over and over, until stopped. It sleeps between packets; its default is to spin."""
        with open(log, "wb") as out:
            self.player = subprocess.Popen(
                ["tcpreplay", "-q", "--preload-pcap", "--loop", "1000000", "--pps",
                 str(packets_per_s), "--timer", "nano", "-i", self.name + "p", capture], stdout=out, stderr=out)

    def stop(self):
        if self.player.poll() is not None:
            raise RuntimeError("tcpreplay ended by itself")
        self.player.send_signal(signal.SIGINT)
        self.player.wait(timeout=60)

    def counted(self):
        """Packets the kernel has brought to the sensor's end."""
        for line in Path("/proc/net/dev").read_text().splitlines():
            name, _, counts = line.partition(":")
            if name.strip() == self.name:
                return int(counts.split()[1])
        raise RuntimeError(f"no interface {self.name}")


class Running:
    """`vedette run`, its log in a file."""

    def __init__(self, config, log, *options):
        self.log_path = Path(log)
        with open(log, "wb") as out:
            self.process = subprocess.Popen([VEDETTE, "run", "-c", config, *options], stdout=out,
                                            stderr=out)
        if not self.wait_for("; listening", 60):
            raise RuntimeError(f"does not start:\n{self.log()}")

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, text, seconds_max, times=1):
        return wait_until(lambda: self.log().count(text) >= times or
                          self.process.poll() is not None,
                          seconds_max) and self.log().count(text) >= times

    def stop(self, seconds_max=60):
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=seconds_max)
        return status, time.monotonic() - began
