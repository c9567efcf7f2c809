"""Models: learned, learned again, signed, led back."""
import base64
import json
import math
import subprocess

from central_feed import ROOT

LENGTHS = {"feature_median": 24, "feature_mad": 24, "egress_median": 168, "egress_mad": 168}


class Models:
    def __init__(self, kafka, where, check):
        self.kafka, self.where, self.check = kafka, where, check

    def run(self, *action):
        """What a job of scripts/central says at its end."""
        done = subprocess.run([ROOT / "scripts/central", *action, *self.where],
                              stdout=subprocess.PIPE, text=True)
        if not self.check(done.returncode == 0, f"scripts/central {' '.join(action)} ends well"):
            raise RuntimeError(done.stdout)
        return json.loads(done.stdout.strip().split("\n")[-1])

    def envelopes(self):
        """By device, in the order in which they were sent."""
        found = {}
        for key, value in self.kafka.messages("vedette.models"):
            found.setdefault(key.decode(), []).append(json.loads(value))
        return found

    def sent(self):
        return sum(len(envelopes) for envelopes in self.envelopes().values())

    def learn(self):
        """The first models, and the same again from the same data."""
        first = self.run("train")
        self.check(0 < first["published"] == first["devices"] - first["held_back"],
                   f"{first['published']} models of {first['devices']} devices are published, "
                   f"{first['held_back']} held back; {first['outliers_after']} of "
                   f"{first['tried_windows']} windows tried are outliers")
        again = self.run("train")
        self.check((again["published"], again["models"]) == (0, first["models"]),
                   "the same data gives the same models, and none is sent again: "
                   f"{first['models']}, {again['models']}, {again['published']} sent")
        self.verify(first)
        return first

    def verify(self, said):
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(said["public_key"]))
        count = 0
        for device, envelopes in self.envelopes().items():
            for envelope in envelopes:
                key.verify(base64.b64decode(envelope["signature"]), envelope["payload"].encode())
                payload = json.loads(envelope["payload"])
                assert device == envelope["device"] == payload["device"], device
                assert envelope["version"] == payload["version"], device
                assert all(len(payload[name]) == length and all(map(math.isfinite, payload[name]))
                           for name, length in LENGTHS.items()), device
                count += 1
        self.check(count == said["published"], f"{count} envelopes are signed with that key and whole")

    def contents(self):
        """(version, payload without its version) of each device, oldest first."""
        found = {}
        for device, envelopes in self.envelopes().items():
            payloads = [json.loads(envelope["payload"]) for envelope in envelopes]
            versions = [payload.pop("version") for payload in payloads]
            assert versions == sorted(set(versions)), f"{device}: numbers do not grow: {versions}"
            found[device] = list(zip(versions, payloads))
        return found

    def lead_back(self):
        """One device, then all: the content learned before, under a new number."""
        before = self.contents()
        two = sorted(device for device, known in before.items() if len(known) > 1)
        self.check(len(two) > 1, f"{len(two)} devices have a model and one before it")
        said = self.run("rollback", "--device", two[0])
        after = self.contents()
        self.check(said["led_back"] == 1 and led_back(before, after) == {two[0]},
                   f"one device, {two[0]}, is led back to the content of its model before")
        said = self.run("rollback")
        last = self.contents()
        self.check(said["led_back"] == len(two) - 1 and led_back(after, last) == set(two[1:]),
                   f"the other {len(two) - 1} devices are led back")
        self.check(last[two[0]] == after[two[0]], "the first, for which there is nothing earlier, stays")


def led_back(before, after):
    """Devices whose newest model has a new number and the content of the last but one before."""
    return {device for device, known in after.items()
            if known[-1][0] > before[device][-1][0] and known[-1][1] == before[device][-2][1]}
