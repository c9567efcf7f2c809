"""Keeps a command running: begun again when it ends, as a service manager does it. Ends it on SIGTERM;
a keeper that is killed takes it along. keeper.py COMMAND..."""
import ctypes
import signal
import subprocess
import sys
import time

PAUSE_S = 3
STOP_S = 10
PR_SET_PDEATHSIG = 1


class Told(Exception):
    """To end."""


def tell(_signal, _frame):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Told


def end_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def stop(child):
    child.terminate()
    try:
        child.wait(STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def main():
    child = None
    signal.signal(signal.SIGTERM, tell)
    try:
        while True:
            child = subprocess.Popen(sys.argv[1:], preexec_fn=end_with_parent)
            print(f"keeper: ended with {child.wait()}, begun again in {PAUSE_S} s", file=sys.stderr,
                  flush=True)
            time.sleep(PAUSE_S)
    except Told:
        if child:
            stop(child)


if __name__ == "__main__":
    main()
