"""Asks a sensor's local interface as any program could: raw HTTP over a socket of the system or TCP."""
import json
import socket
import subprocess
import sys

SECONDS_MAX = 20


class Answer:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1]) if lines[0] else 0
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()

    def json(self):
        return json.loads(self.body.decode("utf-8"))


def read_all(connection):
    parts = []
    while True:
        try:
            part = connection.recv(65536)
        except ConnectionResetError:
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


def connect(path):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(SECONDS_MAX)
    connection.connect(str(path))
    return connection


def send_raw(path, data):
    """What comes back to these bytes, until the sensor closes."""
    with connect(path) as connection:
        try:
            connection.sendall(data)
        except BrokenPipeError:
            pass
        return read_all(connection)


def request(target, method="GET", headers=()):
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def ask(path, target, method="GET", headers=(("Host", "localhost"),)):
    return Answer(send_raw(path, request(target, method, headers)))


def ask_inside(network, port, data):
    """The same over TCP, from inside the network's namespace."""
    code = ("import socket,sys\n"
            f"c=socket.create_connection(('127.0.0.1',{port}),timeout={SECONDS_MAX})\n"
            "c.sendall(sys.stdin.buffer.read())\n"
            "while True:\n"
            " p=c.recv(65536)\n"
            " if not p: break\n"
            " sys.stdout.buffer.write(p)\n")
    done = subprocess.run(network.inside(sys.executable, "-c", code), input=data,
                          capture_output=True, timeout=60, check=True)
    return Answer(done.stdout)


def samples(page):
    """Of a metrics page: {name: {labels as written: value}}."""
    found = {}
    for line in page.decode("utf-8").split("\n"):
        if not line or line.startswith("#"):
            continue
        series, _, value = line.rpartition(" ")
        name, brace, labels = series.partition("{")
        found.setdefault(name, {})[brace + labels] = float(value)
    return found
