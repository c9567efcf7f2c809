"""The running sensor on interfaces of a network of the test's own: what it sees is what was sent, what
it could not take is counted by the end it met, and an interface may come and go."""
import random
import signal
import subprocess
import sys

import capture_files
import frames
import live_network
import own_traffic
import sensor_run
import system_test
from sensor_run import DONE, USAGE, total

SECONDS_TO_STOP_MAX = 5


def busy_seconds():
    """Six seconds of several kinds of attack and of ordinary traffic, far enough from every limit that
    a machine that is busy itself makes no other kind of them."""
    to, source = own_traffic.Recorder(), random.Random(5)
    for i in range(200):
        client = f"192.168.0.{10 + i % 20}"
        to.add_all(i * 0.03, frames.connection(client, 20000 + i, "198.51.100.7", 80, b"GET / \r\n",
                                               bytes(400), vlan=30 if i % 5 == 0 else None))
    for i in range(2000):
        spoofed = str(frames.ipaddress.ip_address(source.getrandbits(32)))
        to.add(1 + i * 0.001, frames.tcp(frames.SYN, spoofed, 1024 + i, "192.168.1.80", 443))
    for port in range(1, 125):
        to.add(0.5 + port * 0.04, frames.tcp(frames.SYN, "192.168.2.66", 61000, "192.168.1.81", port))
        to.add(0.501 + port * 0.04, frames.tcp(frames.RST | frames.ACK, "192.168.1.81", port,
                                               "192.168.2.66", 61000))
    for host in range(1, 150):
        to.add(1 + host * 0.03, frames.tcp(frames.SYN, "192.168.2.67", 61001, f"10.20.30.{host}",
                                           22))
    for i in range(110):
        to.add(2 + i * 0.02, frames.tcp(0x29, "203.0.113.6", 4000, "192.168.1.82", i + 1))
    return capture_files.pcap(to.timed()), len(to.packets)


def small_packets(count):
    source = random.Random(3)
    return capture_files.pcap([
        (own_traffic.BEGIN_S, i, frames.udp(b"x" * 10, f"192.168.7.{source.randrange(1, 250)}",
                                            1024 + i % 9000, "198.51.100.9", 9))
        for i in range(count)])


def alerts_told(alerts):
    return {(alert["kind"], alert["device"], alert["role"]) for alert in alerts}


