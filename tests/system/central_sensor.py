"""The way back: a running sensor takes the models that were learned, refuses those that are poisoned, and
calls a device unusual in which nobody saw anything before."""
import json
import subprocess
import sys

import kafka_world
from central_feed import ROOT, VEDETTE

KIND = "anomaly.outlier"
SENSOR = "east"  # has sent nothing that models were learned from
HEALTH_S = 60


class Sensor:
    def __init__(self, pipeline, learned):
        self.kafka, self.feed, self.check = pipeline.kafka, pipeline.feed, pipeline.check
        self.folder, self.models, self.public_key = pipeline.folder, pipeline.models, learned["public_key"]
        self.keys = pipeline.machine.data / "spark/keys"
        # Behind all that models were learned from: none holds earlier.
        self.at_s = pipeline.next_s + 600
        self.capture = pipeline.feed.capture("unusual", 1)

    def newest(self):
        """Envelope by device, as text."""
        return {key.decode(): value.decode() for key, value in self.kafka.messages("vedette.models")
                if value}

    def replayed(self, *options):
        """Alerts of the capture in a replay that is sent nowhere."""
        out = self.folder / "unusual.alerts"
        done = subprocess.run([VEDETTE, "replay", "--quiet", "--shift-to", str(self.at_s), "--sensor",
                               SENSOR, "--alerts", out, *options, self.capture],
                              capture_output=True, text=True)
        self.check(done.returncode == 0, f"a replay {'with' if options else 'without'} models ends well"
                   f"{done.stderr[-300:] if done.returncode else ''}")
        return [json.loads(line) for line in open(out)]

    def in_replay(self):
        """Nothing without models, the device with them."""
        found = self.replayed()
        self.check(not found, f"without models nothing is told of the capture: {kinds(found)}")
        file, config = self.folder / "models.ndjson", self.folder / "models.yaml"
        file.write_text("".join(f"{text}\n" for text in self.newest().values()))
        config.write_text(f"models:\n  public_keys: [{self.public_key}]\n")
        found = self.replayed("-c", config, "--models", file)
        self.check_outlier(found, "in a replay")

    def check_outlier(self, alerts, where):
        named = {alert["device"]: alert for alert in alerts if alert["kind"] == KIND}
        device = thermometer()
        alert = named.get(device, {})
        payload = json.loads(json.loads(self.newest()[device])["payload"])
        self.check(set(named) == {device} and alert.get("model_id") == payload["model_id"]
                   and len(alert["evidence"]["detail"]) > 0,
                   f"{where}: {KIND} of {device} alone by model {payload['model_id']}: "
                   f"{alert.get('message', kinds(alerts))}")

    def live(self):
        """From Kafka, while it runs."""
        tap = kafka_world.Tap()
        kafka_world.VEDETTE = VEDETTE
        config = kafka_world.sensor_config(
            self.folder / "live.yaml", SENSOR, self.kafka.brokers,
            more="capture: {interfaces: [tap0]}\n"
                 f"state: {{when: always, folder: {self.folder}/state}}\n"
                 f"models: {{public_keys: [{self.public_key}]}}\n")
        outputs = {topic: self.folder / f"live.{topic}" for topic in ("alerts", "health")}
        sensor = kafka_world.Running(config, self.folder / "live.log", *(
            part for topic, file in outputs.items() for part in (f"--{topic}", file)))
        try:
            self.take(outputs["health"])
            self.poison(outputs["health"])
            subprocess.run(["tcpreplay", "-q", "-i", tap.name + "p", self.capture], check=True,
                           capture_output=True)
            kafka_world.wait_until(lambda: any(
                alert["kind"] == KIND for alert in told(outputs["alerts"])), HEALTH_S)
        finally:
            status, _ = sensor.stop()
        self.check(status == 0, "the sensor ends well")
        self.check_outlier(told(outputs["alerts"]), "on an interface")
        health = told(outputs["health"])
        lost = sum(sum(event["dropped"].values()) for event in health)
        self.check(lost == 0, f"{lost} of {sum(event['packets_received'] for event in health)} "
                   "packets are lost")

    def take(self, health):
        wanted = len(self.newest())
        kafka_world.wait_until(lambda: last(health).get("models") == wanted, HEALTH_S)
        self.check(last(health).get("models") == wanted and last(health)["model_set"] != "",
                   f"the sensor has taken {last(health).get('models')} of {wanted} models, "
                   f"set {last(health).get('model_set')}")

    def poison(self, health):
        """What an attacker, or a mistake in training, could send; the models stay as they are."""
        sys.path.insert(0, str(ROOT / "central/spark"))
        import envelope
        signer, device = envelope.Signer(self.keys), thermometer()
        text = self.newest()[device]
        content = json.loads(json.loads(text)["payload"])
        version = content.pop("version") + 1
        other = next(name for name in self.newest() if name != device)
        unsigned = json.loads(signer.envelope(content, version))
        unsigned["payload"] = unsigned["payload"].replace('"gap_p99_ms":', '"gap_p99_ms":1')
        before = last(health)
        sent = [("bad_signature", device, json.dumps(unsigned)),
                ("not_finite", device, with_nan(signer, content, version)),
                ("key_mismatch", other, signer.envelope(content, version)),
                ("stale_version", device, signer.envelope(content, version - 2)),
                ("out_of_range", device, signer.envelope(
                    {**content, "feature_mad": [-1] * 24}, version))]
        self.kafka.send("vedette.models", [(key.encode(), value.encode()) for _, key, value in sent])
        wanted = dict(before["models_refused"])
        for reason, _, _ in sent:
            wanted[reason] = wanted.get(reason, 0) + 1
        kafka_world.wait_until(lambda: last(health)["models_refused"] == wanted, HEALTH_S)
        after = last(health)
        self.check(after["models_refused"] == wanted, f"{len(sent)} poisoned models are refused, each by "
                   f"its name: {after['models_refused']}")
        self.check((after["models"], after["model_set"]) == (before["models"], before["model_set"]),
                   "the models in use stay the same")
        # Good again, for who comes later.
        self.kafka.send("vedette.models", [(device.encode(), text.encode())])


def with_nan(signer, content, version):
    """Signed as it is: whoever holds the key can make a mistake, too."""
    import base64
    payload = json.dumps({**content, "version": version, "feature_median": [float("nan")] * 24})
    return json.dumps({"schema": 1, "type": "model", "device": content["device"], "version": version,
                       "key_id": signer.key_id, "payload": payload, "signature": base64.b64encode(
                           signer.key.sign(payload.encode())).decode()})


def told(path):
    """Whole lines of what a sensor is still writing."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.split("\n")[:-1]]


def last(path):
    return (told(path) or [{}])[-1]


def kinds(alerts):
    return sorted({alert["kind"] for alert in alerts})


def thermometer():
    """What scripts/make_pcap unusual is about."""
    return "default/0/00:16:3e:14:00:1f"


def check_all(pipeline, learned):
    sensor = Sensor(pipeline, learned)
    sensor.in_replay()
    if kafka_world.is_inside():
        sensor.live()
    else:
        pipeline.check.skip("a sensor on an interface: that needs a network of its own, as root")
