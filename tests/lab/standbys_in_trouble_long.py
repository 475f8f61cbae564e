#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Standbys that must wait, that cannot stream by what was written, or whose string somebody changed: what is taken back."""

import unittest

from lab_hosts import findings_of, steps, wait_until
from standbys import ADDRESSES, AUTO, HBA, StandbysCase, of_standbys, verified


class InTrouble(StandbysCase):
    def test_none_is_let_go_of_while_commits_need_it(self):
        self.set("db1", "synchronous_standby_names", "FIRST 2 (*)")
        report = self.apply(status=1)
        self.assertEqual({step["state"] for step in of_standbys(report)}, {"pending"})
        self.assertEqual(len(of_standbys(report)), 2)
        self.assertIn("sslmode=prefer", self.conninfo("db2"))
        said = self.lab.pgseal("plan", status=1).stdout
        self.assertIn("commits would wait meanwhile: synchronous_standby_names = 'FIRST 2 (*)' needs 2 of 2", said)
        self.set("db1", "synchronous_standby_names", "FIRST 1 (*)")
        self.ends_verified()

    def test_a_standby_that_no_commit_waits_for_is_let_go_of_beside_one_that_commits_need(self):
        for host in ("db2", "db3"):
            self.lab.run(host, f"sed -i 's/host=db1/host=db1 application_name={host}/' {AUTO}")
            self.lab.sql(host, "select pg_reload_conf()")
        self.set("db1", "synchronous_standby_names", "FIRST 1 (db2)")
        states = "select application_name, sync_state from pg_stat_replication order by 1"
        wait_until(lambda: self.lab.sql("db1", states) == "db2|sync\ndb3|async", 30, "one is synchronous, one is not")
        report = self.apply(status=1)
        self.assertEqual([(step["host"], step["state"]) for step in of_standbys(report)],
                         [("db2", "pending"), ("db3", "done")])
        self.set("db1", "synchronous_standby_names", "")
        self.ends_verified()

    def test_a_string_that_was_made_worse_and_not_loaded_is_mended_without_a_new_connection(self):
        self.apply()
        self.streams(verified("db2"), verified("db3"))
        receivers = self.lab.sql("db2", "select pid from pg_stat_wal_receiver")
        self.lab.run("db2", f"sed -i 's/verify-full/require/' {AUTO}")
        report = self.apply()
        self.assertEqual([(step["host"], step["state"]) for step in of_standbys(report)], [("db2", "done")])
        self.assertIn("sslmode=verify-full", self.conninfo("db2"))
        self.assertEqual(self.lab.sql("db2", "select pid from pg_stat_wal_receiver"), receivers)
        self.settled()

    def test_a_standby_whose_replay_is_paused_or_delayed_keeps_its_connection(self):
        """A new receiver is started where replay has come to the end of what was received, and no sooner."""
        self.set("db2", "recovery_min_apply_delay", "1h")
        self.lab.sql("db3", "select pg_wal_replay_pause()")
        wait_until(lambda: self.lab.sql("db3", "select pg_get_wal_replay_pause_state()") == "paused", 20, "db3 pauses")
        self.lab.sql("db1", "create table later (n int)")
        report = self.apply(status=1)
        self.assertEqual({(step["host"], step["state"]) for step in of_standbys(report)},
                         {("db2", "pending"), ("db3", "pending")})
        shown = self.lab.pgseal("plan", status=1).stdout
        self.assertIn("its replay is delayed by recovery_min_apply_delay = 1h", shown)
        self.assertIn("its replay is paused", shown)
        self.assertEqual([line.split()[1] for line in self.replicas()], ["streaming"] * 2)
        self.lab.sql("db3", "select pg_wal_replay_resume()")
        self.assertEqual({(step["host"], step["state"]) for step in of_standbys(self.apply(status=1))},
                         {("db2", "pending"), ("db3", "done")})
        self.set("db2", "recovery_min_apply_delay", "0")
        self.ends_verified()

    def test_a_string_that_leads_nowhere_is_not_written(self):
        self.lab.run("db1", f"sed -i '1i hostnossl replication all all scram-sha-256\\nhost replication all all reject' {HBA}")
        self.lab.sql("db1", "select pg_reload_conf()")
        before = self.conninfo("db2")
        report = self.apply(status=1)
        failed = [step for step in of_standbys(report) if step["state"] == "failed"]
        self.assertEqual(len(failed), 1, "the second standby is not tried after the first failed")
        found = [finding for finding in report["findings"] if finding["code"] == "server.replication"]
        self.assertIn("pg_hba.conf rejects replication connection", found[0]["detail"])
        self.assertEqual(self.conninfo("db2"), before)
        wait_until(lambda: [line.split()[1:3] for line in self.replicas()] == [["streaming", "false"]] * 2, 20,
                   "both stream as before")

    def test_a_name_that_no_certificate_holds_is_said_beforehand(self):
        self.lab.run("db2", f"sed -i 's/host=db1/host=primary.elsewhere/' {AUTO}; echo '{ADDRESSES['db1']} primary.elsewhere' >>/etc/hosts")
        self.lab.sql("db2", "select pg_reload_conf()")
        wait_until(lambda: "primary.elsewhere" in self.lab.sql("db2", "show primary_conninfo"), 10, "the standby reloads")
        report = self.apply(status=1)
        codes = [finding["code"] for finding in findings_of(report, "db2")]
        self.assertIn("replication.primary-unknown", codes)
        self.assertEqual([step["host"] for step in of_standbys(report)], ["db3"])
        self.lab.edit('names = ["db1.shop.internal"]', 'names = ["db1.shop.internal", "primary.elsewhere"]')
        self.ends_verified()

    def test_a_standby_that_does_not_stream_by_it_is_taken_back(self):
        # The trial comes through; the receiver asks for a slot besides, which is not there.
        self.set("db2", "primary_slot_name", "nobody")
        wait_until(lambda: len(self.replicas()) == 1, 30, "db2 does not stream")
        before = self.conninfo("db2")
        report = self.apply(status=1)
        found = [finding for finding in report["findings"] if finding["code"] == "server.replication"]
        self.assertIn("The former string was put back", found[0]["detail"])
        self.assertEqual(self.conninfo("db2"), before)
        self.set("db2", "primary_slot_name", "db2")
        wait_until(lambda: len(self.replicas()) == 2, 30, "db2 streams as before")
        self.ends_verified()

    def test_a_connection_older_than_its_pair_is_made_anew(self):
        self.apply()
        self.streams(verified("db2"), verified("db3"))
        held = self.lab.sql("db1", "select min(client_serial) from pg_stat_replication join pg_stat_ssl using (pid)")
        for kept in self.lab.folder.glob("state"):
            kept.rename(self.lab.folder / "lost")
        self.lab.pgseal("apply", "--yes", "--take-over", "--replace", status=0)
        self.streams(verified("db2"), verified("db3"))
        serials = self.lab.sql("db1", "select client_serial from pg_stat_replication join pg_stat_ssl using (pid)")
        self.assertNotIn(held, serials.splitlines())
        self.settled()

    def test_a_standby_follows_a_standby(self):
        self.lab.sql("db2", "select pg_create_physical_replication_slot('db3')")
        self.lab.run("db3", f"sed -i 's/host=db1/host=db2/' {AUTO}")
        self.lab.sql("db3", "select pg_reload_conf()")
        wait_until(lambda: len(self.replicas("db2")) == 1, 30, "db3 follows db2")
        self.apply()
        self.streams(verified("db2"), host="db1")
        self.streams(verified("db3"), host="db2")
        self.settled()


class AnOlderServer(StandbysCase):
    OPTIONS = ("--databases", "2", "--applications", "1", "--pg", "12")

    def test_its_string_waits_for_a_restart_that_is_named(self):
        report = self.apply(status=1)
        self.assertEqual([step["state"] for step in of_standbys(report)], ["done"])
        self.assertIn("replication.restart", [finding["code"] for finding in findings_of(report, "db2")])
        self.assertNotEqual(self.replicas(), [verified("db2")])
        self.lab.act("postgres", "db2", "restart")
        self.streams(verified("db2"))
        self.settled()


if __name__ == "__main__":
    unittest.main(verbosity=2)
