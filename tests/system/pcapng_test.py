"""pcapng as programs write it: both byte orders, interfaces that differ, units and offsets of time,
blocks nobody knows."""
import struct

import capture_files as files
import frames
import sensor_run
import system_test

FRAMES = [frames.udp(b"%02d" % i * 20, "192.168.0.1", 4000, "192.168.0.2", 5000)
          for i in range(10)]  # the same twice within 2 ms is a mirror port's copy
FRAME = FRAMES[0]
SECOND = 1_700_000_000
US = SECOND * 10**6


class Pcapng(system_test.SystemTest):
    def flows(self, data, **settings):
        return self.replay(self.write("a.pcapng", data), **settings).flows

    def assert_one_flow(self, data, start_us, message=""):
        flows = self.flows(data)
        self.assertEqual([f["start_us"] for f in flows], [start_us], message)
        self.assertEqual(flows[0]["packets_fwd"], 1, message)

    def test_both_byte_orders_in_one_file(self):
        data = b"".join(files.section(order) + files.interface(order=order) +
                        files.enhanced_packet(FRAMES[2 * i], US + i, order=order) +
                        files.obsolete_packet(FRAMES[2 * i + 1], US + i, order=order)
                        for i, order in enumerate("<><"))
        self.assertEqual(sum(f["packets_fwd"] for f in self.flows(data)), 6)

    def test_interfaces_of_different_link_types_and_snap_lengths(self):
        sll = struct.pack(">HHH8sH", 0, 1, 6, frames.mac_of("192.168.0.1"), 0x0800) + FRAMES[2][14:]
        data = (files.section() + files.interface(files.ETHERNET, 64) +
                files.interface(files.RAW_IP, 0) + files.interface(files.LINUX_SLL, 9000) +
                files.enhanced_packet(FRAME[:64], US, 0, len(FRAME)) +
                files.enhanced_packet(FRAMES[1][14:], US + 1, 1) +
                files.enhanced_packet(sll, US + 2, 2))
        outcome = self.replay(self.write("a.pcapng", data))
        self.assertEqual(sensor_run.total(outcome.health, "packets_received"), 3)
        self.assertEqual(sum(f["packets_fwd"] for f in outcome.flows), 3, "one conversation")
        self.assertEqual(sensor_run.total(outcome.health, "irregularities"), {})

    def test_resolution(self):
        for resolution, time in ((None, US), (0, SECOND), (3, SECOND * 10**3), (6, US),
                                 (9, US * 10**3), (10, US * 10**4), (0x80, SECOND),
                                 (0x8A, SECOND << 10), (0xA0, SECOND << 32)):
            self.assert_one_flow(files.section() + files.interface(resolution=resolution) +
                                 files.enhanced_packet(FRAME, time), US, f"if_tsresol {resolution}")

    def test_offset(self):
        for offset, seconds in ((SECOND, 0), (-1000, SECOND + 1000), (1, SECOND - 1)):
            self.assert_one_flow(files.section() + files.interface(offset=offset) +
                                 files.enhanced_packet(FRAME, seconds * 10**6), US, offset)
        self.assert_one_flow(files.section() + files.interface(offset=-1) +
                             files.enhanced_packet(FRAME, 0), 0, "before 1970 counts as 1970")

    def test_far_future(self):
        """2^64 - 1 in seconds: counts as the latest time kept, and the capture is read on."""
        for resolution in (0, 6, 9, 0x80, 0x7F, 0xFF):
            data = (files.section() + files.interface(resolution=resolution) +
                    files.enhanced_packet(FRAME, 2**64 - 1) + files.enhanced_packet(FRAME, 0))
            outcome = self.replay(self.write("a.pcapng", data))
            self.assertEqual(sensor_run.total(outcome.health, "packets_received"), 2, resolution)
            self.assertLess(len(outcome.health), 5, "idle time costs nothing")

    def test_unknown_blocks_are_passed_over(self):
        unknown = [files.block(kind, bytes(size)) for kind, size in
                   ((0x0BAD, 0), (5, 4), (4, 100), (0x80000001, 300_000), (10, 1 << 20))]
        data = files.section() + unknown[0] + files.interface() + unknown[1]
        for frame, each in zip(FRAMES, unknown):
            data += files.enhanced_packet(frame, US) + each
        self.assertEqual(sum(f["packets_fwd"] for f in self.flows(data)), len(unknown))

    def test_simple_packets_take_the_latest_time(self):
        data = (files.section() + files.interface(snap_length=60) +
                files.enhanced_packet(FRAME, US + 5) +
                files.simple_packet(FRAMES[1][:60], len(FRAME)))
        flow, = self.flows(data)
        self.assertEqual((flow["packets_fwd"], flow["end_us"]), (2, US + 5))

    def test_interfaces_are_forgotten_at_the_next_section(self):
        data = (files.section() + files.interface() + files.enhanced_packet(FRAME, US) +
                files.section() + files.enhanced_packet(FRAME, US))
        outcome = self.replay(self.write("a.pcapng", data), status=sensor_run.INCOMPLETE)
        self.assertIn("interface number 0", outcome.text()[1])
        self.assertEqual(sensor_run.total(outcome.health, "packets_received"), 1)

    def test_bpf_over_interfaces_of_different_link_types(self):
        data = (files.section() + files.interface() + files.interface(files.RAW_IP) +
                files.enhanced_packet(FRAME, US) + files.enhanced_packet(FRAME[14:], US, 1))
        for expression, packets in (("udp", 2), ("udp dst port 5000", 2), ("tcp", 0)):
            outcome = self.replay(self.write("a.pcapng", data), options=["--bpf", expression])
            self.assertEqual(sensor_run.total(outcome.health, "packets_received"), packets,
                             expression)


if __name__ == "__main__":
    system_test.main()
