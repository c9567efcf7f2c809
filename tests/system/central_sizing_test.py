"""What scripts/central size says: against sums worked out by hand, so that a plan for a day of events
cannot be off without anybody noticing."""
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
try:
    import yaml
except ImportError:
    print("skipped: python3-yaml is not installed")
    sys.exit(77)

from engines import sizing  # noqa: E402


class SizingTest(unittest.TestCase):
    def test_day_has_its_events_and_its_peaks(self):
        rates = sizing.curve(1000.0)
        self.assertEqual(len(rates), 8640)
        self.assertAlmostEqual(sum(rates) * sizing.STEP_S, 1000.0 * 86_400, delta=1)
        self.assertEqual(max(rates), 5000.0)
        self.assertEqual(sum(rate == 5000.0 for rate in rates), 180)
        self.assertGreater(min(rates), 0)

    def test_one_that_is_fast_enough_never_waits(self):
        day = sizing.Day([100.0] * 50, 100.0)
        self.assertEqual((day.delay_max_s, day.behind_s, day.left), (0, 0, 0))

    def test_one_that_was_away_catches_up_by_what_it_has_to_spare(self):
        # 100 s away with 100 a second: 10,000 wait; 50 a second to spare take 200 s.
        day = sizing.Day([100.0] * 100, 150.0, away=(200, 100))
        self.assertEqual(day.behind_s, 100 + 190)
        self.assertEqual(day.left, 0)
        # The event that came first when it was gone waits all the time, and its place in the queue.
        self.assertAlmostEqual(day.delay_max_s, 100 + 1000 / 150, delta=0.01)

    def test_one_that_is_too_slow_is_left_behind(self):
        self.assertEqual(sizing.Day([100.0] * 10, 90.0).left, 10 * 10 * 10)

    def test_cores_are_the_fewest(self):
        rates = sizing.curve(10_000.0)
        for delay_s, away_s in ((0, 0), (60, 120), (900, 300)):
            cores = sizing.cores_for(rates, 1000, delay_s, away_s)
            def kept(count):
                capacity = count * 1000 * sizing.UTILISATION
                away = (sizing.PEAKS_S[0][0], away_s) if away_s else None
                return sizing.Day(rates, capacity).delay_max_s <= delay_s and sizing.Day(
                    rates, capacity, away).delay_max_s <= delay_s + away_s
            self.assertTrue(kept(cores), f"{cores} cores keep {delay_s} s")
            self.assertFalse(kept(cores - 1), f"{cores - 1} cores do not")
        # Nobody waits: the peak over a core's share.
        self.assertEqual(sizing.cores_for(rates, 1000, 0, 0), 72)

    def test_plan_of_this_repository(self):
        measured = yaml.safe_load((ROOT / "central/measured.yaml").read_text())
        small, large = (list(sizing.plan(measured, events)) for events in (7e9, 7e10))
        self.assertEqual([row["engine"] for row in small], list(measured["engines"]))
        for row, ten_times in zip(small, large):
            self.assertAlmostEqual(ten_times["items_per_s"], 10 * row["items_per_s"], delta=1)
            self.assertLessEqual(ten_times["cores"], 10 * row["cores"])
        self.assertEqual(sizing.partitions_of(measured, 7e9) % 12, 0)


if __name__ == "__main__":
    unittest.main()
