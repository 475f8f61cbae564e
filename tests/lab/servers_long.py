#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Servers that are somebody's already: what pgseal does not take over, and what it says instead."""

import unittest

from lab_hosts import lab_or_skip, wait_until

CONFIGURATION = "/etc/postgresql/15/main/postgresql.conf"
CERTIFICATE = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=db1.company -days 30 " \
              "-keyout /etc/ssl/company.key -out /etc/ssl/company.crt 2>/dev/null && " \
              "chown postgres /etc/ssl/company.key && chmod 600 /etc/ssl/company.key"
PG_CTL = "/usr/lib/postgresql/15/bin/pg_ctl -D /var/lib/postgresql/15/main -w"


def steps_on_server(plan):
    """The steps that touch the server's own pair or settings."""
    return [step["act"] for phase in plan["phases"] for step in phase["steps"]
            if step["slot"] == "server:db1"]


class Servers(unittest.TestCase):
    def setUp(self):
        self.lab = lab_or_skip("--databases", "1", "--applications", "1", "--variant", "snakeoil")
        self.addCleanup(self.lab.close)

    def write(self, lines):
        for line in lines:
            self.lab.run("db1", f"cat >>{CONFIGURATION} <<'END'\n{line}\nEND")
        loaded = self.lab.sql("db1", "select pg_conf_load_time()")
        self.lab.sql("db1", "select pg_reload_conf()")
        wait_until(lambda: self.lab.sql("db1", "select pg_conf_load_time()") != loaded, 10, "the server reloads")

    def finding(self, code):
        plan = self.lab.json("plan", status=1)
        found = [finding for finding in plan["findings"] if finding["code"] == code]
        self.assertEqual(len(found), 1, plan["findings"])
        return plan, found[0]

    def test_a_server_with_a_certificate_of_its_own_is_not_taken_over(self):
        self.lab.run("db1", CERTIFICATE)
        self.write(["ssl_cert_file = '/etc/ssl/company.crt'", "ssl_key_file = '/etc/ssl/company.key'"])
        plan, found = self.finding("server.foreign-certificate")
        self.assertIn("adopt", found["hint"])
        self.assertEqual(steps_on_server(plan), [])
        before = self.lab.run("db1", f"sha256sum {CONFIGURATION}")
        self.lab.pgseal("apply", "--yes", status=1)
        self.assertEqual(self.lab.run("db1", f"sha256sum {CONFIGURATION}; ls /etc/pgseal/server 2>/dev/null || true"),
                         before)
        # Its clients' trust waits: with a root.crt of ours they could not verify this server any more.
        self.assertEqual(self.lab.run("app1", "ls ~deploy/.postgresql/root.crt 2>/dev/null || true"), "")

    def test_a_server_that_trusts_a_company_s_authority_is_not_taken_over(self):
        self.lab.run("db1", CERTIFICATE)
        self.write(["ssl_ca_file = '/etc/ssl/company.crt'"])
        plan, found = self.finding("server.foreign-trust")
        self.assertIn("adopt", found["hint"])
        self.assertEqual(steps_on_server(plan), [])

    def test_a_server_that_would_trust_a_company_s_authority_once_tls_is_on_is_not_taken_over(self):
        self.lab.run("db1", CERTIFICATE)
        self.write(["ssl = off", "ssl_ca_file = '/etc/ssl/company.crt'"])
        plan, found = self.finding("server.foreign-trust")
        self.assertIn("adopt", found["hint"])
        self.assertEqual(self.lab.run("db1", f"sed -n {found['line']}p {found['file']}"),
                         "ssl_ca_file = '/etc/ssl/company.crt'")
        self.assertEqual(steps_on_server(plan), [])
        self.lab.pgseal("apply", "--yes", status=1)
        self.assertEqual(self.lab.sql("db1", "show ssl"), "off")

    def test_a_setting_that_would_kill_the_server_once_tls_is_on_gets_no_step(self):
        for line in ("ssl_dh_params_file = 'missing.pem'", "ssl_crl_file = '/etc/ssl/x.crl'",
                     "ssl_ciphers = 'NONSENSE'", "ssl_ecdh_curve = 'nonsense'", "ssl_max_protocol_version = 'TLSv1'"):
            with self.subTest(line):
                kept = self.lab.run("db1", f"cat {CONFIGURATION}")
                self.write(["ssl = off", line])
                plan, found = self.finding("server.tls-refused")
                self.assertEqual(self.lab.run("db1", f"sed -n {found['line']}p {found['file']}"), line)
                self.assertEqual(steps_on_server(plan), [])
                self.lab.run("db1", f"cat >{CONFIGURATION} <<'END'\n{kept}\nEND")

    def test_a_configuration_that_cannot_be_edited_is_said_before_anything_is_made(self):
        folder = CONFIGURATION.rsplit("/", 1)[0]
        for spoil, mend in ((f"mv {CONFIGURATION} /srv/real.conf && ln -s /srv/real.conf {CONFIGURATION}",
                             f"mv /srv/real.conf {CONFIGURATION}"),
                            (f"chown root {folder}; chown postgres {folder}/..",
                             f"chown postgres {folder}; chown root {folder}/..")):
            with self.subTest(spoil):
                self.lab.run("db1", spoil)
                plan, found = self.finding("server.config-unwritable")
                self.assertIn("include_if_exists = '/etc/pgseal/server/db1/ssl.conf'", found["hint"])
                self.assertEqual(steps_on_server(plan), [])
                self.lab.run("db1", mend)

    def test_a_managed_file_is_not_written_and_the_plan_says_what_to_put_there(self):
        self.lab.run("db1", f"sed -i '1i # This file is managed by Puppet. DO NOT EDIT.' {CONFIGURATION}")
        plan, found = self.finding("server.managed")
        line = "include_if_exists = '/etc/pgseal/server/db1/ssl.conf'"
        self.assertIn(line, found["hint"])
        self.assertEqual(steps_on_server(plan), [])
        self.write([line])
        before = self.lab.run("db1", f"stat -c '%i %Z' {CONFIGURATION}")
        self.lab.pgseal("apply", "--yes", status=0)
        self.assertTrue(self.lab.json("verify", status=0)["ok"])
        self.assertEqual(self.lab.run("db1", f"stat -c '%i %Z' {CONFIGURATION}"), before)

    def test_a_value_that_would_keep_the_server_from_starting_again_is_said(self):
        self.write(["max_connections = 77", "work_mem = 'bad'"])
        plan, found = self.finding("server.setting-refused")
        self.assertIn("work_mem", found["message"])
        self.assertEqual(self.lab.run("db1", f"sed -n {found['line']}p {found['file']}"), "work_mem = 'bad'")
        self.assertNotEqual(steps_on_server(plan), [])

    def test_an_option_on_the_command_line_is_named(self):
        self.lab.run("db1", f"cd / && {PG_CTL} -m fast stop >/dev/null && {PG_CTL} -l /tmp/log -o "
                            f"'-c config_file={CONFIGURATION} -c ssl=off' start >/dev/null", user="postgres")
        _, found = self.finding("server.settings-overridden")
        self.assertIn("command line", found["detail"])

    def test_alter_system_is_named_by_plan_and_verify_with_what_undoes_it(self):
        self.lab.pgseal("apply", "--yes", status=0)
        for name, value in (("ssl", "off"), ("ssl_min_protocol_version", "TLSv1")):
            with self.subTest(name):
                self.lab.sql("db1", f"alter system set {name} = '{value}'")
                self.write([])
                plan, found = self.finding("server.settings-overridden")
                self.assertEqual(found["hint"], f"ALTER SYSTEM RESET {name};")
                self.assertIn(f"{name} = '{value}'", self.lab.run("db1", f"sed -n {found['line']}p {found['file']}"))
                self.assertEqual(steps_on_server(plan), [])
                self.lab.pgseal("apply", "--yes", status=1)
                if name == "ssl":
                    host = self.lab.json("verify", status=1)["hosts"][0]
                    self.assertEqual(host["remedy"], "ALTER SYSTEM RESET ssl; Then run pgseal apply.")
                self.lab.sql("db1", f"alter system reset {name}")
                self.lab.pgseal("apply", "--yes", status=0)
        self.assertTrue(self.lab.json("verify", status=0)["ok"])

    def test_an_option_that_keeps_clients_unverified_or_lets_an_old_protocol_in_is_named(self):
        self.lab.pgseal("apply", "--yes", status=0)
        for option in ("ssl_ca_file=", "ssl_min_protocol_version=TLSv1"):
            with self.subTest(option):
                self.lab.run("db1", f"cd / && {PG_CTL} -m fast stop >/dev/null && {PG_CTL} -l /tmp/log -o "
                                    f"'-c config_file={CONFIGURATION} -c {option}' start >/dev/null", user="postgres")
                plan, found = self.finding("server.settings-overridden")
                self.assertIn(option.split("=", 1)[0], found["message"])
                self.assertIn("command line", found["detail"])
                self.assertEqual(steps_on_server(plan), [])

    def test_another_data_directory_than_the_pinned_one_gets_nothing_until_it_is_taken_over(self):
        self.lab.pgseal("apply", "--yes", status=0)
        self.lab.run("db1", f"cd / && {PG_CTL} -m fast stop >/dev/null && mv /var/lib/postgresql/15/main /tmp/was && "
                            "/usr/lib/postgresql/15/bin/initdb -A peer --wal-segsize=1 -D /var/lib/postgresql/15/main >/dev/null && "
                            f"{PG_CTL} -l /tmp/log -o '-c config_file={CONFIGURATION}' start >/dev/null && "
                            "psql -qc 'create role deploy login'", user="postgres")
        plan, found = self.finding("host.replaced")
        self.assertIn("--take-over", found["hint"])
        self.assertEqual(steps_on_server(plan), [])
        self.lab.pgseal("apply", "--yes", "--take-over", status=0)
        self.lab.json("plan", status=0)


if __name__ == "__main__":
    unittest.main()
