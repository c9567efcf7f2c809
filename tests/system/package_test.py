"""The Debian package, as an operator meets it in a clean Debian 12: built, judged by lintian,
installed by apt, used as its user, upgraded over a changed configuration, removed, purged. The steps
are one life and run in order. Skipped with a reason where there is no root or no archive."""
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import debian_chroot
import sensor_run
import system_test
from sensor_run import ROOT

# A package that was built before, to look at; else it is built here.
GIVEN = os.environ.get("PACKAGE_DIR")
BUILT = Path(GIVEN or ROOT / "build-package")
CONFIGURATION = "/etc/vedette/vedette.yaml"
CONFFILES = {CONFIGURATION, "/etc/vedette/patterns.yaml"}
UNITS = Path("lib/systemd/system")
# Starts a command, waits for its first health event, stops it as systemd does; ends as it ended.
UNTIL_HEALTH = """
rm -f /var/lib/vedette/events/*
"$@" &
sensor=$!
for _ in $(seq 600); do
  if ls /var/lib/vedette/events/health* >/dev/null 2>&1 || ! kill -0 $sensor; then break; fi
  sleep 0.1
done
kill -TERM $sensor
wait $sensor
"""
# What unattended upgrades do where both sides changed a file: keep, and put the new one beside it.
KEEP_CHANGED = ["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]


def build():
    if GIVEN:
        return 0, ""
    done = subprocess.run([ROOT / "scripts" / "package", "--test", BUILT], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def the_package():
    (package,) = [file for file in BUILT.glob("vedette_*.deb")]
    return package


def repacked(package, version, folder, changes):
    """The package with another version number and other conffiles, which stand for a new release."""
    tree = Path(folder) / f"repacked-{version}"
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
    control = tree / "DEBIAN" / "control"
    control.write_text(re.sub(r"^Version: .*$", f"Version: {version}", control.read_text(), flags=re.M))
    for name, text in changes.items():
        (tree / name.lstrip("/")).write_text(text)
    made = Path(folder) / f"vedette_{version}_amd64.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, made], check=True,
                   stdout=subprocess.DEVNULL)
    return made


class Life(system_test.SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.status, cls.log = build()
        cls.base = tempfile.TemporaryDirectory(prefix="vedette-package-")
        cls.addClassCleanup(cls.base.cleanup)
        if cls.status == 0:
            cls.debian = debian_chroot.Chroot(cls.base.name)

    def setUp(self):
        super().setUp()
        if self.status != 0:
            self.fail("scripts/package failed:\n" + self.log[-6000:])

    def inside(self, *command, status=0, **settings):
        done = self.debian.run(*command, **settings)
        out, err = done.stdout.decode(), done.stderr.decode("utf-8", "backslashreplace")
        self.assertEqual(done.returncode, status, f"{shlex.join(map(str, command))}\n{out}\n{err}"[-4000:])
        return out

    def apt(self, *arguments, **settings):
        return self.inside("apt-get", "--yes", "-q", *arguments, **settings)

    def as_user(self, *command, **settings):
        return self.inside("setpriv", "--reuid=vedette", "--regid=vedette", "--clear-groups",
                           "--no-new-privs", *command, **settings)

    def inside_path(self, name):
        return self.debian.root / str(name).lstrip("/")

    def version(self):
        return self.inside("dpkg-query", "-W", "-f=${Version} ${db:Status-Status}", "vedette")

    def test_1_what_is_in_it(self):
        project = re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text()).group(1)
        fields = subprocess.run(["dpkg-deb", "-f", the_package(), "Version", "Depends"], check=True,
                                capture_output=True, text=True).stdout
        self.assertIn(f"Version: {project}\n", fields)
        for library in ("libpcap", "librdkafka", "libhyperscan", "librocksdb"):
            self.assertIn(library, fields)
        conffiles = subprocess.run(["dpkg-deb", "-I", the_package(), "conffiles"], check=True,
                                   capture_output=True, text=True).stdout.split()
        self.assertEqual(set(conffiles), CONFFILES)
        print(the_package().name, the_package().stat().st_size, "bytes;", "lintian:",
              len(re.findall(r"^[EWIP]: ", self.log, re.M)), "tags")

    def test_2_install(self):
        self.apt("update")
        self.apt("install", self.debian.copy_in(the_package()))
        self.assertIn("installed", self.version())
        self.assertEqual(self.inside("vedette", "--version"),
                         sensor_run.run("--version").text()[0])
        self.assertIn("good", self.inside("vedette", "check", "-c", CONFIGURATION))
        entry = self.inside("getent", "passwd", "vedette").strip().split(":")
        self.assertIn(entry[6], ("/usr/sbin/nologin", "/sbin/nologin"))
        self.assertEqual(self.inside("getent", "shadow", "vedette").split(":")[1][:1], "!")
        self.assertEqual(self.inside("stat", "-c", "%U:%G %a", "/var/lib/vedette"),
                         "vedette:vedette 700\n")
        self.assertEqual(self.inside("stat", "-c", "%U:%G %a", CONFIGURATION), "root:root 644\n")

    def test_3_units(self):
        units = sorted(self.inside_path(UNITS).glob("vedette*.service"))
        self.assertIn("vedette.service", [unit.name for unit in units])
        for unit in units:
            said = self.debian.run("systemd-analyze", "verify", "--man=no", "/" / UNITS / unit.name)
            about = [line for line in (said.stdout + said.stderr).decode().split("\n") if "vedette" in line]
            self.assertEqual((said.returncode, about), (0, []), unit.name)
            self.assertEqual(self.inside("systemctl", "is-enabled", unit.name, status=1), "disabled\n",
                             "nobody has named an interface yet")

    def test_4_use(self):
        capture = self.folder / "demo.pcap"
        subprocess.run([ROOT / "scripts" / "make_pcap", "demo", capture], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        inside = self.debian.copy_in(capture, "tmp")
        self.inside("chmod", "644", inside)
        alerts = [json.loads(line) for line in self.as_user(
            "vedette", "replay", "--quiet", "--alerts", "-", inside).splitlines()]
        outside = self.replay(capture, topics=("alerts",)).alerts
        self.assertEqual(sorted(a["id"] for a in alerts), sorted(a["id"] for a in outside),
                         "the same result as the program from the build folder")
        self.assertGreater(len(alerts), 0)
        self.as_user("vedette", "replay", "--quiet", "--sinks", "-c", CONFIGURATION, inside)
        events = list(self.inside_path("var/lib/vedette/events").iterdir())
        self.assertTrue(events, "events of the default sink")
        user = int(self.inside("id", "-u", "vedette"))
        for file in events:
            self.assertEqual((file.stat().st_uid, file.stat().st_mode & 0o007), (user, 0), file)

    def test_5_service(self):
        """What the unit starts, with its user and its one capability, in a network of its own."""
        unit = self.inside_path(UNITS / "vedette.service").read_text()
        command = shlex.split(re.search(r"^ExecStart=(.*)$", unit, re.M).group(1))
        run = ["setpriv", "--reuid=vedette", "--regid=vedette", "--clear-groups",
               "--inh-caps=+net_raw", "--ambient-caps=+net_raw", "--bounding-set=-all,+net_raw"]
        # systemd would make them: RuntimeDirectory, LogsDirectory.
        self.inside("install", "-d", "-o", "vedette", "-g", "vedette", "-m", "750", "/run/vedette",
                    "/var/log/vedette")
        without = self.debian.run(*run, "timeout", "100", *command, own_network=True)
        self.assertEqual(without.returncode, sensor_run.USAGE, "no interface is named")
        self.assertIn("interface", without.stderr.decode())
        configuration = self.inside_path(CONFIGURATION)
        untouched = configuration.read_text()
        self.addCleanup(configuration.write_text, untouched)
        configuration.write_text(untouched.replace("#   interfaces: [eth1]", "  interfaces: [lo]"))
        self.inside(*run, "sh", "-c", UNTIL_HEALTH, "sh", *command, own_network=True)
        health = next(self.inside_path("var/lib/vedette/events").glob("health*")).read_text()
        self.assertEqual(json.loads(health.split("\n")[0])["type"], "health")

    def test_6_upgrade(self):
        configuration = self.inside_path(CONFIGURATION)
        changed = configuration.read_text() + "\nsensor: edge-7\n"
        configuration.write_text(changed)
        kept = self.inside_path("var/lib/vedette/kept")
        kept.write_text("state")
        same = repacked(the_package(), "90.0", self.folder, {})
        self.apt("install", self.debian.copy_in(same))
        self.assertEqual(self.version(), "90.0 installed")
        self.assertEqual(configuration.read_text(), changed, "the release did not touch the file: no question")

        patterns = self.inside_path("/etc/vedette/patterns.yaml").read_text() + "# a newer release\n"
        newer = repacked(the_package(), "91.0", self.folder,
                         {CONFIGURATION: "# a newer release\n", "/etc/vedette/patterns.yaml": patterns})
        self.apt(*KEEP_CHANGED, "install", self.debian.copy_in(newer))
        self.assertEqual(self.version(), "91.0 installed")
        self.assertEqual(configuration.read_text(), changed, "what the operator wrote stays")
        self.assertEqual(self.inside_path(CONFIGURATION + ".dpkg-dist").read_text(), "# a newer release\n")
        self.assertEqual(self.inside_path("/etc/vedette/patterns.yaml").read_text(), patterns,
                         "what nobody changed is renewed")
        self.assertEqual(kept.read_text(), "state")
        self.assertIn("good", self.inside("vedette", "check", "-c", CONFIGURATION))

    def test_7_remove(self):
        self.inside("systemctl", "enable", "vedette.service")
        self.apt("remove", "vedette")
        self.assertIn("config-files", self.version())
        self.assertFalse(self.inside_path("usr/bin/vedette").exists())
        for left in (CONFIGURATION, "/var/lib/vedette/kept"):
            self.assertTrue(self.inside_path(left).exists(), f"{left}: a removal keeps it")
        self.inside("getent", "passwd", "vedette")

    def test_8_purge(self):
        self.apt("purge", "vedette")
        for database in ("passwd", "group", "shadow"):
            self.inside("getent", database, "vedette", status=2)
        # Not of the package: what this test copied, apt's cache, and dpkg's log of it.
        self.inside("sh", "-c", "rm -f /root/vedette_*.deb")
        found = self.inside("find", "/", "-xdev", "(", "-path", "/var/cache", "-o", "-path", "/var/log",
                            ")", "-prune", "-o", "(", "-iname", "*vedette*", "-o", "-nouser", "-o",
                            "-nogroup", ")", "-print")
        self.assertEqual(found, "")


if __name__ == "__main__":
    reason = debian_chroot.why_not() or debian_chroot.make_base()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(system_test.SKIPPED)
    system_test.main()
