#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""A few fixed points at which pgseal-node is killed in a real apply; all of them: kill_node_long.py."""

import unittest

from kill_points import KillPoints


class SomeKills(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kills = KillPoints()
        cls.addClassCleanup(cls.kills.lab.close)

    def test_a_node_that_is_killed_leaves_whole_files_and_the_next_apply_goes_on(self):
        for host, shares in (("db1", (0.55, 0.8)), ("app1", (0.75,))):
            points = len(self.kills.calls(host))
            for share in shares:
                point = int(points * share)
                with self.subTest(host=host, point=point):
                    self.assertEqual(self.kills.problems(host, point), [])


if __name__ == "__main__":
    unittest.main()
