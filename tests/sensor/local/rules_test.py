"""conf/prometheus as promtool judges it: the rules are rules, and each fires on what it is for and stays
quiet on an ordinary day. rules_test.py TEST RULES."""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

test, rules = map(Path, sys.argv[1:3])
if not shutil.which("promtool"):
    print("skipped: promtool is not installed; scripts/setup test installs it")
    sys.exit(77)

subprocess.run(["promtool", "check", "rules", rules], check=True)
with tempfile.TemporaryDirectory() as folder:
    shutil.copy(rules, folder)
    shutil.copy(test, folder)
    subprocess.run(["promtool", "test", "rules", test.name], check=True, cwd=folder)

named = set(re.findall(r"- alert: (\w+)", rules.read_text(encoding="utf-8")))
tried = set(re.findall(r"alertname: (\w+)", test.read_text(encoding="utf-8")))
untried = sorted(named - tried)
if untried:
    sys.exit(f"{test}: no test of {', '.join(untried)}")
print(f"checked: {len(named)} rules, each fires and stays quiet")
