"""What the same packets cost a program that does nothing with them."""
import os
import re
import shutil
import subprocess
import time

# testpmd keeps the whole capture in mbufs.
TESTPMD_PACKETS, TESTPMD_MBUFS, TESTPMD_MIB = 100_000, 160_000, 640


def pcap_loop_cpu_s(machine, build, capture):
    return machine.run([str(build / "tests/bench/pcap_loop"), str(capture)]).cpu_s


def _testpmd(machine, capture, seconds):
    """(packets, CPU seconds) of a run of about so many seconds."""
    first, last = machine.processors[0], machine.processors[-1]
    command = ["dpdk-testpmd", "--lcores", f"0@{first},1@{last}", "--no-huge",
               f"--file-prefix=vedette-bench-{os.getpid()}", "-m", str(TESTPMD_MIB), "--no-telemetry", "--no-pci", "--log-level=*:error",
               "--vdev", f"net_pcap0,rx_pcap={capture},infinite_rx=1", "--",
               f"--total-num-mbufs={TESTPMD_MBUFS}", "--forward-mode=rxonly", "--nb-cores=1",
               "--rxq=1", "--txq=1", "--auto-start", "--no-lsc-interrupt"]
    # Never ahead of everybody else: it polls, and would leave nobody anything.
    child = machine.start(command, fifo=False, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    time.sleep(seconds)
    before = _process_cpu_s(child.pid) if child.poll() is None else 0.0
    said, _ = child.communicate("\n" if child.poll() is None else None, timeout=60)
    if child.returncode != 0:
        raise subprocess.CalledProcessError(child.returncode, command, said)
    packets = re.findall(r"RX-packets: (\d+)", said)
    return int(packets[0]) if packets else 0, before


def _process_cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def testpmd_packets_per_s(machine, capture):
    """rxonly on the capture, again and again, from net_pcap's memory: the difference of a long and
    a short run, so that starting is not counted. Raises LookupError when there is no testpmd."""
    if not shutil.which("dpdk-testpmd"):
        raise LookupError("dpdk-testpmd is not installed (package dpdk-dev)")
    short, long = _testpmd(machine, capture, 2.0), _testpmd(machine, capture, 4.0)
    if long[1] <= short[1]:
        raise LookupError("dpdk-testpmd got no CPU time")
    return (long[0] - short[0]) / (long[1] - short[1])
