"""Captures read through DPDK give the events that our own reader gives, byte for byte after sorting
by id, with 1, 2 and 4 workers; what DPDK's driver cannot read is refused: dpdk_replay_test.py
[--made | --all] [CAPTURE...]. Of captures that are not made for this, the refused ones are counted. Skipped where the program
was built without DPDK."""
import argparse
import sys
import tempfile
from pathlib import Path

import capture_choice
import capture_files
import frames
import sensor_run
from determinism_test import first_difference, sorted_lines

WORKERS = (1, 2, 4)
REFUSED = "replay it without --source dpdk"
UDP = dict(source="192.168.7.20", source_port=4000, destination="203.0.113.9", destination_port=53)


def topics_of(outcome):
    return {t: sorted_lines(getattr(outcome, t + "_text"), t) for t in sensor_run.TOPICS}


def through_dpdk(folder, captures, workers, options=()):
    return sensor_run.replay(folder, *captures,
                             options=["--source", "dpdk", "--workers", workers, *options])


def compare(folder, captures, options=()):
    """Faults, and the events that agreed; None where the driver's reader is refused."""
    wanted = sensor_run.replay(folder, *captures, options=options)
    reference = topics_of(wanted)
    faults = []
    for workers in WORKERS:
        found = through_dpdk(folder, captures, workers, options)
        if found.status == sensor_run.USAGE and REFUSED in found.text()[1]:
            return [], None
        what = f"{', '.join(map(str, captures))} by {workers} workers"
        if found.status != wanted.status:
            faults.append(f"{what}: {found.describe()}\nwanted: {wanted.describe()}")
            continue
        if found.status == sensor_run.INCOMPLETE and found.err != wanted.err:
            faults.append(f"{what}: says {found.text()[1]}, wanted {wanted.text()[1]}")
        for topic, events in topics_of(found).items():
            if events != reference[topic]:
                faults.append(f"{what}: {topic} differ, first " +
                              first_difference(reference[topic], events))
    return faults, sum(map(len, reference.values()))


def udp(bytes_of_payload, number):
    payload = bytes((number + i) & 0xFF for i in range(bytes_of_payload))
    return frames.udp(payload, **dict(UDP, source_port=4000 + number))


