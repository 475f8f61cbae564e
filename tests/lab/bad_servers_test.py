#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""PostgreSQL as it should not be, on one host each of one lab: down, not to be asked, there twice, or
elsewhere. Each is told with what to do, and what can be mended on other hosts is mended."""

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


if __name__ == "__main__":
    unittest.main()
