"""The engines behind the sensors agree about every field with the schemas of conf/events and
central/schema: name, and with it the unit, and type. Files are read as text; nothing is started."""
import json
import os
import re
import sys
from pathlib import Path

import system_test
from sensor_run import ROOT

CENTRAL = Path(os.environ.get("CENTRAL", ROOT / "central"))
INT_MAX = 2**31 - 1
SENSOR_TOPICS = ("alerts", "devices", "flows", "health", "models")
SCHEMAS = {f"vedette.{topic}": ROOT / "conf" / "events" / f"{topic.removesuffix('s')}.schema.json"
           for topic in SENSOR_TOPICS}
SCHEMAS |= {f"central.{path.name.split('.')[0]}": path
            for path in (ROOT / "central" / "schema").glob("*.schema.json")}
# What an engine knows of a message besides its fields: columns computed, the message's time, and
# Cassandra's day, which bounds a partition.
DERIVED = {"received", "arrival", "ts", "day"}


def fields_of(topic):
    schema = json.loads(SCHEMAS[topic].read_text())
    return {name: kind_of(field, schema) for name, field in schema["properties"].items()}


def kind_of(field, schema):
    """A word for each kind of value: what an engine's type must be able to hold."""
    if "$ref" in field:
        return kind_of(schema["$defs"][field["$ref"].split("/")[-1]], schema)
    if "enum" in field or "anyOf" in field:
        return "text"
    kind = field.get("type", type(field.get("const")).__name__)
    if kind in ("integer", "int"):
        bounds = field.get("minimum", 0), field.get("maximum", field.get("const", INT_MAX + 1))
        return "int" if -INT_MAX - 1 <= bounds[0] and bounds[1] <= INT_MAX else "long"
    if kind == "array":
        return f"list of {kind_of(field['items'], schema)}"
    if kind == "string" and "[0-9a-f]{2})*" in field.get("pattern", ""):
        return "hex"
    return {"string": "text", "str": "text", "number": "double", "boolean": "boolean"}.get(kind, kind)


# Which types hold a kind whole. A whole number may lie in a wider type, never in a narrower one.
FLINK = {"int": {"INT", "BIGINT"}, "long": {"BIGINT"}, "double": {"DOUBLE"}, "boolean": {"BOOLEAN"},
         "text": {"STRING"}, "hex": {"STRING"}, "object": {"MAP", "ROW", "STRING"},
         "list of text": {"ARRAY<STRING>"}, "list of double": {"ARRAY<DOUBLE>"},
         "list of int": {"ARRAY<INT>"}, "list of object": {"ARRAY<ROW"}}
PINOT = {"int": {"INT", "LONG"}, "long": {"LONG"}, "double": {"DOUBLE"}, "boolean": {"BOOLEAN"},
         "text": {"STRING"}, "hex": {"BYTES", "STRING"}, "object": {"JSON"}, "list of text": {"STRING[]"},
         "list of double": {"DOUBLE[]"}, "list of int": {"INT[]"}, "list of object": {"JSON"}}
CQL = {"int": {"int", "bigint"}, "long": {"bigint"}, "double": {"double"}, "boolean": {"boolean"},
       "text": {"text"}, "hex": {"blob", "text"}, "list of text": {"list<text>"}}


def split_columns(text):
    """At commas that are in no brackets."""
    depth, part, parts = 0, "", []
    for character in text:
        depth += (character in "(<") - (character in ")>")
        if character == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += character
    return [*parts, part.strip()]


def column(text):
    found = re.match(r"`?(\w+)`?\s+(.+)$", text, re.S)
    return found.groups() if found else ("", "")


def flink_tables():
    """(file, table, topic, {column: type}) of every table on a topic."""
    for path in sorted((CENTRAL / "flink" / "sql").glob("*.sql")):
        text = re.sub(r"--[^\n]*", "", path.read_text())
        for name, body, settings in re.findall(r"CREATE (?:TEMPORARY )?TABLE (\w+) \((.*?)\) WITH \((.*?)\);",
                                               text, re.S):
            topic = re.search(r"'topic' = '([^']+)'", settings)
            columns = dict(column(part) for part in split_columns(body))
            if topic and "'format' = 'raw'" not in settings:
                yield path.name, name, topic.group(1), columns, settings


def needed_fields():
    """What refused.sql asks of the messages of each topic it reads: (topic, names)."""
    text = (CENTRAL / "flink" / "sql" / "refused.sql").read_text()
    topics = re.search(r"'topic' = '([^']*;[^']*)'", text).group(1).split(";")
    needs = dict(re.findall(r"WHEN '([^']+)' THEN\s+'([^']+)'", text))
    rest = re.search(r"ELSE '([^']+)'", text).group(1)
    for topic in topics:
        yield topic, [need.split(":")[0] for need in needs.get(topic, rest).split()]


def pinot_tables():
    for path in sorted((CENTRAL / "pinot" / "tables").glob("*.json")):
        definition = json.loads(path.read_text())
        columns = {}
        for group in ("dimensionFieldSpecs", "metricFieldSpecs", "dateTimeFieldSpecs"):
            for field in definition["schema"].get(group, ()):
                many = "" if field.get("singleValueField", True) else "[]"
                columns[field["name"]] = field["dataType"] + many
        yield path.name, definition, columns


