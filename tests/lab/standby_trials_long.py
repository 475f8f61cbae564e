#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""A node is killed while it watches whether a standby streams by the string that it wrote: the next apply ends the trial."""

import unittest

from lab_hosts import wait_until
from standbys import StandbysCase, of_standbys, verified

ARCHIVE = "/etc/pgseal/archive/server:db2"
NOTE = "primary_conninfo.untried"


class KilledWhileWatching(StandbysCase):
    def node_dies_while_it_watches(self):
        """db2's node is killed with the new string in place: its receiver asks for a slot that is not there."""
        self.set("db2", "primary_slot_name", "nobody")
        wait_until(lambda: len(self.replicas()) == 1, 30, "db2 does not stream")
        before = self.conninfo("db2")
        apply = self.lab.begin("--json", "apply", "--yes")
        wait_until(lambda: "verify-full" in self.lab.sql("db2", "show primary_conninfo"), 90, "db2 goes by the new string")
        self.lab.run("db2", "kill -KILL $(pgrep -o -f '^/usr/local/libexec/pgseal/pgseal-node-')")
        apply.communicate(timeout=120)
        self.assertEqual(apply.returncode, 1)
        self.assertIn("verify-full", self.conninfo("db2"))
        self.assertEqual(self.notes(), NOTE)
        self.assertEqual(self.lab.run("db2", f"stat -c '%U %a' {ARCHIVE}/{NOTE}"), "root 600")
        return before

    def notes(self):
        return self.lab.run("db2", f"ls {ARCHIVE} | grep {NOTE} || true")

    def test_a_string_that_a_killed_node_left_untried_is_taken_back_by_the_next_apply(self):
        before = self.node_dies_while_it_watches()
        report = self.apply(status=1)
        found = [finding for finding in report["findings"] if finding["code"] == "server.replication"]
        self.assertIn("that an interrupted apply wrote", found[0]["message"])
        self.assertIn("The former string was put back", found[0]["detail"])
        self.assertEqual(self.conninfo("db2"), before)
        self.assertEqual(self.notes(), "")
        self.set("db2", "primary_slot_name", "db2")
        wait_until(lambda: len(self.replicas()) == 2, 30, "db2 streams as before")
        self.ends_verified()

    def test_a_string_that_a_killed_node_left_untried_is_kept_where_it_streams_by_now(self):
        self.node_dies_while_it_watches()
        self.set("db2", "primary_slot_name", "db2")
        wait_until(lambda: verified("db2") in self.replicas(), 30, "db2 streams by the new string")
        self.assertEqual({step["host"] for step in of_standbys(self.lab.json("plan", status=1))}, {"db2", "db3"})
        self.ends_verified()
        self.assertEqual(self.notes(), "")


if __name__ == "__main__":
    unittest.main(verbosity=2)
