"""The manual pages and what shells complete: they know what the program knows. $BUILT is the build
folder, in which both were written."""
import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

import sensor_run
import system_test
from sensor_run import DONE, ROOT, run

BUILT = Path(os.environ.get("BUILT", ROOT / "build-test"))
BASH = BUILT / "conf" / "vedette"
SHELLS = {"bash": BASH, "zsh": BUILT / "conf" / "_vedette", "fish": BUILT / "conf" / "vedette.fish"}
COMPLETE = """
source "$1"; shift
COMP_WORDS=(vedette "$@") COMP_CWORD=$#
_vedette
printf '%s\\n' "${COMPREPLY[@]}"
"""


def rendered(page):
    """The page as text, in lines long enough that none is broken."""
    text = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=500", page], check=True,
                          capture_output=True, text=True).stdout
    return re.sub(".\b", "", text)


@functools.cache
def help_of(*command):
    return run(*command, "--help").text()[0] if command else run("help").text()[0]


def commands():
    """Each command as it is typed, from the program's help: ("replay",), ("patterns", "test"), ..."""
    def below(path):
        listed = help_of(*path).partition("Commands:\n")[2].partition("\n\n")[0]
        for name in re.findall(r"^  ([a-z]+) ", listed, re.M):
            yield (*path, name)
            yield from below((*path, name))
    return list(below(()))


def options_of(command):
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*(?=[ ,])", help_of(*command).split("Examples:")[0]))


class Completion(system_test.SystemTest):
    def offered(self, *words):
        done = subprocess.run(["bash", "--norc", "-c", COMPLETE, "bash", BASH, *words], cwd=self.folder,
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        return done.stdout.split()

    def test_bash_offers_every_command_and_option(self):
        self.assertGreaterEqual(len(commands()), 8)
        for command in commands():
            self.assertIn(command[-1], self.offered(*command[:-1], ""), command)
            self.assertIn("--help", options_of(command))
            self.assertEqual(set(self.offered(*command, "-")), options_of(command), command)

    def test_bash_offers_values(self):
        self.assertEqual(self.offered("replay", "--source", ""), ["libpcap", "dpdk"])
        self.assertEqual(self.offered("replay", "--source", "=", "d"), ["dpdk"])
        self.assertEqual(self.offered("replay", "--speed", "="), ["max", "real"])
        self.assertEqual(self.offered("explain", "dos.syn"), ["dos.syn_flood"])
        self.assertEqual(self.offered("help", "rep"), ["replay"])
        self.assertIn("lo", self.offered("run", "-i", ""))
        self.assertEqual(self.offered("replay", "--workers", ""), [])
        self.write("one.pcap", b"")
        self.assertEqual(self.offered("replay", "on"), ["one.pcap"])
        self.assertEqual(self.offered("check", "-c", "on"), ["one.pcap"])
        self.assertEqual(self.offered("nothing", ""), [])

    def test_every_shell_reads_its_own(self):
        for shell, file in SHELLS.items():
            text = file.read_text()
            for command in commands():
                for option in options_of(command):
                    name = option.lstrip("-") if shell == "fish" else option
                    self.assertIn(name, text, f"{shell}: {command} {option}")
            if shutil.which(shell):
                done = subprocess.run([shell, "-n", file], capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""), shell)

    def test_fish_offers_values(self):
        if not shutil.which("fish"):
            self.skipTest("fish is not installed; scripts/setup test installs it")
        for line, wanted in (("vedette repl", "replay"), ("vedette replay --source dp", "dpdk"),
                             ("vedette patterns ", "test"), ("vedette explain dos.syn", "dos.syn_flood"),
                             ("vedette run --interf", "--interface")):
            done = subprocess.run(["fish", "--no-config", "-c", 'source $argv[1]; complete -C "$argv[2]"',
                                   SHELLS["fish"], line], capture_output=True, text=True)
            self.assertIn(wanted, [offer.split("\t")[0] for offer in done.stdout.split("\n")], line)


