"""What the system tests have in common: a folder for each test, checks of a run, and an end that
says what was checked, how to repeat what failed, and what was skipped and why (exit status 77)."""
import os
import sys
import tempfile
import unittest
from pathlib import Path

import sensor_run

SKIPPED = 77


class SystemTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="vedette-test-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def replay(self, *captures, status=sensor_run.DONE, **settings):
        outcome = sensor_run.replay(self.folder, *captures, **settings)
        self.assertEqual(outcome.status, status, outcome.describe())
        return outcome

    def refuse(self, *arguments, status, says=(), **settings):
        """A run that must end with `status` and a message holding each text of `says`."""
        outcome = sensor_run.run(*arguments, **settings)
        self.assertEqual(outcome.status, status, outcome.describe())
        for text in says:
            self.assertIn(str(text), outcome.err.decode("utf-8"), outcome.describe())
        return outcome


def shared_or_exit():
    """The labelled captures; where there are none, the end of the program: skipped."""
    captures = sorted(p for p in sensor_run.SHARED.glob("*") if p.suffix in (".pcap", ".pcapng"))
    if not captures:
        print("skipped: there are no captures in ../shared/pcaps")
        sys.exit(SKIPPED)
    return captures


class _Result(unittest.TextTestResult):
    """Counts what was tried, and shows for each failure the command that repeats it."""

    def _repeat(self, test):
        return (f"repeat: VEDETTE={sensor_run.PROGRAM} python3 {os.path.relpath(sys.argv[0], sensor_run.ROOT)} " +
                test.id().removeprefix("__main__."))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.stream.writeln(self._repeat(test))

    def addError(self, test, err):
        super().addError(test, err)
        self.stream.writeln(self._repeat(test))


def main():
    sys.stderr.flush()
    runner = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=_Result)
    program = unittest.main(testRunner=runner, exit=False)
    result = program.result
    for test, reason in result.skipped:
        print(f"skipped: {test.id().removeprefix('__main__.')}: {reason}")
    wrong = len(result.failures) + len(result.errors)
    ran = result.testsRun - len(result.skipped)
    print(f"checked: {ran} tests of {Path(sys.argv[0]).name}, {wrong} faults, "
          f"{len(result.skipped)} skipped")
    sys.exit(1 if wrong else SKIPPED if ran == 0 else 0)
