#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""pgseal killed at its own writes: a real apply under strace, which kills it (SIGKILL) on entering the
nth call that changes the state folder. After each the ledger is whole, no host has a certificate that
it does not know, and an apply ends what was begun. kill_ledger_long.py tries every call, this a few at a fixed stride."""

import collections
import contextlib
import re
import shutil
import sqlite3
import subprocess
import unittest

from lab_hosts import PGSEAL, lab_or_skip, steps

CALLS = ["openat", "write", "pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate", "rename", "unlink", "mkdir",
         "flock", "chmod", "fchmod"]
FULL = False
FEW = 5  # points of the fast tier
SHOW = "cat /etc/pgseal/server/*/server.crt ~deploy/.postgresql/postgresql.crt 2>/dev/null"


class Killed(unittest.TestCase):
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
        self.assertEqual({path.name: path.read_bytes() for path in (self.state / "authorities").iterdir()}, keys)
        return unsigned

    def converges(self):
        self.lab.pgseal("apply", "--yes", status=0)
        self.assertEqual(steps(self.lab.json("plan", status=0)), [])

    def test_after_each_kill_the_ledger_is_whole_and_an_apply_ends_what_was_begun(self):
        self.lab.pgseal("apply", "--yes", status=0)
        keys = {path.name: path.read_bytes() for path in (self.state / "authorities").iterdir()}
        points = self.points()
        chosen = points if FULL else points[len(points) // 12::max(1, len(points) // FEW)]
        tally, unsigned = collections.Counter(), 0
        for call, n in chosen:
            with self.subTest(call=call, n=n):
                self.work()
                done = self.apply(*self.files(), "-e", "trace=" + ",".join(CALLS),
                                  "-e", f"inject={call}:signal=KILL:when={n}")
                killed = "killed by SIGKILL" in self.trace.read_text()
                self.assertTrue(killed or done.returncode == 0, done.stdout + done.stderr)
                tally["killed" if killed else "ended before"] += 1
                unsigned = max(unsigned, self.whole(keys))
                self.converges()
                tally["converged"] += 1
        print(f"ledger's kill points: {len(points)}, tried {len(chosen)}, {dict(tally)}, "
              f"numbers left without a certificate: {unsigned}")
        self.assertGreater(tally["killed"], len(chosen) // 2)
        if FULL:
            self.assertGreater(unsigned, 0, "no kill fell between the number and the certificate")


if __name__ == "__main__":
    unittest.main()
