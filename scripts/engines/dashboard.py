"""Serves central/dashboard, and asks Pinot the named questions for it: no others, with parameters that
are bounded and put in here. Listens on 127.0.0.1 alone."""
import argparse
import json
import re
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = {"/": ("index.html", "text/html"), "/page.css": ("page.css", "text/css"),
         "/page.js": ("page.js", "text/javascript"), "/charts.js": ("charts.js", "text/javascript")}
HOUR_MS = 3_600_000
SPANS_MS = {"1h": HOUR_MS, "6h": 6 * HOUR_MS, "24h": 24 * HOUR_MS, "7d": 168 * HOUR_MS}
KNOWN_BEFORE_MS = 7 * 24 * HOUR_MS  # what was sent to within it is no new destination
BARS = 48
DEVICES_MAX, DEVICE_CHARACTERS_MAX = 50, 256
AT_ONCE_MAX = 4      # questions that Pinot is asked at one time; others wait
WAIT_S, ANSWER_S, FRESH_S = 20, 20, 5
ANSWER_BYTES_MAX = 8 << 20
CACHED_MAX = 500
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src "
                               "'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                               "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"}


class Wrong(Exception):
    """A request that is not answered: the status, and what the page shows."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def quoted(text):
    """A string in Pinot's SQL, in which a quote is doubled and nothing else means anything."""
    if not 0 < len(text) <= DEVICE_CHARACTERS_MAX or not text.isprintable():
        raise Wrong(400, f"device: found {len(text)} characters, allowed 1 to {DEVICE_CHARACTERS_MAX} that "
                         "can be printed")
    return "'" + text.replace("'", "''") + "'"


def parameters(query, now_ms):
    """What stands for the names in braces; everything is a whole number or a quoted string."""
    unknown = set(query) - {"span", "to", "device"}
    if unknown:
        raise Wrong(400, f"found {', '.join(sorted(unknown))}, allowed span, to, device")
    span = SPANS_MS.get(query.get("span", ["24h"])[0])
    if span is None:
        raise Wrong(400, f"span: allowed {', '.join(SPANS_MS)}")
    to = query.get("to", [str(now_ms)])[0]
    if not re.fullmatch(r"[0-9]{12,13}", to) or int(to) > now_ms + 24 * HOUR_MS:
        raise Wrong(400, "to: allowed milliseconds since 1970, up to a day from now")
    begin, devices = int(to) - span, query.get("device", [])
    if len(devices) > DEVICES_MAX:
        raise Wrong(400, f"device: found {len(devices)}, allowed {DEVICES_MAX}")
    devices = [quoted(device) for device in devices]
    return {"from": begin, "to": int(to), "earlier": begin - KNOWN_BEFORE_MS,
            "step": max(60_000, span // BARS), "device": devices[:1], "devices": devices}


def filled(sql, values):
    def value(name):
        found = values[name[1]]
        if found == []:
            raise Wrong(400, "device: is asked for")
        return ", ".join(found) if isinstance(found, list) else str(found)
    return re.sub(r"\$\{(\w+)\}", value, sql)


class Pinot:
    """Its broker, asked by few at one time; an answer holds for a moment."""

    def __init__(self, broker, questions):
        self.broker, self.questions = broker, questions
        self.free, self.lock, self.cache = threading.Semaphore(AT_ONCE_MAX), threading.Lock(), {}

    def answer(self, name, query, now_ms):
        if name not in self.questions:
            raise Wrong(404, f"no such question, allowed {', '.join(self.questions)}")
        # All who ask in these seconds ask the same.
        values = parameters(query, now_ms // 1000 // FRESH_S * FRESH_S * 1000)
        sql = filled(self.questions[name]["sql"], values)
        with self.lock:
            known = self.cache.get(sql)
        if known and known[0] > time.monotonic() - FRESH_S:
            return known[1]
        if not self.free.acquire(timeout=WAIT_S):
            raise Wrong(503, "too many questions at one time; asked again by itself")
        try:
            rows = self.rows(sql)
        finally:
            self.free.release()
        answer = {key: values[key] for key in ("from", "to", "step")} | {"rows": rows}
        with self.lock:
            if len(self.cache) >= CACHED_MAX:
                self.cache.clear()
            self.cache[sql] = time.monotonic(), answer
        return answer

    def rows(self, sql):
        request = urllib.request.Request(f"http://{self.broker}/query/sql",
                                         json.dumps({"sql": sql}).encode(),
                                         {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S) as read:
                text = read.read(ANSWER_BYTES_MAX + 1)
            answer = json.loads(text) if len(text) <= ANSWER_BYTES_MAX else None
        except (OSError, ValueError) as error:
            raise Wrong(502, f"Pinot's broker at {self.broker} does not answer: {error}\nsee "
                             "scripts/central status; scripts/central up starts what is missing") from error
        if answer is None:
            raise Wrong(502, f"Pinot's answer is longer than {ANSWER_BYTES_MAX} bytes; ask about less")
        if answer.get("exceptions"):
            raise Wrong(502, "Pinot refuses the question: "
                        f"{answer['exceptions'][0].get('message', '')[:500]}\nits tables are made by "
                        "scripts/central up")
        return answer["resultTable"]["rows"]


def handler(pinot, page):
    class Handler(BaseHTTPRequestHandler):
        protocol_version, server_version, sys_version, timeout = "HTTP/1.1", "vedette", "", 30

        def do_GET(self):
            try:
                self.check()
                address = urlsplit(self.path)
                if address.path in PAGES:
                    name, kind = PAGES[address.path]
                    self.reply(200, kind, (page / name).read_bytes())
                elif address.path.startswith("/ask/"):
                    query = parse_qs(address.query, max_num_fields=60, keep_blank_values=True)
                    found = pinot.answer(address.path[5:], query, int(time.time() * 1000))
                    self.reply(200, "application/json", json.dumps(found).encode())
                else:
                    raise Wrong(404, "nothing is here")
            except Wrong as wrong:
                self.reply(wrong.status, "application/json", json.dumps({"error": str(wrong)}).encode())
            except ValueError as error:
                self.reply(400, "application/json", json.dumps({"error": str(error)}).encode())

        def check(self):
            """Another site's page in the same browser has another Host, or says that it is another's."""
            port = self.server.server_address[1]
            if self.headers.get("Host") not in (f"127.0.0.1:{port}", f"localhost:{port}"):
                raise Wrong(421, f"Host: allowed 127.0.0.1:{port} and localhost:{port}")
            if self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
                raise Wrong(403, "only this page's own requests are answered")

        def reply(self, status, kind, content):
            self.send_response(status)
            for name, value in HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            """Says nothing: what is asked is nobody's business."""
    return Handler


def serve(broker, port):
    questions = yaml.safe_load((ROOT / "central/pinot/questions.yaml").read_text())
    server = ThreadingHTTPServer(("127.0.0.1", port),
                                 handler(Pinot(broker, questions), ROOT / "central/dashboard"))
    server.daemon_threads = True
    return server


def run(broker, port):
    """Until it is interrupted."""
    server = serve(broker, port)
    print(f"http://127.0.0.1:{server.server_address[1]}/", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pinot", default="127.0.0.1:19201", help="HOST:PORT of a broker [%(default)s]")
    parser.add_argument("--port", type=int, default=19300, help="on 127.0.0.1; 0: any [%(default)s]")
    options = parser.parse_args()
    run(options.pinot, options.port)


if __name__ == "__main__":
    sys.exit(main())
