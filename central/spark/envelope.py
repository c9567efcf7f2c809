"""Models in the envelope in which sensors take them: signed, numbered, a message by device."""
import base64
import hashlib
import json
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (Encoding, NoEncryption, PrivateFormat,
                                                          PublicFormat, load_pem_private_key)

PAYLOAD_BYTES_MAX = 65_536
# Of messages sent together: the topic's max.message.bytes is about such a batch as a whole.
BATCH_BYTES_MAX = 65_536


class Signer:
    """Holds the key; it is made when there is none. The public one belongs into the sensors'
    models.public_keys."""

    def __init__(self, folder):
        path = Path(folder) / "models.key"
        if path.exists():
            self.key = load_pem_private_key(path.read_bytes(), None)
        else:
            self.key = Ed25519PrivateKey.generate()
            path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            os.write(file, self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8,
                                                  NoEncryption()))
            os.close(file)
        self.public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = hashlib.sha256(self.public).hexdigest()[:16]

    def public_text(self):
        return base64.b64encode(self.public).decode()

    def envelope(self, content, version):
        """JSON of the message; `content` is the payload without its version."""
        payload = text_of({**content, "version": version})
        if len(payload.encode()) > PAYLOAD_BYTES_MAX:
            raise ValueError(f"{content['device']}: a payload of {len(payload)} bytes, at most "
                             f"{PAYLOAD_BYTES_MAX} are allowed")
        signature = base64.b64encode(self.key.sign(payload.encode())).decode()
        return text_of({"schema": 1, "type": "model", "device": content["device"],
                        "version": version, "key_id": self.key_id, "signature": signature,
                        "payload": payload})


def text_of(value):
    """One text for one value: whole doubles without a point, nothing infinite."""
    return json.dumps(plain(value), separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def plain(value):
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, (list, tuple)) else value


def send(client, messages):
    """Key and envelope each, by librdkafka's settings `client`; returns when all are on the
    brokers' disks."""
    from confluent_kafka import Producer
    producer = Producer({**client, "enable.idempotence": True, "batch.size": BATCH_BYTES_MAX,
                         "partitioner": "murmur2_random"})
    refused = []

    def report(error, message):
        if error:
            refused.append(f"{message.key().decode()}: {error}")

    for device, text in messages:
        producer.produce("vedette.models", key=device.encode(), value=text.encode(),
                         on_delivery=report)
        producer.poll(0)
    left = producer.flush(120)
    if left or refused:
        raise RuntimeError(f"{left + len(refused)} models were not delivered {refused[:3]}")
