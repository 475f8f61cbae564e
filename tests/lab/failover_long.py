#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""The primary fails over in every second phase of an apply: its server is stopped in one, its host loses power in the
next; and a second primary appears in it. FAILOVER_EACH=1: in each phase, in both ways."""

import os
import time
import unittest

from failover import PHASES, begins, case

FIRST_STEP_DONE = r"  ok +\w+ +write replication settings"


EACH = bool(os.environ.get("FAILOVER_EACH"))
CHOSEN = PHASES if EACH else PHASES[::2]


class EachPhase(unittest.TestCase):
    def timed(self, name, problems):
        began = time.monotonic()
        with self.subTest(name):
            wrong = case(problems)
            print(f"{name}: {time.monotonic() - began:.1f} s", *wrong, sep="\n", flush=True)
            self.assertEqual(wrong, [])

    def test_a_failover_in_it_does_no_harm(self):
        ways = ("stop", "power")
        for number, phase in enumerate(CHOSEN):
            for way in ways if EACH else (ways[number % 2],):
                self.timed(f"{phase}, {way}", lambda failover, p=phase, w=way: failover.problems(begins(p), w))
        self.timed("between two standbys, power", lambda failover: failover.problems(FIRST_STEP_DONE, "power"))

    def test_a_second_primary_in_it_stops_the_changes(self):
        for phase in CHOSEN:
            self.timed(f"{phase}, two primaries", lambda failover, p=phase: failover.divided(begins(p)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
