"""A network of the test's own: a namespace, pairs of virtual interfaces in it, tcpreplay at one end and
the sensor at the other. Nothing outside the namespace is touched. Needs root."""
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import sensor_run

TOOLS = ("ip", "tcpreplay")


def missing():
    """Why there can be no such network here; empty when there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for tool in TOOLS:
        if not shutil.which(tool):
            return f"{tool} is not installed; scripts/setup test installs it"
    probe = f"vedette-probe-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True)
    if made.returncode != 0:
        return "no network namespace can be made here: " + made.stderr.strip()
    subprocess.run(["ip", "netns", "del", probe], check=False)
    return ""


class Network:
    """One namespace. Interfaces come in pairs NAME (the sensor's) and NAMEp (where packets enter)."""

    made = 0

    def __init__(self):
        Network.made += 1
        self.name = f"vedette-{os.getpid()}-{Network.made}"
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        # Neither end may say anything by itself: every packet is the test's.
        self.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                 "net.ipv6.conf.default.disable_ipv6=1")

    def close(self):
        subprocess.run(["ip", "netns", "del", self.name], check=False)

    def inside(self, *command):
        return ["ip", "netns", "exec", self.name, *map(str, command)]

    def run(self, *command):
        done = subprocess.run(self.inside(*command), capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    def add_pair(self, name):
        self.run("ip", "link", "add", name, "type", "veth", "peer", "name", name + "p")
        for end in (name, name + "p"):
            self.run("ip", "link", "set", end, "arp", "off", "up")

    def remove_pair(self, name):
        self.run("ip", "link", "del", name)

    def set_link(self, name, state):
        self.run("ip", "link", "set", name, state)

    def counted(self, name):
        """Packets the kernel has seen on the sensor's interface, in and out."""
        folder = f"/sys/class/net/{name}/statistics"
        return sum(map(int, self.run("cat", folder + "/rx_packets", folder + "/tx_packets").split()))

    def play(self, name, capture, *options):
        """Sends a capture's packets into the pair."""
        self.run("tcpreplay", "-q", *options, "-i", name + "p", capture)


class Sensor:
    """A running `vedette run` in the network, with a file a topic in `folder`."""

    def __init__(self, network, folder, interfaces, *options, topics=("alerts", "devices", "health"),
                 environment=None):
        self.files = {topic: Path(folder) / (topic + ".ndjson") for topic in topics}
        self.log_path = Path(folder) / "log"
        arguments = [part for name in interfaces for part in ("--interface", name)]
        arguments += [part for topic, file in self.files.items() for part in ("--" + topic, file)]
        with self.log_path.open("wb") as log:
            # `ip netns exec` becomes the program it runs: one process.
            self.process = subprocess.Popen(
                network.inside(sensor_run.PROGRAM, "run", *arguments, *options), stderr=log,
                stdout=log, env=environment)
        self.wait_for_log("; listening")

    def log(self):
        return self.log_path.read_text(encoding="utf-8")

    def wait_for_log(self, text, seconds_max=60):
        self.wait_until(lambda: text in self.log(), f"the log to say '{text}'", seconds_max)

    def wait_until(self, condition, what, seconds_max=60):
        until = time.monotonic() + seconds_max
        while not condition():
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}, waiting for {what}\n" +
                                     self.log())
            if time.monotonic() > until:
                raise AssertionError(f"waited in vain for {what}\n" + self.log())
            time.sleep(0.05)

    def events(self, topic):
        """Those that are whole by now."""
        text = self.files[topic].read_bytes() if self.files[topic].exists() else b""
        return sensor_run.events_of(text[:text.rfind(b"\n") + 1])

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self, how=signal.SIGTERM):
        """Ends it; returns the exit status and how many seconds that took."""
        began = time.monotonic()
        self.process.send_signal(how)
        status = self.process.wait(timeout=30)
        return status, time.monotonic() - began

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
