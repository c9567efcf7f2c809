"""The machine, and the CPU time of a program that is run on it.

CPU time is user and system time of all threads of the process and of the children it waited for:
other load on the machine matters through the caches only.
"""
import json
import os
import platform
import re
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

FIFO_PRIORITY = 50


@dataclass
class Usage:
    cpu_s: float
    resident_mib: float
    output: str


class Machine:
    """Where programs run: on these processors, ahead of everybody else if that is permitted."""

    def __init__(self, processors, fifo):
        self.processors = sorted(processors)
        self.fifo = fifo and self._may_be_fifo()

    @staticmethod
    def _may_be_fifo():
        child = subprocess.run(["chrt", "-f", str(FIFO_PRIORITY), "true"], capture_output=True,
                               check=False) if Path("/usr/bin/chrt").exists() else None
        return child is not None and child.returncode == 0

    def _prepare(self, fifo):
        os.sched_setaffinity(0, self.processors)
        if fifo:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(FIFO_PRIORITY))

    def start(self, command, fifo=None, **options):
        fifo = self.fifo if fifo is None else fifo
        return subprocess.Popen(command, preexec_fn=lambda: self._prepare(fifo), **options)

    def run(self, command, cwd=None):
        """Raises subprocess.CalledProcessError, with what the program said, when it fails."""
        with tempfile.TemporaryFile() as output:
            child = self.start(command, stdin=subprocess.DEVNULL, stdout=output,
                               stderr=subprocess.STDOUT, cwd=cwd)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            text = output.read().decode(errors="replace")
        if child.returncode != 0:
            raise subprocess.CalledProcessError(child.returncode, command, text)
        return Usage(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text)

    def run_json(self, command):
        return json.loads(self.run(command).output)

    def about(self, binary):
        """Processor, kernel and the compiler that made the program, which names itself in it."""
        cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
        made_by = re.search(rb"GCC: \([^)]*\) [\d.]+|[\w ]*clang version [\d.]+",
                            binary.read_bytes())
        return {"cpu": cpu.group(1) if cpu else platform.machine(),
                "kernel": f"{platform.system()} {platform.release()}",
                "compiler": made_by.group().decode().strip() if made_by else "unknown",
                "processors": self.processors, "fifo": self.fifo,
                "load_average": os.getloadavg()[0]}


def interleaved(programs, runs):
    """{name: samples} of {name: function}, taking turns so that what disturbs one disturbs all."""
    samples = {name: [] for name in programs}
    for _ in range(runs):
        for name, program in programs.items():
            samples[name].append(program())
    return samples


@dataclass
class Figure:
    """A median with what it lay between."""
    median: float
    low: float
    high: float

    @staticmethod
    def of(samples):
        return Figure(statistics.median(samples), min(samples), max(samples))
