"""What the pipeline made of the sensors' events, against what their own files come to by another way."""
import collections
import json
import time

import yaml

from central_feed import GARBAGE, HOUR_MS, MINUTE_MS, ROOT, SENSORS

CAMPAIGN_DEVICES_MIN = yaml.safe_load(
    (ROOT / "central/flink/settings.yaml").read_text())["campaign_devices_min"]
NO_COUNTERS = ("schema", "vlan", "time_ms", "window_start_ms", "window_ms", "boot_ms", "seq",
               "sensors", "revision")


def counters(event):
    return {name: value for name, value in event.items()
            if isinstance(value, int) and not isinstance(value, bool) and name not in NO_COUNTERS
            and not name.endswith("_estimate")}


def minutes_of(devices):
    """By hand: what the windows of a minute must come to."""
    sums = collections.defaultdict(collections.Counter)
    for event in devices:
        sums[event["device"], event["window_start_ms"] // MINUTE_MS * MINUTE_MS].update(
            counters(event))
    return {key: +total for key, total in sums.items()}


def summed(rows):
    sums = collections.defaultdict(collections.Counter)
    for row in rows:
        if row["kind"] == "tumbling":
            sums[row["device"], row["window_start_ms"]].update(counters(row))
    return {key: +total for key, total in sums.items()}


def last_of(rows):
    """The highest revision of each incident."""
    last = {}
    for row in rows:
        if row["revision"] >= last.get(row["incident_id"], row)["revision"]:
            last[row["incident_id"]] = row
    return last


def kafka_has_all(kafka, feed, check):
    for topic, events in feed.events.items():
        found = {event["id"] for event in kafka.events(f"vedette.{topic}")
                 if event["sensor"] in SENSORS}
        check(found == set(events), f"Kafka has the {len(events)} {topic} of the sensors' files, "
              f"{len(set(events) - found)} missing")


def windows(kafka, feed, before_ms, check, until):
    """Waits until every minute that began before is told, and compares; returns all windows."""
    wanted = minutes_of(event for event in feed.events["devices"].values()
                        if event["window_start_ms"] < before_ms)

    def complete():
        found = summed(kafka.events("central.device_windows"))
        wrong = [key for key in wanted if found.get(key) != wanted[key]]
        return True if not wrong else f"{len(wrong)} of {len(wanted)} differ, such as {wrong[0]}: " \
            f"{found.get(wrong[0])}, wanted {wanted[wrong[0]]}"
    until(complete, f"{len(wanted)} device minutes are those worked out from the sensors' files")
    rows = settled(lambda: kafka.events("central.device_windows"))
    check(len({row["id"] for row in rows}) == len(rows), f"{len(rows)} windows, none told twice")
    check(set(summed(rows)) == set(wanted), "no minute is told that no sensor saw")
    longer_windows(rows, check)
    return rows


def settled(read):
    """What is read twice the same, a checkpoint and more apart."""
    rows, before = read(), None
    while before is None or len(rows) != len(before):
        time.sleep(5)
        rows, before = read(), rows
    return rows


def longer_windows(rows, check):
    """Five minutes and hours are made of minutes; what came late is in minutes alone."""
    late = {(row["device"], row["window_start_ms"]) for row in rows if row["revision"] > 0}
    minutes = summed(rows)
    compared = collections.Counter()
    wrong = []
    for row in rows:
        if row["kind"] == "tumbling":
            continue
        parts = [(row["device"], at) for at in range(
            row["window_start_ms"], row["window_start_ms"] + row["window_ms"], MINUTE_MS)]
        if late & set(parts):
            continue
        total = collections.Counter()
        for part in parts:
            total.update(minutes.get(part, {}))
        compared[row["kind"]] += 1
        if +total != +collections.Counter(counters(row)):
            wrong.append((row["kind"], row["device"], row["window_start_ms"], row["window_ms"]))
    check(compared["hopping"] > 0 and compared["cumulative"] > 0 and not wrong,
          f"{dict(compared)} windows are the sums of their minutes, {len(wrong)} are not {wrong[:2]}; "
          f"{len(late)} minutes have parts that came late")


