"""The sensor as a service: what it tells systemd, that a thread which stands still is found and named,
which rights its threads have while it runs, and that it can do its work with those."""
import os
import pwd
import signal
import socket
import sys
import time
from pathlib import Path

import capture_files
import frames
import live_network
import own_traffic
import sensor_run
import service_manager
import system_test
from sensor_run import DONE, total

CAP_NET_RAW, CAP_IPC_LOCK = 1 << 13, 1 << 14
WATCHDOG_S = 6  # who stands still for half of it is stuck


def some_packets(count):
    return capture_files.pcap([(own_traffic.BEGIN_S, i, frames.udp(
        b"x" * 10, f"192.168.7.{1 + i % 200}", 1024 + i % 9000, "198.51.100.9", 9))
        for i in range(count)])


class Service(system_test.SystemTest):
    def setUp(self):
        super().setUp()
        self.network = live_network.Network()
        self.addCleanup(self.network.close)
        self.network.add_pair("tap0")

    def start(self, config="", manager=None, interfaces=("tap0",), **settings):
        options = ("-c", self.write("vedette.yaml", config.encode())) if config else ()
        environment = manager.environment if manager else None
        sensor = live_network.Sensor(self.network, self.folder, interfaces, *options,
                                     environment=environment, **settings)
        self.addCleanup(sensor.kill)
        return sensor

    def manager(self, **settings):
        manager = service_manager.Manager(self.folder, **settings)
        self.addCleanup(manager.close)
        return manager

    def end(self, sensor):
        status, seconds = sensor.stop()
        self.assertEqual(status, DONE, sensor.log())
        self.assertLess(seconds, 5, sensor.log())

    def test_systemd_hears_how_it_goes(self):
        manager = self.manager()
        sensor = self.start(manager=manager)
        sensor.wait_until(lambda: manager.messages("READY"), "READY=1")
        self.assertIn("; listening", sensor.log(), "ready before the sources were open")
        self.network.play("tap0", self.write("some.pcap", some_packets(3000)), "--pps", "1000")
        sensor.wait_until(
            lambda: any(value[0] in "123456789" for _, value in manager.messages("STATUS")),
            "a status with packets per second")
        self.assertRegex(manager.messages("STATUS")[-1][1],
                         r"^\d+ packets/s, 0 lost, 0 alerts open; events to ")
        self.end(sensor)
        self.assertEqual(manager.names(), ["READY", "STOPPING"])
        self.assertGreater(int(manager.messages("EXTEND_TIMEOUT_USEC")[0][1]), 3_000_000)

    def test_a_reload_is_told_and_the_rights_suffice_for_it(self):
        manager = self.manager()
        sensor = self.start("site: east\n", manager=manager)
        sensor.wait_until(lambda: manager.messages("READY"), "READY=1")
        # As an editor writes it: another file in the place of the first.
        self.write("new.yaml", b"site: east\nalerts: {calm_s: 7}\n").rename(
            self.folder / "vedette.yaml")
        sensor.process.send_signal(signal.SIGHUP)
        sensor.wait_until(lambda: len(manager.messages("READY")) == 2, "READY=1 again")
        self.assertEqual(manager.names(), ["READY", "RELOADING", "READY"])
        self.assertLess(abs(int(manager.messages("MONOTONIC_USEC")[0][1]) / 1e6 - time.monotonic()), 60)
        self.end(sensor)

    def test_alive_while_nothing_comes_and_nobody_takes_the_events(self):
        manager = self.manager(watchdog_s=WATCHDOG_S)
        refusing = socket.socket()
        refusing.bind(("127.0.0.1", 0))  # bound and not listening: in another network at that
        sensor = self.start(
            "state: {when: never}\n"
            f"export: {{kafka: {{brokers: ['127.0.0.1:{refusing.getsockname()[1]}']}}, "
            f"spool: {{folder: {self.folder}/spool}}}}\n", manager=manager, topics=())
        sensor.wait_until(lambda: len(manager.messages("WATCHDOG")) >= 10, "ten signs of life")
        times = [when for when, _ in manager.messages("WATCHDOG")]
        self.assertNotIn("stuck", sensor.log())
        self.assertIn("kafka", manager.messages("STATUS")[-1][1])
        self.assertGreater(times[-1] - times[0], WATCHDOG_S)
        self.end(sensor)
        refusing.close()

    def test_each_thread_that_stands_still_is_named_and_keeps_the_watchdog_waiting(self):
        manager = self.manager(watchdog_s=WATCHDOG_S)
        sensor = self.start(f"export: {{files: {{when: always, folder: {self.folder}/events}}}}\n"
                            "capture: {workers: 2}\n", manager=manager)
        sensor.wait_until(lambda: manager.messages("WATCHDOG"), "a sign of life")
        named = set()
        for thread in service_manager.threads(sensor.process.pid):
            before = sensor.log().count("stuck for")
            with service_manager.StoppedThread(thread):
                until = time.monotonic() + 0.7 * WATCHDOG_S
                while time.monotonic() < until and sensor.log().count("stuck for") == before:
                    time.sleep(0.02)
                found = sensor.log().count("stuck for") > before
                signs = len(manager.messages("WATCHDOG"))
                time.sleep(1)
                if found:
                    self.assertEqual(len(manager.messages("WATCHDOG")), signs, sensor.log())
            if found:
                named.update(part for part in ("worker 0", "worker 1", "reader", "control", "sink files")
                             if part + ":" in sensor.log() or part + "," in sensor.log())
                sensor.wait_until(lambda: len(manager.messages("WATCHDOG")) > signs,
                                  "signs of life again")
        self.assertEqual(named, {"worker 0", "worker 1", "reader", "control", "sink files"},
                         sensor.log())
        self.assertIn("gets on again", sensor.log())
        self.end(sensor)

    def assert_rights(self, sensor, kept, user=0):
        sensor.wait_until(lambda: len(service_manager.threads(sensor.process.pid)) > 3,
                          "threads")
        threads = service_manager.threads(sensor.process.pid)
        for thread in threads:
            status = service_manager.thread_status(sensor.process.pid, thread)
            for name in ("CapInh", "CapBnd", "CapAmb"):
                self.assertEqual(int(status[name], 16), 0, (name, status))
            for name in ("CapEff", "CapPrm"):
                rights = int(status[name], 16)
                # A thread of a library has no more, and may have less.
                self.assertEqual(rights & ~kept, 0, (name, status))
                if thread == sensor.process.pid:
                    self.assertEqual(rights, kept, (name, status))
            self.assertEqual(status["NoNewPrivs"], "1", status)
            self.assertEqual(status["Seccomp"], "2", status)
            self.assertEqual(status["Uid"].split(), [str(user)] * 4, status)
            if user:
                self.assertEqual(status["Groups"], "", status)
        limits = Path(f"/proc/{sensor.process.pid}/limits").read_text(encoding="utf-8")
        self.assertRegex(limits, r"Max core file size +0 +0 ")
        # Who may not be dumped belongs to root in /proc.
        self.assertEqual(os.stat(f"/proc/{sensor.process.pid}/environ").st_uid, 0)

    def test_another_user_with_one_right_can_do_everything(self):
        """Capture, files, a spool, an interface that goes and comes back."""
        user = pwd.getpwnam("nobody").pw_uid
        self.folder.chmod(0o711)
        state = self.folder / "state"  # missing: made for that user
        sensor = self.start(
            f"service: {{user: nobody}}\nstate: {{folder: {state}/kept}}\n"
            f"export: {{files: {{when: always, folder: {state}/events, rotate_bytes: 65536}}, "
            f"kafka: {{brokers: ['127.0.0.1:1']}}, spool: {{folder: {state}/spool}}}}\n", topics=())
        self.assert_rights(sensor, CAP_NET_RAW, user)
        capture = self.write("some.pcap", some_packets(500))
        self.network.play("tap0", capture)
        self.network.remove_pair("tap0")
        sensor.wait_for_log("tap0 is gone")
        self.network.add_pair("tap0")
        sensor.wait_for_log("tap0 is opened again, 1 times")
        self.network.play("tap0", capture)
        self.assert_rights(sensor, CAP_NET_RAW, user)
        self.end(sensor)
        health = sensor_run.events_of((state / "events" / "health.ndjson").read_bytes())
        self.assertEqual(total(health, "packets_processed"), 1000)
        self.assertEqual((state / "events" / "health.ndjson").stat().st_uid, user)
        self.assertTrue(list((state / "spool").glob("*.log")), "nothing was spooled")

    def through_dpdk(self, device, kept, end=signal.SIGTERM):
        tried = sensor_run.run("run", "--interface", "net_nothing0")
        if "built without DPDK" in tried.err.decode("utf-8"):
            self.skipTest("the program was built without DPDK")
        sensor = self.start("capture: {workers: 2}\n", interfaces=[device])
        self.assert_rights(sensor, kept)
        self.network.play("tap0", self.write("some.pcap", some_packets(500)))
        if end != signal.SIGTERM:
            return sensor.kill()
        self.end(sensor)
        self.assertEqual(total(sensor.events("health"), "packets_processed"), 500, sensor.log())
        for file in sensor.files.values():
            file.unlink()

    def test_rights_of_af_packet_through_dpdk(self):
        self.through_dpdk("af_packet:tap0", CAP_NET_RAW | CAP_IPC_LOCK)

    def test_rights_of_af_xdp_through_dpdk(self):
        self.through_dpdk("af_xdp:tap0", CAP_IPC_LOCK)

    def test_af_xdp_leaves_its_interface_as_it_was(self):
        """However it ends; what the sensor may no longer do, a process without packets does."""
        def as_it_was():
            link = self.network.run("ip", "-d", "link", "show", "tap0")
            return "xdp" not in link and "PROMISC" not in link
        for end in (signal.SIGTERM, signal.SIGKILL):
            self.through_dpdk("af_xdp:tap0", CAP_IPC_LOCK, end)
            until = time.monotonic() + 30
            while not as_it_was() and time.monotonic() < until:
                time.sleep(0.05)
            self.assertTrue(as_it_was(), self.network.run("ip", "-d", "link", "show", "tap0"))

    def test_the_sandbox_can_be_switched_off(self):
        sensor = self.start("service: {sandbox: 'off'}\n")
        status = service_manager.thread_status(sensor.process.pid, sensor.process.pid)
        self.assertEqual(status["Seccomp"], "0", status)
        self.assertIn("service.sandbox is off", sensor.log())
        self.end(sensor)

    def test_what_cannot_be_given_up_or_taken_is_said(self):
        config = self.write("vedette.yaml", b"service: {user: no-such-user}\n")
        self.refuse("run", "-c", config, "--interface", "tap0", status=sensor_run.USAGE,
                    says=["service.user", "no-such-user", "useradd"])
        config = self.write("vedette.yaml", b"service: {user: 'Big Ben', sandbox: half}\n")
        self.refuse("check", "-c", config, status=sensor_run.USAGE,
                    says=["service.user", "vedette", "service.sandbox", "full", "off"])


if __name__ == "__main__":
    reason = live_network.missing()
    if reason:
        print("skipped: " + reason)
        sys.exit(system_test.SKIPPED)
    system_test.main()
