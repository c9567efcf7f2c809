"""The export to a real broker on this machine: what one export core sends, what the broker takes from the
client library alone, how fast the spool drains beside live events, and a rate that is held."""
import re
import statistics
import subprocess
from pathlib import Path

from .rows import row

EVENTS = 1_500_000
HELD_PER_S = 81_000  # seven thousand million a day
PORT = 39092


class Broker:
    """One of scripts/central, for as long as the block takes."""

    def __init__(self, bench):
        self.data = bench.build / "bench-kafka"
        self.command = [str(bench.root / "scripts/central"), "kafka"]
        self.options = ["--data", str(self.data), "--port", str(PORT)]
        self.address = f"127.0.0.1:{PORT}"

    def __enter__(self):
        subprocess.run([*self.command, "up", *self.options], check=True, capture_output=True,
                       text=True)
        return self

    def __exit__(self, *_):
        subprocess.run([*self.command, "down", "--kill", "--wipe", *self.options], check=False,
                       capture_output=True)

    def cpu_seconds(self):
        pid = (self.data / "node-0.pid").read_text().strip()
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100


def _run(bench, compression, *arguments):
    # In its turn with the broker: real-time scheduling would keep that one away.
    return subprocess.run(["env", f"COMPRESSION={compression}",
                           str(bench.build / "tests/bench/export_bench"), *map(str, arguments)],
                          check=True, capture_output=True, text=True).stdout


def _rate(output):
    return float(re.search(r": ([\d.]+) events/s", output)[1])


def _export_core(output, events):
    spent = re.findall(r"^ +(export-kafka|rdk:\S+) +([\d.]+) CPU s", output, re.M)
    return events / sum(float(cpu_s) for _, cpu_s in spent)


def to_broker(bench, held_s):
    events, rows = bench.scaled(EVENTS), []
    with Broker(bench) as broker:
        _run(bench, "zstd", 10_000, broker.address)  # the topics are made
        for compression in ("zstd", "lz4"):
            alone, core, wall, taken = [], [], [], []
            for _ in range(bench.runs):
                before = broker.cpu_seconds()
                alone.append(_rate(_run(bench, compression, "bare", events, broker.address)))
                taken.append(events / max(broker.cpu_seconds() - before, 0.01))
                output = _run(bench, compression, events, broker.address)
                core.append(_export_core(output, events))
                wall.append(_rate(output))
            limit = min(300_000, statistics.median(alone))
            rows += [
                row(f"flows to a broker here, {compression}", "events/s/core", core, limit,
                    note="export thread and client's threads"),
                row(f"the same by the clock, {compression}", "events/s", wall,
                    note="with what makes the events and the broker on the same processors"),
                row(f"the client alone to that broker, {compression}", "events/s", alone,
                    note=f"the broker takes {statistics.median(taken):,.0f} a CPU second"),
                row(f"draining the spool beside a third of that, {compression}", "of the live rate",
                    _drained(bench, compression, broker, events, statistics.median(wall) / 3), 1)]
        if held_s:
            rows.append(_held(bench, broker, held_s))
    return rows


def _drained(bench, compression, broker, events, live):
    ratios = []
    for _ in range(bench.runs):
        output = _run(bench, compression, "drain", events, int(live), broker.address)
        ratios.append(_rate(output) / float(re.search(r"beside ([\d.]+) live", output)[1]))
    return ratios


def _held(bench, broker, seconds):
    output = _run(bench, "zstd", "steady", HELD_PER_S, seconds, broker.address)
    rates = [float(rate) for rate in re.findall(r", +([\d.]+) delivered/s", output)]
    return row(f"{HELD_PER_S:,} events/s for {seconds} s", "events/s",
               [sum(rates) / len(rates)] if rates else [_rate(output)], HELD_PER_S * 0.99,
               note=output.splitlines()[-1].strip())
