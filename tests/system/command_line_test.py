"""The program as a user meets it: version, help, check, explain, patterns."""
import re

import sensor_run
import system_test
from sensor_run import DONE, FAILED, ROOT, USAGE, run

COMMANDS = ("replay", "run", "check", "doctor", "explain", "patterns", "help")
CARD = "4929 4212 3460 0821"


def kinds():
    """Every alert kind the program knows, as it lists them to who asks for none of them."""
    listed = re.search(r"^Kinds: (.*)$", run("explain", "nothing.known").text()[1], re.M)
    return listed.group(1).split(", ") if listed else []


class CommandLine(system_test.SystemTest):
    def done(self, *arguments, **settings):
        outcome = run(*arguments, **settings)
        self.assertEqual(outcome.status, DONE, outcome.describe())
        return outcome.text()[0]

    def test_version(self):
        project = re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text())
        self.assertEqual(self.done("--version"), f"vedette {project.group(1)}\n")

    def test_help(self):
        for command in COMMANDS:
            self.assertIn(command, self.done("help"))
            text = self.done("help", command)
            self.assertEqual(text, self.done("help", command), "the same every time")
            self.assertLessEqual(max(map(len, text.split("\n"))), 100, command)
        self.refuse(status=USAGE, says=["help"])
        self.refuse("help", "replya", status=USAGE, says=["'replya'", "'replay'"])
        self.refuse("replya", status=USAGE, says=["did you mean 'replay'"])

    def test_manual_page_knows_every_option(self):
        page = (ROOT / "docs" / "vedette.1").read_text().replace("Fl -", "Fl --")
        for command in ("replay", "run", "doctor"):
            for option in set(re.findall(r"--[a-z-]+", self.done("help", command))) - {"--help"}:
                self.assertIn(option.replace("--", "Fl --", 1), page)

    def test_check_of_the_configuration_that_comes_with_it(self):
        for file in sorted((ROOT / "conf").glob("*.yaml")):
            if file.name != "patterns.yaml":
                self.assertIn("good", self.done("check", "-c", file))

    def test_check_says_all_faults_with_their_place(self):
        bad = self.write("bad.yaml", b"siet: lab\nhome: [10.0.0.0/40]\ntables:\n  flows: '9'\n"
                                     b"detectors:\n  dos.syn_fload: {enabled: false}\n")
        self.refuse("check", "-c", bad, status=USAGE,
                    says=[f"{bad}:1:1:", f"{bad}:2:", f"{bad}:4:", f"{bad}:6:",
                          "did you mean 'site'", "did you mean 'dos.syn_flood'", "4 faults"])

    def test_check_of_what_is_no_configuration(self):
        for name, data in (("a.yaml", b"\xff\xfe\x00"), ("b.yaml", b"[" * 100_000),
                           ("c.yaml", b"a: &a [*a, *a]"), ("d.yaml", b"home: {{"),
                           ("e.yaml", b"site: " + b"x" * 10_000_000), ("f.yaml", b"\0" * 4096)):
            path = self.write(name, data)
            self.refuse("check", "-c", path, status=USAGE, says=[path], seconds_max=30)
        self.refuse("check", "-c", self.folder, status=USAGE, says=[self.folder])
        self.refuse("check", "-c", self.folder / "none", status=USAGE, says=["No such file"])
        self.assertIn("good", self.done("check", "-c", self.write("empty.yaml", b"")))

    def test_replay_refuses_the_same_configuration_with_the_same_words(self):
        bad = self.write("bad.yaml", b"siet: lab\n")
        checked = run("check", "-c", bad).text()[1].split("\n")[0]
        self.refuse("replay", "-c", bad, "x.pcap", status=USAGE, says=[checked])

    def test_explain(self):
        self.assertGreaterEqual(len(kinds()), 15)
        for kind in kinds():
            text = self.done("explain", kind)
            self.assertIn(kind, text)
            self.assertIn("allowed", text)
        self.assertIn("home", self.done("explain", "192.168.1.1"))
        self.assertIn("outside", self.done("explain", "2001:db8::1"))
        self.refuse("explain", "dos.syn_fload", status=USAGE, says=["did you mean 'dos.syn_flood'"])
        self.refuse("explain", "300.1.1.1", status=USAGE, says=["'300.1.1.1'"])

    def test_explain_names_the_line_of_a_configuration(self):
        path = self.write("own.yaml", b"home: [192.0.2.0/24]\ndetectors:\n  dos.syn_flood:\n"
                                      b"    enabled: false\n")
        self.assertIn(f"{path}:4", self.done("explain", "-c", path, "dos.syn_flood"))
        self.assertIn(f"{path}:1", self.done("explain", "-c", path, "192.0.2.77"))

    def test_patterns(self):
        card, none = self.write("card.txt", f"pay {CARD} now\n".encode()), self.write("none", b"hi")
        text = self.done("patterns", "test", card, none)
        self.assertRegex(text, r"card\.txt: \S+: 1 match")
        self.assertIn("none: no match", text)
        self.assertNotIn("4212", text, "what matched is not shown")
        self.assertIn("1 match", self.done("patterns", "test", "-", stdin=card.read_bytes()))
        wrong = self.write("wrong.txt", CARD.replace("3460", "3461").encode())
        self.assertIn("no match", self.done("patterns", "test", wrong))
        across = b"x" * 250 + b" " + CARD.encode()
        self.assertIn("1 match", self.done("patterns", "test", self.write("across", across)))

    def test_patterns_of_what_cannot_be_read(self):
        good = self.write("card.txt", CARD.encode())
        missing = self.folder / "none.txt"
        outcome = self.refuse("patterns", "test", missing, self.folder, good, status=FAILED,
                              says=[missing, self.folder])
        self.assertIn("1 match", outcome.text()[0], "the readable ones are searched all the same")


if __name__ == "__main__":
    system_test.main()
