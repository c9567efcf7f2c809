"""The captures that are read: made ones, and the benign captures there are, merged into one."""
import csv
import heapq
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

HEADER = struct.Struct("<IHHiIII")
RECORD = struct.Struct("<IIII")
ETHERNET = 1
# Silence longer than this is cut, so that a capture of days lies beside one of seconds.
GAP_MAX_US = 60_000_000
# Between two copies of the whole: every flow of the first is over.
COPY_GAP_US = 900_000_000
BEGIN_US = 1_750_000_000_000_000


def made(root, folder, kind, packets):
    """Made once, and again when what makes it has changed."""
    capture = folder / f"{kind}-{packets}.pcap"
    makers = [root / "scripts/make_pcap", *(root / "scripts/traffic").glob("*.py")]
    if not capture.exists() or capture.stat().st_mtime < max(p.stat().st_mtime for p in makers):
        subprocess.run(["scripts/make_pcap", kind, str(capture), "--packets", str(packets)],
                       cwd=root, check=True)
    return capture


def records_of(path):
    """(time in us, wire length, bytes) of an Ethernet capture; nothing of any other."""
    with tempfile.NamedTemporaryFile(suffix=".pcap") as plain:
        done = subprocess.run(["editcap", "-F", "pcap", str(path), plain.name],
                              capture_output=True, check=False)
        data = Path(plain.name).read_bytes() if done.returncode == 0 else b""
    if len(data) < HEADER.size or HEADER.unpack_from(data)[6] != ETHERNET:
        return []
    records, at = [], HEADER.size
    while at + RECORD.size <= len(data):
        seconds, us, captured, length = RECORD.unpack_from(data, at)
        at += RECORD.size
        records.append((seconds * 1_000_000 + us, length, data[at:at + captured]))
        at += captured
    return records


def closed_up(records):
    """From time 0 on, time stamps never backwards, long silence cut."""
    now, last = 0, None
    for time_us, length, data in records:
        if last is not None:
            now += min(max(0, time_us - last), GAP_MAX_US)
        last = time_us
        yield now, length, data


def at_rate(records, per_second):
    """The same order, evenly spaced."""
    for number, (_, length, data) in enumerate(records):
        yield number * 1_000_000 // per_second, length, data


def merged_benign(pcaps, folder, packets, per_second=0):
    """All benign Ethernet captures side by side, then again until there are as many packets.

    In their own time, or so many packets a second. None, and why, where there are none.
    """
    labels = pcaps / "labels.tsv"
    if not labels.exists():
        return None, f"there is no {labels}"
    if not shutil.which("editcap"):
        return None, "editcap is not installed"
    capture = folder / f"benign-{packets}-{per_second or 'own'}.pcap"
    if capture.exists() and capture.stat().st_mtime > labels.stat().st_mtime:
        return capture, ""
    with labels.open(encoding="utf-8") as lines:
        names = sorted(row["file"] for row in csv.DictReader(lines, delimiter="\t")
                       if row["class"] == "benign")
    streams = [closed_up(records_of(pcaps / name)) for name in names]
    whole = list(heapq.merge(*streams, key=lambda record: record[0]))
    if not whole:
        return None, "no benign capture is of Ethernet"
    if per_second:
        whole = list(at_rate(whole, per_second))
    step_us = whole[-1][0] + COPY_GAP_US
    with capture.with_suffix(".part").open("wb") as out:
        out.write(HEADER.pack(0xA1B2C3D4, 2, 4, 0, 0, 262_144, ETHERNET))
        for copy in range(-(-packets // len(whole))):
            begin_us = BEGIN_US + copy * step_us
            for time_us, length, data in whole:
                out.write(RECORD.pack(*divmod(begin_us + time_us, 1_000_000), len(data), length))
                out.write(data)
    capture.with_suffix(".part").rename(capture)
    return capture, ""


def count(capture):
    """(packets, wire bytes) of a plain little-endian pcap."""
    packets = wire_bytes = 0
    with capture.open("rb") as file:
        file.seek(HEADER.size)
        while header := file.read(RECORD.size):
            _, _, captured, length = RECORD.unpack(header)
            file.seek(captured, 1)
            packets, wire_bytes = packets + 1, wire_bytes + length
    return packets, wire_bytes


def beginning(capture, packets):
    """The same capture's first packets, beside it."""
    short = capture.with_name(f"{capture.stem}-first-{packets}.pcap")
    if short.exists() and short.stat().st_mtime >= capture.stat().st_mtime:
        return short
    with capture.open("rb") as file, short.open("wb") as out:
        out.write(file.read(HEADER.size))
        for _ in range(packets):
            header = file.read(RECORD.size)
            if not header:
                break
            out.write(header + file.read(RECORD.unpack(header)[2]))
    return short
