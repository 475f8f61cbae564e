#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""The guided tour, as somebody sees it who writes it into a file."""

import os
import subprocess
import unittest

from lab_hosts import PGSEAL


class Demo(unittest.TestCase):
    def test_it_ends_with_proof_and_writes_no_colours_into_a_file(self):
        if os.geteuid() != 0:
            self.skipTest("needs root: hosts are namespaces and overlay mounts")
        done = subprocess.run([PGSEAL, "demo"], text=True, timeout=300, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("\nproven\n", done.stdout)
        self.assertNotIn("\x1b", done.stdout)


if __name__ == "__main__":
    unittest.main()
