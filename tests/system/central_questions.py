"""The questions of central/pinot/questions.yaml, each answered a second time from what the sensors and
Flink said."""
import collections
import datetime
import re

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
RANKS = {"critical": 4, "high": 3, "medium": 2}


class Answers:
    """`windows` are the rows of central.device_windows, `incidents` those of central.incidents, `feed` the
    sensors' own events by topic; asked about `span` ms up to the newest window."""

    def __init__(self, windows, incidents, feed, span_ms):
        minutes = [row for row in windows if row["kind"] == "tumbling"]
        self.windows, self.incidents, self.minutes = windows, incidents, minutes
        self.alerts, self.health, self.names = {}, list(feed["health"].values()), {}
        for event in sorted(feed["alerts"].values(), key=lambda event: event["revision"]):
            self.alerts[event["alert_id"]] = event
        for event in sorted(feed["devices"].values(), key=lambda event: event["time_ms"]):
            self.names[event["device"]] = event
        self.end = max(row["window_start_ms"] for row in minutes) + 60_000
        self.begin, self.step = self.end - span_ms, 600_000
        self.earlier = self.begin - 7 * DAY_MS
        self.device = max(self.total(minutes, "egress_bytes").items(), key=lambda item: item[1])[0]
        self.devices = sorted(self.names)[:3]
        self.now = self.within(minutes)

    def parameters(self):
        return {"from": self.begin, "to": self.end, "earlier": self.earlier, "step": self.step,
                "device": quoted(self.device), "devices": ", ".join(map(quoted, self.devices))}

    @staticmethod
    def total(rows, name, key="device"):
        sums = collections.Counter()
        for row in rows:
            sums[row[key]] += row[name]
        return sums

    def within(self, rows):
        return [row for row in rows if self.begin <= row["window_start_ms"] < self.end]

    def before(self, device=None):
        return [row for row in self.minutes if self.earlier <= row["window_start_ms"] < self.begin
                and device in (None, row["device"])]

    def top_talkers(self):
        sent = self.total(self.now, "egress_bytes")
        return sorted(([d, n] for d, n in sent.items()), key=lambda r: (-r[1], r[0]))[:10]

    def hours(self, rows, *names):
        hours = [{**row, "hour": row["window_start_ms"] // HOUR_MS * HOUR_MS} for row in rows]
        sums = [self.total(hours, name, "hour") for name in names]
        return [[hour, *(each[hour] for each in sums)] for hour in sorted(sums[0])]

    def egress_by_hour(self):
        return self.hours(self.now, "egress_bytes", "ingress_bytes")

    def device_by_hour(self):
        return self.hours([row for row in self.now if row["device"] == self.device], "egress_bytes")

    def sliding_five_minutes(self):
        return sorted([row["window_start_ms"], row["packets_in"], row["packets_out"], row["sensors"]]
                      for row in self.within(self.windows)
                      if row["kind"] == "hopping" and row["device"] == self.device)

    @staticmethod
    def united(rows):
        from datasketches import compact_theta_sketch, theta_union
        union = theta_union(12)
        for row in rows:
            if row["destinations_sketch"]:
                union.update(compact_theta_sketch.deserialize(
                    bytes.fromhex(row["destinations_sketch"])))
        return union.get_result()

    def without(self, rows, known):
        from datasketches import theta_a_not_b
        return round(theta_a_not_b().compute(self.united(rows), self.united(known)).get_estimate())

    def destinations(self):
        return [[round(self.united(self.now).get_estimate())]]

    def new_destinations(self):
        return [[self.without(self.now, self.before())]]

    def new_destinations_by_device(self):
        devices = {row["device"] for row in [*self.now, *self.before()]}
        found = [[device, self.without([row for row in self.now if row["device"] == device],
                                       self.before(device))] for device in devices]
        return sorted(found, key=lambda row: (-row[1], row[0]))[:10]

    def error_share(self):
        bad, all_ = (self.total(self.now, name) for name in ("malformed_packets", "packets_out"))
        shares = [[device, bad[device] / count, bad[device]] for device, count in all_.items()
                  if count > 0 and bad[device] > 0]
        return sorted(shares, key=lambda row: (-row[1], row[0]))[:10]

    def open_incidents(self):
        last = {}
        for row in self.incidents:
            if row["revision"] >= last.get(row["incident_id"], row)["revision"]:
                last[row["incident_id"]] = row
        rows = [[row["incident_id"], row["severity"], row["category"], row["subject"],
                 row["alert_count"], row["start_ms"], row["last_ms"], row["sensors"], row["message"],
                 RANKS.get(row["severity"], 1)] for row in last.values() if row["state"] != "close"]
        return sorted(rows, key=lambda row: (-row[9], -row[6], row[0]))[:100]

    def told(self):
        return [event for event in self.alerts.values() if not event["suppressed"]
                and event["time_ms"] >= self.begin and event["start_ms"] < self.end]

    def alerts_by_kind(self):
        kinds = collections.defaultdict(list)
        for event in self.told():
            kinds[event["kind"]].append(event["device"])
        return [[kind, len(devices), len(set(devices))] for kind, devices in sorted(kinds.items())]

    def alerts_over_time(self):
        counts = collections.Counter((event["start_ms"] // self.step * self.step, event["severity"])
                                     for event in self.told() if event["start_ms"] >= self.begin)
        return [[at, severity, count] for (at, severity), count in sorted(counts.items())]

    def sensors(self):
        rows = [event for event in self.health if self.begin < event["time_ms"] <= self.end]
        received, processed = (self.total(rows, f"packets_{name}", "sensor")
                               for name in ("received", "processed"))
        last = {}
        for row in rows:
            if row["time_ms"] >= last.get(row["sensor"], row)["time_ms"]:
                last[row["sensor"]] = row
        return [[sensor, row["time_ms"], received[sensor], received[sensor] - processed[sensor],
                 row["alerts_open"], row["spool_bytes"], row["version"]]
                for sensor, row in sorted(last.items())]

    def device_names(self):
        last = {}
        for event in self.names_within():
            last[event["device"]] = [event["device"], event["device_name"], event["device_ip"]]
        return sorted(last.values())

    def names_within(self):
        return [event for event in self.names.values() if event["device"] in self.devices
                and self.begin < event["time_ms"] <= self.end]


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def same(found, wanted, sketch=False):
    """In the same order; numbers of sketches may be a unit or a hundredth apart, and then rows that count
    the same may be in another order."""
    if sketch:
        found, wanted = (sorted(rows, key=lambda row: str(row[0])) for rows in (found, wanted))
    return len(found) == len(wanted) and all(
        len(row) == len(other) and all(map(lambda a, b: close(a, b, sketch), row, other))
        for row, other in zip(found, wanted))


def close(value, expected, sketch):
    if not isinstance(expected, (int, float)) or isinstance(expected, bool):
        return value == expected
    slack = max(1, expected / 100) if sketch else 1e-9 * abs(expected)
    return isinstance(value, (int, float)) and abs(value - expected) <= slack


def filled(sql, parameters):
    return re.sub(r"\$\{(\w+)\}", lambda name: str(parameters[name[1]]), sql)


def check_all(questions, read, ask, until):
    """Each question about the last hour, before which much was known, and about a week. `read(span_ms)`
    gives Answers from what Kafka has by now: windows and incidents are still being told."""
    for name, question in questions.items():
        for span_ms in (HOUR_MS, 7 * DAY_MS):
            def agree():
                answers = read(span_ms)
                found = ask(filled(question["sql"], answers.parameters()))
                wanted = getattr(answers, name)()
                if span_ms > HOUR_MS and not wanted:
                    return f"{name}: nothing is asked about"
                return same(found, wanted, question.get("sketch")) or \
                    f"{len(found)} rows, {found[:3]}, wanted {len(wanted)}, {wanted[:3]}"
            until(agree, f"{question['asks']} ({span_ms // HOUR_MS} h)")


def check_cassandra(questions, session, read, until):
    """Those of central/cassandra/questions.yaml: each is answered from one partition, and what is told of
    a device's day is what Flink told; `read()` gives its windows by now."""
    device, start = max((row["device"], row["window_start_ms"]) for row in read()
                        if row["kind"] == "tumbling")
    day = datetime.datetime.fromtimestamp(start / 1000, datetime.timezone.utc).date()
    values = {"device": device, "day": day, "since": 0, "before": 2**62, "part": 0, "year": day.year,
              "site": device.split("/")[0], "version": 2**62}

    def rows(name):
        prepared = session.prepare(questions[name]["cql"])
        return list(session.execute(prepared, {
            column.name: values[column.name] for column in prepared.column_metadata}))

    def minutes():
        wanted = {(row["window_start_ms"], row["revision"], row["packets_in"]) for row in read()
                  if (row["device"], row["kind"]) == (device, "tumbling")
                  and row["window_start_ms"] // DAY_MS == start // DAY_MS}
        told = {(row.window_start_ms, row.revision, row.packets_in) for row in rows("device_day")}
        return told == wanted or f"{len(told)} rows, wanted {len(wanted)}"

    for name, question in questions.items():
        until(lambda: "ALLOW FILTERING" not in question["cql"].upper() and rows(name) is not None,
              f"Cassandra: {question['asks']}")
    until(minutes, "Cassandra tells the minutes of a device's day")
