#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""kill_ledger_test.py at every one of pgseal's calls on its state folder, of a first apply at every eighth."""

import unittest

import kill_ledger_test

kill_ledger_test.FULL = True
Killed = kill_ledger_test.Killed
KilledAtFirst = kill_ledger_test.KilledAtFirst

if __name__ == "__main__":
    unittest.main()
