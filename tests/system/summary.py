"""The end of a test run: what failed and how to repeat it, what each system test checked, what was
skipped and why. summary.py BUILD_DIR reads what meson logged; the last line counts."""
import json
import re
import sys
from pathlib import Path

PASSED = ("OK", "EXPECTEDFAIL")


def why(text):
    """The lines in which a test says why it, or a part of it, was skipped."""
    return [line.strip() for line in text.split("\n")
            if re.match(r"\s*skipped: |.*: Skipped$", line)]


def main():
    build = Path(sys.argv[1])
    log = build / "meson-logs" / "testlog.json"
    tests = [json.loads(line) for line in log.read_text(encoding="utf-8").split("\n") if line]
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for test in tests:
        text = test.get("stdout", "")
        outcome = ("passed" if test["result"] in PASSED else
                   "skipped" if test["result"] == "SKIP" else "failed")
        counts[outcome] += 1
        for line in why(text) or (["skipped: it does not say why"] if outcome == "skipped" else []):
            print(f"{test['name']}: {line}")
        for line in text.split("\n"):
            if line.startswith("checked: "):
                print(f"{test['name']}: {line} ({test['duration']:.0f} s)")
        if outcome == "failed":
            variables = " ".join(f"{k}={v}" for k, v in test.get("env", {}).items()
                                 if k.startswith("VEDETTE"))
            print(f"FAIL: {test['name']}: {test['result'].lower()}; repeat: {variables} "
                  f"{' '.join(test['command'])}")
    print(", ".join(f"{number} {outcome}" for outcome, number in counts.items()))
    sys.exit(0 if counts["passed"] and not counts["failed"] else 1)


if __name__ == "__main__":
    main()
