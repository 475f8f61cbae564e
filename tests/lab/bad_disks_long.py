#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Disks without room, without inodes, without the right to write, in the middle of an apply and before it."""

import unittest

from bad_days import BadDay
from lab_hosts import steps, wait_until


class Disks(BadDay):
    """File systems of memory over the folders that pgseal writes."""

    def small(self, host, folder, options, owner="root"):
        """That folder on a file system of its own, with what was in it."""
        self.lab.run(host, f"install -d -o {owner} -g {owner} -m 755 {folder} && cp -a {folder} /srv/kept && "
                           f"mount -t tmpfs -o mode=755,{options} tmpfs {folder} && chown {owner}:{owner} {folder} && "
                           f"cp -a /srv/kept/. {folder}/ && rm -r /srv/kept")

    def full(self, host, folder, left):
        """Leaves so many kilobytes."""
        self.lab.run(host, f"rm -f {folder}/.filler; head -c $(($(stat -fc '%a * %S' {folder}) - {left} * 1024)) "
                           f"/dev/zero >{folder}/.filler")

    def roomy(self, host, folder):
        self.lab.run(host, f"rm -f {folder}/.filler; mount -o remount,rw,size=1m,nr_inodes=1000 {folder}")

    def test_application_hosts_without_room_inodes_or_the_right_to_write(self):
        home, etc = "/home/deploy/.postgresql", "/etc/pgseal"
        self.begin(1, 9)
        full = {"app1": (home, 0), "app2": (home, 4), "app3": (home, 8), "app4": (etc, 0)}
        for host, (folder, left) in full.items():
            self.small(host, folder, "size=64k", "deploy" if folder == home else "root")
            self.full(host, folder, left)
        inodes = {"app5": (home, 1), "app6": (home, 2), "app7": (home, 3)}
        for host, (folder, count) in inodes.items():
            self.small(host, folder, f"nr_inodes={count}", "deploy")
        self.lab.run("app8", "mount --bind /etc /etc; mount -o remount,bind,ro /etc")
        report = self.report_of(self.apply_begins(), 1)
        for host in list(full) + list(inodes) + ["app8"]:
            with self.subTest(host):
                found = self.problem(report, host, {"file.io"})
                self.assertIn("Read-only" if host == "app8" else "No space left on device", found["detail"])
                self.assertIn(home if host not in ("app4", "app8") else etc, found["message"] + found["detail"])
                self.assertTrue(found["hint"], found)
        self.assertIn("install certificate", self.done(report, "app9"))
        self.assertEqual(self.owed().keys(), {*full, *inodes, "app8"})
        self.stands()
        for host, (folder, _) in {**full, **inodes}.items():
            self.roomy(host, folder)
        self.lab.run("app8", "mount -o remount,bind,rw /etc")
        self.converges()

    def test_a_server_whose_folders_are_full_or_cannot_be_written_serves_on(self):
        self.begin(1, 1)
        pairs, settings = "/etc/pgseal", "/etc/postgresql/15/main"
        self.small("db1", pairs, "size=64k")
        self.small("db1", settings, "size=256k", "postgres")
        stages = [self.fails("No space left on device", lambda: self.full("db1", pairs, 4))]
        self.roomy("db1", pairs)
        stages.append(self.fails("No space left on device", lambda: self.full("db1", settings, 0)))
        self.roomy("db1", settings)
        stages += [self.fails("No space left on device", lambda left=left: self.full("db1", pairs, left)) for left in (4, 8)]
        self.roomy("db1", pairs)
        stages.append(self.fails("Read-only", lambda: self.lab.run("db1", f"mount -o remount,ro {pairs}")))
        self.roomy("db1", pairs)
        self.assertGreater(len(set(stages)), 3, stages)
        self.converges()

    def test_a_standby_whose_data_disk_is_full_streams_on_and_is_changed_over_when_there_is_room(self):
        data = "/var/lib/postgresql/15/main"
        self.begin(2, 1)
        self.lab.act("postgres", "db2", "stop")
        self.small("db2", data, "size=400m", "postgres")
        self.lab.run("db2", f"chmod 700 {data}")
        self.lab.act("postgres", "db2", "start")
        self.streaming()
        self.lab.sql("db2", "select 1")  # the first connection after a start writes a file, and is refused without room
        self.full("db2", data, 0)
        before = self.lab.run("db2", f"cat {data}/postgresql.auto.conf")
        report = self.report_of(self.apply_begins(), 1)
        found = self.problem(report, "db2", {"server.disk-full"})
        self.assertIn(data, found["message"])
        self.assertEqual(self.lab.run("db2", f"cat {data}/postgresql.auto.conf"), before)
        self.assertEqual(self.owed().keys(), {"db2"})
        self.stands()
        self.streaming()
        self.lab.run("db2", f"rm {data}/.filler")
        self.converges()

    def test_a_primary_whose_write_ahead_log_has_no_room_is_told_of_it_and_served_when_there_is_some(self):
        data = "/var/lib/postgresql/15/main"
        self.begin(1, 1)
        self.lab.act("postgres", "db1", "stop")
        self.small("db1", f"{data}/pg_wal", "size=96m", "postgres")
        self.lab.run("db1", f"chmod 700 {data}/pg_wal")
        self.lab.act("postgres", "db1", "start")
        self.full("db1", f"{data}/pg_wal", 0)
        said = self.lab.run("db1", "psql -qc \"create table written as select n, repeat('x', 100) from "
                                   "generate_series(1, 500000) n\" 2>&1", user="postgres", check=False)
        self.assertIn("server closed the connection", said)  # PANIC: there is no room for the next segment
        report = self.report_of(self.apply_begins(), 1)
        found = self.problem(report, "db1", {"server.disk-full"})
        self.assertIn(f'file system of "{data}/pg_wal" is full', found["message"])
        self.assertIn("take nothing out of pg_wal", found["hint"])
        self.assertNotIn("make key", self.done(report, "db1"))
        self.assertEqual(self.owed().keys(), {"db1"})
        self.lab.run("db1", f"rm {data}/pg_wal/.filler; mount -o remount,size=1g {data}/pg_wal")
        if "no server" in self.lab.run("db1", f"/usr/lib/postgresql/15/bin/pg_ctl status -D {data}", "postgres", check=False):
            self.lab.act("postgres", "db1", "start")
        wait_until(lambda: self.lab.run("db1", "psql -Atc 'select 1' 2>&1", "postgres", check=False) == "1", 30, "db1 is back")
        self.converges()

    def fails(self, word, make):
        """An apply with that fault; the act at which it was met first."""
        make()
        report = self.report_of(self.apply_begins(), 1)
        found = self.problem(report, "db1", {"file.io"})
        self.assertIn(word, found["detail"])
        self.assertIn("/etc/p", found["message"])
        self.assertIn("db1", self.owed())
        self.stands()
        return next(step["act"] for step in steps(report) if step["state"] == "failed")


if __name__ == "__main__":
    unittest.main(verbosity=2)
