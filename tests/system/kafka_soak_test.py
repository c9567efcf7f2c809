"""A sensor that runs for twenty minutes (--minutes N) with a broker: 5,000 flow events a second from
short connections. Its memory stays as it is once the tables have filled, every packet that the kernel
has brought is accounted for, every event that was made arrives."""
import argparse
import sys
import tempfile
import time
from pathlib import Path

import kafka_world
import short_flows
from kafka_world import missing, total
from kafka_outage_test import FLOW_TOPIC, HEALTH_TOPIC, check_health, received

FLOWS = 300_000
FLOWS_PER_S = 5_000
WARM_S = 90  # by then every table that this traffic fills is as full as it gets
GROWTH_MAX_BYTES = 32 << 20


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=20)
    options = parser.parse_args()
    kafka_world.enter(tools=("tcpreplay",))
    check = kafka_world.Checks()
    with tempfile.TemporaryDirectory() as name:
        soak(check, Path(name), options.minutes * 60)
    return check.status()


def soak(check, folder, seconds):
    short_flows.write(folder / "short.pcap", FLOWS)
    cluster = kafka_world.Cluster(folder / "kafka")
    cluster.up()
    tap = kafka_world.Tap()
    config = kafka_world.sensor_config(folder / "soak.yaml", "soak", cluster.brokers,
                                       more="capture: {interfaces: [tap0]}\n")
    sensor = kafka_world.Running(config, folder / "sensor.log", "--health", folder / "health")
    pid = sensor.process.pid
    tap.play(folder / "short.pcap", FLOWS_PER_S * short_flows.PACKETS_PER_FLOW,
             folder / "tcpreplay.log")
    began, resident = time.monotonic(), []
    while (passed := time.monotonic() - began) < seconds:
        time.sleep(min(10, seconds - passed))
        resident.append((time.monotonic() - began, kafka_world.resident_bytes(pid)))
        if len(resident) % 6 == 0:
            print(f"         {resident[-1][0]:6.0f} s: {resident[-1][1] / (1 << 20):.1f} MiB "
                  f"resident, {kafka_world.cpu_seconds(pid):.1f} CPU s", flush=True)
    tap.stop()
    packets = tap.counted()
    check(kafka_world.wait_until(lambda: received(folder / "health") == packets, 60),
          f"{received(folder / 'health'):,} of {packets:,} packets received")
    cpu = kafka_world.cpu_seconds(pid)
    status, stop_s = sensor.stop()
    check(status == 0, f"the sensor ends well, in {stop_s:.1f} s; {cpu:.1f} CPU s")
    warm = [size for when, size in resident if when >= WARM_S] or [resident[-1][1]]
    check(resident[-1][1] - warm[0] < GROWTH_MAX_BYTES,
          f"memory: {warm[0] / (1 << 20):.1f} MiB after {WARM_S} s, {max(warm) / (1 << 20):.1f} at "
          f"the most, {resident[-1][1] / (1 << 20):.1f} at the end")
    account = cluster.account("soak")
    check(missing(account) == 0 and total(account, "unmarked") == 0,
          f"{missing(account)} of {total(account, 'highest'):,} events missing, "
          f"{total(account, 'repeats')} repeated, {total(account, 'unmarked')} unmarked")
    played = -(-packets // short_flows.PACKETS_PER_FLOW)
    check(total(account, "different", FLOW_TOPIC) == played,
          f"{total(account, 'different', FLOW_TOPIC):,} flow events of {played:,} flows played")
    health = cluster.read(HEALTH_TOPIC)
    wrong = [event for event in health
             if event["packets_received"] != event["packets_processed"] +
             sum(event["dropped"].values()) or
             event["packets_processed"] != sum(event["decoded"].values())]
    check(not wrong, f"received = processed + dropped, processed = decoded: {wrong[:1]}")
    check_health(check, health)
    cluster.down("--kill")
    if check.failures:
        print(sensor.log()[-4000:])


if __name__ == "__main__":
    sys.exit(main())
