"""Every event the engine writes is what conf/events says: validate_events_test.py PROGRAM SCRIPT.

PROGRAM writes events to a folder; SCRIPT (scripts/validate_events) must find no fault in them, and
must find each fault put into them.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import jsonschema  # noqa: F401  the script needs it
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

# Of each type a fault in a field, and what the schema alone cannot say. None removes the field.
FAULTS = {
    "alert": [("state", "opened"), ("score", 1.5), ("peers", ["a"] * 2), ("vlan", 4096),
              ("device", "10.0.0.1"), ("device_mac", "AA:00:00:00:00:00"), ("last_ms", 0),
              ("message", None), ("evidence", {}), ("alert_id", "0" * 32), ("category", "recon2")],
    "device": [("packets_in", -1), ("packets_in", 2**63), ("bytes_out", 1.5), ("features", [0] * 23),
               ("egress_bytes", None), ("errors", {"capture.snap_length": 1}), ("one_way", 0),
               ("window_start_ms", 1), ("device_ip", "2001:DB8::1"), ("surplus", 1)],
    "flow": [("src_ip", "10.0.0.01"), ("src_port", 65536), ("direction", "out"), ("part", 2**31),
             ("end_reason", ""), ("vlans", [1, 2, 3, 4, 5]), ("start_us", 2**60), ("id", "1" * 32)],
    "health": [("packets_received", 10**9), ("dropped", {"elsewhere": 1}), ("decoded", {"ok": 1}),
               ("home_share", 1.01), ("version", ""), ("window_ms", 7), ("source", None)],
}


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def main(program, script):
    with tempfile.TemporaryDirectory() as folder:
        status, said = run(program, folder)
        print(said)
        assert status == 0, f"{program}: exit status {status}"
        files = sorted(Path(folder).glob("*.ndjson"))
        assert len(files) == 4, files
        samples = {}
        for path in files:
            status, said = run(sys.executable, script, "--strict", str(path))
            print(path.name, said)
            assert status == 0, "the engine wrote events that break their schema"
            for line in path.read_text(encoding="utf-8").splitlines():
                event = json.loads(line)
                samples.setdefault(event["type"], event)
        assert set(samples) == set(FAULTS), f"not every type was written: {set(samples)}"
        broken = Path(folder) / "broken"
        wanted, lines = [], []
        for kind, faults in FAULTS.items():
            for name, value in faults:
                event = {**samples[kind], name: value}
                if value is None:
                    del event[name]
                wanted.append(f"{kind}: {name} = {value!r}")
                lines.append(json.dumps(event) + "\n")
        broken.write_text("".join(lines), encoding="utf-8")
        status, said = run(sys.executable, script, "--strict", str(broken))
        assert status == 1, said
        for number, what in enumerate(wanted, 1):
            assert f"broken:{number}: " in said, f"{what} passes"
        # The samples of docs/events.md are events as they are today.
        text = (Path(script).parent.parent / "docs" / "events.md").read_text(encoding="utf-8")
        documented = [json.loads(block.split("```")[0]) for block in text.split("```json\n")[1:]]
        assert {event["type"] for event in documented} == set(FAULTS)
        broken.write_text("".join(json.dumps(e) + "\n" for e in documented), encoding="utf-8")
        status, said = run(sys.executable, script, "--strict", str(broken))
        assert status == 0, f"docs/events.md:\n{said}"
        # A field of a later release is none of an ordinary consumer's business.
        broken.write_text(json.dumps({**samples["flow"], "surplus": 1}) + "\n", encoding="utf-8")
        assert run(sys.executable, script, str(broken))[0] == 0
        status, said = run(sys.executable, script, str(Path(folder) / "nowhere"))
        assert status == 2 and "No such file" in said, said


main(*sys.argv[1:])
