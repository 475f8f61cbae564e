#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Who is owed what: hosts that could not be reached or stood in their own way, and nobody who waits."""

import unittest

from lab_hosts import lab_or_skip, steps

KEY = "~deploy/.postgresql/postgresql.key"


class Absent(unittest.TestCase):
    def setUp(self):
        self.lab = lab_or_skip("--databases", "2", "--applications", "2")
        self.addCleanup(self.lab.close)
        self.lab.edit('ssh_config"]', 'ssh_config", "-o", "ConnectTimeout=5"]')

    def debts(self):
        return {debt["host"]: debt for debt in self.lab.json("debt", "list")["debts"]}

    def waiting(self, report):
        return {step["host"] for step in steps(report) if step["state"] == "pending"}

    def test_who_waits_for_an_absent_database_host_is_owed_nothing_and_told_whom_it_waits_for(self):
        self.lab.power("db2", "off")
        report = self.lab.json("apply", "--yes", status=1)
        self.assertEqual(self.waiting(report), {"db1", "app1", "app2"})
        trust = next(phase for phase in report["phases"] if phase["name"] == "trust to clients")
        self.assertEqual(trust["gate"]["blockers"], ["db2: could not be asked from outside"])
        self.assertEqual(list(self.debts()), ["db2"])
        self.assertIn("server:db2", self.debts()["db2"]["steps"])
        shown = self.lab.pgseal("apply", "--yes", status=1).stdout
        self.assertRegex(shown, r"waits +app1 +install trust")
        self.assertRegex(shown, r"steps done, 0 failed, 3 owed, [1-9]\d* waiting")

        since = self.debts()["db2"]["since"]
        offline = self.lab.json("status", "--offline", status=1)
        self.assertEqual([debt["since"] for debt in offline["debts"]], [since])
        self.assertEqual({host["reachable"] for host in offline["hosts"]}, {None})
        self.lab.power("db2", "on")
        self.lab.pgseal("apply", "--yes", status=0)
        self.assertEqual(self.debts(), {})

    def test_an_absent_client_holds_back_what_cuts_off_the_old_and_no_repair(self):
        self.lab.pgseal("apply", "--yes", status=0)
        self.lab.power("app1", "off")
        self.lab.run("app2", f"chmod 644 {KEY}")
        self.lab.run("db2", "chmod 644 ~root/.postgresql/postgresql.key")
        self.lab.edit('names = ["db2.shop.internal"]', 'names = ["new.shop.internal"]')
        self.lab.run("db1", "sed -i /ssl_ca_file/d /etc/pgseal/server/db1/ssl.conf")
        self.lab.act("postgres", "db1", "restart")
        report = self.lab.json("apply", "--yes", status=1)
        self.assertEqual(self.lab.run("app2", f"stat -c %a {KEY}"), "600")
        self.assertEqual(self.lab.run("db2", "stat -c %a ~root/.postgresql/postgresql.key"), "600")
        self.assertIn("new.shop.internal", self.lab.run(
            "db2", "openssl x509 -in /etc/pgseal/server/db2/server.pem -noout -ext subjectAltName"))
        # db2 made a connection to a server that asked for no certificate: it waits for that server too.
        self.assertEqual(self.waiting(report), {"db1", "db2"})
        self.assertEqual(self.lab.sql("db1", "show ssl_ca_file"), "")
        self.assertEqual(self.debts(), {}, "app1 has all that the ledger knows of, db1 only waits")
        self.lab.power("app1", "on")
        self.lab.pgseal("apply", "--yes", status=0)
        self.assertEqual(self.lab.sql("db1", "show ssl_ca_file"), "/etc/pgseal/server/db1/clients.crt")

    def test_a_host_that_stands_in_its_own_way_is_owed_what_it_lacks(self):
        self.lab.run("app1", "cp /etc/passwd /etc/passwd.was; userdel deploy")
        self.lab.pgseal("apply", "--yes", status=1)
        self.assertEqual({host: debt["steps"] for host, debt in self.debts().items()},
                         {"app1": ["client:deploy@deploy"]})
        self.assertIn("deploy", self.debts()["app1"]["reason"])
        self.lab.run("app1", "mv /etc/passwd.was /etc/passwd")
        self.lab.pgseal("apply", "--yes", status=0)
        self.assertEqual(self.debts(), {})

    def test_a_host_is_removed_once_it_is_declared_no_more_and_what_stays_valid_is_said(self):
        self.lab.pgseal("apply", "--yes", status=0)
        self.lab.power("app2", "off")
        refused = self.lab.pgseal("host", "remove", "app2", status=17)
        self.assertRegex(refused.stderr, r"pgseal.toml:\d+: its \[\[host\]\]")
        self.assertRegex(refused.stderr, r'pgseal.toml:\d+: hosts of identity "deploy"')
        text = self.lab.config.read_text().replace('"app1", "app2"', '"app1"')
        parts = text.split("\n[[")
        self.lab.config.write_text("\n[[".join(part for part in parts if 'name = "app2"' not in part))
        self.lab.pgseal("host", "remove", "app9", status=2)
        removed = self.lab.json("host", "remove", "app2", "--reason", "scrapped", status=0)
        self.assertEqual([one["slot"] for one in removed["valid"]], ["client:deploy@deploy"])
        entry = self.lab.json("log", "--limit", "1", status=0)["entries"][0]
        self.assertEqual((entry["what"], entry["host"], entry["reason"]), ("host removed", "app2", "scrapped"))
        self.lab.pgseal("apply", "--yes", status=0)


if __name__ == "__main__":
    unittest.main()
