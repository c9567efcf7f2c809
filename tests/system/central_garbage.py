"""What no sensor of ours sends, to every topic, and how often each reason must be counted for it."""
import collections
import json
import time

from central_feed import GARBAGE, HOUR_MS

NO_OBJECTS = (b"no JSON", b"{", b"[]", b"null", b"7", b"\xff\xfe", b'{"id": "cut')
DAY_MS = 24 * HOUR_MS
# A field without which an event is of no use, and the time by which it is judged.
NEEDED = {"vedette.alerts": "alert_id", "vedette.devices": "device", "vedette.flows": "id",
          "vedette.health": "sensor", "central.device_windows": "device",
          "central.incidents": "incident_id"}
TIMES = {"vedette.alerts": "last_ms", "vedette.devices": "window_start_ms",
         "vedette.flows": "time_ms", "vedette.health": "time_ms",
         "central.device_windows": "window_start_ms", "central.incidents": "start_ms"}
# A sensor is heard whatever its clock says; windows and incidents are judged where they are made.
CLOCKS = ("vedette.alerts", "vedette.devices", "vedette.flows")


def bad_messages(topic, good):
    """(value, reason) each; `good` is an event of the topic as it should be."""
    bad = [(None, "empty"), (b"", "empty"), *((value, "not_json") for value in NO_OBJECTS)]

    def changed(reason, **fields):
        event = {**good, "id": f"{len(bad):032x}", **fields}
        bad.append((json.dumps({name: value for name, value in event.items() if value is not None})
                    .encode(), reason))
    sensor = {"sensor": GARBAGE.decode()} if topic.startswith("vedette.") else {}
    if sensor:
        changed("schema", schema=2, **sensor)
        changed("schema", schema=None, **sensor)
    changed("missing_field", **{**sensor, NEEDED[topic]: None})
    changed("bad_value", **sensor, **{TIMES[topic]: "soon"})
    changed("bad_value", **sensor, **{TIMES[topic]: -1})
    if topic in CLOCKS:
        ahead = int(time.time() * 1000) // 10_000 * 10_000 + DAY_MS
        changed("clock", **sensor, **{TIMES[topic]: ahead})
    return bad


def send(kafka, check, goods):
    """To each topic of `goods`; returns how many messages must be counted by topic and reason."""
    wanted = collections.Counter()
    for topic, good in goods.items():
        bad = bad_messages(topic, good)
        wanted.update((topic, reason) for _, reason in bad)
        check(kafka.send(topic, [(GARBAGE, value) for value, _ in bad]),
              f"{len(bad)} messages of garbage to {topic}")
    return wanted


def counted(kafka):
    found = collections.Counter()
    for row in {row["id"]: row for row in kafka.events("central.refused")}.values():
        found[row["topic"], row["reason"]] += row["messages"]
    return found