def special(folder):
    """What the driver, our reader of it or the buffers could get wrong: name, captures, options."""
    def write(name, data):
        (folder / name).write_bytes(data)
        return folder / name

    sizes = [0, 1, 18, 1472, 1999, 2000, 2001, 2002, 2005, 2006, 2007, 4050, 8950, 16000, 65000]
    jumbo = [(1000 + i, 5, udp(size, i)) for i, size in enumerate(sizes * 3)]
    yield "jumbo frames", [write("jumbo.pcap", capture_files.pcap(jumbo))], []
    one_size = [(1000, i, udp(9000, i)) for i in range(500)]
    yield "nothing but jumbo frames", [write("all_jumbo.pcap", capture_files.pcap(one_size))], []
    early = [(1000 + i, 1, udp(30, i)) for i in range(40)]
    late = [(1000 + i // 2, i % 2, udp(40, 100 + i)) for i in range(100)]
    pair = [write("comma,[a]=(b) c.pcap", capture_files.pcap(early)),
            write("late.pcap", capture_files.pcap(late, nanoseconds=True))]
    yield "two files in a row", pair, []
    yield "two files merged", pair, ["--merge"]
    yield "filtered", pair, ["--bpf", "udp src port >= 4010 and udp src port < 4120"]
    yield "shifted", pair, ["--shift-to", "2026-01-31T12:00:00.25Z"]
    backwards = [(1000 - i % 7, i, udp(50, i)) for i in range(90)]
    yield "times that run backwards", [write("back.pcap", capture_files.pcap(backwards, order=">"))], []
    yield "no packets", [write("none.pcap", capture_files.pcap([]))], []
    yield "cut in a record", [write("cut.pcap", capture_files.pcap(early)[:-11])], []
    ng = b"".join([capture_files.section(), capture_files.interface(resolution=9),
                   *(capture_files.enhanced_packet(udp(60, i), time=10**18 + i * 123_456_789)
                     for i in range(70))])
    yield "pcapng of one interface", [write("one.pcapng", ng)], []
    many = [write(f"many{i}.pcap", capture_files.pcap([(1000 + i, 1, udp(20, i))])) for i in range(40)]
    yield "more files than there are ports", many, []


def refused(folder):
    """Captures that must be refused, and what is said."""
    whole = [(1000, 1, udp(100, 1))]
    yield "cut packets", capture_files.pcap(
        whole + [(1000, 2, udp(100, 1)[:60], 142)]), "packet 2 is cut to 60 bytes"
    yield "raw IP", capture_files.pcap(
        [(1000, 1, udp(100, 1)[14:])], link=capture_files.RAW_IP), "has link type 101"
    yield "longer than the driver counts", capture_files.pcap(
        [(1000, 1, bytes(70_000))]), "has 70000 bytes"
    yield "no capture", b"hello, this is no capture", "no capture"
    yield "a packet without a time", b"".join(
        [capture_files.section(), capture_files.interface(),
         capture_files.simple_packet(udp(10, 1))]), "has no time"
    import gzip
    yield "packed", gzip.compress(capture_files.pcap(whole)), "pcap in gzip"


def check_refused(folder):
    faults = []
    for name, data, says in refused(folder):
        path = folder / "refused.pcap"
        path.write_bytes(data)
        outcome = through_dpdk(folder, [path], 1)
        status = sensor_run.FAILED if says == "no capture" else sensor_run.USAGE
        if outcome.status != status or says not in outcome.text()[1]:
            faults.append(f"{name}: wanted status {status} and '{says}': {outcome.describe()}")
    outcome = sensor_run.run("replay", "--source", "dpdk", "-", stdin=capture_files.pcap([]))
    if outcome.status != sensor_run.USAGE or "standard input" not in outcome.text()[1]:
        faults.append(f"standard input: {outcome.describe()}")
    config = folder / "clash.yaml"
    config.write_text("dpdk:\n  eal_arguments: [--no-huge, --bogus, -n, '4', -n, '2']\n")
    whole = folder / "whole.pcap"
    whole.write_bytes(capture_files.pcap([(1000, 1, udp(100, 1))]))
    outcome = sensor_run.run("replay", "--source", "dpdk", "-c", config, whole)
    for says in ("--no-huge: not yours", "--bogus: unknown", "-n: given twice"):
        if outcome.status != sensor_run.USAGE or says not in outcome.text()[1]:
            faults.append(f"clashing arguments: wanted '{says}': {outcome.describe()}")
    # Alone on its stream: neither the EAL nor a driver writes there.
    outcome = sensor_run.run("replay", "--source", "dpdk", "--quiet", "--flows", "-", whole)
    if outcome.status or outcome.err or len(sensor_run.events_of(outcome.out)) != 1:
        faults.append(f"events alone: {outcome.out!r} {outcome.describe()}")
    return faults


def without_dpdk(folder):
    path = folder / "probe.pcap"
    path.write_bytes(capture_files.pcap([(1000, 1, udp(1, 1))]))
    return b"built without DPDK" in through_dpdk(folder, [path], 1).err


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    capture_choice.add_options(parser)
    arguments = parser.parse_args()
    faults, events, left_out, checked = [], 0, 0, 0
    with tempfile.TemporaryDirectory(prefix="vedette-test-") as name:
        folder = Path(name)
        if without_dpdk(folder):
            print("skipped: the program was built without DPDK")
            sys.exit(77)
        cases = [([capture], [], True) for capture in capture_choice.chosen(arguments, folder)]
        own = not arguments.all and not arguments.captures
        if own:
            cases += [(captures, options, False) for _, captures, options in special(folder)]
            faults += check_refused(folder)
        for captures, options, may_be_refused in cases:
            found, agreed = compare(folder, captures, options)
            faults += found
            if agreed is None:
                left_out += 1
                if not may_be_refused:
                    faults.append(f"{captures}: refused")
            else:
                checked += 1
                events += agreed
    print("\n".join(faults))
    print(f"checked: {checked} inputs by {', '.join(map(str, WORKERS))} workers, {events} events each, "
          f"{left_out} refused, {len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