def incidents(kafka, feed, name, begin_ms, end_ms, until):
    """The alerts of a feed about one device, of whatever sensor, are one incident with all of them."""
    alerts, sensors = collections.defaultdict(set), collections.defaultdict(set)
    for event in feed.events["alerts"].values():
        if begin_ms <= event["start_ms"] < end_ms and not event["suppressed"]:
            role = "target" if event["role"] == "target" else "actor"
            alerts[event["device"], role].add(event["alert_id"])
            sensors[event["device"], role].add(event["sensor"])

    def joined():
        last = last_of(kafka.events("central.incidents")).values()
        for (device, role), ids in alerts.items():
            mine = [row for row in last if (row["subject"], row["subject_role"]) == (device, role)
                    and ids & set(row["alert_ids"])]
            found = [(set(row["alert_ids"]), set(row["sensors"]), row["alert_count"]) for row in mine]
            if found != [(ids, sensors[device, role], len(ids))]:
                return f"{device} {role}: wanted {len(ids)} alerts in one incident, found " \
                    f"{[(len(a), sorted(s), n) for a, s, n in found]}"
        return True
    until(joined, f"{name}: {sum(map(len, alerts.values()))} alerts are joined into "
          f"{len(alerts)} incidents over sensors")


def spread_wanted(feed, begin_ms, end_ms):
    """(category, device, minute, sensors) of what all sensors together saw enough of, and none alone."""
    settings = yaml.safe_load((ROOT / "central/flink/settings.yaml").read_text())
    seen = collections.defaultdict(lambda: collections.defaultdict(collections.Counter))
    for event in feed.events["devices"].values():
        if begin_ms <= event["window_start_ms"] < end_ms:
            minute = event["window_start_ms"] // MINUTE_MS * MINUTE_MS
            seen[event["device"], minute][event["sensor"]].update(counters(event))
    found = set()
    for (device, minute), by_sensor in seen.items():
        def most(*names):
            return max(sum(count[name] for name in names) for count in by_sensor.values())

        def total(*names):
            return sum(count[name] for count in by_sensor.values() for name in names)
        vain = ("flows_unanswered", "flows_refused")
        row = device, minute, tuple(sorted(by_sensor))
        if len(by_sensor) > 1 and most("syn_in") < settings["spread_syn_min"] <= total("syn_in") \
                and 2 * total("fin_in", "rst_in") < total("syn_in"):
            found.add(("dos", *row))
        if len(by_sensor) > 1 and most(*vain) < settings["spread_scan_sensor_max"] \
                and total(*vain) >= settings["spread_scan_min"] \
                and total(*vain) * 10 >= total("flows_opened") * 6:
            found.add(("recon", *row))
    return found


def spread(kafka, feed, begin_ms, end_ms, check, until):
    wanted = spread_wanted(feed, begin_ms, end_ms)
    check({row[0] for row in wanted} == {"dos", "recon"},
          f"a flood and a scan are spread over sensors: {sorted(row[:2] for row in wanted)}")
    check(not any(begin_ms <= event["start_ms"] < end_ms for event in feed.events["alerts"].values()),
          "no sensor has raised an alert by itself for it")
    until(lambda: (found := sorted(
        (row["category"], row["subject"], row["start_ms"], tuple(row["sensors"]))
        for row in kafka.events("central.incidents")
        if row["alert_count"] == 0 and begin_ms <= row["start_ms"] < end_ms)) == sorted(wanted)
        or found, f"{len(wanted)} spread attacks are told, each once")


def destinations(kafka, feed, until):
    senders = collections.defaultdict(set)
    for event in feed.events["devices"].values():
        for top in event["egress_top"]:
            senders[top["ip"]].add(event["device"])
    many = {ip for ip, devices in senders.items() if len(devices) >= CAMPAIGN_DEVICES_MIN}

    def told(what):
        return collections.Counter(event["destination"]
                                   for event in kafka.events("central.destinations")
                                   if event["event"] == what)
    until(lambda: (found := told("first_seen")) == collections.Counter(senders.keys()) or len(found),
          f"{len(senders)} destinations are told as first seen, once each")
    until(lambda: (found := told("campaign")) == collections.Counter(many) or found,
          f"{len(many)} of them, {sorted(many)}, as campaigns of {CAMPAIGN_DEVICES_MIN} devices, once each")
    until(lambda: all(set(event["devices"]) <= senders[event["destination"]]
                      for event in kafka.events("central.destinations")),
          "whom they name has sent to them")


