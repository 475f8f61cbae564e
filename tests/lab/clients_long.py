#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Clients that share: several identities or environments in one account, people's own files beside
pgseal's, and a controller that was lost and replaced."""

import re
import unittest

from lab_hosts import lab_or_skip


def steps(plan):
    return [(step["host"], step["act"], step["slot"]) for phase in plan["phases"] for step in phase["steps"]]


def codes(document, host=None):
    return [f["code"] for f in document["findings"] if host is None or f.get("host") == host]


def table(text, name):
    """The one table of the configuration that declares `name`, as text."""
    found = [part for part in re.split(r"(?m)^(?=\[\[)", text) if f'name = "{name}"' in part]
    return found[0]


class SharedAccounts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = lab_or_skip("--databases", "2", "--applications", "2")
        cls.addClassCleanup(cls.lab.close)
        with cls.lab.config.open("a") as config:
            config.write('\n[[identity]]\nname = "report"\nhosts = ["app1"]\nos_users = ["deploy"]\n'
                         'databases = ["shop"]\n\n[[identity]]\nname = "carol"\nkind = "named"\nhosts = ["@all"]\n')
        cls.without_carol = cls.lab.json("apply", "--yes", status=1)
        for host in ("db1", "db2", "app1", "app2"):
            cls.lab.run(host, "useradd --create-home carol")
        cls.lab.run("app1", "cd && install -d -m 700 .postgresql && cd .postgresql && "
                            "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=other-root -keyout /dev/null "
                            "-out root.crt 2>/dev/null && openssl req -x509 -newkey rsa:2048 -nodes "
                            "-subj /CN=carol -keyout postgresql.key -out postgresql.crt 2>/dev/null && "
                            "chmod 600 postgresql.key", user="carol")
        cls.lab.run("db1", "psql -d shop -c 'create role report login' -c 'create role carol login'", user="postgres")
        cls.with_foreign_pair = cls.lab.json("apply", "--yes", status=1)
        cls.foreign_pair_then = cls.lab.run("app1", "openssl x509 -in ~carol/.postgresql/postgresql.crt -noout -subject")
        cls.lab.json("apply", "--yes", "--replace", status=0)

    def test_a_missing_os_user_or_role_is_said_with_the_command_that_makes_it(self):
        hints = {(f["code"], f["host"]): f["hint"] for f in self.without_carol["findings"] if "hint" in f}
        for host in ("db1", "db2", "app1", "app2"):
            self.assertIn("useradd --create-home carol", hints["user.missing", host])
        roles = [f["hint"] for f in self.without_carol["findings"] if f["code"] == "role.missing"]
        self.assertEqual(sorted(roles), ['CREATE ROLE "carol" LOGIN;', 'CREATE ROLE "report" LOGIN;'])
        self.assertIn(("app1", "install certificate", "client:report@deploy"), steps(self.without_carol))

    def test_a_second_identity_of_an_account_has_its_own_folder_and_service(self):
        self.assertIn("CN = deploy", self.lab.run("app1", "openssl x509 -noout -subject -in "
                                                          "~deploy/.postgresql/postgresql.crt"))
        self.assertIn("CN = report", self.lab.run("app1", "openssl x509 -noout -subject -in "
                                                          "~deploy/.postgresql/pgseal/shop/report/postgresql.crt"))
        self.lab.sql("db1", "alter role report password 'for-this-test'")
        shown = self.lab.run("app1", "PGPASSWORD=for-this-test psql "
                                     "'service=pgseal-shop-report host=db1 dbname=shop' -c '\\conninfo'", user="deploy")
        self.assertIn('as user "report"', shown)
        self.assertIn("SSL connection", shown)

    def test_a_named_person_has_a_pair_on_every_host(self):
        for host in ("db1", "db2", "app1", "app2"):
            self.assertEqual(self.lab.run(host, "stat -c '%U %a' ~carol/.postgresql/postgresql.key"), "carol 600")

    def test_a_foreign_pair_is_left_alone_until_replace_archives_it(self):
        self.assertIn("slot.foreign", codes(self.with_foreign_pair, "app1"))
        self.assertEqual([step for step in steps(self.with_foreign_pair) if step[0] == "app1"
                          and step[2] == "client:carol@carol"], [])
        self.assertEqual(self.foreign_pair_then, "subject=CN = carol")
        archived = self.lab.run("app1", "openssl x509 -noout -issuer -in "
                                        "~carol/.postgresql/pgseal/archive/*/postgresql.crt")
        self.assertEqual(archived, "issuer=CN = carol")
        self.assertIn("client authority", self.lab.run("app1", "openssl x509 -noout -issuer -in "
                                                               "~carol/.postgresql/postgresql.crt"))

    def test_a_foreign_root_crt_keeps_what_it_held(self):
        held = self.lab.run("app1", "openssl crl2pkcs7 -nocrl -certfile ~carol/.postgresql/root.crt | "
                                    "openssl pkcs7 -print_certs -noout | grep subject")
        self.assertIn("other-root", held)
        self.assertIn("pgseal server authority", held)


