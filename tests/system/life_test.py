"""The service over its life: a configuration that is read again while packets pass, a state that
outlives a stop, a kill and a disk that lies, and a stop that does not take long."""
import os
import signal
import subprocess
import sys
import time

import capture_files
import frames
import live_network
import own_traffic
import system_test
from sensor_run import DONE, total

SECONDS_TO_STOP_MAX = 5
CONFIG = """\
sensor: life
home: [10.0.0.0/8, 192.168.0.0/16{more_home}]
capture: {{workers: {workers}}}
state: {{when: always, folder: {folder}/state, every_s: 10}}
alerts: {{calm_s: {calm_s}}}
detectors:
  dos.syn_flood: {{unfinished_per_second_max: {limit}}}
"""


def flood(seconds):
    to = own_traffic.Recorder()
    for i in range(seconds * 400):
        source = f"203.0.{i // 250 % 250}.{1 + i % 250}"
        to.add(i / 400, frames.tcp(frames.SYN, source, 1024 + i % 60000, "192.168.1.80", 443))
    return capture_files.pcap(to.timed()), len(to.packets)


class Service(system_test.SystemTest):
    def setUp(self):
        super().setUp()
        self.network = live_network.Network()
        self.addCleanup(self.network.close)
        self.network.add_pair("tap0")
        self.config = self.folder / "vedette.yaml"
        self.state = self.folder / "state" / "sensor.state"
        self.write_config()

    def write_config(self, workers=1, calm_s=60, limit=80, more_home="", text=None):
        """In place of the one before, as an editor does: never half of it."""
        new = self.folder / "new.yaml"
        new.write_text(text or CONFIG.format(folder=self.folder, workers=workers, calm_s=calm_s,
                                             limit=limit, more_home=more_home), encoding="utf-8")
        os.replace(new, self.config)

    def listen(self):
        sensor = live_network.Sensor(self.network, self.folder, ["tap0"], "-c", self.config)
        self.addCleanup(sensor.kill)
        return sensor

    def end(self, sensor, how=signal.SIGTERM):
        status, seconds = sensor.stop(how)
        self.assertEqual(status, DONE, sensor.log())
        self.assertLess(seconds, SECONDS_TO_STOP_MAX, sensor.log())

    def hangup(self, sensor, answer, times):
        sensor.process.send_signal(signal.SIGHUP)
        sensor.wait_until(lambda: sensor.log().count(answer) >= times, answer)

    def test_reload(self):
        sensor = self.listen()
        self.write_config(limit=100, workers=2, more_home=", 203.0.113.0/24")
        self.hangup(sensor, "the configuration is now of generation 1", 1)
        log = sensor.log()
        self.assertIn("detectors.dos.syn_flood.unfinished_per_second_max: 80 -> 100", log)
        self.assertIn("capture.workers: 1 -> 2: with the next start only", log)
        self.write_config(text="sensor: life\nsurprise: 1\ndetectors: {dos.syn_flood: {enabled: 7}}\n")
        self.hangup(sensor, "the configuration is refused; generation 1 goes on", 1)
        self.assertIn("surprise", sensor.log())
        self.assertIn("dos.syn_flood.enabled", sensor.log(), "every fault is told")
        self.config.unlink()
        self.hangup(sensor, "the configuration is refused; generation 1 goes on", 2)
        self.write_config()
        self.hangup(sensor, "the configuration is now of generation 2", 1)
        time.sleep(2.5)  # an interval that is told with it
        self.end(sensor)
        self.assertIn("stopped by SIGTERM; configuration of generation 2", sensor.log())
        self.assertEqual(sensor.events("health")[-1]["generation"], 2)

    def test_a_storm_of_reloads_loses_no_packet(self):
        data, packets = flood(5)
        capture = self.write("flood.pcap", data)
        sensor = self.listen()
        playing = subprocess.Popen(self.network.inside("tcpreplay", "-q", "-i", "tap0p", capture),
                                   stdout=subprocess.DEVNULL)
        sent = 0
        while playing.poll() is None or sent < 100:
            self.write_config(calm_s=60 + sent % 50, more_home="" if sent % 3 else ", 203.0.113.0/24",
                              text="nonsense: 1\n" if sent % 2 else None)
            sensor.process.send_signal(signal.SIGHUP)
            sent += 1
            time.sleep(0.01)
        self.write_config(limit=123)
        sensor.process.send_signal(signal.SIGHUP)
        sensor.wait_for_log("unfinished_per_second_max: 80 -> 123")
        time.sleep(2.5)  # an interval that is told with it
        self.end(sensor)
        log = sensor.log()
        applied = log.count("the configuration is now of generation")
        self.assertIn(f"configuration of generation {applied}", log)
        self.assertGreater(applied, 1)
        self.assertGreater(log.count("the configuration is refused"), 1)
        health = sensor.events("health")
        self.assertEqual(total(health, "packets_processed"), packets, log)
        self.assertEqual(sum(total(health, "dropped").values()), 0, log)
        self.assertEqual(health[-1]["generation"], applied)

    def play_flood(self):
        self.network.play("tap0", self.write("flood.pcap", flood(3)[0]))

    def test_an_alert_outlives_a_restart(self):
        sensor = self.listen()
        self.play_flood()
        self.end(sensor)
        first = sensor.events("alerts")
        self.assertEqual([(a["kind"], a["state"], a["revision"]) for a in first],
                         [("dos.syn_flood", "open", 0)], sensor.log())
        self.assertEqual(self.state.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.state.parent.stat().st_mode & 0o777, 0o700)
        sensor.files["alerts"].unlink()
        self.write_config(calm_s=2)
        sensor = self.listen()
        self.assertIn("written at a stop", sensor.log())
        self.play_flood()
        sensor.wait_until(lambda: any(a["state"] == "close" for a in sensor.events("alerts")),
                          "the alert to close")
        self.end(sensor)
        second = sensor.events("alerts")
        self.assertEqual({a["alert_id"] for a in second}, {first[0]["alert_id"]}, sensor.log())
        self.assertEqual([a["revision"] for a in second], list(range(1, len(second) + 1)))
        self.assertEqual(second[-1]["state"], "close")
        self.assertGreater(second[-1]["packets"], first[0]["packets"])

    def test_a_killed_sensor_goes_on_from_its_last_state(self):
        sensor = self.listen()
        self.play_flood()
        sensor.wait_until(lambda: sensor.events("alerts"), "an alert")
        # The copy that is written was taken before; a second apart there is no doubt.
        told_at = time.time() + 1
        sensor.wait_until(lambda: self.state.exists() and self.state.stat().st_mtime > told_at,
                          "a state that knows of the alert")
        sensor.kill()
        opened = [a for a in sensor.events("alerts") if a["state"] == "open"]
        told = {a["id"] for a in sensor.events("alerts")}
        self.assertEqual(len(opened), 1)
        sensor.files["alerts"].unlink()
        sensor = self.listen()
        self.assertIn("written while running", sensor.log())
        self.play_flood()
        self.end(sensor)
        again = sensor.events("alerts")
        self.assertFalse(told & {a["id"] for a in again}, "an id has two meanings")
        self.assertEqual({a["alert_id"] for a in again} - {opened[0]["alert_id"]}, set())

    def test_a_state_that_is_of_no_use_is_set_aside(self):
        sensor = self.listen()
        self.play_flood()
        self.end(sensor)
        whole = self.state.read_bytes()
        other = whole.replace(b"life", b"lief")
        for damaged, why in ((whole[:-100], "its checksum is wrong"), (b"", "not a state"),
                             (other, "its checksum is wrong"),
                             (whole.replace(b"STATE 1", b"STATE 9"), "found format 9")):
            self.state.write_bytes(damaged)
            sensor = self.listen()
            self.assertIn("state refused, the sensor begins anew", sensor.log())
            self.assertIn(why, sensor.log())
            self.assertEqual(self.state.with_name("sensor.state.refused").read_bytes(), damaged)
            self.end(sensor)
            self.assertTrue(self.state.exists(), "a new one is kept")
        self.write_config(text=self.config.read_text(encoding="utf-8").replace("life", "other"))
        sensor = self.listen()
        self.assertIn("it is sensor life's of site default, this is other", sensor.log())
        self.end(sensor)


if __name__ == "__main__":
    reason = live_network.missing()
    if reason:
        print("skipped: " + reason)
        sys.exit(system_test.SKIPPED)
    system_test.main()
