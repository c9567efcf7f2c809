"""The local interface of a running sensor, and the commands that ask it: what is answered, to whom, and
that nobody who asks badly, slowly or a lot keeps others from being answered."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import stat
import struct
import subprocess
import sys
import termios
import time

import capture_files
import frames
import live_network
import local_access
import own_traffic
import sensor_run
import system_test
from local_access import ask
from sensor_run import DONE, FAILED, ROOT, USAGE

SERIES_MAX = 500
TOKEN = "correct-horse-battery-staple"
HOSTILE_NAME = b"\x1b[31m\xff\"<b>"


def scan_and_flood():
    """A port scan, and a flood that nobody answers: alerts of two kinds."""
    to = own_traffic.Recorder()
    for port in range(1, 300):
        to.add(port * 0.01, frames.tcp(frames.SYN, "192.168.2.66", 61000, "192.168.1.81", port))
        to.add(port * 0.01 + 0.001, frames.tcp(frames.RST | frames.ACK, "192.168.1.81", port,
                                               "192.168.2.66", 61000))
    for i in range(3000):
        to.add(i * 0.001, frames.tcp(frames.SYN, f"203.0.{i % 250}.{i // 250 + 1}", 1024 + i,
                                     "192.168.1.80", 443))
    return capture_files.pcap(to.timed())


def many_devices(count):
    """One packet each of so many devices."""
    return capture_files.pcap([
        (own_traffic.BEGIN_S, i * 20,
         frames.udp(b"x", f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}", 1024 + i % 60000,
                    "198.51.100.9", 9))
        for i in range(count)])


class LocalTest(system_test.SystemTest):
    def setUp(self):
        super().setUp()
        self.network = live_network.Network()
        self.addCleanup(self.network.close)
        self.network.add_pair("tap0")
        self.socket = self.folder / "vedette.sock"

    def listen(self, local="", config=""):
        text = (f"sensor: edge-7\nexport: {{files: {{folder: {self.folder}/events}}}}\n"
                f"state: {{when: never}}\n{config}"
                f"local:\n  socket: {self.socket}\n{local}")
        path = self.write("sensor.yaml", text.encode())
        sensor = live_network.Sensor(self.network, self.folder, ("tap0",), "-c", path, topics=())
        self.addCleanup(sensor.kill)
        return sensor

    def ask_until(self, target, condition, what):
        until = time.monotonic() + 40
        while True:
            answer = ask(self.socket, target)
            if answer.status == 200 and condition(answer):
                return answer
            self.assertLess(time.monotonic(), until, f"waited in vain for {what}: {answer.body[:2000]}")
            time.sleep(0.2)

    def run_command(self, *arguments, status=DONE):
        done = sensor_run.run(*arguments, "--socket", self.socket)
        self.assertEqual(done.status, status, done.describe())
        return done.out.decode("utf-8")


class Answers(LocalTest):
    def test_what_is_seen_is_told(self):
        sensor = self.listen()
        mode = self.socket.stat().st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600, "others could ask")
        self.network.play("tap0", self.write("attack.pcap", scan_and_flood()))
        alerts = self.ask_until("/api/alerts", lambda a: len(a.json()["alerts"]) >= 2, "two alerts")
        self.check_alerts(alerts.json())
        self.ask_until("/api/devices?search=192.168", self.are_all_there, "the devices' packets")
        self.check_order()
        self.ask_until("/metrics", lambda a: local_access.samples(a.body)
                       ["vedette_packets_received_total"][""] >= 3598, "all packets in the sums")
        self.check_metrics(ask(self.socket, "/metrics"))
        self.check_health()
        self.check_commands()
        self.end(sensor)
        self.assertFalse(self.socket.exists(), "the socket's name is left behind")

    def end(self, sensor):
        status, seconds = sensor.stop()
        self.assertEqual(status, DONE, sensor.log())
        self.assertLess(seconds, 5)

    def check_alerts(self, listed):
        self.assertEqual(listed["sensor"], "edge-7")
        kinds = {alert["kind"] for alert in listed["alerts"]}
        self.assertTrue({"dos.syn_flood", "recon.port_scan"} <= kinds, kinds)
        self.assertEqual({alert["type"] for alert in listed["alerts"]}, {"alert"})
        for query, wanted in (("kind=recon", {"recon.port_scan"}), ("kind=exfil", set()),
                              ("device=192.168.1.80", {"dos.syn_flood"}),
                              ("state=closed", set())):
            found = ask(self.socket, "/api/alerts?" + query).json()["alerts"]
            self.assertTrue(wanted <= {alert["kind"] for alert in found}, query)
            self.assertTrue(wanted or not found, query)
        self.assertEqual(len(ask(self.socket, "/api/alerts?limit=1").json()["alerts"]), 1)
        ranks = ["low", "medium", "high", "critical"]
        high = ask(self.socket, "/api/alerts?severity=high").json()["alerts"]
        self.assertTrue(all(ranks.index(alert["severity"]) >= 2 for alert in high))

    def are_all_there(self, answer):
        """Sums of windows: each packet is in one of them, once."""
        by_ip = {device["device_ip"]: device["sum"] for device in answer.json()["devices"]}
        return (by_ip.get("192.168.2.66", {}).get("packets_out") == 299 and
                by_ip.get("192.168.1.80", {}).get("packets_in") == 3000)

    def check_order(self):
        ordered = ask(self.socket, "/api/devices?sort=total_bytes&limit=2").json()
        sums = [d["sum"]["bytes_in"] + d["sum"]["bytes_out"] for d in ordered["devices"]]
        self.assertEqual(len(sums), 2)
        self.assertGreaterEqual(sums[0], sums[1])
        self.assertGreater(ordered["matched"], 2)

    def check_metrics(self, page):
        self.assertIn("version=0.0.4", page.headers["content-type"])
        found = local_access.samples(page.body)
        self.assertEqual(found["vedette_packets_received_total"][""],
                         found["vedette_packets_processed_total"][""] +
                         sum(found["vedette_packets_dropped_total"].values()))
        self.assertEqual(found["vedette_packets_processed_total"][""],
                         sum(found["vedette_packets_decoded_total"].values()))
        self.assertEqual(found["vedette_interface_up"]['{interface="tap0"}'], 1)
        self.assertEqual(found["vedette_alerts_opened_total"]['{kind="recon.port_scan"}'], 1)
        self.assertLessEqual(sum(map(len, found.values())), SERIES_MAX)
        (self.folder / "page").write_bytes(page.body)
        self.check_rules_and_dashboard(found)
        lint = self.promtool("check", "metrics", stdin=page.body)
        self.assertEqual(lint, "")

    def promtool(self, *arguments, stdin=b""):
        try:
            done = subprocess.run(["promtool", *arguments], input=stdin, capture_output=True, timeout=60)
        except FileNotFoundError:
            print("skipped: promtool is not installed; scripts/setup test installs it")
            return ""
        return "" if done.returncode == 0 else (done.stdout + done.stderr).decode()

    def check_rules_and_dashboard(self, found):
        """Every metric that a rule or a panel names is one of a real page."""
        # Those that are there where a broker is configured alone.
        names = set(found) | {"vedette_spool_limit_bytes", "up"}
        for file in ("prometheus/vedette-rules.yaml", "grafana/vedette.json"):
            text = (ROOT / "conf" / file).read_text(encoding="utf-8")
            used = set(re.findall(r"\b(vedette_[a-z_0-9]+)", text))
            self.assertEqual(used - names, set(), file)
            self.assertGreater(len(used), 15, file)

    def check_health(self):
        live, ready = ask(self.socket, "/health/live"), ask(self.socket, "/health/ready")
        self.assertEqual((live.status, ready.status), (200, 200), ready.body)
        whole = ask(self.socket, "/health").json()
        self.assertEqual((whole["live"], whole["ready"], whole["reasons"]), (True, True, []))
        self.assertEqual(whole["health"]["type"], "health")
        self.network.set_link("tap0", "down")
        until = time.monotonic() + 20
        while ask(self.socket, "/health/ready").status != 503:
            self.assertLess(time.monotonic(), until, "still ready without an interface")
            time.sleep(0.2)
        told = ask(self.socket, "/health/ready").json()
        self.assertEqual([reason["name"] for reason in told["reasons"]], ["no_interface"])
        self.assertEqual(ask(self.socket, "/health/live").status, 200)
        self.network.set_link("tap0", "up")

    def check_commands(self):
        alerts = self.run_command("alerts")
        for text in ("edge-7", "dos.syn_flood", "recon.port_scan", "192.168.2.66"):
            self.assertIn(text, alerts)
        self.assertNotIn("dos.syn_flood", self.run_command("alerts", "--kind", "recon"))
        self.assertIn("192.168.1.80", self.run_command("devices", "--sort", "packets"))
        self.assertEqual(json.loads(self.run_command("devices", "--json"))["sensor"], "edge-7")
        self.assertEqual(json.loads(self.run_command("alerts", "--json", "--limit", "1"))["sensor"],
                         "edge-7")
        plain = self.run_command("top")
        self.assertIn("open", plain)
        self.assertNotIn("\x1b", plain, "no terminal, and yet it was drawn on")
        self.assertEqual(json.loads(self.run_command("top", "--json"))["sensor"], "edge-7")


class Refusals(LocalTest):
    def test_what_is_no_question_is_refused(self):
        sensor = self.listen()
        self.ask_until("/api/sensor", lambda a: True, "the first interval")
        for target, method, status, says in (
                ("/", "GET", 404, "/api/alerts"), ("/../etc/passwd", "GET", 404, ""),
                ("/metrics", "POST", 405, "GET and HEAD"), ("/metrics", "DELETE", 405, ""),
                ("/metrics", "BREW", 405, ""), ("/metrics?x=1", "GET", 400, "none"),
                ("/api/alerts?severty=high", "GET", 400, "did you mean 'severity'"),
                ("/api/alerts?severity=bad", "GET", 400, "low, medium, high, critical"),
                ("/api/alerts?limit=0", "GET", 400, "1 to"), ("/api/alerts?kind=%zz", "GET", 400, ""),
                ("/api/devices?sort=x&sort=y", "GET", 400, "twice")):
            answer = ask(self.socket, target, method)
            self.assertEqual(answer.status, status, (target, method, answer.body))
            self.assertIn(says, answer.json()["error"]["message"], target)
            self.assert_safe(answer)
        self.assertEqual(ask(self.socket, "/metrics", "POST").headers["allow"], "GET, HEAD")
        head = ask(self.socket, "/metrics", "HEAD")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertGreater(int(head.headers["content-length"]), 1000)
        self.assertEqual(local_access.Answer(local_access.send_raw(
            self.socket, b"GET /metrics HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20000 +
            b"\r\n\r\n")).status, 431)
        for garbage in (b"\x00\xff\x16\x03\x01" * 50, b"GET\r\n\r\n", b"\r\n" * 5000,
                        b"GET /metrics HTTP/9.9\r\n\r\n", HOSTILE_NAME + b"\r\n\r\n"):
            local_access.send_raw(self.socket, garbage)
        self.assert_safe(ask(self.socket, "/metrics"))
        self.assertIsNone(sensor.process.poll(), sensor.log())

    def assert_safe(self, answer):
        for name, value in (("x-content-type-options", "nosniff"), ("cache-control", "no-store"),
                            ("x-frame-options", "DENY"), ("connection", "close")):
            self.assertEqual(answer.headers.get(name), value, name)
        self.assertIn("default-src 'none'", answer.headers["content-security-policy"])
        self.assertNotIn("server", answer.headers)

    def test_slow_clients_keep_nobody_out(self):
        self.listen()
        self.ask_until("/api/sensor", lambda a: True, "the first interval")
        slow = []
        for i in range(200):
            connection = local_access.connect(self.socket)
            connection.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
            slow.append(connection)
            if i % 20 == 0:
                for one in slow:
                    try:
                        one.send(b"y")
                    except OSError:
                        pass
                self.assertEqual(ask(self.socket, "/health/live").status, 200, f"after {i}")
        found = local_access.samples(ask(self.socket, "/metrics").body)
        requests = found["vedette_local_requests_total"]
        self.assertGreaterEqual(requests['{outcome="turned_away"}'], 100, "connections are unbounded")
        # Those that are left are ended by the clock, however diligently they send.
        until = time.monotonic() + 20
        while time.monotonic() < until:
            alive = 0
            for one in slow[-60:]:
                try:
                    one.send(b"y")
                    alive += 1
                except OSError:
                    pass
            if alive == 0:
                break
            time.sleep(0.5)
        self.assertEqual(alive, 0, "a request may take for ever")
        for one in slow:
            one.close()
        # Nor does one that reads nothing.
        with local_access.connect(self.socket) as deaf:
            deaf.sendall(local_access.request("/metrics"))
            self.assertEqual(ask(self.socket, "/health/live").status, 200)

    def test_a_stale_socket_is_replaced_and_nothing_else(self):
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(str(self.socket))
        stale.close()
        sensor = self.listen()
        self.ask_until("/api/sensor", lambda a: True, "the first interval")
        second = subprocess.run(self.network.inside(
            sensor_run.PROGRAM, "run", "-i", "tap0", "-c", self.folder / "sensor.yaml", "--alerts",
            self.folder / "other"), capture_output=True, text=True, timeout=60)
        self.assertEqual(second.returncode, USAGE, second.stderr)
        self.assertIn("a sensor listens there already", second.stderr)
        self.assertEqual(ask(self.socket, "/health/live").status, 200, "the first one's was taken")
        sensor.stop()
        self.socket.write_text("precious", encoding="utf-8")
        third = subprocess.run(self.network.inside(
            sensor_run.PROGRAM, "run", "-i", "tap0", "-c", self.folder / "sensor.yaml", "--alerts",
            self.folder / "other"), capture_output=True, text=True, timeout=60)
        self.assertEqual(third.returncode, USAGE, third.stderr)
        self.assertEqual(self.socket.read_text(encoding="utf-8"), "precious")

    def test_where_no_sensor_runs_it_says_what_to_do(self):
        for command in ("alerts", "devices", "top"):
            done = self.refuse(command, "--socket", self.socket, status=FAILED,
                               says=["no sensor answers", "systemctl status", "--socket"])
            self.assertEqual(done.out, b"")
        self.refuse("alerts", "--url", "ftp://x", status=USAGE, says=["http://"])
        self.refuse("top", "--sort", "size", "--socket", self.socket, status=USAGE, says=["bytes"])


class Tcp(LocalTest):
    def test_on_loopback_a_token_and_a_host_are_wanted(self):
        token = self.write("token", TOKEN.encode() + b"\n")
        token.chmod(0o600)
        self.network.run("ip", "link", "set", "lo", "up")
        sensor = self.listen(f"  listen: 127.0.0.1:9470\n  token_file: {token}\n")
        self.assertFalse(self.socket.exists())

        def asked(*headers):
            return local_access.ask_inside(self.network, 9470,
                                           local_access.request("/api/sensor", headers=headers))

        host, bearer = ("Host", "127.0.0.1:9470"), ("Authorization", "Bearer " + TOKEN)
        sensor.wait_until(lambda: asked(host, bearer).status == 200, "the first interval")
        for wrong in ((host,), (host, ("Authorization", "Bearer x")),
                      (host, ("Authorization", "Basic " + TOKEN)), (host, ("Authorization", TOKEN)),
                      (host, ("Authorization", "Bearer " + TOKEN[:-1]))):
            answer = asked(*wrong)
            self.assertEqual(answer.status, 401, wrong)
            self.assertIn("Bearer", answer.headers["www-authenticate"])
            self.assertNotIn(b"edge-7", answer.body)
        for name in ("evil.example:9470", "127.0.0.1:80", "", "localhost.evil.example"):
            self.assertEqual(asked(("Host", name), bearer).status, 403, name)
        self.assertEqual(asked(("Host", "localhost:9470"), bearer).status, 200)
        done = subprocess.run(self.network.inside(
            sensor_run.PROGRAM, "devices", "--url", "http://127.0.0.1:9470", "--token-file", token),
            capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertIn("edge-7", done.stdout)
        done = subprocess.run(self.network.inside(
            sensor_run.PROGRAM, "devices", "--url", "http://127.0.0.1:9470"),
            capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, FAILED, done.stderr)
        self.assertIn("--token-file", done.stderr)
        self.assertNotIn(TOKEN, sensor.log())

    def test_a_configuration_without_a_safe_token_is_refused(self):
        token = self.write("token", b"short\n")
        for text, says in (("listen: 127.0.0.1:9470", "token_file"),
                           (f"listen: 127.0.0.1:9470\n  token_file: {token}", "16"),
                           ("listen: everywhere", "127.0.0.1:9470"),
                           ("listen: 9470", "an address and a port"),
                           ("socket: vedette.sock", "an absolute path"),
                           ("hosts: ['a b']", "names such as")):
            token.chmod(0o600)
            config = self.write("bad.yaml", f"local:\n  {text}\n".encode())
            self.refuse("check", "-c", config, status=USAGE, says=[says, "bad.yaml:"])
        token.chmod(0o644)
        config = self.write("bad.yaml",
                            f"local:\n  listen: 127.0.0.1:9470\n  token_file: {token}\n".encode())
        self.refuse("check", "-c", config, status=USAGE, says=["any user may read it"])


class Hostile(LocalTest):
    def test_series_are_bounded_whatever_the_traffic(self):
        self.listen(config="device_windows: {window_s: 1}\n")
        self.network.play("tap0", self.write("many.pcap", many_devices(20_000)), "--topspeed")
        listed = self.ask_until("/api/devices?limit=16384", lambda a: a.json()["known"] >= 4000,
                                "thousands of devices").json()
        self.assertLessEqual(listed["known"], 16_384)
        page = ask(self.socket, "/metrics")
        self.assertLessEqual(sum(map(len, local_access.samples(page.body).values())), SERIES_MAX)
        self.assertNotIn(b"10.0.", page.body, "a label holds what came from a packet")


class Screen(LocalTest):
    """`vedette top` on a terminal of 80 columns and 24 lines."""

    def start_top(self, rows=24, columns=80):
        child, self.terminal = pty.fork()
        if child == 0:
            os.environ["TERM"] = "xterm"
            os.environ["LC_ALL"] = "C.UTF-8"
            os.execv(sensor_run.PROGRAM, [sensor_run.PROGRAM, "top", "--socket", str(self.socket)])
        self.addCleanup(self.end_top, child, self.terminal)
        self.resize(rows, columns)
        self.drawn = b""
        return child

    @staticmethod
    def end_top(child, terminal):
        try:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(terminal)

    def resize(self, rows, columns):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_until(self, condition, what):
        until = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), until, f"waited in vain for {what}: {self.drawn[-3000:]}")
            if select.select([self.terminal], [], [], 0.2)[0]:
                try:
                    self.drawn += os.read(self.terminal, 65536)
                except OSError:
                    break

    def whole_screens(self):
        return self.drawn.count(b"\x1b[H") - 1

    def test_it_draws_sorts_and_gives_the_terminal_back(self):
        self.listen()
        self.network.play("tap0", self.write("attack.pcap", scan_and_flood()))
        self.ask_until("/api/alerts", lambda a: len(a.json()["alerts"]) >= 2, "two alerts")
        child = self.start_top()
        self.read_until(lambda: b"syn_flood" in self.drawn and self.whole_screens() >= 2, "alerts")
        self.assertIn(b"\x1b[?1049h", self.drawn)
        self.resize(24, 80)
        self.drawn = b""
        self.read_until(lambda: self.whole_screens() >= 1, "a screen")
        screen = self.last_complete()
        self.assertEqual(len(screen), 24, screen)
        self.assertLessEqual(max(map(len, screen)), 80, screen)
        self.assertIn("edge-7", screen[0])
        self.assertIn("q quit", screen[-1])
        os.write(self.terminal, b"p")
        self.read_until(lambda: b"by packets" in self.drawn, "another order")
        self.resize(12, 60)
        self.drawn = b""
        self.read_until(lambda: self.whole_screens() >= 2, "a smaller screen")
        small = self.last_complete()
        self.assertEqual(len(small), 12, small)
        self.assertLessEqual(max(map(len, small)), 60, small)
        os.write(self.terminal, b"q")
        self.read_until(lambda: b"\x1b[?1049l" in self.drawn, "the terminal back")
        self.assertIn(b"\x1b[?25h", self.drawn)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)

    def last_complete(self):
        """The last screen but one: it is whole."""
        frames_drawn = self.drawn.decode("utf-8", "replace").split("\x1b[H")
        text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", frames_drawn[-2])
        return re.split(r"\r+\n", text)  # the terminal adds a return of its own

    def test_signals_give_the_terminal_back(self):
        self.listen()
        self.ask_until("/api/sensor", lambda a: True, "the first interval")
        for how, status in ((signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM),
                            (signal.SIGHUP, -signal.SIGHUP), (signal.SIGABRT, -signal.SIGABRT)):
            child = self.start_top()
            self.read_until(lambda: self.whole_screens() >= 1, "a screen")
            os.kill(child, how)
            self.read_until(lambda: b"\x1b[?1049l" in self.drawn, f"the terminal back after {how}")
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), status, how)

    def test_a_sensor_that_goes_away_is_told(self):
        sensor = self.listen()
        self.ask_until("/api/sensor", lambda a: True, "the first interval")
        self.start_top()
        self.read_until(lambda: self.whole_screens() >= 1, "a screen")
        sensor.stop()
        self.read_until(lambda: b"no sensor answers" in self.drawn, "that it is gone")


if __name__ == "__main__":
    reason = live_network.missing()
    if reason:
        print("skipped: " + reason)
        sys.exit(system_test.SKIPPED)
    system_test.main()
