#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""The primary fails over in the middle of an apply, in one phase; all of them, and second primaries: failover_long.py."""

import unittest

from failover import begins, case


class AFailover(unittest.TestCase):
    def test_while_tls_is_turned_on_does_no_harm(self):
        self.assertEqual(case(lambda failover: failover.problems(begins("TLS on"), "stop")), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
