"""One function for each part of the table: figures with what is wanted of them beside."""
import re
import statistics
import subprocess

from . import captures, floors, others
from .machine import Figure, interleaved

GROWTH_FLOWS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)


def row(name, unit, samples, reach=None, aim=None, less_is_better=False, note="", **details):
    """`reach` and `aim` are limits of the median, in the row's unit."""
    sign = "at most " if less_is_better else ""
    texts = {"reach_text": f"{sign}{reach:g}" if reach is not None else "",
             "aim_text": f"{sign}{aim:g}" if aim is not None else ""}
    if not samples:
        return {"name": name, "unit": unit, "value": None, "low": None, "high": None,
                "reach": reach, "aim": aim, "verdict": "", "note": note, **texts, **details}
    figure = Figure.of(samples)

    def holds(limit):
        return limit is not None and (
            figure.median <= limit if less_is_better else figure.median >= limit)
    verdict = "aim" if holds(aim) else "reach" if holds(reach) else "missed"
    return {"name": name, "unit": unit, "value": figure.median, "low": figure.low,
            "high": figure.high, "reach": reach, "aim": aim,
            "verdict": verdict if reach is not None else "", "note": note, **texts,
            "samples": samples, **details}


class Bench:
    """What all parts need: the machine, the built programs, how much to measure."""

    def __init__(self, root, build, machine, runs, quick):
        self.root, self.build, self.machine, self.runs, self.quick = (
            root, build, machine, runs, quick)

    def sensor(self, kind, packets, *options):
        """A function that runs the whole sensor over packets in memory."""
        command = [str(self.build / "tests/bench/sensor_bench"), "--kind", kind, "--packets",
                   str(packets), *map(str, options)]
        return lambda: self.machine.run_json(command)

    def scaled(self, packets):
        return packets // 8 if self.quick else packets


def in_memory(bench):
    """SYN flood, IMIX, and the cost of copying the same bytes."""
    packets = bench.scaled(16_000_000)
    samples = interleaved({
        "syn60": bench.sensor("syn60", packets), "imix": bench.sensor("imix", packets),
        "syn60 copy": bench.sensor("syn60", packets, "--instead", "copy"),
        "imix copy": bench.sensor("imix", packets, "--instead", "copy")}, bench.runs)
    copies = {f"{kind}, in memory: handed out and copied":
              statistics.median(s["packets_per_cpu_s"] for s in samples[f"{kind} copy"])
              for kind in ("syn60", "imix")}
    rows = [
        row("60-byte SYN flood, 1 M sources, in memory", "M packets/s/core",
            [s["packets_per_cpu_s"] / 1e6 for s in samples["syn60"]], 14.88, 25,
            runs=samples["syn60"]),
        row("IMIX, 100 k flows, 2,000 devices, in memory", "Gbit/s/core",
            [s["gbit_per_cpu_s"] for s in samples["imix"]], 40, 80, runs=samples["imix"])]
    for kind, about in zip(("syn60", "imix"), rows):
        ns = statistics.median(s["ns_per_packet"] for s in samples[kind])
        worker = statistics.median(s["worker_cpu_s"][0] for s in samples[kind]) / packets * 1e9
        about["note"] = (f"{ns:.0f} ns a packet, {worker:.0f} of them the worker's, the rest the "
                         "control thread's")
    return rows, copies, samples


def growth(bench):
    flows = GROWTH_FLOWS[::3] if bench.quick else GROWTH_FLOWS
    round_packets = 4_000_000 if bench.quick else 20_000_000
    packets = bench.scaled(16_000_000)
    samples = interleaved({n: bench.sensor("flows", packets, "--flows", n, "--round", round_packets)
                           for n in flows}, 1 if bench.quick else min(3, bench.runs))
    ns = {n: [s["steady_ns_per_packet"] for s in samples[n]] for n in flows}
    medians = ", ".join(f"{n:,}: {statistics.median(ns[n]):.0f} ns" for n in flows)
    resident = max(s["sensor_mib"] for s in samples[flows[-1]])
    return [row(f"flow table, {flows[0]:,} to {flows[-1]:,} flows", "x ns a packet",
                [last / first for first, last in zip(ns[flows[0]], ns[flows[-1]])], 2, 1.5,
                less_is_better=True, ns_per_packet={str(n): ns[n] for n in flows},
                note=f"{medians}; the table of the last row makes the sensor {resident:,.0f} MiB")]


