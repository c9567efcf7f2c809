"""The page over Pinot: what its server lets through, and what a browser makes of it. A stub answers in
place of Pinot's broker; tests/system/central_test.py asks a real one the same questions.

Without Chromium the browser's part is skipped. dashboard_test.py [--screenshot FILE]"""
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import system_test
from sensor_run import ROOT

try:
    import yaml
except ImportError:
    print("skipped: python3-yaml is not installed")
    sys.exit(system_test.SKIPPED)
sys.path.insert(0, str(ROOT / "scripts"))
from engines import dashboard  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
NOW = int(time.time() * 1000)


class Broker:
    """Answers as Pinot's does, by the question's table and columns; remembers what it was asked."""

    def __init__(self):
        broker = self
        self.asked, self.fault = [], None

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                sql = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["sql"]
                broker.asked.append(sql)
                answer = {"exceptions": [{"message": broker.fault}] if broker.fault else [],
                          "resultTable": {"rows": broker.rows(sql)}}
                content = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"127.0.0.1:{self.server.server_address[1]}"

    @staticmethod
    def rows(sql):
        device, now = "site/0/00:16:3e:00:00:07", int(time.time() * 1000)
        hour = now // 3_600_000 * 3_600_000
        if "FROM incidents" in sql:
            return [["i1", "critical", "dos", device, 12, now - 240_000, now, ["north", HOSTILE],
                     f"target {HOSTILE}", 4],
                    ["i2", HOSTILE, "exfil", HOSTILE, 3, now - 7_300_000, now, ["south"], "sends", 1]]
        if "FROM health" in sql:
            return [["north", now - 2_000, 1_000_000, 2_500, 4, 0, "1.0"],
                    ["south", now - 400_000, 700_000, 0, 0, 3_900_000, "1.0"],
                    [HOSTILE, now - 3_000, 10, 0, 0, 0, HOSTILE]]
        if "FROM devices" in sql:
            return [[device, HOSTILE, "10.0.0.7"]]
        if "FROM alerts" in sql and "at_ms" in sql:
            return [[now - 7_200_000 * n, severity, n + 1] for n in range(1, 9)
                    for severity in ("high", "critical")]
        if "FROM alerts" in sql:
            return [["dos.syn_flood", 17, 2], ["recon.port_scan", 5, 1], [HOSTILE, 1, 1]]
        if "hour_ms" in sql:
            return [[hour - 3_600_000 * n, 5e9 / (n + 1), 1e6] for n in range(20)]
        if "'hopping'" in sql:
            return [[now - 60_000 * n, 100 + n, 50, 2] for n in range(30)]
        if "share" in sql:
            return [[device, 0.4, 180]]
        if "DISTINCTCOUNTTHETASKETCH" in sql:
            return [[device, 31], [HOSTILE, 4]] if "GROUP BY" in sql else [[1234]]
        return [[device, 123_456_789], [HOSTILE, 1000]]


class Served:
    def __init__(self, broker_address):
        self.server = dashboard.serve(broker_address, 0)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def get(self, path, method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, headers={"Host": f"127.0.0.1:{self.port}", **{
            name.replace("_", "-"): value for name, value in headers.items()}})
        answer = connection.getresponse()
        content = answer.read().decode()
        connection.close()
        return answer, content

    def status(self, path, **more):
        return self.get(path, **more)[0].status


