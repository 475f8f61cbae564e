#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""pgseal killed at its own writes: a real apply under strace, which kills it (SIGKILL) on entering the
nth call that changes the state folder. After each the ledger is whole, no host has a certificate that
it does not know, and an apply ends what was begun. Every third call is tried, of a first apply, which has four
times as many, every 30th; KILL_STRIDE=1 tries each."""

import collections
import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import unittest

from lab_hosts import PGSEAL, lab_or_skip, steps

CALLS = ["openat", "write", "pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate", "rename", "unlink", "mkdir",
         "flock", "chmod", "fchmod"]
CONFIGURATION = "/etc/postgresql/15/main/postgresql.conf"
SHOW = "cat /etc/pgseal/server/*/server.crt ~deploy/.postgresql/postgresql.crt 2>/dev/null"


class Killed(unittest.TestCase):
    STRIDE = 3  # from one point to the next

    def setUp(self):
        if not shutil.which("strace"):
            self.skipTest("needs strace")
        self.lab = lab_or_skip("--databases", "1", "--applications", "1")
        self.addCleanup(self.lab.close)
        self.state = self.lab.folder / "state"
        self.trace = self.lab.folder / "trace"

    def apply(self, *strace):
        command = self.lab.command("strace", "-f", "-qq", "-o", str(self.trace), *strace, PGSEAL, "apply", "--yes")
        return subprocess.run(command, text=True, timeout=120, stdin=subprocess.DEVNULL, capture_output=True)

    def files(self):
        """What the state folder may come to hold: strace follows descriptors only by names."""
        names = ["", "/lock", "/authorities"]
        names += [f"/ledger.sqlite{new}{more}" for new in ("", ".new") for more in ("", "-wal", "-journal", "-shm")]
        return [word for name in names for word in ("-P", f"{self.state}{name}")]

    def work(self):
        """Something to sign and to install."""
        self.lab.run("app1", "rm -f ~deploy/.postgresql/postgresql.*")

    def points(self):
        """(call, n): strace counts each call in each thread, the ledger's writer has one of its own."""
        self.work()
        done = self.apply(*self.files(), "-e", "trace=" + ",".join(CALLS))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        made = collections.Counter(re.findall(r"^(\d+) +(\w+)\(", self.trace.read_text(), re.MULTILINE))
        most = {}
        for (_, call), count in made.items():
            most[call] = max(count, most.get(call, 0))
        self.assertGreater(most.get("pwrite64", 0), 10, most)
        return [(call, n) for call in sorted(most) for n in range(1, most[call] + 1)]

    def certificates(self):
        """What the ledger holds: each certificate, and how many numbers have none."""
        path = f"file:{self.state}/ledger.sqlite?mode=ro"
        with contextlib.closing(sqlite3.connect(path, uri=True)) as ledger:
            self.assertEqual(ledger.execute("pragma quick_check").fetchall(), [("ok",)])
            rows = [pem for pem, in ledger.execute("select certificate from serial")]
        return {pem.strip() for pem in rows if pem}, rows.count(None)

    def whole(self, keys):
        """Right after the kill, before anything mends it."""
        known, unsigned = self.certificates()
        self.lab.pgseal("log", "--verify", status=0)
        for host in ("db1", "app1"):
            for pem in re.findall(r"-----BEGIN CERT.*?END CERTIFICATE-----", self.lab.run(host, SHOW, check=False), re.DOTALL):
                leaf = subprocess.run(["openssl", "x509", "-noout", "-ext", "basicConstraints"], input=pem, text=True,
                                      check=True, capture_output=True).stdout
                if "CA:TRUE" not in leaf:
                    self.assertIn(pem, known, f"{host} has a certificate that the ledger does not know")
        self.assertEqual(self.keys(), keys)
        return unsigned

    def converges(self):
        self.lab.pgseal("apply", "--yes", status=0)
        self.assertEqual(steps(self.lab.json("plan", status=0)), [])

    def chosen(self, points):
        return points[::int(os.environ.get("KILL_STRIDE", self.STRIDE))]

    def killed_at(self, call, n):
        done = self.apply(*self.files(), "-e", "trace=" + ",".join(CALLS), "-e", f"inject={call}:signal=KILL:when={n}")
        killed = "killed by SIGKILL" in self.trace.read_text()
        self.assertTrue(killed or done.returncode == 0, done.stdout + done.stderr)
        return killed

    def keys(self):
        return {path.name: path.read_bytes() for path in (self.state / "authorities").glob("*")}

    def test_after_each_kill_the_ledger_is_whole_and_an_apply_ends_what_was_begun(self):
        self.lab.pgseal("apply", "--yes", status=0)
        keys = self.keys()
        points = self.points()
        chosen = self.chosen(points)
        tally, unsigned = collections.Counter(), 0
        for call, n in chosen:
            with self.subTest(call=call, n=n):
                self.work()
                tally["killed" if self.killed_at(call, n) else "ended before"] += 1
                unsigned = max(unsigned, self.whole(keys))
                self.converges()
                tally["converged"] += 1
        print(f"ledger's kill points: {len(points)}, tried {len(chosen)}, {dict(tally)}, "
              f"numbers left without a certificate: {unsigned}")
        self.assertGreater(tally["killed"], len(chosen) // 2)
        self.assertGreater(unsigned, 0, "no kill fell between the number and the certificate")


class KilledAtFirst(Killed):
    """The same in the very first apply: the ledger and the authorities are made in it."""
    STRIDE = 30

    def setUp(self):
        super().setUp()
        self.lab.run("db1", f"cp -p {CONFIGURATION} /root/plain.conf")

    def work(self):
        """As before pgseal came."""
        shutil.rmtree(self.state, ignore_errors=True)
        self.lab.run("app1", "rm -rf /etc/pgseal ~deploy/.postgresql")
        self.lab.run("db1", f"rm -rf /etc/pgseal ~/.postgresql ~postgres/.postgresql; cp -p /root/plain.conf {CONFIGURATION}")
        self.lab.sql("db1", "select pg_reload_conf()")

    def test_after_each_kill_the_ledger_is_whole_and_an_apply_ends_what_was_begun(self):
        points = self.points()
        self.assertIn("mkdir", dict(points))
        tally = collections.Counter()
        for call, n in self.chosen(points):
            with self.subTest(call=call, n=n):
                self.work()
                tally["killed" if self.killed_at(call, n) else "ended before"] += 1
                keys = self.keys()
                if (self.state / "ledger.sqlite").exists():
                    self.whole(keys)
                    tally["with a ledger"] += 1
                self.converges()
                self.assertEqual({name: key for name, key in self.keys().items() if name in keys}, keys)
                tally["converged"] += 1
        print(f"kill points of a first apply: {len(points)}, tried {len(self.chosen(points))}, {dict(tally)}")
        self.assertGreater(tally["killed"], len(self.chosen(points)) // 2)


if __name__ == "__main__":
    unittest.main()
