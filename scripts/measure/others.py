"""What a user would otherwise run, from Debian: how each reads a capture, and sends what it finds
nowhere or into a folder that is thrown away."""
import shutil
import tempfile
from dataclasses import dataclass
from typing import Callable

# As many flows as the sensor's default configuration holds.
SAME_FLOWS = 524_288
KEYS = "src_host,dst_host,src_port,dst_port,proto"


@dataclass(frozen=True)
class Other:
    name: str
    package: str
    program: str
    arguments: Callable  # of the capture and an empty folder
    slow: bool = False   # by CPU time or by waiting: once, and on fewer packets


OTHERS = (
    Other("softflowd", "softflowd", "softflowd",
          lambda capture, _: ["-r", capture, "-n", "127.0.0.1:9", "-v", "10"]),
    Other("softflowd, flows as ours", "softflowd", "softflowd",
          lambda capture, _: ["-r", capture, "-n", "127.0.0.1:9", "-v", "10",
                              "-m", str(SAME_FLOWS)]),
    Other("nfpcapd", "nfdump", "nfpcapd", lambda capture, folder: ["-r", capture, "-l", folder]),
    Other("pmacctd", "pmacct", "pmacctd",
          lambda capture, folder: ["-I", capture, "-c", KEYS, "-P", "print",
                                   "-F", f"{folder}/pid"],
          slow=True),
    Other("ndpiReader", "libndpi-bin", "ndpiReader", lambda capture, _: ["-q", "-i", capture],
          slow=True),
    Other("tshark", "tshark", "tshark",
          lambda capture, _: ["-n", "-q", "-z", "io,phs", "-r", capture], slow=True),
)


def installed(other):
    return shutil.which(other.program) is not None


def cpu_s(machine, other, capture):
    with tempfile.TemporaryDirectory() as folder:
        usage = machine.run([other.program, *other.arguments(str(capture), folder)], cwd=folder)
        return usage.cpu_s, usage.resident_mib