class ConfigurationPage(system_test.SystemTest):
    page = BUILT / "docs" / "vedette.yaml.5"

    def keys_below(self, sections):
        """What the program itself lists to who misspells a key of each of these sections."""
        lines, places = [], {}

        def write(tree, section):
            lines.append("  " * len(section) + "zz.no_such_key: 1")
            places[len(lines)] = section
            for key, below in tree.items():
                lines.append("  " * len(section) + key + ":")
                write(below, (*section, key))

        tree = {}
        for section in sections:
            place = tree
            for key in section:
                place = place.setdefault(key, {})
        write(tree, ())
        said = run("check", "-c", self.write("zz.yaml", "\n".join(lines).encode())).text()[1]
        for line, listed in re.findall(r":(\d+):\d+: .*zz\.no_such_key: unknown key.*known here: (.*)", said):
            for key in listed.split(", "):
                yield (*places[int(line)], key)

    def every_key(self):
        """Level by level: what has nothing known below it is a key, all else a section."""
        known = set(self.keys_below([()]))
        while (deeper := known | set(self.keys_below(known))) != known:
            known = deeper
        return [key for key in known if not any(other[:-1] == key for other in known)]

    def test_page_has_every_key_of_the_program(self):
        text = rendered(self.page)
        sections = {}
        title = ""
        for line in text.split("\n"):
            head = re.match(r" {3}(\S+)$", line)
            if head or re.match(r"\S", line):
                title = head.group(1) if head else ""
            elif key := re.match(r" {5}([a-z][\w.]*)(\s|$)", line):
                sections.setdefault(title, set()).add(key.group(1))
        keys = list(self.every_key())
        self.assertGreater(len(keys), 100)
        for *section, key in keys:
            self.assertIn(key, sections.get(".".join(section), ()), section)

    def test_mandoc_has_nothing_to_say(self):
        said = subprocess.run(["mandoc", "-T", "lint", "-W", "style", self.page], capture_output=True,
                              text=True).stdout
        faults = [line for line in said.split("\n") if line and "referenced manual not found" not in line]
        self.assertEqual(faults, [])


class Installation(system_test.SystemTest):
    def install(self, into):
        return subprocess.run(["meson", "install", "-C", BUILT, "--no-rebuild", "--destdir", into], check=True,
                              capture_output=True, text=True).stdout

    def test_everything_in_conf_is_installed_once_or_more(self):
        self.install(self.folder / "to")
        there = {file.read_bytes() for file in (self.folder / "to").rglob("*") if file.is_file()}
        prefix = self.folder / "to" / "usr" / "local"
        self.assertTrue((prefix / "bin" / "vedette").exists())
        for file in (ROOT / "conf").rglob("*"):
            if not file.is_file() or file.name in ("meson.build", "install_configuration.sh"):
                continue
            text = file.read_bytes()
            if file.suffix == ".service":
                text = text.replace(b"/usr/bin/", b"/usr/local/bin/")
            self.assertIn(text, there, f"{file}: conf/meson.build does not install it")

    def test_a_configuration_that_is_there_is_kept(self):
        self.install(self.folder / "to")
        file = self.folder / "to" / "etc" / "vedette" / "vedette.yaml"
        self.assertEqual(run("check", "-c", file).status, DONE)
        file.write_text("sensor: mine\n")
        self.install(self.folder / "to")
        self.assertEqual(file.read_text(), "sensor: mine\n")


class PackageAgrees(system_test.SystemTest):
    """Numbers and names that stand in two places because two programs read them."""

    def test_version(self):
        project = re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text()).group(1)
        self.assertRegex((ROOT / "debian" / "changelog").read_text(), rf"\Avedette \({re.escape(project)}\) ")

    def test_build_packages(self):
        setup = re.search(r"build_packages='([^']*)'", (ROOT / "scripts" / "setup").read_text()).group(1)
        control = re.search(r"Build-Depends:\n(.*?)\nStandards", (ROOT / "debian" / "control").read_text(),
                            re.S).group(1)
        wanted = {re.match(r" ([\w.+-]+)", line).group(1) for line in control.split("\n")}
        # ccache is a convenience; the others belong to every Debian build.
        self.assertEqual(set(setup.split()) - {"ccache", "g++", "ninja-build"},
                         wanted - {"debhelper-compat", "dh-sequence-installsysusers"})


if __name__ == "__main__":
    system_test.main()
