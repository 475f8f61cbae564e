#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""PostgreSQL as it should not be, on one host each of one lab: down, not to be asked, there twice, elsewhere,
in recovery, without a connection or a byte left. Each is told with what to do, and what can be mended on
other hosts is mended."""

import unittest

from lab_hosts import findings_of, lab_or_skip, problems_of, steps, wait_until


class IllServers(unittest.TestCase):
    DOWN, REFUSES, TWO, ELSEWHERE = "db2", "db3", "db4", "db5"
    CONF = "/etc/postgresql/15/main"

    @classmethod
    def setUpClass(cls):
        cls.lab = lab_or_skip("--databases", "5", "--applications", "2")
        cls.addClassCleanup(cls.lab.close)
        cls.sane = cls.lab.config.read_text()
        cls.lab.act("postgres", cls.DOWN, "stop")
        cls.first = cls.lab.json("apply", "--yes", status=1)
        cls.first_left = cls.lab.run(cls.DOWN, "ls -A /etc/pgseal/server 2>/dev/null", check=False)
        cls.lab.act("postgres", cls.DOWN, "start")
        cls.lab.pgseal("apply", "--yes", status=0)
        cls.make_ill()
        before = cls.seen()
        cls.plan = cls.lab.json("plan", status=1)
        cls.applied = cls.lab.json("apply", "--yes", status=1)
        cls.verified = cls.lab.json("verify", status=1)
        cls.untouched = before == cls.seen()

    @classmethod
    def seen(cls):
        ill = (cls.DOWN, cls.REFUSES, cls.TWO)
        return [cls.lab.run(host, f"find /etc/pgseal/server {cls.CONF} -type f -printf '%p %i %C@\\n' | sort")
                for host in ill]

    @classmethod
    def make_ill(cls):
        lab = cls.lab
        lab.run(cls.REFUSES, f"sed -i '/^local/d' {cls.CONF}/pg_hba.conf; kill -HUP $(head -1 "
                             "/var/lib/postgresql/15/main/postmaster.pid)")
        lab.run(cls.TWO, "cd /tmp && /usr/lib/postgresql/15/bin/initdb -N -A peer -D /tmp/two >/dev/null && "
                         "/usr/lib/postgresql/15/bin/pg_ctl -w -D /tmp/two -o '-p 5433' -l /tmp/two.log start "
                         ">/dev/null", user="postgres")
        lab.run(cls.ELSEWHERE, "install -d -o postgres /srv/socket && "
                               f"echo \"unix_socket_directories = '/srv/socket'\" >{cls.CONF}/conf.d/zz.conf")
        lab.act("postgres", cls.ELSEWHERE, "restart")
        lab.act("postgres", cls.DOWN, "stop")
        wait_until(lambda: cls.refused(), 10, "pg_hba.conf is in force")
        lab.run("db1", "echo \"ssl_ciphers = 'HIGH'\" >>/etc/pgseal/server/db1/ssl.conf; "
                       f"echo 'host all all all nowhere' >>{cls.CONF}/pg_hba.conf")
        lab.run("app1", "rm ~deploy/.postgresql/postgresql.*")
        lab.run("app2", "kill $(cat /run/sshd.pid)")

    @classmethod
    def refused(cls):
        return "no pg_hba.conf entry" in cls.lab.run(cls.REFUSES, "psql -c '' 2>&1", "postgres", check=False)

    def setUp(self):
        self.lab.config.write_text(self.sane)

    def the_finding(self, host, code):
        for report in (self.plan, self.applied, self.verified):
            found = [finding for finding in findings_of(report, host) if finding["code"].startswith("server.")]
            self.assertEqual([finding["code"] for finding in found], [code], found)
            self.assertEqual(found[0]["severity"], "error")
        return found[0]

    def with_line(self, host, line):
        self.lab.edit(f'name = "{host}"\n', f'name = "{host}"\n{line}\n')
        return self.lab.json("plan")

    def test_a_server_that_is_down_is_told_so_with_its_data_directory(self):
        found = self.the_finding(self.DOWN, "server.down")
        self.assertIn("/var/lib/postgresql/15/main", found["message"])
        self.assertIn("Start it", found["hint"])
        proof = next(host for host in self.verified["hosts"] if host["name"] == self.DOWN)
        self.assertEqual(proof["branch"], "server down")

    def test_a_server_that_is_down_at_the_first_apply_gets_nothing_and_holds_trust_back(self):
        self.assertEqual([finding["code"] for finding in findings_of(self.first, self.DOWN)], ["server.down"])
        self.assertEqual(self.first_left, "")
        phases = {phase["name"]: phase for phase in self.first["phases"]}
        for name in ("server pairs", "TLS on"):
            self.assertEqual({(step["host"], step["state"]) for step in phases[name]["steps"]},
                             {(host, "done") for host in ("db1", "db3", "db4", "db5")})
        trust = phases["trust to clients"]
        self.assertIn("db2: could not be asked from outside", trust["gate"]["blockers"])
        self.assertEqual({step["state"] for step in trust["steps"]}, {"pending"})

    def test_rules_that_keep_the_servers_own_user_out_come_with_the_line_to_add(self):
        found = self.the_finding(self.REFUSES, "server.socket")
        self.assertRegex(found["hint"], r"local +all +postgres +peer")

    def test_two_servers_are_listed_and_one_line_chooses(self):
        found = self.the_finding(self.TWO, "server.ambiguous")
        for folder in ("/var/lib/postgresql/15/main", "/tmp/two"):
            self.assertIn(folder, found["detail"])
            self.assertIn(f'data_directory = "{folder}"', found["hint"])
        line = next(line for line in found["hint"].splitlines() if "15/main" in line)
        self.assertEqual(problems_of(self.with_line(self.TWO, line), self.TWO), [])

    def test_a_socket_elsewhere_is_found_by_itself(self):
        self.assertEqual(problems_of(self.plan, self.ELSEWHERE), [])
        self.assertEqual(problems_of(self.with_line(self.ELSEWHERE, 'socket_directory = "/srv/socket"'),
                                     self.ELSEWHERE), [])

    def test_a_socket_directory_that_is_not_the_servers_lists_what_was_found(self):
        plan = self.with_line(self.ELSEWHERE, 'socket_directory = "/run/postgresql"')
        found = findings_of(plan, self.ELSEWHERE)
        self.assertEqual([finding["code"] for finding in found], ["server.absent"])
        self.assertIn("/var/lib/postgresql/15/main", found[0]["detail"])
        self.assertIn("socket_directory", found[0]["hint"])

    def test_a_database_host_without_postgresql_is_told_how_to_say_where_it_is(self):
        plan = self.with_line("app1", "database = true")
        found = findings_of(plan, "app1")
        self.assertEqual([finding["code"] for finding in found], ["server.absent"])
        self.assertIn("data_directory", found[0]["hint"])

    def test_rules_that_the_server_refuses_are_told_by_the_apply_that_reloads(self):
        found = findings_of(self.applied, "db1")
        self.assertEqual([(finding["severity"], finding["code"]) for finding in found],
                         [("warning", "server.rules-refused")])
        self.assertIn("nowhere", found[0]["detail"])
        self.assertEqual(found[0]["file"], f"{self.CONF}/pg_hba.conf")

    def test_the_primary_and_an_application_host_are_mended_while_all_others_cannot_be(self):
        done = {(step["host"], step["act"]) for step in steps(self.applied) if step["state"] == "done"}
        self.assertIn(("db1", "write server settings"), done)
        self.assertIn(("app1", "install certificate"), done)
        self.assertEqual({step["state"] for step in steps(self.applied)}, {"done"})
        self.assertIn("refuses ssh connections", findings_of(self.applied, "app2")[0]["message"])
        again = self.lab.json("plan", status=1)
        self.assertEqual(steps(again), [])

    def test_nothing_on_an_ill_host_was_touched(self):
        self.assertTrue(self.untouched)


# Opens sessions as the superuser until the server refuses one, and keeps them until it is ended.
HOLD_ALL_CONNECTIONS = """
import os, signal, socket, struct
kept, refused = [], b''
while not refused:
    session = socket.socket(socket.AF_UNIX)
    session.connect('/run/postgresql/.s.PGSQL.5432')
    words = struct.pack('!i', 196608) + b'user\\0postgres\\0database\\0postgres\\0\\0'
    session.sendall(struct.pack('!i', len(words) + 4) + words)
    said = session.recv(65536)
    refused = said if said.startswith(b'E') else b''
    kept.append(session)
