#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Bad days in the middle of an apply: power, links, stopped daemons, clocks, a second controller.
After each one every file on every host is whole, the server serves and clients connect, the report says
what happened where, and the next apply ends what was begun."""

import contextlib
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import threading
import time
import unittest

from bad_days import BadDay
from kill_points import PLACE
from lab_hosts import HERE, PGSEAL, steps, wait_until

SESSION = "pgrep -x -f 'sshd: root@notty'"
LOST = {"link.lost", "link.timeout", "host.unreachable"}


class PowerLoss(BadDay):
    POINTS = {"app1": "/etc/pgseal/mark/shop", "app2": "/home/deploy/.postgresql/root.crt"}

    def test_application_hosts_that_lose_power_are_owed_and_the_others_go_on(self):
        self.begin(1, 3)
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
        self.assertIn("install certificate", self.done(report, "app3"))
        self.assertEqual(self.owed().keys(), self.POINTS.keys())
        self.stands(["db1", "app3"])
        for host in self.POINTS:
            self.lab.power(host, "on")
        self.stands()
        self.converges()

    def dies_at(self, host, path, apply):
        self.freeze_at(host, path, apply)
        self.lab.power(host, "off")

    def test_database_hosts_that_lose_power_start_again_with_what_they_have(self):
        self.begin(2, 1)
        for host, path in (("db1", "/etc/pgseal/server/db1/server.pem.pending"),
                           ("db2", "/etc/pgseal/server/db2/ssl.conf")):
            with self.subTest(path):
                apply = self.apply_begins()
                self.dies_at(host, path, apply)
                report = self.report_of(apply, 1)
                self.assertIn(f'"{host}"', self.problem(report, host, LOST)["message"])
                self.assertIn(host, self.owed())
                blockers = [blocker for phase in report["phases"] for blocker in phase["gate"]["blockers"]]
                self.assertIn(f"{host}: could not be asked from outside", blockers, "what was seen before its end is past")
                self.lab.power(host, "on")
                self.stands()
        self.streaming()
        self.converges()


class Links(BadDay):
    def relay(self, host, way, limit, end="close"):
        """From now on ssh goes through a relay that ends after so many bytes; the first block for a host counts."""
        config, log = self.lab.folder / "ssh_config", self.lab.folder / f"{host}.passed"
        words = f"{HERE / 'cut_after'} %h %p {way} {limit} {end} {log}"
        config.write_text(f"Host {host}\n  ProxyCommand {words}\n{config.read_text()}")
        return log

    def no_relays(self):
        config = self.lab.folder / "ssh_config"
        config.write_text("\n".join(line for line in config.read_text().splitlines() if "ProxyCommand" not in line) + "\n")

    def passed(self, host):
        """Bytes up and down in a whole `plan`: login, node, facts."""
        log = self.relay(host, "up", 1 << 40)
        self.lab.pgseal("plan", status=1)
        self.no_relays()
        return [int(word) for word in log.read_text().split()]

    def test_a_cable_that_is_back_before_patience_ends_costs_nothing(self):
        self.begin(1, 2)
        apply = self.apply_begins()
        for host, path in (("db1", "/etc/pgseal/server/db1/server.pem.pending"),
                           ("app1", "/home/deploy/.postgresql/root.crt")):
            self.freeze_at(host, path, apply)
            self.lab.act("link", host, "down")
            self.go_on(host)
            wait_until(lambda: self.on_its_way(host), 60, f"something for or from {host} is on its way")
            self.lab.act("link", host, "up")
        report = self.report_of(apply, 0)
        self.assertEqual(report["findings"], [])
        self.stands()
        self.converges()

    def on_its_way(self, host):
        """Bytes that one side sent and the other has not taken."""
        queues = self.lab.run(host, "ss -Htn state established sport = :22") + "\n" + \
            self.lab.hub("ss", "-Htn", "state", "established", "dst", self.address(host)).stdout
        return any(int(line.split()[1]) > 0 for line in queues.splitlines() if line)

    def address(self, host):
        return self.lab.run(host, "hostname -I").split()[0]

    def test_connections_that_end_after_some_bytes_in_either_direction(self):
        self.begin(1, 9)
        with_node = self.passed("app1")
        up, down = self.passed("app1")
        self.assertGreater(with_node[0], up + 100_000, "the first time the node itself goes up")
        self.lab.run("app1", f"rm {PLACE}/*")
        cuts = {"app1": ("up", with_node[0] // 2), "app2": ("up", 40), "app3": ("down", 1500), "app4": ("up", up + 200),
                "app5": ("up", up + 2500), "app6": ("down", down + 200), "app7": ("down", down + 2500),
                "app8": ("up", up + 1500, "stall")}
        for host, cut in cuts.items():
            self.relay(host, *cut)
        whole = self.relay("app9", "up", 1 << 40)
        report = self.report_of(self.apply_begins(), 1)
        self.no_relays()
        self.assertGreater(int(whole.read_text().split()[0]), up + 2500, "those cuts are in the middle of an apply")
        for host in cuts:
            with self.subTest(host):
                found = self.problem(report, host, LOST | {"link.install"})
                self.assertIn(f'"{host}"', found["message"])
                self.assertTrue(found["hint"])
                self.assertNotIn("install certificate", self.done(report, host))
        self.assertIn("install certificate", self.done(report, "app9"))
        self.assertEqual(self.owed().keys(), cuts.keys())
        self.stands()
        self.converges()

    def test_connections_to_a_server_s_host_that_end_each_time_a_little_later(self):
        self.begin(1, 1)
        self.lab.pgseal("plan", status=1)  # brings the node
        up, down = self.passed("db1")
        for way, limit in (("up", up + 300), ("down", down + 4000), ("up", up + 6000), ("down", down + 30000)):
            with self.subTest(way=way, limit=limit):
                self.relay("db1", way, limit)
                report = self.report_of(self.apply_begins(), 1)
                self.no_relays()
                self.assertIn('"db1"', self.problem(report, "db1", LOST)["message"])
                self.assertIn("db1", self.owed())
                self.stands()
        self.converges()

    def test_an_sshd_that_stands_still_is_given_up_and_the_others_go_on(self):
        self.begin(2, 2)
        apply = self.apply_begins()
        self.appears("app1", "/etc/pgseal/mark/shop", apply)
        self.lab.run("app1", f"kill -STOP $({SESSION})")
        self.appears("db2", "/etc/pgseal/server/db2/ssl.conf", apply)
        wait_until(lambda: self.served("db2"), 30, "db2 serves TLS")
        self.lab.run("db2", f"kill -STOP $({SESSION})")
        report = self.report_of(apply, 1)
        for host in ("app1", "db2"):
            found = self.problem(report, host, LOST)
            self.assertIn(f'"{host}"', found["message"])
            self.assertIn("not responding", found["detail"])
        self.assertIn("install certificate", self.done(report, "app2"))
        self.assertEqual(self.owed().keys(), {"app1", "db2"})
        self.stands()
        for host in ("app1", "db2"):
            self.lab.run(host, f"kill -CONT $({SESSION})")
        self.converges()

    def served(self, host):
        return self.lab.sql(host, "show ssl") == "on"


class Clocks(BadDay):
    LIBRARY = "/usr/lib/*/faketime/libfaketime.so.1"

    def setUp(self):
        found = sorted(pathlib.Path("/").glob(self.LIBRARY.lstrip("/")))
        if not found:
            self.skipTest("needs faketime")
        self.library = str(found[0])

    def shifted(self, offset):
        return ["env", f"LD_PRELOAD={self.library}", f"FAKETIME={offset}", "FAKETIME_DONT_FAKE_MONOTONIC=1"]

    def shift(self, host, offset):
        """The node's process alone lives in another day; the host itself and its server do not."""
        node = self.lab.run(host, f"ls {PLACE}/pgseal-node-*")
        self.lab.run(host, f"cp -a {node} /srv/real-node; printf '#!/bin/sh\nexec %s /srv/real-node\n' "
                           f"'{' '.join(self.shifted(offset))}' >/srv/shifted; chmod 755 /srv/shifted; mv /srv/shifted {node}")

    def unshift(self, host):
        self.lab.run(host, f"mv /srv/real-node $(ls {PLACE}/pgseal-node-*)")

    def signed(self, host):
        path = f"file:{self.lab.folder}/state/ledger.sqlite?mode=ro"
        with contextlib.closing(sqlite3.connect(path, uri=True)) as ledger:
            return [slot for slot, in ledger.execute("select slot from serial where host = ?", (host,))]

    def test_a_host_of_another_day_gets_nothing_signed_and_the_others_do(self):
        self.begin(1, 4)
        self.lab.pgseal("plan", status=1)  # brings the node
        away = {"app1": ("+86400", "ahead"), "app2": ("-86400", "behind"), "app3": ("+3700", "ahead")}
        for host, (offset, _) in away.items():
            self.shift(host, offset)
        report = self.lab.json("apply", "--yes", status=1)
        for host, (offset, word) in away.items():
            found = self.problem(report, host, {"host.clock"})
            self.assertRegex(found["message"], rf'clock of host "{host}" is {offset[1:3]}\d+ seconds {word}')
            self.assertIn("NTP", found["hint"])
            self.assertEqual((self.done(report, host), self.signed(host)), ([], []))
        self.assertIn("install certificate", self.done(report, "app4"))
        self.assertEqual(self.owed().keys(), away.keys())
        self.stands()
        for host in away:
            self.unshift(host)
        self.converges()

    def controller(self, offset, *words):
        done = subprocess.run(self.lab.command(*self.shifted(offset), PGSEAL, "--json", *words), text=True, timeout=90,
                              stdin=subprocess.DEVNULL, capture_output=True)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def test_a_controller_of_another_day_changes_nothing_and_is_none_the_worse_when_it_is_back(self):
        self.begin(1, 2)
        for offset, word in (("+86400", "ahead of"), ("-86400", "behind"), ("+400", "ahead of")):
            self.refused(offset, word)
            self.assertFalse((self.lab.folder / "state").exists())
        self.lab.pgseal("apply", "--yes", status=0)
        for offset, word in (("+86400", "ahead of"), ("-86400", "behind")):
            self.lab.run("app1", "rm ~deploy/.postgresql/postgresql.*")
            before = self.lab.json("log")
            self.refused(offset, word)
            self.assertEqual(self.lab.json("log"), before)
            self.assertEqual(self.lab.run("app1", "ls ~deploy/.postgresql"), "root.crt")
            self.stands()
            self.converges()

    def refused(self, offset, word):
        for words in (["plan"], ["apply", "--yes"]):
            report = self.controller(offset, *words)
            found, = [each for each in report["findings"] if each["severity"] != "note"]
            self.assertEqual(found["code"], "controller.clock")
            self.assertRegex(found["message"], rf"clock of the controller is \d+ seconds {word} the hosts' median")
            self.assertEqual(steps(report), [])


class TwoControllers(BadDay):
    def test_the_second_is_told_who_is_at_work_since_when_and_reading_goes_on(self):
        self.begin(1, 1)
        first = self.apply_begins()
        self.appears("app1", "/etc/pgseal/mark/shop", first)
        os.kill(first.pid, signal.SIGSTOP)
        second = self.lab.pgseal("apply", "--yes", status=12)
        self.assertIn("(locked)", second.stderr)
        self.assertRegex(second.stderr, rf"pid {first.pid} on \S+ by root since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\S*: .*apply")
        self.assertEqual(second.stdout, "")
        error = json.loads(self.lab.pgseal("--json", "apply", "--yes", status=12).stdout)["error"]
        self.assertEqual(error["name"], "locked")
        self.assertIn(f"pid {first.pid}", error["detail"])
        self.assertIn("apply stands in phase", self.lab.pgseal("status", status=0).stdout)
        self.lab.pgseal("plan", status=1)
        self.lab.pgseal("log", "--verify", status=0)
        os.kill(first.pid, signal.SIGCONT)
        self.assertEqual(self.report_of(first, 0)["findings"], [])
        self.stands()
        self.converges()


if __name__ == "__main__":
    unittest.main()
