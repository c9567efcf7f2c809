"""The policy from outside: an entry keeps back its alert and no other, and is counted; explain and
check say so; packets behind alerts are readable captures of these alerts' hosts."""
import json
import os
import shutil
import subprocess
import sys

import sensor_run
import system_test

MAKE_PCAP = sensor_run.ROOT / "scripts" / "make_pcap"


def opened(events):
    """(kind, device_ip) of every alert."""
    return sorted((e["kind"], e["device_ip"]) for e in events if e["state"] == "open")


class Policy(system_test.SystemTest):
    def setUp(self):
        super().setUp()
        self.demo = self.folder / "demo.pcap"
        subprocess.run([sys.executable, MAKE_PCAP, "demo", self.demo], check=True,
                       stdout=subprocess.DEVNULL)

    def config(self, text):
        return self.write("v.yaml", text.encode())

    def replayed(self, config=None):
        options = ["-c", config] if config else []
        return self.replay(self.demo, options=options)

    def test_an_entry_keeps_back_its_alert_alone(self):
        everything = opened(self.replayed().alerts)
        self.assertGreater(len(everything), 5)
        for effect, (kind, device) in zip(["allow", "suppress"] * 2, everything):
            config = self.config(f"policy:\n  entries:\n    - effect: {effect}\n"
                                 f"      kinds: [{kind}]\n      host: {device}\n"
                                 f"      comment: made for this test\n")
            outcome = self.replayed(config)
            self.assertEqual(opened(outcome.alerts),
                             [a for a in everything if a != (kind, device)], (effect, kind))
            counts = outcome.health[-1]["policy"]
            counted = {"allow": "allowed", "suppress": "suppressed"}[effect]
            self.assertEqual(counts.pop(counted), 1, (kind, outcome.health[-1]["policy"]))
            self.assertEqual(counts.pop("entries"), 1)
            self.assertEqual(set(counts.values()), {0})

    def test_one_that_has_expired_keeps_nothing_back(self):
        everything = opened(self.replayed().alerts)
        config = self.config("policy:\n  entries:\n    - {effect: allow, kinds: [all], host: any, "
                             "until: 2001-01-01, comment: long ago}\n")
        outcome = self.replayed(config)
        self.assertEqual(opened(outcome.alerts), everything)
        self.assertEqual(outcome.health[-1]["policy"]["expired"], 1)
        checked = sensor_run.run("check", "-c", config)
        self.assertEqual(checked.status, sensor_run.DONE)
        self.assertIn(b"v.yaml:3:7: has expired", checked.out)

    def test_everything_can_be_kept_back_and_the_report_says_by_what(self):
        config = self.config("policy:\n  entries:\n    - {effect: allow, kinds: [all], host: any, "
                             "comment: a drill}\n")
        outcome = sensor_run.run("replay", "-c", config, self.demo)
        self.assertEqual(outcome.status, sensor_run.DONE, outcome.describe())
        self.assertIn("alerts by allow: a drill", outcome.text()[0])

    def test_explain_says_of_each_alert_what_a_replay_does(self):
        config = self.config("policy:\n  groups:\n    - {name: desks, members: [10.20.0.0/16, "
                             "10.0.0.0/8]}\n  entries:\n"
                             "    - {effect: allow, kinds: [recon.*], source: group/desks, "
                             "comment: a drill}\n")
        plain = self.replayed()
        alerts = self.folder / "plain.ndjson"
        alerts.write_text("".join(json.dumps(e) + "\n" for e in plain.alerts))
        told = opened(self.replayed(config).alerts)
        for event in plain.alerts:
            if event["state"] != "open":
                continue
            said = sensor_run.run("explain", "--json", "-c", config, "--alerts", alerts,
                                  event["alert_id"])
            self.assertEqual(said.status, sensor_run.DONE, said.describe())
            verdict = json.loads(said.out)["verdict"]
            is_told = (event["kind"], event["device_ip"]) in told
            self.assertEqual(verdict.startswith("told"), is_told, (event["kind"], verdict))

    def test_packets_behind_alerts_are_captures_of_their_hosts(self):
        folder = self.folder / "behind"
        config = self.config(f"alert_pcaps:\n  folder: {folder}\n")
        outcome = self.replayed(config)
        self.assertEqual(outcome.alerts, self.replayed().alerts, "keeping packets changes no alert")
        self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
        with_packets = 0
        for event in outcome.alerts:
            if event["state"] != "open":
                continue
            path = folder / (event["alert_id"] + ".pcap")
            if not path.exists():
                self.assertEqual(event["kind"], "dos.device_silent", "a silence has no packets")
                continue
            with_packets += 1
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
            self.check_capture(path, event)
        self.assertGreater(with_packets, 5)
        self.assertEqual({p.suffix for p in folder.iterdir()}, {".pcap"})

    def check_capture(self, path, event):
        again = self.replay(path, topics=("health", "devices"))
        packets = sensor_run.total(again.health, "packets_received")
        self.assertTrue(1 <= packets <= 64, (event["kind"], packets))
        if not shutil.which("tcpdump"):
            return
        read = subprocess.run(["tcpdump", "-nr", str(path)], capture_output=True, text=True)
        self.assertEqual(read.returncode, 0, read.stderr)
        lines = read.stdout.splitlines()
        self.assertEqual(len(lines), packets)
        for line in lines:
            self.assertIn(event["device_ip"], line)


if __name__ == "__main__":
    os.umask(0o022)
    system_test.main()