open('/tmp/held', 'w').write(str(os.getpid()) if b'53300' in refused else repr(refused))
signal.pause()
"""


class BusyServers(unittest.TestCase):
    """Servers that run and cannot take part: from the first apply on, and once more the primary alone."""
    STANDBY_ALONE, TAKEN, FULL = "db2", "db3", "db4"
    CONF = "/etc/postgresql/15/main"
    DATA = "/var/lib/postgresql/15/main"
    NOT_YET = "the database system is (starting up|not yet accepting connections)"

    @classmethod
    def setUpClass(cls):
        cls.lab = lab_or_skip("--databases", "4", "--applications", "1")
        cls.addClassCleanup(cls.lab.close)
        cls.on_a_small_disk(cls.FULL)
        cls.lab.pgseal("apply", "--yes", status=0)
        cls.lab.run(cls.STANDBY_ALONE, f"echo 'hot_standby = off' >{cls.CONF}/conf.d/zz.conf")
        cls.lab.act("postgres", cls.STANDBY_ALONE, "restart")
        cls.hold_connections(cls.TAKEN)
        cls.lab.run(cls.FULL, f"! dd if=/dev/zero of={cls.DATA}/filler bs=4k 2>/dev/null")
        for host in (cls.STANDBY_ALONE, cls.TAKEN, cls.FULL, "db1"):
            cls.lab.run(host, f"echo \"ssl_ciphers = 'HIGH'\" >>/etc/pgseal/server/{host}/ssl.conf")
        cls.lab.run("app1", "rm ~deploy/.postgresql/postgresql.*")
        cls.plan = cls.lab.json("plan", status=1)
        cls.applied = cls.lab.json("apply", "--yes", status=1)
        cls.verified = cls.lab.json("verify", status=1)
        cls.cure()
        cls.cured = cls.lab.json("apply", "--yes", status=0)
        cls.left = steps(cls.lab.json("plan", status=0))
        cls.proof = cls.lab.json("verify", status=0)

    @classmethod
    def hold_connections(cls, host):
        script = cls.lab.folder / "hold.py"
        script.write_text(HOLD_ALL_CONNECTIONS)
        cls.lab.run(host, f"cat >/tmp/hold.py <<'END'\n{HOLD_ALL_CONNECTIONS}\nEND", user="postgres")
        cls.holder = cls.lab.start(host, "exec python3 /tmp/hold.py", "postgres")
        wait_until(lambda: cls.lab.run(host, "cat /tmp/held", check=False).isdigit(), 20, "no connection is left")

    @classmethod
    def on_a_small_disk(cls, host):
        cls.lab.act("postgres", host, "stop")
        cls.lab.run(host, f"cp -a {cls.DATA} /srv/was && mount -t tmpfs -o size=96m,mode=700 tmpfs {cls.DATA} && "
                          f"cp -a /srv/was/. {cls.DATA} && chown postgres:postgres {cls.DATA}")
        cls.lab.act("postgres", host, "start")
        wait_until(lambda: cls.lab.sql("db1", "select count(*) from pg_stat_replication where "
                                              "client_addr = '198.18.0.14' and state = 'streaming'") == "1",
                   20, "it streams from its small disk")

    @classmethod
    def cure(cls):
        cls.lab.run(cls.STANDBY_ALONE, f"rm {cls.CONF}/conf.d/zz.conf")
        cls.lab.act("postgres", cls.STANDBY_ALONE, "restart")
        cls.lab.run(cls.TAKEN, "kill $(cat /tmp/held)", user="postgres")
        cls.holder.communicate(timeout=20)
        wait_until(lambda: cls.lab.run(cls.TAKEN, "psql -Atc 'select 1' 2>&1", "postgres", check=False) == "1", 20,
                   "connections are free again")
        cls.lab.run(cls.FULL, f"mount -o remount,size=1g {cls.DATA} && rm {cls.DATA}/filler")
        if "no server" in cls.lab.run(cls.FULL, f"/usr/lib/postgresql/15/bin/pg_ctl status -D {cls.DATA}", "postgres", check=False):
            cls.lab.act("postgres", cls.FULL, "start")
        wait_until(lambda: cls.lab.sql("db1", "select count(*) from pg_stat_replication where state = 'streaming'") == "3",
                   60, "all stream")

    def the_finding(self, host, code, reports=()):
        for report in reports or (self.plan, self.applied, self.verified):
            found = [finding for finding in problems_of(report, host) if finding["code"].startswith("server.")]
            self.assertEqual([finding["code"] for finding in found], [code], found)
            self.assertEqual(found[0]["severity"], "error")
        return found[0]

    def of_server(self, report, host):
        return [step for step in steps(report) if step["slot"] == f"server:{host}" and step["act"] != "mark host"]

    def branch(self, host):
        return next(proof["branch"] for proof in self.verified["hosts"] if proof["name"] == host)

    def test_a_standby_that_lets_nobody_in_is_told_to_be_in_recovery_and_how_it_would_let_somebody_in(self):
        found = self.the_finding(self.STANDBY_ALONE, "server.starting")
        self.assertIn("not accepting connections", found["detail"])
        self.assertIn("hot_standby", found["hint"])
        self.assertEqual(self.of_server(self.applied, self.STANDBY_ALONE), [])
        self.assertEqual(self.branch(self.STANDBY_ALONE), "not asked")

    def test_a_server_without_a_connection_left_is_told_so_and_what_to_raise(self):
        found = self.the_finding(self.TAKEN, "server.connections")
        self.assertIn("too many clients", found["detail"])
        self.assertIn("max_connections", found["hint"])
        self.assertEqual(self.of_server(self.applied, self.TAKEN), [])

    def test_a_server_on_a_full_disk_is_told_of_the_disk_whatever_it_says_itself(self):
        for report in (self.plan, self.applied, self.verified):
            found = [finding for finding in problems_of(report, self.FULL) if finding["code"] == "server.disk-full"]
            self.assertEqual(len(found), 1, problems_of(report, self.FULL))
            self.assertIn(f'file system of "{self.DATA}" is full', found[0]["message"])
            self.assertIn("Make room", found[0]["hint"])
        self.assertEqual(self.of_server(self.applied, self.FULL), [])

    def test_the_others_go_on_and_everything_converges_when_all_is_well_again(self):
        done = {(step["host"], step["act"]) for step in steps(self.applied) if step["state"] == "done"}
        self.assertIn(("db1", "write server settings"), done)
        self.assertIn(("app1", "install certificate"), done)
        self.assertEqual({step["state"] for step in steps(self.applied)}, {"done"})
        mended = {(step["host"], step["act"], step["state"]) for step in steps(self.cured)}
        for host in (self.STANDBY_ALONE, self.TAKEN, self.FULL):
            self.assertIn((host, "write server settings", "done"), mended)
        self.assertEqual(self.left, [])
        self.assertTrue(self.proof["ok"])

    def test_a_primary_in_crash_recovery_is_waited_for_and_nothing_is_lost(self):
        self.crash_under_load()
        self.recovers_slowly()
        self.lab.run("app1", "rm ~deploy/.postgresql/postgresql.*")
        plan, applied = self.lab.json("plan", status=1), self.lab.json("apply", "--yes", status=1)
        self.lab.run("db1", "kill -CONT $(cat /tmp/startup)")
        found = self.the_finding("db1", "server.starting", (plan, applied))
        self.assertRegex(found["detail"], self.NOT_YET)
        self.assertIn("Wait until it does", found["hint"])
        self.assertEqual(self.of_server(applied, "db1"), [])
        self.assertIn(("app1", "install certificate", "done"),
                      {(step["host"], step["act"], step["state"]) for step in steps(applied)})
        wait_until(lambda: self.lab.run("db1", "psql -Atc 'select 1' 2>&1", "postgres", check=False) == "1", 30,
                   "recovery ends")
        wait_until(lambda: self.lab.sql("db1", "select count(*) from pg_stat_replication where state = 'streaming'") == "3",
                   60, "all stream")
        self.lab.pgseal("apply", "--yes", status=0)
        self.assertEqual(steps(self.lab.json("plan", status=0)), [])
        self.lab.pgseal("verify", status=0)

    def crash_under_load(self):
        """SIGKILL while rows are written, with enough WAL since the last checkpoint to replay for a while.

        The checkpoint at the end of recovery removes what no standby has received yet, unless it is to be kept.
        """
        for setting in ("max_wal_size = '1GB'", "checkpoint_timeout = '1h'", "wal_keep_size = '2GB'"):
            self.lab.sql("db1", f"alter system set {setting}")
        self.lab.sql("db1", "select pg_reload_conf()")
        self.lab.sql("db1", "create table written as select n, repeat('x', 100) t from generate_series(1, 300000) n")
        load = self.lab.start("db1", "while psql -qc \"insert into written select n, repeat('y', 100) from "
                                     "generate_series(1, 50000) n\"; do date >>/tmp/written; done", "postgres")
        wait_until(lambda: self.lab.run("db1", "cat /tmp/written", check=False), 30, "rows are written")
        self.lab.run("db1", f"kill -9 $(head -1 {self.DATA}/postmaster.pid)")
        load.communicate(timeout=30)
        wait_until(lambda: not self.lab.run("db1", "pgrep -x postgres", check=False), 20, "all its processes end")

    def recovers_slowly(self):
        """The process that replays WAL is stopped in the midst of it."""
        self.lab.run("db1", "/usr/lib/postgresql/15/bin/pg_ctl -s -W start -D " + self.DATA +
                     f" -l /tmp/start.log -o '-c config_file={self.CONF}/postgresql.conf' </dev/null >/dev/null 2>&1 & "
                     "until pgrep -f '^postgres: .*startup' >/tmp/startup; do :; done; kill -STOP $(cat /tmp/startup)", user="postgres")
        self.assertRegex(self.lab.run("db1", "psql -c '' 2>&1", "postgres", check=False), self.NOT_YET)


if __name__ == "__main__":
    unittest.main()
