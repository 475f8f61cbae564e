#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Bad days in the middle of an apply: power, links, stopped daemons, full disks, clocks, a second controller.
After each one every file on every host is whole, the server serves and clients connect, the report says
what happened where, and the next apply ends what was begun."""

import contextlib
import json
import re
import sqlite3
import threading
import unittest

from kill_points import LITTER, PLACE, WHOLE
from lab_hosts import HERE, findings_of, lab_or_skip, steps, wait_until

NODE = "pgrep -x -f '/usr/local/libexec/pgseal/pgseal-node-[0-9a-f]*'"  # of a host's own processes
SESSION = "pgrep -x -f 'sshd: root@notty'"
IMPATIENT = ', "-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=3", "-o", "ConnectTimeout=5"'
LOST = {"link.lost", "link.timeout", "host.unreachable"}


class BadDay(unittest.TestCase):
    """One lab a test: what a bad day leaves is looked at before anything mends it."""

    def begin(self, databases, applications):
        self.lab = lab_or_skip("--databases", str(databases), "--applications", str(applications))
        self.addCleanup(self.lab.close)
        self.lab.edit('ssh_config"]', f'ssh_config"{IMPATIENT}]')
        self.databases = [f"db{n}" for n in range(1, databases + 1)]
        self.applications = [f"app{n}" for n in range(1, applications + 1)]

    def apply_begins(self):
        """An apply in the background; what it reports in the end: self.report_of."""
        apply = self.lab.begin("--json", "apply", "--yes")
        self.addCleanup(self.end, apply)
        return apply

    @staticmethod
    def end(apply):
        if apply.poll() is None:
            apply.kill()
        apply.communicate(timeout=30)

    def report_of(self, apply, status):
        out, err = apply.communicate(timeout=90)
        self.assertEqual(apply.returncode, status, out + err)
        return json.loads(out)

    def seen_from_outside(self, host, path):
        """A file of a host by its place in the host's own layer: no process there has to answer."""
        return self.lab.folder / "lab" / "hosts" / host / "upper" / path.lstrip("/")

    def appears(self, host, path, apply):
        wanted = self.seen_from_outside(host, path)
        wait_until(lambda: wanted.exists() or apply.poll() is not None, 60, f"{path} on {host}")
        self.assertTrue(wanted.exists(), f"apply ended before {path} appeared on {host}")

    def started(self, host):
        """Acts in hand on that host: the ledger notes each before it is asked for."""
        path = f"file:{self.lab.folder}/state/ledger.sqlite?mode=ro"
        with contextlib.closing(sqlite3.connect(path, uri=True)) as ledger:
            return [act for act, in ledger.execute("select act from act where host = ? and state = 'started'", (host,))]

    def owed(self):
        return {debt["host"]: debt for debt in self.lab.json("debt", "list")["debts"]}

    def done(self, report, host):
        return [step["act"] for step in steps(report) if step["host"] == host and step["state"] == "done"]

    def problem(self, report, host, codes):
        """The one thing that the report says of what a bad day did to a host."""
        found = [each for each in findings_of(report, host) if each["code"] in codes]
        self.assertTrue(found, f"nothing about {host} in {report['findings']}")
        return found[0]

    def stands(self, hosts=None):
        """Right after the bad day: whole files, a server that serves, clients that connect."""
        for host in hosts or self.databases + self.applications:
            self.assertEqual(self.lab.run(host, WHOLE), "", host)
        for host in self.databases:
            self.assertEqual(self.lab.sql(host, "select 1"), "1")
        for host in self.applications:
            if hosts is None or host in hosts:
                self.connects(host)

    def connects(self, host):
        said = self.lab.run(host, "psql 'host=db1 dbname=shop connect_timeout=5' -Atc 'select 1'", user="deploy")
        self.assertEqual(said, "1", host)

    def streaming(self):
        wanted = len(self.databases) - 1
        wait_until(lambda: self.lab.sql("db1", "select count(*) from pg_stat_replication where state = 'streaming'")
                   == str(wanted), 30, f"{wanted} standbys stream")

    def converges(self):
        self.lab.pgseal("apply", "--yes", status=0)
        self.assertEqual(steps(self.lab.json("plan", status=0)), [])
        self.lab.pgseal("verify", status=0)
        self.assertEqual(self.owed(), {})
        for host in self.databases + self.applications:
            self.assertEqual(self.lab.run(host, LITTER), "", host)


class PowerLoss(BadDay):
    POINTS = {"app1": "/etc/pgseal/mark/shop", "app2": "/home/deploy/.postgresql/root.crt",
              "app3": "/home/deploy/.postgresql/postgresql.key.pending"}

    def test_application_hosts_that_lose_power_are_owed_and_the_others_go_on(self):
        self.begin(1, 4)
        apply = self.apply_begins()
        at_once = [threading.Thread(target=self.dies_at, args=(host, path, apply)) for host, path in self.POINTS.items()]
        for each in at_once:
            each.start()
        for each in at_once:
            each.join()
        report = self.report_of(apply, 1)
        for host in self.POINTS:
            self.assertIn(f'"{host}"', self.problem(report, host, LOST)["message"])
            self.assertNotIn("install certificate", self.done(report, host))
        self.assertIn("install certificate", self.done(report, "app4"))
        self.assertEqual(self.owed().keys(), self.POINTS.keys())
        self.stands(["db1", "app4"])
        for host in self.POINTS:
            self.lab.power(host, "on")
        self.stands()
        self.converges()

    def dies_at(self, host, path, apply):
        self.appears(host, path, apply)
        self.lab.power(host, "off")

    def test_database_hosts_that_lose_power_start_again_with_what_they_have(self):
        self.begin(2, 1)
        for host, path in (("db1", "/etc/pgseal/server/db1/server.pem.pending"), ("db1", "/etc/pgseal/server/db1/ssl.conf"),
                           ("db2", "/etc/pgseal/server/db2/clients.crt")):
            with self.subTest(path):
                apply = self.apply_begins()
                self.dies_at(host, path, apply)
                report = self.report_of(apply, 1)
                self.assertIn(f'"{host}"', self.problem(report, host, LOST)["message"])
                self.assertIn(host, self.owed())
                self.lab.power(host, "on")
                self.stands()
        self.streaming()
        self.converges()


if __name__ == "__main__":
    unittest.main()
