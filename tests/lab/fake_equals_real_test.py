#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""One script of acts on hosts in memory and on real ones: what makes the simulation's hosts believable."""

import unittest

from lab_hosts import BUILD, HERE, lab_or_skip
from standbys import REPLICATOR


class TheFake(unittest.TestCase):
    def test_it_answers_as_a_real_host_does(self):
        lab = lab_or_skip("--databases", "2", "--applications", "1")
        self.addCleanup(lab.close)
        lab.config.write_text(lab.config.read_text() + REPLICATOR)
        done = lab.hub(str(BUILD / "fake_equals_real"), str(HERE / "lab"), str(lab.folder))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(" answers compared, 0 differ", done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
