"""Time comes from the capture, whatever it says: long gaps, the ends of the calendar, clocks that
run backwards, and the options that move or pace it."""
import time

import capture_files
import frames
import sensor_run
import system_test

FRAME = frames.udp(b"x" * 40, "192.168.0.1", 4000, "192.168.0.2", 5000)
BACK = frames.udp(b"y" * 40, "192.168.0.2", 5000, "192.168.0.1", 4000)
YEAR_S = 365 * 86400
EVENTS_MAX = 20


def at(*seconds, order="<", nanoseconds=False):
    packets = [(int(s), int(s % 1 * (10**9 if nanoseconds else 10**6)), FRAME) for s in seconds]
    return capture_files.pcap(packets, order=order, nanoseconds=nanoseconds)


class Time(system_test.SystemTest):
    def outcome(self, data, **settings):
        outcome = self.replay(self.write("a.pcap", data), **settings)
        for topic in sensor_run.TOPICS:
            self.assertLess(len(getattr(outcome, topic)), EVENTS_MAX, topic)
        return outcome

    def test_idle_decades_cost_nothing(self):
        """Two packets 30 years apart: as many events as of two packets, at once. A second a
        mark would be a billion of them."""
        outcome = self.outcome(at(1_000_000_000, 1_000_000_000 + 30 * YEAR_S), seconds_max=20)
        self.assertEqual(sensor_run.total(outcome.health, "packets_received"), 2)
        self.assertEqual(len(outcome.flows), 2, "an idle flow ends")
        self.assertEqual({f["end_reason"] for f in outcome.flows}, {"idle", "forced"} &
                         {f["end_reason"] for f in outcome.flows})

    def test_idle_hours_again_and_again(self):
        """A packet every twenty minutes for a hundred days: each ends what was before it."""
        data = at(*(1_500_000_000 + i * 1200 for i in range(7200)))
        outcome = self.replay(self.write("a.pcap", data), seconds_max=60)
        self.assertEqual(sensor_run.total(outcome.health, "packets_received"), 7200)

    def test_ends_of_the_calendar(self):
        for seconds in (0, 1, 2**31 - 1, 2**31, 2**32 - 2):
            for order in "<>":
                for workers in (1, 3):
                    outcome = self.outcome(at(seconds + 0.25, seconds + 1, order=order),
                                           options=["--workers", workers])
                    flow, = outcome.flows
                    self.assertEqual((flow["packets_fwd"], flow["start_us"], flow["end_us"]),
                                     (2, seconds * 10**6 + 250_000, (seconds + 1) * 10**6))

    def test_from_1970_to_2106(self):
        outcome = self.outcome(at(0, 2**32 - 1), seconds_max=20)
        self.assertEqual(sensor_run.total(outcome.health, "packets_received"), 2)

    def test_fractions(self):
        for nanoseconds in (False, True):
            flow, = self.outcome(at(1000.25, 1000.75, nanoseconds=nanoseconds)).flows
            self.assertEqual((flow["start_us"], flow["end_us"]), (1000_250_000, 1000_750_000))

    def test_fraction_above_a_second(self):
        """4294967295 microseconds in a record: 4294 seconds later, as libpcap reads it, or the
        second itself; never a crash nor a loss."""
        data = capture_files.pcap([(1000, 0, FRAME), (1000, 2**32 - 1, FRAME), (1001, 0, FRAME)])
        outcome = self.outcome(data)
        self.assertEqual(sensor_run.total(outcome.health, "packets_received"), 3)

    def test_backwards(self):
        """Counts at the latest time seen, and is said."""
        outcome = self.outcome(at(5000, 5010, 4000, 5011))
        flow, = outcome.flows
        self.assertEqual((flow["start_us"], flow["end_us"]), (5000 * 10**6, 5011 * 10**6))
        self.assertEqual(sensor_run.total(outcome.health, "packets_received"), 4)
        report = sensor_run.run("replay", self.folder / "a.pcap").text()
        self.assertRegex("".join(report), r"(?i)backward")

    def test_shift(self):
        for text, us in (("2026-01-31T12:00:00Z", 1769860800 * 10**6),
                         ("1769860800.5", 1769860800_500_000), ("0.25", 250_000)):
            flow, = self.outcome(at(5000, 5003), options=["--shift-to", text]).flows
            self.assertEqual((flow["start_us"], flow["end_us"]), (us, us + 3 * 10**6), text)

    def test_real_pace(self):
        """Never faster than the capture, and the same bytes as at full speed."""
        packets = [(1000, 0, FRAME), (1000, 300_000, BACK), (1001, 0, FRAME)]
        path = self.write("a.pcap", capture_files.pcap(packets))
        fast = self.replay(path)
        began = time.monotonic()
        paced = self.replay(path, options=["--speed", "real"])
        self.assertGreaterEqual(time.monotonic() - began, 1.0)
        for topic in ("alerts", "devices", "flows"):
            self.assertEqual(getattr(paced, topic + "_text"), getattr(fast, topic + "_text"))


if __name__ == "__main__":
    system_test.main()
