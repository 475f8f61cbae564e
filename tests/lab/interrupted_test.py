#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""An apply that is cut short, by its operator or by the network: what it says, what it leaves, and
that the next one ends what it began."""

import contextlib
import pathlib
import re
import signal
import sqlite3
import subprocess
import unittest

from lab_hosts import lab_or_skip, steps, wait_until

NODE = "pgrep -x -f '/usr/local/libexec/pgseal/pgseal-node-[0-9a-f]*'"  # of a host's own processes
PHASE_BEFORE = r"server pairs: .* \(\d+ steps\)$"  # in it nothing is asked of an application host


class CutShort(unittest.TestCase):
    def setUp(self):
        self.lab = lab_or_skip("--databases", "1", "--applications", "3")
        self.addCleanup(self.lab.close)
        self.lab.edit('ssh_config"]', 'ssh_config", "-o", "ServerAliveInterval=1"]')
        self.apply = self.lab.begin("apply", "--yes")
        self.addCleanup(self.end)

    def end(self):
        if self.apply.poll() is None:
            self.apply.kill()
        self.apply.communicate(timeout=30)

    def read_until(self, pattern):
        for line in self.apply.stderr:
            if re.match(pattern, line):
                return
        self.fail(f"apply ended without a line like: {pattern}")

    def node(self, host, name):
        self.lab.run(host, f"kill -{name} $({NODE})")

    def started(self, host):
        """An act on that host is in hand: the ledger notes each before it is asked for."""
        path = f"file:{self.lab.folder}/state/ledger.sqlite?mode=ro"
        with contextlib.closing(sqlite3.connect(path, uri=True)) as ledger:
            rows = ledger.execute("select act from act where host = ? and state = 'started'", (host,))
            return [act for act, in rows]

    def has_taken_the_signal(self):
        status = pathlib.Path(f"/proc/{self.apply.pid}/status").read_text()
        return int(re.search(r"ShdPnd:\s*(\w+)", status)[1], 16) >> signal.SIGINT - 1 & 1 == 0

    def held_in_the_middle(self, host):
        """The host stands still between two acts of an apply; the next one is in hand."""
        self.read_until(PHASE_BEFORE)
        self.apply.send_signal(signal.SIGSTOP)  # or the phase could be over before the host stands still
        self.node(host, "STOP")
        self.apply.send_signal(signal.SIGCONT)
        wait_until(lambda: self.started(host), 60, f"an act is in hand on {host}")
        return self.started(host)

    def converges(self):
        self.lab.pgseal("apply", "--yes", status=0)
        self.assertEqual(steps(self.lab.json("plan", status=0)), [])
        self.lab.pgseal("verify", status=0)
        self.lab.pgseal("log", "--verify", status=0)

    def test_ctrl_c_lets_the_act_in_hand_end_and_says_how_to_go_on(self):
        self.assertEqual(self.held_in_the_middle("app1"), ["install trust"])
        self.apply.send_signal(signal.SIGINT)
        with self.assertRaises(subprocess.TimeoutExpired, msg="it left an act in hand"):
            self.apply.wait(1)
        self.node("app1", "CONT")
        out, err = self.apply.communicate(timeout=60)
        self.assertEqual(self.apply.returncode, 1, err)
        self.assertRegex(err, r"ok +app1 +install trust")
        self.assertIn("interrupted: run pgseal apply again to go on", out)
        self.assertRegex(out, r"[1-9]\d* steps done, 0 failed, 0 owed, [1-9]\d* left")
        self.assertNotRegex(err + out, r"ok +app1 +make key")
        left = [phase["name"] for phase in self.lab.json("plan", status=1)["phases"] if phase["name"] != "mark hosts"]
        self.assertIn(left[0], ("trust to clients", "client pairs"))
        self.assertIn(f"apply stands in phase: {left[0]}", self.lab.pgseal("status").stdout)
        self.converges()

    def test_a_second_ctrl_c_ends_at_once_and_nothing_is_lost(self):
        self.held_in_the_middle("app1")
        self.apply.send_signal(signal.SIGINT)
        wait_until(self.has_taken_the_signal, 10, "the first SIGINT is delivered; two at once would be one")
        self.apply.send_signal(signal.SIGINT)
        self.assertIn(self.apply.wait(10), (-signal.SIGINT, 128 + signal.SIGINT))
        self.node("app1", "CONT")
        self.converges()

    def test_hosts_that_are_cut_off_with_and_without_an_act_in_hand_are_made_up_for(self):
        self.held_in_the_middle("app1")
        self.lab.act("link", "app1", "down")
        self.lab.act("link", "app2", "down")
        out, err = self.apply.communicate(timeout=90)
        self.assertEqual(self.apply.returncode, 1, err)
        self.assertRegex(out, r'app1 error link\.lost: .*the connection to "app1" was lost')
        self.assertIn("it observes what was done", out)
        for host in ("app1", "app2"):
            self.assertIn(host, {debt["host"] for debt in self.lab.json("debt", "list", status=1)["debts"]})
        self.assertRegex(out, r"ok +app3 +install certificate")
        self.node("app1", "CONT")
        self.lab.act("link", "app1", "up")
        self.lab.act("link", "app2", "up")
        self.converges()
        self.assertEqual(self.lab.json("debt", "list", status=0)["debts"], [])


if __name__ == "__main__":
    unittest.main()
