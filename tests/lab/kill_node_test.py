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
        for host, file, later in (("db1", "postgresql.conf", 2), ("db1", "server.pem", 3), ("app1", "postgresql.crt", 4)):
            calls = self.kills.calls(host)
            opened = [number for number, call in enumerate(calls, 1)
                      if call.startswith(f"openat .pgseal-tmp.{file}.")]
            self.assertTrue(opened, calls)
            with self.subTest(host=host, file=file, later=later):
                self.assertEqual(self.kills.problems(host, opened[0] + later), [])


if __name__ == "__main__":
    unittest.main()
