"""A running sensor takes models from a real Kafka: the newest of each device, none that is damaged,
poisoned or taken away, none that is older than what it had before a restart; it says so in its health
events and its log, and loses no packet over it. Without Java and a Kafka (scripts/central) skipped."""
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import kafka_world
import model_files
from kafka_world import Checks, Cluster, Running, Tap, wait_until

WRITE = kafka_world.os.environ["KAFKA_WRITE"]
PORT = 38092
DEVICES = ("default/0/10.0.0.5", "default/0/10.0.0.6", "group/cameras")


class World:
    def __init__(self, folder):
        self.folder, self.check = Path(folder), Checks()
        self.cluster = Cluster(self.folder / "kafka", port=PORT)
        self.signer = model_files.Signer(self.folder, "good")
        self.thief = model_files.Signer(self.folder, "thief")
        self.health = self.folder / "health.ndjson"
        self.config = self.folder / "sensor.yaml"
        self.write_config(self.signer)

    def write_config(self, *signers, brokers=None, security=""):
        keys = ", ".join(signer.text for signer in signers)
        kafka_world.sensor_config(
            self.config, "edge", brokers or self.cluster.brokers, kafka=security,
            more=f"state: {{when: always, folder: {self.folder}/state}}\n"
                 f"service: {{sandbox: full}}\nmodels: {{public_keys: [{keys}]}}\n")

    def start(self, name):
        return Running(self.config, self.folder / f"{name}.log", "-i", "tap0", "--health",
                       self.health)

    def publish(self, *messages):
        """Key and value each; no value: a tombstone."""
        lines = "".join(key + ("" if value is None else "\t" + value) + "\n"
                        for key, value in messages)
        done = subprocess.run([WRITE, self.cluster.brokers, "vedette.models"], input=lines, text=True,
                              capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"nothing can be published: {done.stderr[-500:]}")

    def healths(self):
        """Whole lines: the sensor is writing."""
        text = self.health.read_text() if self.health.exists() else ""
        return [json.loads(line) for line in text.split("\n")[:-1]]

    def told(self, wanted, seconds_max=45):
        """Whether a health event says so; windows last ten seconds."""
        return wait_until(lambda: any(wanted(e) for e in self.healths()[-2:]), seconds_max)

    def begin_anew(self):
        self.health.unlink(missing_ok=True)


def first_run(world):
    sensor, check = world.start("first"), world.check
    good = [(device, world.signer.envelope(device, 5)) for device in DEVICES]
    poisoned = model_files.content(DEVICES[0], 9, feature_mad=[-1] * 24)
    not_a_number = world.signer.envelope(DEVICES[0], 9).replace("1000.5", "NaN", 1)
    world.publish(
        *good, (DEVICES[0], world.signer.envelope(DEVICES[0], 4)),
        (DEVICES[0], world.thief.envelope(DEVICES[0], 9)),
        (DEVICES[0], world.signer.envelope(DEVICES[0], 9, poisoned)),
        (DEVICES[0], not_a_number), (DEVICES[0], world.signer.envelope(DEVICES[1], 9)),
        (DEVICES[0], "garbage\x1b[31m"), (DEVICES[1], None))
    refused = {"stale_version": 1, "unknown_key": 1, "out_of_range": 1, "bad_signature": 1,
               "key_mismatch": 1, "not_json": 1, "tombstone": 1}
    check(world.told(lambda e: e["models"] == 3 and e["models_refused"] == refused),
          f"three models in use, each fault refused by its name: "
          f"{[(e['models'], e['models_refused']) for e in world.healths()[-1:]]}")
    name = world.healths()[-1]["model_set"]
    check(len(name) == 16 and f"3 in use, set {name}" in sensor.log(), f"the log names set {name}")
    check("\x1b" not in sensor.log(), "no escape reaches the log")
    world.publish((DEVICES[0], world.signer.envelope(DEVICES[0], 6)))
    check(world.told(lambda e: e["model_set"] not in ("", name)), "a newer model is another set")
    check(sensor.log().count("is refused: ") <= 12, "refusals are told rarely")
    return sensor


def killed_broker(world):
    world.cluster.down("--kill")
    world.cluster.up()
    world.publish((DEVICES[1], world.signer.envelope(DEVICES[1], 6)))
    before = world.healths()[-1]["model_set"]
    world.check(world.told(lambda e: e["model_set"] != before, 90),
                "a broker that comes back is read on")


def restart(world, sensor):
    name = world.healths()[-1]["model_set"]
    status, _ = sensor.stop()
    world.check(status == 0, f"stopped: {status}")
    events = world.healths()
    packets = sum(e["packets_received"] for e in events)
    lost = sum(sum(e["dropped"].values()) for e in events)
    world.check(packets > 1000 and lost == 0, f"{packets} packets, {lost} lost")
    world.begin_anew()
    # Somebody who can write, and holds an old message, brings it back.
    world.publish((DEVICES[0], world.signer.envelope(DEVICES[0], 5)))
    secrets = {name: world.cluster.data / name for name in ("ca.pem", "password")}
    world.write_config(
        world.signer, brokers=f"localhost:{PORT + 3}",
        security=f"    security: sasl_tls\n    mechanism: PLAIN\n    username: sensor\n"
                 f"    ca_file: {secrets['ca.pem']}\n    password_file: {secrets['password']}\n")
    sensor = world.start("second")
    world.check(world.told(lambda e: e["model_set"] == name), "the same set after a restart, with a password over TLS")
    world.check(world.healths()[-1]["models_refused"].get("stale_version", 0) >= 2,
                "what is older than before the restart is stale")
    return sensor


def reload(world, sensor):
    """The key is changed: what the old one has signed is no longer believed."""
    world.write_config(world.thief)
    sensor.process.send_signal(kafka_world.signal.SIGHUP)
    world.check(world.told(lambda e: e["models"] == 1 and e["generation"] == 1),
                f"another key, other models: {world.healths()[-1]['models']}")
    status, _ = sensor.stop()
    world.check(status == 0, f"stopped: {status}\n{'' if status == 0 else sensor.log()[-2000:]}")


def main():
    kafka_world.enter(("tcpreplay",))
    folder = tempfile.mkdtemp(prefix="vedette_models_")
    world = World(folder)
    try:
        world.cluster.up()
        tap = Tap()
        capture = world.folder / "traffic.pcap"
        subprocess.run([kafka_world.ROOT / "scripts/make_pcap", "ordinary", capture, "--seconds", "120"], check=True,
                       stdout=subprocess.DEVNULL)
        tap.play(capture, 100, world.folder / "tcpreplay.log")
        sensor = first_run(world)
        killed_broker(world)
        sensor = restart(world, sensor)
        reload(world, sensor)
        tap.stop()
    finally:
        world.cluster.down("--kill", "--wipe")
        shutil.rmtree(folder, ignore_errors=True)
    return world.check.status()


if __name__ == "__main__":
    sys.exit(main())
