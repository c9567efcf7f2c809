"""Models as central writes them, signed with a key of the test's own by openssl."""
import base64
import hashlib
import json
import subprocess
from pathlib import Path

INFO_BYTES = 12  # around the key in what openssl writes


class Signer:
    def __init__(self, folder, name="key"):
        self.file = Path(folder) / f"{name}.pem"
        self.openssl("genpkey", "-algorithm", "ed25519", "-out", self.file)
        self.public = self.openssl("pkey", "-in", self.file, "-pubout", "-outform",
                                   "DER")[INFO_BYTES:]
        self.text = base64.b64encode(self.public).decode()
        self.key_id = hashlib.sha256(self.public).hexdigest()[:16]

    @staticmethod
    def openssl(*arguments):
        done = subprocess.run(["openssl", *arguments], capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.decode()}")
        return done.stdout

    def sign(self, content):
        unsigned = self.file.with_suffix(".payload")
        unsigned.write_bytes(content)
        return self.openssl("pkeyutl", "-sign", "-inkey", self.file, "-rawin", "-in", unsigned)

    def envelope(self, device, version, payload=None, **changes):
        """One line; `changes` are of the envelope."""
        text = json.dumps(payload or content(device, version), separators=(",", ":"))
        signature = base64.b64encode(self.sign(text.encode())).decode()
        return json.dumps({"schema": 1, "type": "model", "device": device, "version": version,
                           "key_id": self.key_id, "signature": signature, "payload": text,
                           **changes}, separators=(",", ":"))


def content(device, version, **changes):
    return {"device": device, "model_id": f"test-{version}", "version": version,
            "valid_from_ms": 0, "valid_to_ms": 4_102_444_800_000,
            "egress_median": [1000.5] * 168, "egress_mad": [100] * 168,
            "feature_median": [1] * 24, "feature_mad": [0.5] * 24,
            "centres": [[0] * 24], "distance_quantiles": [[1, 2, 3, 4]],
            "gap_p99_ms": 2500, "destinations_sketch": "", **changes}
