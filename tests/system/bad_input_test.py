"""What users get when the input, the output or the options are wrong: exit status, message, and the
packets before the damage."""
import gzip
import lzma
import os
import shutil
import struct
import subprocess
import unittest
import zlib

import capture_files
import frames
import sensor_run
import system_test
import own_traffic
from sensor_run import DONE, FAILED, INCOMPLETE, USAGE

FRAME = frames.udp(b"0123456789" * 4, "192.168.0.1", 4000, "192.168.0.2", 5000)
PLAIN = capture_files.pcap([(own_traffic.BEGIN_S + i, 0, FRAME) for i in range(20)])
RECORD_BYTES = 16 + len(FRAME)


class Usage(system_test.SystemTest):
    def refuse_options(self, *options, says):
        capture = self.write("a.pcap", PLAIN)
        outcome = self.refuse("replay", *options, capture, status=USAGE, says=says)
        self.assertEqual(outcome.out, b"", "standard output is for results")
        return outcome

    def test_unknown_option(self):
        self.refuse_options("--alrets", "x", says=["--alrets", "--alerts"])

    def test_unknown_values(self):
        self.refuse_options("--workers", "17", says=["--workers", "'17'", "1 to 16"])
        self.refuse_options("--workers", "two", says=["'two'"])
        self.refuse_options("--speed", "reel", says=["'reel'", "max or real"])
        self.refuse_options("--home", "10.0.0.0/33", says=["--home", "10.0.0.0/33"])
        self.refuse_options("--shift-to", "yesterday", says=["--shift-to", "'yesterday'", "1970"])
        self.refuse_options("--sensor", "a b", says=["--sensor", "'a b'"])
        self.refuse_options("--source", "nic", says=["--source", "'nic'"])

    def test_all_faults_at_once(self):
        self.refuse_options("--workers", "0", "--speed", "x", "--home", "y",
                            says=["--workers", "--speed", "--home"])

    def test_no_capture(self):
        self.refuse("replay", status=USAGE, says=["CAPTURE"])

    def test_standard_input_twice(self):
        self.refuse("replay", "-", "-", status=USAGE, says=["standard input", "once"])

    def test_output_that_is_an_input(self):
        capture = self.write("a.pcap", PLAIN)
        link = self.folder / "link.pcap"
        link.symlink_to(capture)
        for name in (capture, link):
            self.refuse("replay", "--alerts", name, capture, status=USAGE, says=[name, "capture"])
        self.refuse("replay", "--report", capture, capture, status=USAGE, says=["--report"])
        self.assertEqual(capture.read_bytes(), PLAIN, "the capture was written to")

    def test_one_output_for_two_topics(self):
        same = self.folder / "out"
        self.refuse_options("--alerts", str(same), "--flows", str(same), says=["--alerts", "--flows"])

    def test_bpf(self):
        capture = self.write("a.pcap", PLAIN)
        outcome = sensor_run.run("replay", "--quiet", "--bpf", "udp or or tcp", capture)
        self.assertEqual(outcome.status, USAGE, outcome.describe())
        self.assertIn("udp or or tcp", outcome.text()[1])
        kept = self.replay(capture, options=["--bpf", "udp port 5000"])
        self.assertEqual(sensor_run.total(kept.health, "packets_received"), 20)
        none = self.replay(capture, options=["--bpf", "tcp"])
        self.assertEqual(sensor_run.total(none.health, "packets_received"), 0)


