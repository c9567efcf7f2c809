"""A process of an engine: started apart from this one, found again by its pid file, stopped."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


class Process:
    """`folder` holds NAME.pid, NAME.log, NAME.out; a mark on its command line tells it."""

    def __init__(self, name, folder):
        self.name, self.folder = name, Path(folder)
        self.mark = f"-Dvedette.engine={self.folder}/{name}"
        self.python_mark = f"--engine={self.folder}/{name}"
        self.log, self.out = self.folder / f"{name}.log", self.folder / f"{name}.out"

    def pid(self):
        """Of the process, if it is ours and alive."""
        try:
            pid = int((self.folder / f"{self.name}.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        marks = {self.mark.encode(), self.python_mark.encode()}
        return pid if marks & set(command) else None

    def java(self, *arguments):
        """Options of the virtual machine, main class, its own."""
        return self.start(["java", self.mark, f"-Dvedette.log={self.log}", *arguments])

    def python(self, *arguments):
        return self.start([sys.executable, *arguments, self.python_mark])

    def start(self, command):
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.log.unlink(missing_ok=True)
        with open(self.out, "wb") as out:
            process = subprocess.Popen(
                list(map(str, command)), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True, cwd=self.folder)
        (self.folder / f"{self.name}.pid").write_text(str(process.pid))
        return process

    def stop(self, patience_s=30, kill=False):
        pid = self.pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGKILL if kill else signal.SIGTERM)
        end = time.monotonic() + patience_s
        while time.monotonic() < end and self.alive():
            time.sleep(0.1)
        if self.alive():
            os.kill(pid, signal.SIGKILL)

    def alive(self):
        """A process that has ended but that nobody has waited for is not."""
        pid = self.pid()
        try:
            return pid is not None and Path(f"/proc/{pid}/stat").read_text().rsplit(
                ")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    def said(self):
        """The end of what it wrote, for a message."""
        texts = [path.read_text(errors="replace")[-1500:] for path in (self.out, self.log)
                 if path.exists()]
        return "\n".join(text for text in texts if text)

    def resident_mib(self):
        for line in Path(f"/proc/{self.pid()}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) // 1024
        return 0
