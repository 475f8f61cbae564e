#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Standbys of each other major version of PostgreSQL change over to verified connections; 12 and 15: standbys_test.py."""

import time
import unittest

from lab_hosts import findings_of, steps, wait_until
from standbys import REPLICAS, StandbysCase, of_standbys, verified


class EachVersion(StandbysCase):
    def setUp(self):
        pass  # a lab for each version

    def lab_of(self, major):
        self.OPTIONS = ("--databases", "2", "--applications", "1", "--pg", str(major))
        super().setUp()

    def codes(self):
        return [finding["code"] for finding in findings_of(self.lab.json("plan", status=1), "db2")]

    def each(self, majors, check):
        for major in majors:
            began = time.monotonic()
            with self.subTest(major):
                self.lab_of(major)
                check()
                self.lab.close()
            print(f"PostgreSQL {major}: {time.monotonic() - began:.1f} s", flush=True)

    def test_from_13_on_a_reload_is_enough(self):
        self.each((13, 14, 16, 17, 18), self.changes_over_by_reload)

    def changes_over_by_reload(self):
        report = self.apply()
        self.assertEqual([step["state"] for step in of_standbys(report)], ["done"])
        self.streams(verified("db2"))
        self.settled()
        # One that has a connection and no slot does not stream, whatever its receiver calls itself.
        self.lab.sql("db2", "alter system set primary_slot_name = 'nobody'")
        self.lab.sql("db2", "select pg_reload_conf()")
        wait_until(lambda: self.replicas() == [], 20, "the standby does not stream")
        self.assertIn("replication.stopped", self.codes())
        self.lab.sql("db2", "alter system set primary_slot_name = 'db2'")
        self.lab.sql("db2", "select pg_reload_conf()")
        self.streams(verified("db2"))
        self.settled()

    def test_up_to_11_the_string_stands_in_recovery_conf_and_waits_for_a_restart(self):
        self.each((10, 11), self.changes_over_by_restart)

    def replicas(self, host="db1"):
        """Up to 11 the column has another name."""
        old = self.lab.sql(host, "show server_version_num") < "120000"
        return self.lab.sql(host, REPLICAS.replace("client_dn", "clientdn") if old else REPLICAS).splitlines()

    def changes_over_by_restart(self):
        report = self.apply(status=1)
        self.assertEqual([step["state"] for step in of_standbys(report)], ["done"])
        self.assertIn("replication.restart", [finding["code"] for finding in findings_of(report, "db2")])
        kept = self.lab.run("db2", "cat /var/lib/pgsql/data/recovery.conf").splitlines()
        self.assertEqual(kept[0], "standby_mode = 'on'")
        self.assertEqual(kept[2], "primary_slot_name = 'db2'")
        self.assertIn("sslmode=verify-full", kept[1])
        self.assertEqual(self.codes(), ["replication.restart"])
        self.lab.act("postgres", "db2", "restart")
        self.streams(verified("db2"))
        self.assertEqual(steps(self.lab.json("plan", status=0)), [])
        self.settled()


if __name__ == "__main__":
    unittest.main(verbosity=2)
