"""Which captures a system test replays: those named, else those the tests make (two minutes of
every kind of state, and a demo of scripts/make_pcap); --made adds one of each kind that
scripts/make_pcap knows; --all takes those of ../shared/pcaps instead."""
import subprocess
import sys
from pathlib import Path

import own_traffic
import sensor_run
import system_test

SCRIPTS = sensor_run.ROOT / "scripts"
# Kinds that are as long as one asks for.
PACKETS = {"syn60": 50_000, "imix": 50_000}


def add_options(parser):
    parser.add_argument("--made", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("captures", nargs="*", type=Path)


def _kinds():
    sys.path.insert(0, str(SCRIPTS))
    from traffic import kinds
    return list(kinds.KINDS)


def _make(kind, folder):
    path = folder / (kind + ".pcap")
    length = ["--packets", str(PACKETS[kind])] if kind in PACKETS else []
    subprocess.run([sys.executable, "-B", SCRIPTS / "make_pcap", kind, path, *length], check=True,
                   stdout=subprocess.DEVNULL)
    return path


def chosen(arguments, folder):
    """Paths; captures made for this are in `folder`, and go with it."""
    if arguments.captures:
        return arguments.captures
    if arguments.all:
        return system_test.shared_or_exit()
    folder = Path(folder)
    paths = own_traffic.captures_in(folder)
    if not (SCRIPTS / "make_pcap").exists():
        print("skipped: captures of scripts/make_pcap, which is not there")
        return paths
    return paths + [_make(kind, folder) for kind in (_kinds() if arguments.made else ["demo"])]