class TwoEnvironments(unittest.TestCase):
    def test_one_account_serves_two_environments_and_neither_disturbs_the_other(self):
        lab = lab_or_skip("--databases", "2", "--applications", "1")
        self.addCleanup(lab.close)
        whole = lab.config.read_text()
        other = whole.replace('name = "shop"', 'name = "stock"').replace('/state"', '/state-of-stock"')
        lab.config.write_text(whole.replace(table(whole, "db2"), ""))
        second = lab.folder / "stock.toml"
        # Its only server follows one that is not its own.
        second.write_text(other.replace(table(whole, "db1"), "") + '\n[[silence]]\nhost = "db2"\n'
                          'code = "replication.primary-unknown"\nreason = "db1 is the other environment\'s"\n')
        lab.pgseal("apply", "--yes", status=0)
        # Whoever leaves the choice to libpq would show the first environment's pair to the second's server.
        waiting = lab.pgseal("--config", str(second), "apply", "--yes", status=1).stdout
        self.assertIn("error slot.other-environment: OS user \"deploy\" on \"app1\"", waiting)
        self.assertIn("waits  db2        reload", waiting)
        self.assertIn("SSL connection", lab.run("app1", "psql 'host=db2 dbname=shop sslmode=require sslrootcert=/nowhere' -c '\\conninfo'",
                                                user="deploy"))
        second.write_text(second.read_text().replace('os_users = ["deploy"]',
                                                     'os_users = ["deploy"]\nexplicit_sslcert = true'))
        lab.pgseal("--config", str(second), "apply", "--yes", status=0)
        for config in (lab.config, second):
            self.assertEqual(steps(lab.json("--config", str(config), "plan", status=0)), [])
            self.assertTrue(lab.json("--config", str(config), "verify", status=0)["ok"])
        self.assertEqual(lab.run("app1", "ls ~deploy/.postgresql/pgseal/stock"), "deploy")


class SettingsOfApplications(unittest.TestCase):
    """`source`: what the application's own file says, and nothing of its secrets."""

    def test_verify_says_what_the_file_says_and_never_its_password(self):
        lab = lab_or_skip("--databases", "1", "--applications", "1")
        self.addCleanup(lab.close)
        lab.edit('os_users = ["deploy"]', 'os_users = ["deploy"]\nsource = "/srv/shop/database.yml"')
        lab.run("app1", "mkdir -p /srv/shop && printf 'production:\\n  adapter: postgresql\\n  host: db1\\n"
                        "  password: planted-in-yaml\\n' >/srv/shop/database.yml && "
                        "chown -R deploy /srv/shop && chmod 600 /srv/shop/database.yml")
        lab.pgseal("apply", "--yes", status=0)
        done = lab.pgseal("--json", "verify", status=0)
        self.assertNotIn("planted-in-yaml", done.stdout + done.stderr)
        self.assertIn('"server": "db1"', done.stdout)
        self.assertIn("source.sslmode", done.stdout)
        lab.run("app1", "echo '  sslmode: verify-full' >>/srv/shop/database.yml")
        self.assertNotIn("source.sslmode", lab.pgseal("--json", "verify", status=0).stdout)
        self.assertIn("host=db1 sslmode=verify-full", lab.pgseal("verify", status=0).stdout)
        # Only as far as the application's own user may read.
        lab.run("app1", "ln -sf /etc/shadow /srv/shop/database.yml")
        self.assertIn("source.unreadable", lab.pgseal("--json", "verify", status=1).stdout)


