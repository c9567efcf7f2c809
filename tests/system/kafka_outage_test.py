"""The broker is killed while a sensor makes 50,000 flow events a second, and is away for half a minute
(--seconds N: another time). Every event that was made is there afterwards, once, and the capture has
lost nothing: counted by an independent reader, by sequence numbers, and against the packets that were
played.

What makes the events: `vedette run` on a virtual interface into which tcpreplay plays short connections,
two packets each. A machine on which the kernel has to drop packets carries no such rate, and says
nothing of the export: there all of it is done again at half the rate, at a quarter at the least."""
import argparse
import sys
import tempfile
import time
from pathlib import Path

import kafka_world
import sensor_run
import short_flows
from kafka_world import missing, total

FLOWS = 300_000  # in the capture: six seconds, so that a connection is over before it is asked for again
FLOW_TOPIC = "vedette.flows"
HEALTH_TOPIC = "vedette.health"
SLOWER = (1, 2, 4)  # parts of the rate


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=int, default=30, help="the broker is away (30)")
    parser.add_argument("--rate", type=int, default=50_000, help="flow events a second (50000)")
    parser.add_argument("--before", type=int, default=5, help="seconds before that (5)")
    return parser.parse_args()


def drained(sensor, seconds_max):
    return sensor.wait_for("spool: empty again", seconds_max)


def received(health):
    """Packets, by the windows that are told of."""
    text = health.read_bytes()
    return sum(event["packets_received"] for event in
               sensor_run.events_of(text[:text.rfind(b"\n") + 1]))


def rates(health):
    """Delivered flow events a second, by window, and how many were on disk at its end."""
    told = [(event["window_start_ms"], event["window_ms"], event["events"].get(FLOW_TOPIC, {}),
             event["spool_bytes"]) for event in sorted(health, key=lambda e: e["window_start_ms"])]
    before, lines = {}, []
    for start_ms, window_ms, counts, spool_bytes in told:
        if counts:
            lines.append((start_ms, (counts["made"] - before.get("made", 0)) * 1000 / window_ms,
                          (counts["delivered"] - before.get("delivered", 0)) * 1000 / window_ms,
                          counts["spooled"], spool_bytes, counts))
            before = counts
    return lines


def check_health(check, health):
    wrong = [h for h in health for counts in h["events"].values()
             if counts["made"] != counts["delivered"] + counts["spooled"] + counts["dropped"]]
    check(not wrong, f"made = delivered + spooled + dropped in {len(health)} health events: {wrong[:1]}")
    lost = sum(sum(event["dropped"].values()) for event in health)
    check(lost == 0, f"capture loss {lost} packets of {sum(e['packets_received'] for e in health)}")
    for start_ms, made, delivered, spooled, spool_bytes, _ in rates(health):
        print(f"         window {start_ms}: {made:9,.0f} made/s, {delivered:9,.0f} delivered/s, "
              f"{spooled:11,} wait, {spool_bytes >> 20:6,} MiB")


def run(check, options, rate, folder):
    """Returns the packets that were lost before the sensor read them."""
    capture = folder / "short.pcap"
    short_flows.write(capture, FLOWS)
    cluster = kafka_world.Cluster(folder / "kafka")
    cluster.up()
    tap = kafka_world.Tap()
    config = kafka_world.sensor_config(
        folder / "outage.yaml", "outage", cluster.brokers,
        more="capture: {interfaces: [tap0], buffer_mib: 256}\n",
        spool=f"{folder}/spool\n    bytes_max: {32 << 30}")
    sensor = kafka_world.Running(config, folder / "sensor.log", "--health", folder / "health")
    tap.play(capture, rate * short_flows.PACKETS_PER_FLOW, folder / "tcpreplay.log")
    time.sleep(options.before)
    cluster.down("--kill")
    print(f"         the broker is away for {options.seconds} s", flush=True)
    time.sleep(options.seconds)
    cluster.up()
    back = time.monotonic()
    check(drained(sensor, 60 + 2 * options.seconds), "the spool is empty again, while events come")
    seconds = time.monotonic() - back
    print(f"         {seconds:.1f} s after the broker was back", flush=True)
    tap.stop()
    packets = tap.counted()
    check(kafka_world.wait_until(lambda: received(folder / "health") == packets, 90),
          f"{received(folder / 'health'):,} of {packets:,} packets received")
    cpu = kafka_world.cpu_seconds(sensor.process.pid)
    peak = kafka_world.resident_bytes(sensor.process.pid)
    status, stop_s = sensor.stop()
    check(status == 0, f"the sensor ends well, in {stop_s:.1f} s")
    print(f"         {packets:,} packets in {check.seconds():.0f} s; sensor {cpu:.1f} CPU s, broker "
          f"since its start {cluster.cpu_seconds():.1f} CPU s, sensor {peak >> 20} MiB resident")
    account = cluster.account("outage")
    flows = total(account, "different", FLOW_TOPIC)
    check(missing(account) == 0, f"{missing(account)} of {total(account, 'highest'):,} events missing")
    check(total(account, "unmarked") == 0, f"{total(account, 'unmarked')} unmarked duplicates, "
          f"{total(account, 'repeats')} marked ones")
    played = -(-packets // short_flows.PACKETS_PER_FLOW)  # the last may be without its answer
    check(flows == played, f"{flows:,} flow events of {played:,} flows played")
    health = cluster.read(HEALTH_TOPIC)
    check_health(check, health)
    cluster.down("--kill")
    if check.failures:
        print(sensor.log()[-4000:])
    return sum(sum(event["dropped"].values()) for event in health)


def main():
    options = parse_arguments()
    kafka_world.enter(tools=("tcpreplay",))
    for part in SLOWER:
        check = kafka_world.Checks()
        with tempfile.TemporaryDirectory() as folder:
            lost = run(check, options, options.rate // part, Path(folder))
        if lost == 0:
            break
        print(f"         {lost} packets lost at {options.rate // part} flow events a second: "
              "the machine has other work", flush=True)
    return check.status()


if __name__ == "__main__":
    sys.exit(main())
