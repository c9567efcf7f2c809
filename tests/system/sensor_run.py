"""Runs the built program as a user would: the program's own exit status, streams and events, under
a limit of time and memory. The program is $VEDETTE, else that of build-test."""
import json
import os
import resource
import shlex
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("VEDETTE", str(ROOT / "build-test" / "sensor" / "vedette"))
SHARED = ROOT.parent / "shared" / "pcaps"
TOPICS = ("alerts", "devices", "flows", "health")
DONE, FAILED, USAGE, INCOMPLETE = 0, 1, 2, 3

# The sanitizers reserve terabytes of address space, so that only resident memory can be limited:
# hard_rss_limit_mb in ASAN_OPTIONS does.
SANITIZED = "ASAN_OPTIONS" in os.environ
ADDRESS_SPACE_BYTES_MAX = 4 << 30
SECONDS_MAX = 120


class Outcome:
    """What a run came to. `status` is None when the time was up, negative when a signal ended it."""

    def __init__(self, command, status, out, err):
        self.command, self.status, self.out, self.err = command, status, out, err

    def text(self):
        return self.out.decode("utf-8"), self.err.decode("utf-8", "backslashreplace")

    def describe(self):
        end = self.err[-3000:].decode("utf-8", "backslashreplace")
        return f"{shlex.join(self.command)}\nexit status {self.status}, standard error:\n{end}"


def _limit_memory():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES_MAX, ADDRESS_SPACE_BYTES_MAX))


def run(*arguments, stdin=b"", seconds_max=SECONDS_MAX, **options):
    """Runs the program with `arguments`; `stdin` is what it reads there, bytes or an open file."""
    command = [PROGRAM, *map(str, arguments)]
    given = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    options.setdefault("stdout", subprocess.PIPE)
    try:
        done = subprocess.run(command, stderr=subprocess.PIPE, timeout=seconds_max,
                              preexec_fn=_limit_memory, **given, **options)
    except subprocess.TimeoutExpired as late:
        return Outcome(command, None, late.stdout or b"", late.stderr or b"")
    return Outcome(command, done.returncode, done.stdout or b"", done.stderr)


def events_of(text):
    """Newline-delimited JSON, strictly: UTF-8, one object a line, no NaN, no cut last line."""
    if text and not text.endswith(b"\n"):
        raise ValueError("the last line has no end: " + repr(text[-80:]))
    return [json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
            for line in text.split(b"\n")[:-1]]


def _refuse_constant(name):
    raise ValueError(name + " is no JSON")


def replay(folder, *captures, topics=TOPICS, options=(), **settings):
    """Replays with a file a topic in `folder`. Events are attributes of the outcome by topic."""
    files = {topic: Path(folder) / (topic + ".ndjson") for topic in topics}
    for file in files.values():
        file.unlink(missing_ok=True)
    outputs = [part for topic, file in files.items() for part in ("--" + topic, file)]
    outcome = run("replay", "--quiet", *outputs, *options, *captures, **settings)
    for topic, file in files.items():
        text = file.read_bytes() if file.exists() else b""
        setattr(outcome, topic + "_text", text)
        setattr(outcome, topic, events_of(text))
    return outcome


def total(health, field):
    """Sum of a counter, or of an object of counters by name, over all health events."""
    if health and isinstance(health[0][field], dict):
        sums = {}
        for event in health:
            for name, number in event[field].items():
                sums[name] = sums.get(name, 0) + number
        return sums
    return sum(event[field] for event in health)
