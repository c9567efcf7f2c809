"""The systemd units: what systemd-analyze says of them, and that they leave the sensor what it needs."""
import re
import shutil
import subprocess
import sys

import sensor_run
import system_test

UNITS = sensor_run.ROOT / "conf" / "systemd"
# Exposure as `systemd-analyze security` counts it, at most.
EXPOSURE_MAX = {"vedette.service": 2.0, "vedette-dpdk.service": 3.0}


def settings(name):
    """{key: [value]} of a unit, in order, whatever the section."""
    found = {}
    for line in (UNITS / name).read_text(encoding="utf-8").splitlines():
        if re.match(r"[A-Z]\w*=", line):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


def words(unit, key):
    return {word for value in unit.get(key, []) for word in value.split()}


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True,
                          timeout=60)


class Units(system_test.SystemTest):
    def test_exposure(self):
        for name, limit in EXPOSURE_MAX.items():
            said = analyze("security", "--offline=true", "--no-pager", UNITS / name)
            found = re.search(r"exposure level for \S+: ([\d.]+)", said.stdout)
            self.assertTrue(found, said.stdout + said.stderr)
            print(f"{name}: exposure {found.group(1)}, allowed {limit}")
            self.assertLessEqual(float(found.group(1)), limit, said.stdout)
            self.assertEqual(said.stderr, "", "a line that systemd does not know")

    def test_systemd_has_nothing_to_say(self):
        # The program is where the package puts it, which need not be here.
        for name in EXPOSURE_MAX:
            text = (UNITS / name).read_text(encoding="utf-8")
            self.write(name, text.replace("ExecStart=/usr/bin/vedette", "ExecStart=/bin/true")
                       .encode("utf-8"))
        said = analyze("verify", "--man=no", *(self.folder / name for name in EXPOSURE_MAX))
        ours = [line for line in (said.stdout + said.stderr).splitlines() if "vedette" in line]
        self.assertEqual(ours, [])

    def test_each_leaves_the_sensor_what_it_needs(self):
        for name in EXPOSURE_MAX:
            unit = settings(name)
            self.assertEqual(unit["Type"], ["notify"])
            self.assertGreaterEqual(int(unit["WatchdogSec"][0]), 10, "half of it is two slow rounds")
            self.assertIn("kill -HUP $MAINPID", unit["ExecReload"][0])
            # To capture, to ask for interfaces, the local interface and the journal, the broker.
            self.assertLessEqual({"AF_PACKET", "AF_NETLINK", "AF_UNIX", "AF_INET", "AF_INET6"},
                                 words(unit, "RestrictAddressFamilies"))
            self.assertEqual(words(unit, "AmbientCapabilities"), words(unit, "CapabilityBoundingSet"))
            self.assertLessEqual({"capset", "seccomp", "landlock_restrict_self"},
                                 words(unit, "SystemCallFilter"))
            self.assertEqual(unit["LimitCORE"], ["0"])
            self.assertEqual(unit["NoNewPrivileges"], ["yes"])
            self.assertEqual(unit["User"], ["vedette"])
            # Whoever writes where the defaults say writes below the folders systemd makes.
            self.assertEqual((unit["StateDirectory"], unit["StateDirectoryMode"]), (["vedette"], ["0700"]))
        self.assertEqual(words(settings("vedette.service"), "AmbientCapabilities"), {"CAP_NET_RAW"})

    def test_ports_of_dpdk(self):
        unit = settings("vedette-dpdk.service")
        self.assertIn("AF_XDP", words(unit, "RestrictAddressFamilies"))
        self.assertEqual(words(unit, "AmbientCapabilities"), {"CAP_IPC_LOCK"})
        self.assertEqual(unit["LimitMEMLOCK"], ["infinity"])
        self.assertIn("char-vfio rw", unit["DeviceAllow"])
        self.assertEqual(unit["PrivateDevices"], ["no"], "a private /dev has no cards")
        self.assertIn("vfio", words(unit, "SupplementaryGroups"))

    def test_folders_of_the_defaults_are_those_of_the_units(self):
        text = (sensor_run.ROOT / "conf" / "vedette.yaml").read_text(encoding="utf-8")
        folders = re.findall(r"^ *folder: (/\S+)", text, re.MULTILINE)
        self.assertGreaterEqual(len(folders), 2)
        for folder in folders:
            self.assertRegex(folder, r"^/(var/lib|var/log|run)/vedette/")

    def test_the_user_and_the_group_are_made(self):
        made = (UNITS / "vedette.sysusers").read_text(encoding="utf-8")
        self.assertRegex(made, r"(?m)^u vedette ")
        self.assertRegex(made, r"(?m)^g vfio ")
        self.assertIn('GROUP="vfio"', (UNITS / "vedette-vfio.rules").read_text(encoding="utf-8"))


if __name__ == "__main__":
    if not shutil.which("systemd-analyze"):
        print("skipped: systemd-analyze is not installed; scripts/setup test installs it")
        sys.exit(system_test.SKIPPED)
    system_test.main()
