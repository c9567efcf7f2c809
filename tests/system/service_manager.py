"""What systemd is to a service, as far as a test needs it: a socket that hears its notifications; and a
hand that stops one thread of it."""
import ctypes
import os
import select
import socket
import threading
import time

PTRACE_ATTACH, PTRACE_DETACH = 16, 17
WAIT_FOR_THREADS = 0x40000000  # __WALL


class Manager:
    """Listens at a socket in `folder`. `environment` is what the service is started with."""

    def __init__(self, folder, watchdog_s=0.0):
        path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        os.chmod(path, 0o666)  # the service may become another user
        self.environment = dict(os.environ, NOTIFY_SOCKET=path)
        self.environment.pop("WATCHDOG_PID", None)
        if watchdog_s:
            self.environment["WATCHDOG_USEC"] = str(int(watchdog_s * 1e6))
        self.heard = []  # (when, {name: value}), in order
        self.ended = False
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def close(self):
        self.ended = True
        self.thread.join()
        self.socket.close()

    def _listen(self):
        while not self.ended:
            if not select.select([self.socket], [], [], 0.05)[0]:
                continue
            lines = self.socket.recv(65536).decode("utf-8").splitlines()
            self.heard.append((time.monotonic(), dict(line.split("=", 1) for line in lines)))

    def messages(self, name):
        """(when, value) of each message that holds `name`."""
        return [(when, message[name]) for when, message in list(self.heard) if name in message]

    def names(self):
        """What was told, in order, without what is told again and again."""
        return [name for _, message in list(self.heard) for name in message
                if name in ("READY", "RELOADING", "STOPPING")]


class StoppedThread:
    """One thread of a process stands still within `with`; the others run."""

    libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self, thread):
        self.thread = thread

    def _trace(self, request):
        if self.libc.ptrace(request, self.thread, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), f"ptrace({request}, {self.thread})")

    def __enter__(self):
        self._trace(PTRACE_ATTACH)
        os.waitpid(self.thread, WAIT_FOR_THREADS)
        return self

    def __exit__(self, *_):
        self._trace(PTRACE_DETACH)


def threads(process):
    return sorted(int(name) for name in os.listdir(f"/proc/{process}/task"))


def thread_status(process, thread):
    """The fields of /proc/PROCESS/task/THREAD/status."""
    with open(f"/proc/{process}/task/{thread}/status", encoding="utf-8") as file:
        return {name: value.strip() for name, value in
                (line.split(":", 1) for line in file if ":" in line)}
