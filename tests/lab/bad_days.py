# SPDX-License-Identifier: PostgreSQL
"""A bad day in the middle of an apply, for tests: how one begins, what stands after it, how it ends."""

import contextlib
import json
import os
import pathlib
import signal
import time
import unittest

from kill_points import LITTER, WHOLE
from lab_hosts import findings_of, lab_or_skip, steps, wait_until

IMPATIENT = ', "-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=3", "-o", "ConnectTimeout=5"'


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
        deadline = time.monotonic() + 60
        while not wanted.exists() and apply.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)  # deadline above; what follows the file takes milliseconds
        self.assertTrue(wanted.exists(), f"apply ended before {path} appeared on {host}")

    def freeze_at(self, host, path, apply):
        """The node of that host stands still from the moment on at which the file is there."""
        self.appears(host, path, apply)
        for node in self.nodes(host):
            os.kill(node, signal.SIGSTOP)

    def go_on(self, host):
        for node in self.nodes(host):
            os.kill(node, signal.SIGCONT)

    def nodes(self, host):
        """As this machine numbers them: no command has to find its way into the host first."""
        first = (self.lab.folder / "lab" / "hosts" / host / "pid").read_text().split()[0]
        space = os.readlink(f"/proc/{first}/ns/pid")
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it may have ended meanwhile
                if os.readlink(process / "ns" / "pid") == space and b"pgseal-node-" in (process / "cmdline").read_bytes():
                    yield int(process.name)

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