class ALostController(unittest.TestCase):
    """Its ledger and its authorities are gone; a new one takes over, and no client notices."""

    def test_taking_over_moves_every_pair_without_one_refused_connection(self):
        lab = lab_or_skip("--databases", "2", "--applications", "1")
        self.addCleanup(lab.close)
        lab.pgseal("apply", "--yes", status=0)
        before = lab.run("db1", "openssl x509 -noout -serial -in /etc/pgseal/server/db1/server.pem")
        (lab.folder / "state").rename(lab.folder / "state-that-burned")
        refused = lab.json("apply", "--yes", status=1)
        self.assertEqual(set(codes(refused)), {"host.mark"})
        self.assertEqual(steps(refused), [])
        lab.run("app1", "echo 'select 1;' >/tmp/load.sql")
        load = lab.start("app1", "/usr/lib/postgresql/15/bin/pgbench -n -C -c 2 -T 8 -f /tmp/load.sql "
                                 "'host=db1 dbname=shop sslmode=verify-full'", "deploy")
        taken = lab.json("apply", "--yes", "--take-over", status=0)
        self.assertEqual([phase["name"] for phase in taken["phases"]][:3], ["mark hosts", "trust both", "server pairs"])
        self.assertEqual(steps(lab.json("plan", status=0)), [])
        out, _ = load.communicate(timeout=60)
        self.assertEqual(load.returncode, 0, out)
        self.assertNotIn("connection to server", out)
        self.assertTrue(lab.json("verify", status=0)["ok"])
        self.assertNotEqual(lab.run("db1", "openssl x509 -noout -serial -in /etc/pgseal/server/db1/server.pem"), before)
        # Who holds only a certificate of the lost authority is not taken any more.
        self.assertEqual(lab.run("db1", "grep -c BEGIN /etc/pgseal/server/db1/clients.crt"), "1")

    def test_a_silent_application_host_keeps_the_servers_from_changing_over(self):
        lab = lab_or_skip("--databases", "1", "--applications", "2")
        self.addCleanup(lab.close)
        lab.pgseal("apply", "--yes", status=0)
        (lab.folder / "state").rename(lab.folder / "state-that-burned")
        lab.power("app2", "off")
        lab.json("apply", "--yes", "--take-over", status=1)
        lab.power("app2", "on")
        shown = lab.run("app2", "psql 'host=db1 dbname=shop sslmode=verify-full' -c '\\conninfo'", user="deploy")
        self.assertIn("SSL connection", shown)
        lab.json("apply", "--yes", "--take-over", status=0)
        self.assertTrue(lab.json("verify", status=0)["ok"])


class ClosedHomes(unittest.TestCase):
    def test_a_home_that_its_user_cannot_write_in_gets_no_step_and_is_said(self):
        lab = lab_or_skip("--databases", "1", "--applications", "1")
        self.addCleanup(lab.close)
        lab.run("app1", "chmod 500 ~deploy")
        plan = lab.json("plan", status=1)
        found = [finding for finding in plan["findings"] if finding["code"] == "slot.unsafe"]
        self.assertEqual([finding["host"] for finding in found], ["app1"])
        self.assertIn("cannot write in", found[0]["message"])
        self.assertEqual([step for step in steps(plan) if step[2] == "client:deploy@deploy"], [])
        lab.run("app1", "chmod 700 ~deploy")
        lab.pgseal("apply", "--yes", status=0)


if __name__ == "__main__":
    unittest.main()
