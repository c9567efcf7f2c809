#!/usr/bin/env python3
"""Names that hold escape sequences, markup or broken UTF-8: hostile_names_test.py VEDETTE

Replays the made capture `names` and looks at all that comes out of it. Fails when a control
character reaches standard output, standard error or an event file, when markup from a name stands
in the page unescaped, or when an event is not one line of valid UTF-8 JSON.
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TOPICS = ("alerts", "devices", "flows", "health")


def faults_of(name, raw):
    """What a terminal would obey. Raises on what is not UTF-8."""
    found = re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", raw.decode("utf-8"))
    return [f"{name}: control character {found.group()!r} at {found.start()}"] if found else []


def main():
    vedette = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        capture, page = Path(folder) / "names.pcap", Path(folder) / "report.html"
        subprocess.run([sys.executable, str(ROOT / "scripts/make_pcap"), "names", str(capture)],
                       check=True)
        command = [vedette, "replay", "--report", str(page), str(capture)]
        for topic in TOPICS:
            command += [f"--{topic}", str(Path(folder) / topic)]
        done = subprocess.run(command, capture_output=True, check=True)
        faults = faults_of("standard output", done.stdout)
        faults += faults_of("standard error", done.stderr)
        for topic in TOPICS:
            raw = (Path(folder) / topic).read_bytes()
            faults += faults_of(topic, raw)
            for line in raw.splitlines():
                json.loads(line)
        devices = (Path(folder) / "devices").read_text(encoding="utf-8")
        if "alert(1)" not in devices:
            faults.append("devices: the name with markup is missing: is it still looked at?")
        if page.exists() and "<script>alert(1)" in page.read_text(encoding="utf-8"):
            faults.append("report: markup from a name stands unescaped")
    print("\n".join(faults) or "ok")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