class Live(system_test.SystemTest):
    def setUp(self):
        super().setUp()
        self.network = live_network.Network()
        self.addCleanup(self.network.close)
        self.network.add_pair("tap0")

    def listen(self, *options, interfaces=("tap0",), **settings):
        sensor = live_network.Sensor(self.network, self.folder, interfaces, *options, **settings)
        self.addCleanup(sensor.kill)
        return sensor

    def end(self, sensor, how=signal.SIGTERM):
        status, seconds = sensor.stop(how)
        self.assertEqual(status, DONE, sensor.log())
        self.assertLess(seconds, SECONDS_TO_STOP_MAX, sensor.log())

    def assert_accounted(self, health, counted):
        """Each event's sums agree, and all of them with what the interface has counted."""
        for event in health:
            self.assertEqual(event["packets_received"],
                             event["packets_processed"] + sum(event["dropped"].values()), event)
            self.assertEqual(event["packets_processed"], sum(event["decoded"].values()), event)
        self.assertEqual(total(health, "packets_received"), counted, total(health, "dropped"))

    def see_what_the_replay_sees(self, *options, source="libpcap", interfaces=("tap0",)):
        data, packets = busy_seconds()
        capture = self.write("busy.pcap", data)
        sensor = self.listen(*options, interfaces=interfaces)
        self.network.play("tap0", capture)
        self.end(sensor)
        (self.folder / "replayed").mkdir()
        replayed = sensor_run.replay(self.folder / "replayed", capture)
        self.assertEqual(replayed.status, DONE, replayed.describe())
        self.assertEqual(total(sensor.events("health"), "packets_processed"), packets, sensor.log())
        self.assert_accounted(sensor.events("health"), self.network.counted("tap0"))
        self.assertEqual(total(sensor.events("health"), "decoded"), total(replayed.health, "decoded"))
        self.assertEqual(alerts_told(sensor.events("alerts")), alerts_told(replayed.alerts))
        self.assertGreaterEqual(len(alerts_told(replayed.alerts)), 4)
        self.assertEqual({d["device"] for d in sensor.events("devices")},
                         {d["device"] for d in replayed.devices})
        self.assertEqual({h["source"] for h in sensor.events("health")}, {source})
        self.assertEqual({h["clock_source"] for h in sensor.events("health")}, {"host"})
        valid = subprocess.run([sys.executable, sensor_run.ROOT / "scripts" / "validate_events",
                                *sensor.files.values()], capture_output=True, text=True)
        self.assertEqual(valid.returncode, 0, valid.stdout + valid.stderr)
        states = [alert["state"] for alert in sensor.events("alerts")]
        self.assertEqual(states.count("open"), states.count("close"), "every alert is closed")

    def test_one_worker_sees_what_the_replay_sees(self):
        self.see_what_the_replay_sees()

    def test_two_workers_see_what_the_replay_sees(self):
        self.see_what_the_replay_sees("--workers", "2")

    def listens_through_dpdk(self):
        """Skips where the program was built without DPDK."""
        tried = sensor_run.run("run", "--interface", "net_nothing0")
        if "built without DPDK" in tried.err.decode("utf-8"):
            self.skipTest("the program was built without DPDK")

    def test_af_packet_sees_what_the_replay_sees(self):
        self.listens_through_dpdk()
        self.see_what_the_replay_sees("--source", "dpdk", source="dpdk")

    def test_af_xdp_sees_what_the_replay_sees(self):
        self.listens_through_dpdk()
        self.see_what_the_replay_sees("--workers", "2", source="dpdk", interfaces=["af_xdp:tap0"])

    def test_overload_through_dpdk_is_counted_to_the_packet(self):
        self.listens_through_dpdk()
        capture = self.write("small.pcap", small_packets(60_000))
        for device in ("af_packet:tap0", "af_xdp:tap0"):
            before = self.network.counted("tap0")
            sensor = self.listen(interfaces=[device])
            self.network.play("tap0", capture, "--topspeed")
            sensor.pause()
            self.network.play("tap0", capture, "--topspeed")
            sensor.go_on()
            self.network.play("tap0", capture, "--topspeed")
            self.end(sensor)
            health = sensor.events("health")
            self.assert_accounted(health, self.network.counted("tap0") - before)
            self.assertGreater(total(health, "packets_processed"), 0)
            self.assertGreater(sum(total(health, "dropped").values()), 0, "nothing was lost")
            for file in sensor.files.values():
                file.unlink()

    def test_overload_is_counted_to_the_packet(self):
        config = self.write("small.yaml", b"capture: {buffer_mib: 1}\n")
        capture = self.write("small.pcap", small_packets(60_000))
        for workers in ("1", "2"):
            before = self.network.counted("tap0")
            sensor = self.listen("-c", config, "--workers", workers)
            self.network.play("tap0", capture, "--topspeed")
            # While it cannot run the kernel's ring is full after some thousand packets.
            sensor.pause()
            self.network.play("tap0", capture, "--topspeed")
            sensor.go_on()
            self.network.play("tap0", capture, "--topspeed")
            self.end(sensor)
            health = sensor.events("health")
            self.assert_accounted(health, self.network.counted("tap0") - before)
            self.assertGreater(total(health, "dropped")["kernel"], 0, "nothing was lost: no overload")
            self.assertGreater(total(health, "packets_processed"), 0)
            self.assertIn("packets lost", sensor.log())
            self.assertGreater(sum(d["sensor_lost_packets"] for d in sensor.events("devices")), 0)
            for file in sensor.files.values():
                file.unlink()

    def test_an_interface_goes_down_and_comes_up(self):
        capture = self.write("small.pcap", small_packets(500))
        sensor = self.listen()
        self.network.play("tap0", capture)
        self.network.set_link("tap0", "down")
        sensor.wait_for_log("tap0 is down")
        self.network.set_link("tap0", "up")
        sensor.wait_for_log("tap0 is up")
        sensor.wait_until(lambda: sensor.log().count("tap0 is up") == 2, "the interface to be up")
        self.network.play("tap0", capture)
        self.end(sensor)
        self.assert_accounted(sensor.events("health"), 1000)

    def test_an_interface_that_is_down_at_start_is_waited_for(self):
        capture = self.write("small.pcap", small_packets(500))
        self.network.set_link("tap0", "down")
        sensor = self.listen()
        sensor.wait_for_log("tap0 is down")
        self.network.set_link("tap0", "up")
        sensor.wait_for_log("tap0 is up")
        self.network.play("tap0", capture)
        self.end(sensor)
        self.assert_accounted(sensor.events("health"), 500)

    def test_an_interface_is_removed_and_made_again(self):
        capture = self.write("small.pcap", small_packets(500))
        sensor = self.listen()
        self.network.play("tap0", capture)
        # What it holds is lost with it, and counted: let it be read first.
        self.network.remove_pair("tap0")
        sensor.wait_for_log("tap0 is gone")
        self.network.add_pair("tap0")
        sensor.wait_for_log("tap0 is opened again, 1 times")
        self.network.play("tap0", capture)
        self.end(sensor)
        self.assert_accounted(sensor.events("health"), 1000)

    def test_several_interfaces(self):
        self.network.add_pair("tap1")
        capture = self.write("small.pcap", small_packets(3000))
        sensor = self.listen(interfaces=("tap0", "tap1"))
        for name in ("tap0", "tap1", "tap0"):
            self.network.play(name, capture, "--topspeed")
        self.network.remove_pair("tap1")
        sensor.wait_for_log("tap1 is gone")
        self.network.play("tap0", capture, "--topspeed")
        self.end(sensor)
        self.assert_accounted(sensor.events("health"), 12_000)

    def test_idle_seconds_are_told_too(self):
        sensor = self.listen()
        sensor.wait_until(lambda: len(sensor.events("health")) >= 1, "a window without packets")
        self.end(sensor, signal.SIGINT)
        starts = [event["window_start_ms"] for event in sensor.events("health")]
        self.assertEqual(starts, list(range(starts[0], starts[0] + 10_000 * len(starts), 10_000)))
        self.assert_accounted(sensor.events("health"), 0)

    def test_filter_and_files_of_the_configuration(self):
        config = self.write("files.yaml", (
            "sensor: edge-7\ncapture: {interfaces: [tap0], bpf: 'udp port 53'}\n"
            "state: {when: never}\n"
            f"export: {{flows: true, files: {{folder: {self.folder}/events}}}}\n").encode())
        query = frames.dns_query([b"www", b"example", b"org"], 7)
        capture = self.write("dns.pcap", capture_files.pcap(
            [(own_traffic.BEGIN_S, i, frames.udp(query, "192.168.0.9", 4000 + i, "192.0.2.53",
                                                 53 + i % 2)) for i in range(10)]))
        sensor = self.listen("-c", config, interfaces=(), topics=())
        self.network.play("tap0", capture)
        self.end(sensor)
        # A topic without an event has no file.
        events = {file.stem: sensor_run.events_of(file.read_bytes())
                  for file in (self.folder / "events").glob("*.ndjson")}
        self.assertEqual(total(events["health"], "packets_received"), 5)
        self.assertEqual(len(events["flows"]), 5)
        self.assertEqual({e["sensor"] for topic in events.values() for e in topic}, {"edge-7"})

    def refuse_inside(self, *arguments, says, **settings):
        done = subprocess.run(self.network.inside(sensor_run.PROGRAM, "run", *arguments),
                              capture_output=True, text=True, timeout=60, **settings)
        self.assertEqual(done.returncode, USAGE, done.stderr)
        for text in says:
            self.assertIn(text, done.stderr)

    def test_what_cannot_be_listened_to_is_refused_with_advice(self):
        self.refuse_inside(says=["no interface", "tap0", "--interface"])
        self.refuse_inside("-i", "tap7", "-i", "a/b", says=["'tap7'", "'a/b'", "there are:", "tap0"])
        self.refuse_inside("-i", "tap0", "--bpf", "udp prot 7", says=["udp prot 7", "pcap-filter"])
        self.refuse_inside("-i", "tap0", "--workers", "17", says=["1 to 16"])
        self.refuse_inside("-i", "tap0", "-i", "tap0", says=["twice"])
        self.refuse_inside("-i", "tap0", "--source", "dpkd", says=["did you mean 'dpdk'"])

    def test_without_rights_it_says_what_to_do(self):
        program = self.folder / "vedette"
        program.write_bytes(open(sensor_run.PROGRAM, "rb").read())
        program.chmod(0o755)
        self.folder.chmod(0o755)
        done = subprocess.run(
            self.network.inside("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                                "--inh-caps=-all", "--bounding-set=-all", program, "run", "-i", "tap0"),
            capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, USAGE, done.stderr)
        for text in ("no right to capture", "setcap cap_net_raw=ep", "AmbientCapabilities"):
            self.assertIn(text, done.stderr)


if __name__ == "__main__":
    reason = live_network.missing()
    if reason:
        print("skipped: " + reason)
        sys.exit(system_test.SKIPPED)
    system_test.main()