def cassandra_tables():
    for path in sorted((CENTRAL / "cassandra").glob("*.cql")):
        text = re.sub(r"--[^\n]*", "", path.read_text())
        for name, body in re.findall(r"CREATE TABLE IF NOT EXISTS \w+\.(\w+) \((.*?)\n\)", text, re.S):
            yield path.name, name, dict(column(part) for part in split_columns(body)
                                        if not part.startswith("PRIMARY KEY"))


def spark_structures():
    """Tables that a job writes down as text: NAME = "field TYPE, ..." on one or more lines."""
    for path in sorted((CENTRAL / "spark").glob("*.py")):
        for name, body in re.findall(r'^([A-Z_]+) = \(?((?:\s*"[^"\n]*")+)\)?$', path.read_text(), re.M):
            text = "".join(re.findall(r'"([^"]*)"', body))
            columns = dict(column(part) for part in split_columns(text))
            if len(columns) > 2 and all(re.match(r"[A-Z]{3,}", kind) for kind in columns.values()):
                yield path.name, name, columns


class Definitions(system_test.SystemTest):
    def agree(self, where, topic, columns, types):
        self.assertIn(topic, SCHEMAS, f"{where}: no schema in conf/events or central/schema")
        fields = fields_of(topic)
        for name, kind in columns.items():
            if name in DERIVED or name == "WATERMARK":
                continue
            self.assertIn(name, fields, f"{where}: no such field in {SCHEMAS[topic].name}")
            allowed = types.get(fields[name], set())
            self.assertTrue(any(kind.startswith(each) for each in allowed),
                            f"{where}.{name}: found {kind}, allowed for {fields[name]}: {sorted(allowed)}")

    def test_topics(self):
        text = (CENTRAL / "kafka" / "topics.yaml").read_text()
        topics = dict(re.findall(r"^  ([a-z]+\.\w+):\n((?:    .*\n?)+)", text, re.M))
        self.assertLessEqual(set(SCHEMAS), set(topics))
        self.assertIn("message.timestamp.type: LogAppendTime", text)
        for topic, settings in topics.items():
            key = re.search(r"^    key: (\w+)", settings, re.M).group(1)
            self.assertIn(key, fields_of(topic), f"{topic}: its key is no field of it")
            cleanup = "compact" if topic == "vedette.models" else "delete"
            self.assertIn(f"cleanup.policy: {cleanup}", settings, topic)
        sensor = (ROOT / "sensor" / "export" / "topic.h").read_text()
        for topic in ("alerts", "devices", "flows", "health"):
            self.assertIn(f"vedette.{topic}", topics)
            self.assertIn(topic, sensor, "the sensor's own list of topics")

    def test_flink(self):
        tables = list(flink_tables())
        self.assertGreater(len(tables), 3)
        for file, name, topic, columns, settings in tables:
            self.agree(f"flink/sql/{file}: {name}", topic, columns, FLINK)
            for key in re.findall(r"'key.fields' = '([^']+)'", settings):
                self.assertIn(key, columns, f"{file}: {name}: key")

    def test_what_is_refused(self):
        topics = dict(needed_fields())
        for topic, names in topics.items():
            self.assertLessEqual(set(names), set(fields_of(topic)), topic)
        read = {topic for _, _, topic, _, settings in flink_tables() if "'format' = 'json'" in settings}
        self.assertLessEqual(read, set(topics), "what a job reads is judged")

    def test_pinot(self):
        tables = list(pinot_tables())
        self.assertGreater(len(tables), 3)
        for file, definition, columns in tables:
            table = definition["table"]
            index = table["tableIndexConfig"]
            topic = index["streamConfigs"]["stream.kafka.topic.name"]
            self.agree(f"pinot/tables/{file}", topic, columns, PINOT)
            upsert = table.get("upsertConfig", {}).get("mode", "NONE") != "NONE"
            self.assertFalse(upsert and index.get("starTreeIndexConfigs"),
                             f"{file}: a table with upserts takes no star-tree")
            self.assertTrue(upsert or table.get("dedupConfig", {}).get("dedupEnabled"),
                            f"{file}: what is sent again would count twice")
            for key in definition["schema"]["primaryKeyColumns"]:
                self.assertIn(key, columns, file)

    def test_cassandra(self):
        tables = {name: (file, columns) for file, name, columns in cassandra_tables()}
        for name, topic in (("device_windows", "central.device_windows"), ("incidents", "central.incidents")):
            file, columns = tables[name]
            self.agree(f"cassandra/{file}: {name}", topic, columns, CQL)

    def test_spark(self):
        structures = {name: (file, columns) for file, name, columns in spark_structures()}
        file, columns = structures["INCIDENT"]
        self.agree(f"spark/{file}: INCIDENT", "central.incidents", columns, FLINK)

    def test_a_wrong_unit_or_type_is_found(self):
        good = {"id": "STRING", "window_start_ms": "BIGINT", "bytes_in": "BIGINT"}
        self.agree("made up", "vedette.devices", good, FLINK)
        for wrong in ({"window_start_s": "BIGINT"}, {"bytes_in": "INT"}, {"id": "BIGINT"}, {"kbytes_in": "BIGINT"}):
            with self.assertRaises(AssertionError, msg=wrong):
                self.agree("made up", "vedette.devices", good | wrong, FLINK)


if __name__ == "__main__":
    if not (CENTRAL / "flink" / "sql").is_dir():
        print("skipped: there are no definitions of central jobs here")
        sys.exit(system_test.SKIPPED)
    system_test.main()
