"""The questions of central/pinot/questions.yaml, each answered a second time from what the sensors and
Flink said."""
import collections
import re

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Answers:
    """`windows` are the rows of central.device_windows, `feed` the sensors' own events by topic."""

    def __init__(self, windows, incidents, feed):
        self.windows, self.incidents, self.feed = windows, incidents, feed
        minutes = [row for row in windows if row["kind"] == "tumbling"]
        self.minutes, self.now = minutes, max(row["window_start_ms"] for row in minutes)
        self.device = max(self.total(minutes, "egress_bytes").items(), key=lambda item: item[1])[0]

    @staticmethod
    def total(rows, name, key="device"):
        sums = collections.Counter()
        for row in rows:
            sums[row[key]] += row[name]
        return sums

    def between(self, begin, end):
        return [row for row in self.minutes if begin < row["window_start_ms"] <= end]

    def top_talkers(self):
        sent = self.total(self.between(self.now - HOUR_MS, self.now), "egress_bytes")
        return sorted(([d, float(n)] for d, n in sent.items()), key=lambda r: (-r[1], r[0]))[:10]

    def egress_by_hour(self):
        sums = collections.Counter()
        for row in self.minutes:
            if row["device"] == self.device:
                sums[row["window_start_ms"] // HOUR_MS * HOUR_MS] += row["egress_bytes"]
        return [[hour, float(sent)] for hour, sent in sorted(sums.items())]

    def sliding_five_minutes(self):
        return sorted([row["window_start_ms"], row["packets_in"], row["packets_out"], row["sensors"]]
                      for row in self.windows
                      if row["kind"] == "hopping" and row["device"] == self.device)

    def united(self, rows):
        from datasketches import compact_theta_sketch, theta_union
        union = theta_union(16)
        for row in rows:
            if row["destinations_sketch"]:
                union.update(compact_theta_sketch.deserialize(
                    bytes.fromhex(row["destinations_sketch"])))
        return union.get_result()

    def destinations(self):
        return [[round(self.united(self.between(self.now - HOUR_MS, self.now)).get_estimate())]]

    def new_destinations(self):
        from datasketches import theta_a_not_b
        new = theta_a_not_b().compute(
            self.united(self.between(self.now - HOUR_MS, self.now)),
            self.united(self.between(self.now - DAY_MS, self.now - HOUR_MS)))
        return [[round(new.get_estimate())]]

    def error_share(self):
        bad, all_ = (self.total(self.minutes, name) for name in ("malformed_packets", "packets_out"))
        shares = [[device, bad[device] / count] for device, count in all_.items() if count > 0]
        return sorted(shares, key=lambda row: (-row[1], row[0]))[:10]

    def open_incidents(self):
        last = {}
        for row in self.incidents:
            if row["revision"] >= last.get(row["incident_id"], row)["revision"]:
                last[row["incident_id"]] = row
        rows = sorted((row for row in last.values() if row["state"] != "close"),
                      key=lambda row: -row["last_ms"])
        return [[row["incident_id"], row["severity"], row["subject"], row["alert_count"],
                 row["message"]] for row in rows[:100]]

    def alerts_by_kind(self):
        lives, devices = collections.defaultdict(set), collections.defaultdict(set)
        for event in self.feed["alerts"].values():
            lives[event["kind"]].add(event["alert_id"])
            devices[event["kind"]].add(event["device"])
        return [[kind, len(lives[kind]), len(devices[kind])] for kind in sorted(lives)]

    def lost_packets(self):
        health = self.feed["health"].values()
        received, processed = (self.total(health, f"packets_{name}", "sensor")
                               for name in ("received", "processed"))
        return [[sensor, float(received[sensor]), float(received[sensor] - processed[sensor])]
                for sensor in sorted(received)]


def same(found, wanted):
    """Sketches estimate: a unit or a hundredth apart is the same; rows of one time in any order."""
    if len(found) != len(wanted):
        return False
    for row, other in zip(sorted(map(list, found)), sorted(map(list, wanted))):
        for value, expected in zip(row, other):
            number = isinstance(expected, (int, float))
            if number and abs(value - expected) > 1e-9 * abs(expected):
                if not (len(row) == 1 and abs(value - expected) <= max(1, expected / 100)):
                    return False
            if not number and value != expected:
                return False
    return True


def check_all(questions, current, ask, until):
    """`current` makes Answers from what is there now: incidents still close meanwhile."""
    for name, question in questions.items():
        def agree():
            answers = current()
            values = {"now": answers.now, "hour_before": answers.now - HOUR_MS,
                      "device": answers.device.replace("'", "''")}
            sql = re.sub(r"\$\{(\w+)\}", lambda name: str(values[name[1]]), question["sql"])
            found, wanted = ask(sql), getattr(answers, name)()
            return bool(wanted) and same(found, wanted) or f"{found[:3]}, wanted {wanted[:3]}"
        until(agree, question["asks"])