class Unreadable(system_test.SystemTest):
    def test_missing(self):
        path = self.folder / "nothing.pcap"
        self.refuse("replay", path, status=FAILED, says=[path, "No such file"])

    def test_all_missing_are_named(self):
        paths = [self.folder / "x.pcap", self.folder / "y.pcap"]
        self.refuse("replay", *paths, status=FAILED, says=paths)

    @unittest.skipIf(os.geteuid() == 0 and not shutil.which("setpriv"),
                     "root reads everything and there is no setpriv to give that up")
    def test_forbidden(self):
        path = self.write("secret.pcap", PLAIN)
        path.chmod(0)
        self.folder.chmod(0o755)
        drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        program = shutil.copy(sensor_run.PROGRAM, self.folder / "vedette")
        command = [*(drop if os.geteuid() == 0 else []), program, "replay", str(path)]
        done = subprocess.run(command, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, FAILED, done.stderr)
        self.assertIn(b"secret.pcap", done.stderr)
        self.assertIn(b"Permission denied", done.stderr)

    def test_directory(self):
        self.refuse("replay", self.folder, status=FAILED, says=[self.folder, "directory"])

    def test_empty_file(self):
        self.refuse("replay", self.write("e.pcap", b""), status=FAILED, says=["e.pcap", "empty"])

    def test_no_capture_at_all(self):
        self.refuse("replay", self.write("a.pcap", b"#!/bin/sh\necho hello\n"), status=FAILED,
                    says=["a.pcap", "no capture", "pcapng"])
        self.refuse("replay", self.write("b.zip", b"PK\x03\x04" + bytes(40)), status=FAILED,
                    says=["b.zip", "zip"])

    def test_standard_input_that_is_no_capture(self):
        self.refuse("replay", "-", stdin=b"", status=FAILED, says=["standard input", "empty"])
        self.refuse("replay", "-", stdin=b"hello world", status=FAILED, says=["standard input"])

    def test_no_packets(self):
        for name, data in (("a.pcap", capture_files.pcap([])),
                           ("b.pcapng", capture_files.section()),
                           ("c.pcapng", capture_files.section() + capture_files.interface())):
            outcome = self.replay(self.write(name, data))
            for topic in ("alerts", "devices", "flows"):
                self.assertEqual(getattr(outcome, topic), [], name)
            self.assertEqual(sensor_run.total(outcome.health, "packets_received"), 0, name)

    def test_bad_one_among_good_ones_stops_before_output(self):
        good, bad = self.write("good.pcap", PLAIN), self.write("bad.pcap", b"nothing of use")
        out = self.folder / "alerts.ndjson"
        self.refuse("replay", "--alerts", out, good, bad, status=FAILED, says=["bad.pcap"])
        self.assertFalse(out.exists(), "nothing is written before all inputs are known to be good")


