"""Names from packets are hostile: whatever a device calls itself, every output stays text that
terminals, browsers and parsers take for text."""
import html
import re

import capture_files
import frames
import sensor_run
import system_test

# What must never come through, each with letters that show that the name itself did.
NAMES = (b"esc\x1b[31;1mred\x1b]0;owned\x07", b"tag<script>alert(1)</script>", b"bad\xff\xfe\xc0\x80utf",
         b"two\nlines\r\n", b"quote\"'&\\", b"nul\0byte", b"bidi\xe2\x80\xaegnirts", b"c1\x9b31mcsi",
         b"\xf4\x90\x80\x80over", b"{{brace}}${x}%s%n", b"long" + b"A" * 59)
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def capture(name, number):
    """A device that gives itself this name every way there is, and leaves with it."""
    address = f"192.168.9.{10 + number}"
    gateway = "192.168.9.1"
    mac = frames.mac_of(address)
    label = name[:63]
    return [
        frames.udp(frames.dhcp_request(mac, name, address), address, 68, gateway, 67),
        frames.udp(frames.dns_address_answer([label, b"local"], address), address, 5353,
                   "224.0.0.251", 5353),
        frames.udp(frames.netbios_registration(name, address), address, 137, "192.168.9.255", 137),
        frames.udp(frames.dns_query([label, b"example", b"org"], number), address, 5000, gateway, 53),
        *frames.connection(address, 40000, frames.OUTSIDE, 443, frames.client_hello(name)),
        *frames.connection(address, 40001, frames.OUTSIDE, 80,
                           b"GET /" + name + b" HTTP/1.1\r\nHost: " + name + b"\r\n\r\n"),
    ]


class HostileNames(system_test.SystemTest):
    @classmethod
    def setUpClass(cls):
        packets = [frame for number, name in enumerate(NAMES) for frame in capture(name, number)]
        # An attack by a device with a name: its alert carries the name too.
        packets += [frames.tcp(frames.SYN, "192.168.9.11", 60000, "192.168.9.1", port)
                    for port in range(1, 1500)]
        timed = [(1_700_000_000 + i // 100, i % 100 * 10_000, f) for i, f in enumerate(packets)]
        cls.data = capture_files.pcap(timed)

    def test_json(self):
        """Valid UTF-8 (events_of insists), no control even inside the strings' source text."""
        outcome = self.replay(self.write("names.pcap", self.data))
        for topic in sensor_run.TOPICS:
            text = getattr(outcome, topic + "_text").decode("utf-8")
            self.assertIsNone(CONTROLS.search(text), topic)
        self.assertTrue(outcome.alerts, "the scan must be told, or nothing is tested here")
        names = {d["device_name"] for d in outcome.devices} - {""}
        self.assertGreaterEqual(len(names), len(NAMES) // 2, names)
        for name in names | {f["server_name"] for f in outcome.flows}:
            self.assertLessEqual(len(name.encode("utf-8")), 256, name)
        self.assertTrue(any("script" in name for name in names), names)

    def test_terminal(self):
        """To a pipe: no colour, no control but the end of a line."""
        outcome = sensor_run.run("replay", self.write("names.pcap", self.data))
        self.assertEqual(outcome.status, sensor_run.DONE, outcome.describe())
        report = outcome.out.decode("utf-8")
        self.assertIn("recon.port_scan", report)
        self.assertIsNone(CONTROLS.search(report), report[:3000])

    def test_html(self):
        page = self.folder / "page.html"
        capture_path = self.write("names.pcap", self.data)
        outcome = sensor_run.run("replay", "--quiet", "--report", page, capture_path)
        self.assertEqual(outcome.status, sensor_run.DONE, outcome.describe())
        text = page.read_bytes().decode("utf-8")
        self.assertNotIn("<script>alert", text)
        self.assertIsNone(CONTROLS.search(text))
        self.assertIn("<script>alert(1)", html.unescape(text), "the name itself is shown, escaped")

    def test_file_names(self):
        """A capture's own name is hostile too, in messages and in the report."""
        path = self.folder / "a\x1b[31m<script>\n.pcap"
        path.write_bytes(self.data[:-1])
        page = self.folder / "page.html"
        outcome = sensor_run.run("replay", "--report", page, path)
        self.assertEqual(outcome.status, sensor_run.INCOMPLETE, outcome.describe())
        for text in outcome.text():
            self.assertIsNone(CONTROLS.search(text), text[:2000])
        if page.exists():
            self.assertNotIn("<script>\n.pcap", page.read_text(encoding="utf-8"))


if __name__ == "__main__":
    system_test.main()
