"""Models leave: numbered, signed, kept in Cassandra, sent to the sensors."""
import hashlib
import json
import time

import envelope
from session import client, write


def content_of(row, shared):
    content = {
        "device": row.device, **shared,
        "egress_median": row.egress_median, "egress_mad": row.egress_mad,
        "feature_median": row.feature_median, "feature_mad": row.feature_mad,
        "gap_p99_ms": int(row.gap_p99_ms or 0),
        "destinations_sketch": bytes(row.destinations_sketch).hex()}
    name = hashlib.sha256(envelope.text_of(content).encode()).hexdigest()[:16]
    return {**content, "model_id": f"kmeans-{name}"}


class Publisher:
    """Numbers, signs, keeps and sends models, so many at once. A number is taken in Cassandra
    before the model goes to Kafka, and the model is said to be published only when it is there: cut
    off in between, the next training sends it again under a further number."""
    AT_ONCE = 1_000
    COLUMNS = ("device STRING, version BIGINT, model_id STRING, trained_ms BIGINT, "
               "published BOOLEAN, payload STRING, envelope STRING, windows BIGINT, "
               "alerts_before BIGINT, alerts_after BIGINT")

    def __init__(self, spark, options):
        self.spark, self.client = spark, client(options)
        self.signer = envelope.Signer(options.work / "keys")
        self.now_ms = int(time.time() * 1000)
        self.waiting, self.sent = [], 0

    def add(self, device, last, content, windows=None, before=None, after=None):
        """`last` is the newest number that the device has; figures of its trial, if it had one."""
        text = self.signer.envelope(content, (last or 0) + 1)
        self.waiting.append({
            "device": device, "version": (last or 0) + 1, "model_id": content["model_id"],
            "trained_ms": self.now_ms, "published": False, "payload": json.loads(text)["payload"],
            "envelope": text, "windows": windows, "alerts_before": before, "alerts_after": after})
        if len(self.waiting) == self.AT_ONCE:
            self.send()

    def send(self):
        if self.waiting:
            self.keep()
            envelope.send(self.client, [(row["device"], row["envelope"]) for row in self.waiting])
            self.keep(published=True)
            self.sent += len(self.waiting)
            self.waiting = []

    def keep(self, published=False):
        write(self.spark.createDataFrame([{**row, "published": published} for row in self.waiting],
                                         self.COLUMNS), "models")