def scaling(bench):
    packets = bench.scaled(16_000_000)
    samples = interleaved({(kind, workers): bench.sensor(kind, packets, "--workers", workers)
                           for kind in ("syn60", "imix") for workers in (1, 2)}, bench.runs)

    def rates(kind, workers):
        return [packets / max(s["worker_cpu_s"]) for s in samples[kind, workers]]
    rows = []
    for kind in ("syn60", "imix"):
        skew = statistics.median(max(s["worker_packets"]) / packets for s in samples[kind, 2])
        rows.append(row(
            f"1 to 2 workers, {kind}, in memory", "x packets/s",
            [two / one for one, two in zip(rates(kind, 1), rates(kind, 2))], 1.85, 1.95,
            note=f"by the busier worker's CPU time, which has {skew:.1%} of the packets; a source "
            "for each worker, as a NIC's queues"))
    return rows


def attacks(bench):
    packets = bench.scaled(16_000_000)
    samples = interleaved({
        "quiet": bench.sensor("imix", packets, "--flows", 10_000),
        "attack": bench.sensor("attack", packets),
        **{kind: bench.sensor(kind, packets)
           for kind in ("keys-random", "keys-chosen", "keys-structured", "keys-known")}},
        bench.runs)
    ns = {kind: [s["ns_per_packet"] for s in found] for kind, found in samples.items()}

    def ratios(above, below):
        return [a / b for a, b in zip(ns[above], ns[below])]
    medians = {kind: statistics.median(values) for kind, values in ns.items()}
    return [
        row("10 k flows under nine times as many spoofed SYNs, against quiet", "x ns a packet",
            ratios("attack", "quiet"), 1.5, less_is_better=True,
            note=f"{medians['attack']:.0f} against {medians['quiet']:.0f} ns a packet"),
        row("flows chosen to collide under another key, against random ones", "x ns a packet",
            ratios("keys-chosen", "keys-random"), 1.05, less_is_better=True,
            note=f"65,536 SYN flows; with the sensor's own key it would be "
            f"{medians['keys-known'] / medians['keys-random']:.2f}, and "
            f"{samples['keys-known'][0]['flows_evicted']:,} flows evicted for "
            f"{samples['keys-chosen'][0]['flows_evicted']:,}"),
        row("flows of neighbouring addresses, against random ones", "x ns a packet",
            ratios("keys-structured", "keys-random"), 1.05, less_is_better=True)]


def export(bench):
    """Flow events to librdkafka's mock cluster, by the CPU time of the export's own threads."""
    events = bench.scaled(1_000_000)

    def rate(compression):
        output = bench.machine.run(["env", f"COMPRESSION={compression}",
                                    str(bench.build / "tests/bench/export_bench"),
                                    str(events)]).output
        # The mock cluster and what makes the events have threads of their own.
        spent = re.findall(r"^ +(export-kafka|rdk:\S+) +([\d.]+) CPU s", output, re.M)
        return events / sum(float(cpu_s) for name, cpu_s in spent if name != "rdk:mock")
    samples = interleaved({name: lambda name=name: rate(name) for name in ("zstd", "lz4")},
                          bench.runs)
    return [row(f"flows of 612 bytes to Kafka, {name}", "events/s/core", samples[name], 300_000,
                1_000_000, note="the mock cluster of librdkafka; export thread and client's threads")
            for name in samples]


