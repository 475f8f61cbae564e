#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""pgseal-node is killed throughout a real apply, on a server and on an application host: at every 15th point, of an
apply that replaces pairs at every 40th, of one that takes hosts over at every 60th, or at each with KILL_EVERY=1."""

import os
import unittest

from kill_points import KillPoints, Replaced, TakenOver


class EveryKill(unittest.TestCase):
    POINTS = KillPoints
    EVERY = "15"

    @classmethod
    def setUpClass(cls):
        cls.kills = cls.POINTS()
        cls.addClassCleanup(cls.kills.lab.close)

    def test_no_point_at_which_a_node_is_killed_does_harm(self):
        try:
            for host in ("db1", "app1"):
                for point in range(1, len(self.kills.calls(host)) + 1, int(os.environ.get("KILL_EVERY", self.EVERY))):
                    with self.subTest(host=host, point=point):
                        self.assertEqual(self.kills.problems(host, point), [])
        finally:
            print(self.kills.shown(), flush=True)


class EveryKillWhileAPairIsReplaced(EveryKill):
    POINTS = Replaced
    EVERY = "40"


class EveryKillWhileHostsAreTakenOver(EveryKill):
    POINTS = TakenOver
    EVERY = "60"


if __name__ == "__main__":
    unittest.main()
