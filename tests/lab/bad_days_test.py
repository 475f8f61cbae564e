#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Bad days in the middle of an apply: power, links, stopped daemons, full disks, clocks, a second controller.
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

from kill_points import LITTER, PLACE, WHOLE
from lab_hosts import HERE, PGSEAL, findings_of, lab_or_skip, steps, wait_until

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
