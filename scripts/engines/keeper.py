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


def end_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def stop(child):
    child.terminate()
    try:
        child.wait(STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    sys.exit(0)


def main():
    while True:
        child = subprocess.Popen(sys.argv[1:], preexec_fn=end_with_parent)
        signal.signal(signal.SIGTERM, lambda _signal, _frame: stop(child))
        status = child.wait()
        print(f"keeper: ended with {status}, begun again in {PAUSE_S} s", file=sys.stderr, flush=True)
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