class Dashboard(system_test.SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker()
        cls.page = Served(cls.broker.address)
        cls.alone = Served("127.0.0.1:9")  # where nobody listens

    def setUp(self):
        self.broker.asked.clear()
        self.broker.fault = None

    def test_only_named_questions_are_asked(self):
        self.assertEqual(404, self.page.status("/ask/other"))
        self.assertEqual(404, self.page.status("/ask/"))
        self.assertEqual(400, self.page.status("/ask/destinations?sql=SELECT+1"))
        self.assertEqual([], self.broker.asked)
        for name in yaml.safe_load((ROOT / "central/pinot/questions.yaml").read_text()):
            self.assertEqual(200, self.page.status(f"/ask/{name}?device=a"), name)
        self.assertFalse([sql for sql in self.broker.asked if "${" in sql], "a name was left")

    def test_a_device_is_one_string_whatever_is_in_it(self):
        hostile = "x' OR '1'='1'; DROP TABLE alerts; --"
        self.assertEqual(200, self.page.status(f"/ask/device_by_hour?device={quote(hostile)}"))
        (sql,) = self.broker.asked
        self.assertIn("device = 'x'' OR ''1''=''1''; DROP TABLE alerts; --'", sql)
        # Outside of strings the question is the file's.
        self.assertNotIn("DROP", re.sub(r"'(?:[^']|'')*'", "''", sql))
        self.broker.asked.clear()
        self.assertEqual(200, self.page.status(f"/ask/device_names?device=a&device={quote(hostile)}"))
        self.assertIn("IN ('a', 'x'' OR", self.broker.asked[0])

    def test_parameters_have_bounds(self):
        far = NOW + 3 * 86_400_000
        for wrong in ("span=2h", "span=", "to=1", "to=soon", f"to={far}", "to=-1795536000000", "to=1e12",
                      "device=", "device=%00", "device=a%0Ab", "device=" + "a" * 257, "limit=1",
                      "&".join(["device=a"] * 51), "&".join(f"x{n}=1" for n in range(100))):
            self.assertEqual(400, self.page.status(f"/ask/device_names?{wrong}"), wrong)
        self.assertEqual(400, self.page.status("/ask/device_by_hour"), "no device")
        self.assertEqual([], self.broker.asked)

    def test_the_span_is_filled_in(self):
        answer = json.loads(self.page.get("/ask/top_talkers?span=6h&to=1795536000000")[1])
        self.assertEqual([1795536000000 - 6 * 3_600_000, 1795536000000], [answer["from"], answer["to"]])
        self.assertIn("window_start_ms >= 1795514400000 AND window_start_ms < 1795536000000",
                      self.broker.asked[0])

    def test_who_asks_at_once_asks_once(self):
        for _ in range(5):
            self.assertEqual(200, self.page.status("/ask/destinations?to=1795536000000"))
        self.assertEqual(1, len(self.broker.asked))

    def test_other_sites_get_nothing(self):
        self.assertEqual(421, self.page.status("/", Host="evil.example"))
        self.assertEqual(421, self.page.status("/ask/destinations", Host="evil.example:80"))
        self.assertEqual(403, self.page.status("/ask/destinations", Sec_Fetch_Site="cross-site"))
        self.assertEqual(501, self.page.status("/ask/destinations", method="POST"))
        self.assertEqual(404, self.page.status("/../../etc/passwd"))
        self.assertEqual(404, self.page.status("/%2e%2e/pinot/questions.yaml"))
        self.assertEqual([], self.broker.asked)

    def test_every_answer_has_its_headers(self):
        for path in ("/", "/page.js", "/ask/destinations", "/nothing"):
            answer, _ = self.page.get(path)
            policy = answer.headers["Content-Security-Policy"]
            self.assertIn("default-src 'none'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertEqual("nosniff", answer.headers["X-Content-Type-Options"])
            self.assertNotIn("Python", answer.headers["Server"])

    def test_it_says_what_to_do_without_pinot(self):
        answer, content = self.alone.get("/ask/destinations")
        self.assertEqual(502, answer.status)
        self.assertIn("scripts/central up", json.loads(content)["error"])
        self.broker.fault = "TableDoesNotExistError"
        answer, content = self.page.get("/ask/error_share?span=7d")
        self.assertEqual(502, answer.status)
        self.assertIn("TableDoesNotExistError", json.loads(content)["error"])

    def browse(self, served, *options):
        folder = tempfile.mkdtemp(prefix="dashboard")
        try:
            done = subprocess.run(
                [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                 "--disable-dev-shm-usage", "--disable-extensions", f"--user-data-dir={folder}",
                 "--virtual-time-budget=4000", *options, f"http://127.0.0.1:{served.port}/"],
                capture_output=True, text=True, timeout=240)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        self.assertEqual(0, done.returncode, done.stderr[-500:])
        return done.stdout

    @unittest.skipUnless(CHROMIUM, "chromium is not installed")
    def test_a_browser_shows_what_is_wrong(self):
        page = self.browse(self.page, "--dump-dom")
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
        for wanted in ("1 critical incidents open; silent: south; packets lost at north",
                       "2 of 3", "silent for 7 min", "0.15 %", "0.25 %", "17 on 2", "123 MB",
                       "31", "40 % (180)", "1.23 k"):
            self.assertIn(wanted, text)
        self.assertNotIn("<img", page, "a name became an element")
        self.assertIn("&lt;img src=x onerror=", page)
        self.assertNotIn("<title>owned", page)
        # Each of the eight times has two severities, stacked.
        self.assertEqual(8, len(re.findall(r'<rect class="critical"', page)))
        self.assertEqual(20, len(re.findall(r'<rect class="bar"', page)))
        if os.environ.get("SCREENSHOT"):
            self.browse(self.page, "--window-size=1400,1500", "--hide-scrollbars",
                        f"--screenshot={os.environ['SCREENSHOT']}")

    @unittest.skipUnless(CHROMIUM, "chromium is not installed")
    def test_a_browser_says_that_pinot_is_away(self):
        text = re.sub(r"<[^>]*>", " ", self.browse(self.alone, "--dump-dom"))
        self.assertIn("Nothing is known", text)
        self.assertIn("scripts/central up starts what is missing", text)


if __name__ == "__main__":
    system_test.main()