def pinot(ask, kafka, feed, window_rows, until):
    """Counts and sums in Pinot are those of the sensors' files; once each, garbage or not."""
    for table, names in (("devices", ("packets_in", "packets_out", "bytes_in", "bytes_out",
                                      "egress_bytes")),
                         ("flows", ("packets_fwd", "packets_rev", "bytes_fwd", "bytes_rev")),
                         ("health", ("packets_received", "packets_processed", "bytes_received"))):
        events = feed.events[table].values()
        wanted = [len(events), len(events), *(sum(event[name] for event in events) for name in names)]
        until(lambda: (found := ask(
            f"SELECT COUNT(*), DISTINCTCOUNT(id), {', '.join(f'SUM({n})' for n in names)} "
            f"FROM {table}")[0]) == wanted or found,
            f"Pinot has {wanted[0]} {table}, each once, with sums {wanted[2:]}")
    lives = {}
    for event in feed.events["alerts"].values():
        lives[event["alert_id"]] = max(event["revision"], lives.get(event["alert_id"], 0))
    until(lambda: (found := dict(map(tuple, ask("SELECT alert_id, revision FROM alerts LIMIT 100000"))))
          == lives or len(found), f"Pinot has {len(lives)} alerts at their last revision")
    wanted = [len(window_rows), len(window_rows), sum(row["bytes_in"] for row in window_rows)]
    until(lambda: (found := ask("SELECT COUNT(*), DISTINCTCOUNT(id), SUM(bytes_in) FROM "
                                "device_windows")[0]) == wanted or found,
          f"Pinot has the {wanted[0]} device windows, each once")
    until(lambda: (found := dict(map(tuple, ask(
        "SELECT incident_id, revision FROM incidents LIMIT 100000")))) == {
            name: row["revision"] for name, row in last_of(
                kafka.events("central.incidents")).items()} or len(found),
        "Pinot has the incidents at their last revision")


def cassandra(connect, kafka, window_rows, until):
    cluster = connect()
    session = cluster.connect("vedette")

    def same_windows():
        rows = [row._asdict() for row in session.execute("SELECT * FROM device_windows")]
        missing = {row["id"] for row in window_rows} ^ {row["id"] for row in rows}
        found, wanted = summed(rows), summed(window_rows)
        wrong = [key for key in wanted if found.get(key) != wanted[key]]
        return not wrong and not missing and len(rows) == len(window_rows) or \
            f"{len(wrong)} differ, {len(missing)} are missing or too many"

    def same_incidents():
        wanted = {name: (row["revision"], row["state"], row["alert_count"], tuple(row["sensors"]))
                  for name, row in last_of(kafka.events("central.incidents")).items()}
        found = {row.incident_id: (row.revision, row.state, row.alert_count, tuple(row.sensors or ()))
                 for row in session.execute("SELECT * FROM incidents")}
        return found == wanted or f"{len(found)} of {len(wanted)}, " \
            f"{sum(found.get(name) != row for name, row in wanted.items())} differ"
    until(same_windows, f"Cassandra has the {len(window_rows)} device windows, with the same sums")
    until(same_incidents, "Cassandra has the incidents at their last revision")
    cluster.shutdown()


def garbage(kafka, ask, wanted, counted, check, until):
    until(lambda: (found := counted(kafka)) == wanted or
          {key: (found[key], wanted[key]) for key in found | wanted if found[key] != wanted[key]},
          f"{sum(wanted.values())} messages of garbage are counted by topic and reason, each once")
    until(lambda: (found := {(topic, reason): int(count) for topic, reason, count in ask(
        "SELECT topic, reason, SUM(messages) FROM refused GROUP BY topic, reason LIMIT 1000")})
        == dict(wanted) or found, "Pinot says the same of them")
    told = [row for topic in ("central.device_windows", "central.incidents",
                              "central.silent_sensors", "central.destinations")
            for row in kafka.events(topic) if GARBAGE.decode() in json.dumps(row)]
    check(not told, f"no job has told anything of it: {told[:1]}")