class Damaged(system_test.SystemTest):
    """Everything before the damage counts; the message names file, byte and cause; status 3."""

    def damaged(self, name, data, packets, at, cause, stdin=None, options=()):
        path = "-" if stdin is not None else self.write(name, data)
        outcome = self.replay(path, status=INCOMPLETE, options=options,
                              **({"stdin": stdin} if stdin is not None else {}))
        message = outcome.text()[1]
        self.assertIn("standard input" if stdin is not None else name, message)
        self.assertIn(cause, message)
        if at is not None:
            self.assertIn(f"at byte {at}:", message)
        received = sensor_run.total(outcome.health, "packets_received")
        self.assertEqual(received, packets, f"packets before the damage; {outcome.describe()}")
        return outcome

    def test_every_kind_of_cut(self):
        header = 24 + 16 * RECORD_BYTES
        for left in (1, 15, 16, 17, RECORD_BYTES - 1):
            self.damaged("cut.pcap", PLAIN[:header + left], 16, header, "ends inside a packet record")
        self.damaged("head.pcap", PLAIN[:20], 0, 0, "ends inside its header")

    def test_whole_again_at_each_border(self):
        outcome = self.replay(self.write("whole.pcap", PLAIN[:24 + 16 * RECORD_BYTES]))
        self.assertEqual(sensor_run.total(outcome.health, "packets_received"), 16)

    def test_flows_before_the_damage_are_told(self):
        outcome = self.damaged("cut.pcap", PLAIN[:-1], 19, len(PLAIN) - RECORD_BYTES,
                               "ends inside a packet record")
        self.assertEqual(sum(f["packets_fwd"] + f["packets_rev"] for f in outcome.flows), 19)

    def test_claimed_length(self):
        data = bytearray(PLAIN)
        at = 24 + 5 * RECORD_BYTES
        struct.pack_into("<I", data, at + 8, 0xFFFFFFFF)
        self.damaged("length.pcap", bytes(data), 5, at, "claims 4294967295 captured bytes")

    def test_version(self):
        self.damaged("version.pcap", capture_files.pcap([(1, 0, FRAME)], version=(3, 0)), 0, 4,
                     "version 3")

    def test_pcapng_blocks(self):
        head = capture_files.section() + capture_files.interface()
        packet = capture_files.enhanced_packet(FRAME, 10**15)
        broken = bytearray(packet)
        struct.pack_into("<I", broken, len(packet) - 4, 0xFFFF)
        at = len(head) + len(packet)
        nowhere = capture_files.enhanced_packet(FRAME, 10**15, on=3)
        claims = bytearray(packet)
        struct.pack_into("<I", claims, 20, 5000)
        odd = bytearray(packet)
        struct.pack_into("<I", odd, 4, 33)
        for damage, cause in ((broken, "ends with length 65535"), (nowhere, "interface number 3"),
                              (claims, "claims 5000 captured bytes"), (odd, "length of 33 bytes"),
                              (packet[:-7], "ends inside a block")):
            self.damaged("damage.pcapng", head + packet + bytes(damage), 1, at, cause)

    def test_packed_files_cut_short(self):
        for suffix, pack in packers():
            packed = pack(bytes(own_traffic.mixed(3)[0]))
            name = "cut.pcap" + suffix
            outcome = self.replay(self.write(name, packed[:len(packed) // 2]), status=INCOMPLETE)
            self.assertIn(name, outcome.text()[1])
            self.assertIn("cut short", outcome.text()[1])
            self.assertGreater(sensor_run.total(outcome.health, "packets_received"), 100, name)

    def test_packed_files_damaged(self):
        for suffix, pack in packers():
            packed = bytearray(pack(bytes(own_traffic.mixed(3)[0])))
            at = len(packed) // 2
            packed[at:at + 64] = bytes(b ^ 0x55 for b in packed[at:at + 64])
            outcome = self.replay(self.write("bad.pcap" + suffix, packed), status=INCOMPLETE)
            self.assertIn("bad.pcap" + suffix, outcome.text()[1])
            self.assertIn("at byte ", outcome.text()[1])

    def test_packed_whole(self):
        data, packets = own_traffic.mixed(3)
        for suffix, pack in packers():
            outcome = self.replay(self.write("whole.pcap" + suffix, pack(data)))
            self.assertEqual(sensor_run.total(outcome.health, "packets_received"), packets, suffix)

    def test_memory_of_unpacking(self):
        # A dictionary of 256 MiB, claimed in the block's header: more than is granted.
        xz = bytearray(lzma.compress(PLAIN, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 4096}]))
        self.assertEqual(xz[14:16], b"\x21\x01", "the filter LZMA2 with one byte of properties")
        xz[16] = 2 * (28 - 12)
        length = 4 * (xz[12] + 1)
        struct.pack_into("<I", xz, 12 + length - 4, zlib.crc32(xz[12:12 + length - 4]))
        self.refuse("replay", self.write("big.pcap.xz", xz), status=INCOMPLETE,
                    says=["big.pcap.xz", "more memory than the 134217728 bytes allowed"])
        # A frame header that asks for a window of 2^31 bytes: exponent 21 above 1 KiB.
        zstd = b"\x28\xb5\x2f\xfd\x00" + bytes([21 << 3]) + b"\x01\x00\x00"
        self.refuse("replay", self.write("big.pcap.zst", zstd), status=INCOMPLETE,
                    says=["big.pcap.zst", "more memory than the 134217728 bytes allowed"])

    def test_standard_input(self):
        self.damaged("", b"", 16, 24 + 16 * RECORD_BYTES, "ends inside a packet record",
                     stdin=PLAIN[:24 + 16 * RECORD_BYTES + 5])
        whole = self.replay("-", stdin=gzip.compress(PLAIN))
        self.assertEqual(sensor_run.total(whole.health, "packets_received"), 20)

    def test_files_after_a_damaged_one_are_read(self):
        cut, good = self.write("cut.pcap", PLAIN[:-1]), self.write("good.pcap", PLAIN)
        for options in ((), ("--merge",)):
            outcome = self.replay(cut, good, status=INCOMPLETE, options=options)
            self.assertEqual(sensor_run.total(outcome.health, "packets_received"), 39)
            self.assertIn("cut.pcap", outcome.text()[1])


class Claims(system_test.SystemTest):
    """What a record says of itself is not believed, and what we cut is no one's fault."""

    def test_wire_length_of_two_gigabytes(self):
        outcome = self.replay(self.write("a.pcap", capture_files.pcap(
            [(own_traffic.BEGIN_S + i, 0, FRAME, 2**31 - 1) for i in range(5)])))
        self.assertEqual(sensor_run.total(outcome.health, "packets_received"), 5)
        self.assertLess(sensor_run.total(outcome.health, "bytes_received"), 5 * 1500)
        self.assertEqual(outcome.alerts, [])

    def test_what_the_snap_length_cut_is_not_malformed(self):
        packets, whole = [], frames.connection("192.168.0.5", 50000, "192.168.0.6", 80, b"x" * 900,
                                               b"y" * 9000)
        for cut in range(14, 70, 2):
            packets += [(own_traffic.BEGIN_S + cut, i, f[:cut], len(f)) for i, f in enumerate(whole)]
        outcome = self.replay(self.write("snap.pcap", capture_files.pcap(packets)))
        self.assertEqual(sensor_run.total(outcome.health, "packets_received"), len(packets))
        counted = sensor_run.total(outcome.health, "irregularities")
        self.assertEqual({n for n in counted if not n.startswith("capture.")}, set(), counted)
        self.assertEqual(sum(d["malformed_packets"] for d in outcome.devices), 0)

    def test_what_the_sender_cut_is_malformed(self):
        cut = FRAME[:14 + 20 + 5]
        packets = [(1000 + i, 0, cut) for i in range(5)]
        outcome = self.replay(self.write("cut.pcap", capture_files.pcap(packets)))
        names = sensor_run.total(outcome.health, "irregularities")
        self.assertEqual(sum(names.values()), 5, names)
        self.assertFalse([n for n in names if n.startswith("capture.")], names)

    def test_unsupported_link_type(self):
        data = capture_files.pcap([(1000 + i, 0, FRAME) for i in range(7)], link=147)
        outcome = self.replay(self.write("user.pcap", data))
        self.assertEqual(sensor_run.total(outcome.health, "decoded").get("link.unsupported"), 7)


class Output(system_test.SystemTest):
    def test_unwritable(self):
        capture = self.write("a.pcap", PLAIN)
        path = self.folder / "no" / "such" / "folder" / "alerts.ndjson"
        self.refuse("replay", "--alerts", path, capture, status=FAILED, says=[path, "No such file"])
        self.refuse("replay", "--alerts", self.folder, capture, status=FAILED, says=[self.folder])

    def test_full_disk(self):
        capture = self.write("a.pcap", own_traffic.mixed(3)[0])
        for topic in sensor_run.TOPICS:
            self.refuse("replay", "--quiet", "--" + topic, "/dev/full", capture, status=FAILED,
                        says=["/dev/full", "No space left"])
        with open("/dev/full", "wb") as full:
            outcome = sensor_run.run("replay", "--flows", "-", capture, stdout=full)
        self.assertEqual(outcome.status, FAILED, outcome.describe())
        self.assertIn(b"No space left", outcome.err)

    def test_file_size_limit(self):
        """A quota ends the file, not the program."""
        capture = self.write("a.pcap", own_traffic.mixed(3)[0])
        flows = self.folder / "flows.ndjson"
        limit = ["prlimit", "--fsize=65536", "--", sensor_run.PROGRAM]
        done = subprocess.run([*limit, "replay", "--quiet", "--flows", flows, capture],
                              capture_output=True, timeout=60)
        self.assertEqual(done.returncode, FAILED, done.stderr)
        self.assertIn(b"flows.ndjson", done.stderr)

    def test_closed_pipe(self):
        capture = self.write("a.pcap", own_traffic.mixed(3)[0])
        reader, writer = os.pipe()
        os.close(reader)
        try:
            outcome = sensor_run.run("replay", "--flows", "-", capture, stdout=writer)
        finally:
            os.close(writer)
        self.assertEqual(outcome.status, FAILED, outcome.describe())
        self.assertIn(b"Broken pipe", outcome.err)

    def test_standard_output_holds_events_alone(self):
        capture = self.write("a.pcap", own_traffic.mixed(3)[0])
        for topic in sensor_run.TOPICS:
            outcome = sensor_run.run("replay", "--" + topic, "-", capture)
            self.assertEqual(outcome.status, DONE, outcome.describe())
            kinds = {event["type"] for event in sensor_run.events_of(outcome.out)}
            self.assertEqual(kinds, {topic.removesuffix("s")}, outcome.describe())
        both = sensor_run.run("replay", "--alerts", "-", "--flows", "-", capture)
        kinds = {event["type"] for event in sensor_run.events_of(both.out)}
        self.assertEqual(kinds, {"alert", "flow"})


class Order(system_test.SystemTest):
    def test_in_a_row_and_merged(self):
        """Two captures of the same minutes: merged, time never runs backwards."""
        even = capture_files.pcap([(5000 + i, 0, FRAME) for i in range(0, 100, 2)])
        odd = capture_files.pcap([(5000 + i, 0, FRAME) for i in range(1, 100, 2)])
        paths = self.write("even.pcap", even), self.write("odd.pcap", odd)
        row = self.replay(*paths)
        merged = self.replay(*paths, options=["--merge"])
        for outcome in (row, merged):
            self.assertEqual(sensor_run.total(outcome.health, "packets_received"), 100)
        last = max(h["window_start_ms"] for h in row.health)
        in_last = sum(h["packets_received"] for h in row.health if h["window_start_ms"] == last)
        self.assertGreaterEqual(in_last, 50, "in a row, the second file counts at the latest time")
        self.assertLessEqual(max(h["packets_received"] for h in merged.health), 10)

    def test_home(self):
        inner = frames.udp(b"x" * 100, "198.51.100.7", 1000, "203.0.113.8", 2000)
        path = self.write("a.pcap", capture_files.pcap([(5000, 0, inner)]))
        for home, direction in ((None, "external"), ("198.51.100.0/24", "outbound"),
                                ("203.0.113.0/24", "inbound")):
            outcome = self.replay(path, options=["--home", home] if home else [])
            self.assertEqual([f["direction"] for f in outcome.flows], [direction])
        both = self.replay(path, options=["--home", "198.51.100.0/24", "--home", "203.0.113.0/24"])
        self.assertEqual([f["direction"] for f in both.flows], ["internal"])


def zstd_of(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def packers():
    known = [(".gz", gzip.compress), (".xz", lzma.compress)]
    return known + ([(".zst", zstd_of)] if shutil.which("zstd") else [])


if __name__ == "__main__":
    system_test.main()