def files(bench, named):
    """Replay against the bare loop, for {name: (capture, packets)}."""
    vedette = str(bench.build / "sensor/vedette")
    programs = {}
    for name, (capture, _) in named.items():
        programs["loop", name] = lambda capture=capture: floors.pcap_loop_cpu_s(
            bench.machine, bench.build, capture)
        programs["replay", name] = lambda capture=capture: bench.machine.run(
            [vedette, "replay", "--quiet", "--workers", "1", str(capture)])
    interleaved({k: v for k, v in programs.items() if k[0] == "loop"}, 1)  # into the page cache
    samples = interleaved(programs, bench.runs)
    rows, floor_rates, ours = [], {}, {}
    for name, (_, packets) in named.items():
        loop = samples["loop", name]
        replay = [usage.cpu_s for usage in samples["replay", name]]
        resident = max(usage.resident_mib for usage in samples["replay", name])
        rate = packets / statistics.median(replay)
        floor_rates[f"{name}, file: bare pcap_next_ex loop"] = packets / statistics.median(loop)
        ours[name] = {"packets_per_s": rate, "resident_mib": resident}
        rows.append(row(f"file replay, {name}, share of a bare pcap loop", "",
                        [a / b for a, b in zip(loop, replay)], 0.4, 0.65, packets=packets,
                        loop_cpu_s=loop, replay_cpu_s=replay, resident_mib=resident,
                        note=f"{packets:,} packets, {rate / 1e6:.2f} M packets per CPU second"))
    return rows, floor_rates, ours


def memory(bench, memory_samples, ours):
    """Of runs made for other rows, and one of each kind over eight seconds of the packets' time."""
    packets = bench.scaled(16_000_000)
    long_runs = [bench.sensor(kind, packets, "--rate", packets // 8)() for kind in ("syn60", "imix")]
    runs = [*memory_samples["syn60"], *memory_samples["imix"], *long_runs]
    whole = [s["sensor_mib"] for s in runs] + [found["resident_mib"] for found in ours.values()]
    grown = max(s["sensor_mib"] - s["sensor_half_mib"] for s in long_runs)
    return [row("resident memory, default configuration", "MiB", [max(whole)], 512, 256,
                less_is_better=True,
                note=f"the largest of {len(whole)} runs; in the second half of eight seconds it "
                f"grew by {grown:.1f} MiB at most")]


def testpmd(bench, named):
    """Of the made captures; others hold packets larger than an mbuf."""
    rates = {}
    for name in ("syn60", "imix"):
        capture, _ = named[name]
        short = captures.beginning(capture, floors.TESTPMD_PACKETS)
        try:
            rates[f"{name}: testpmd rxonly, net_pcap from memory"] = (
                floors.testpmd_packets_per_s(bench.machine, short))
        except LookupError as reason:
            rates[f"{name}: testpmd rxonly"] = f"skipped: {reason}"
        except subprocess.CalledProcessError as failed:
            rates[f"{name}: testpmd rxonly"] = f"failed: {(failed.output or '').strip()[-200:]}"
    return rates


def others_on(bench, named, ours):
    """{program: {capture: rate and memory}}; the slow ones once, on fewer packets."""
    found = {"vedette replay": ours}
    slow_packets = 50_000 if bench.quick else 200_000
    for name, (capture, packets) in named.items():
        programs = {}
        for other in others.OTHERS:
            found.setdefault(other.name, {})
            if not others.installed(other):
                found[other.name][name] = {"skipped": f"not installed ({other.package})"}
                continue
            short = other.slow and packets > slow_packets
            on = captures.beginning(capture, slow_packets) if short else capture
            count = min(packets, slow_packets) if other.slow else packets
            programs[other] = lambda other=other, on=on, count=count: (
                count, *others.cpu_s(bench.machine, other, on))
        quick_ones = {o: p for o, p in programs.items() if not o.slow}
        samples = interleaved(quick_ones, bench.runs)
        samples |= interleaved({o: p for o, p in programs.items() if o.slow}, 1)
        for other, runs in samples.items():
            cpu_s = [s for _, s, _ in runs]
            found[other.name][name] = {
                "packets": runs[0][0], "cpu_s": cpu_s,
                "packets_per_s": runs[0][0] / statistics.median(cpu_s),
                "resident_mib": max(mib for _, _, mib in runs)}
    return found


def against(found, name, program, reach, what):
    """One of the goals that are ratios to another program."""
    ours, theirs = found["vedette replay"].get(name), found[program].get(name)
    label = f"{what}: Vedette against {program}"
    if not ours or not theirs or "skipped" in theirs:
        why = (theirs or {}).get("skipped", "no such capture")
        return row(label, "x packets per CPU s", [], reach, note=why)
    rates = [theirs["packets"] / s for s in theirs["cpu_s"]]
    return row(label, "x packets per CPU s", [ours["packets_per_s"] / r for r in rates], reach)
