#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""init --discover against real servers with real clients: what it writes goes through plan, apply and
verify once the links are right; and every server, role and network that it must not trust or hide."""

import json
import os
import re
import shlex
import subprocess
import unittest

from lab_hosts import PGSEAL, lab_or_skip, steps, wait_until

PRIMARY = "host=db1 hostaddr=198.18.0.11 user=postgres dbname=postgres"
BY_ADDRESS = {"198.18.0.12": "db2", "198.18.0.21": "app1", "198.18.0.22": "app2"}
CLIENTS = "select count(*) from pg_stat_activity where backend_type = 'client backend' and usename = '{}'"


def start_in(lab, host, user, command, clean_up):
    """A command that runs on a host until the test is over. Its process is not ours, but that of a pid namespace."""
    pid_file = f"/tmp/{user}.{abs(hash(command))}.pid"
    started = lab.start(host, f"echo $$ >{pid_file} && {command}", user)
    clean_up(started.stdout.close)
    clean_up(started.wait)
    clean_up(lab.run, host, f"kill $(cat {pid_file})", check=False)


def hold_session(lab, host, user, words, clean_up):
    """psql that stays connected, because its input is a pipe that it holds open itself."""
    lab.run(host, f"mkfifo -m 666 /tmp/{user}.hold 2>/dev/null || true")
    start_in(lab, host, user, f"exec env {words} psql -X <>/tmp/{user}.hold", clean_up)


class Discovered(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = lab_or_skip("--databases", "2", "--applications", "2", "--bind", os.path.dirname(PGSEAL))
        cls.addClassCleanup(cls.lab.close)
        cls.secrets = cls.lab.secrets()
        hold_session(cls.lab, "app1", "deploy", "PGAPPNAME='web 1' PGHOST=db1 PGDATABASE=shop", cls.addClassCleanup)
        hold_session(cls.lab, "app2", "deploy", "PGHOST=db1 PGDATABASE=shop", cls.addClassCleanup)
        wait_until(lambda: cls.lab.sql("db1", CLIENTS.format("deploy")) == "2", 30, "the clients connect")
        cls.file = cls.lab.folder / "found.toml"
        cls.first = cls.discover(PRIMARY, cls.file)
        cls.text = cls.file.read_text()
        cls.edit_links()
        cls.planned = cls.with_found("--json", "plan")
        cls.applied = cls.with_found("apply", "--yes")

    @classmethod
    def password_file(cls, **passwords):
        path = cls.lab.folder / "passwords"
        known = {"postgres": cls.secrets["POSTGRES_PASSWORD"], "deploy": cls.secrets["DEPLOY_PASSWORD"], **passwords}
        path.write_text("".join(f"*:*:*:{role}:{word}\n" for role, word in known.items()))
        path.chmod(0o600)
        return path

    @classmethod
    def discover(cls, dsn, *words, names="", **passwords):
        """Where the controller stands; `names`: what its /etc/hosts says."""
        program = ["env", f"PGPASSFILE={cls.password_file(**passwords)}", PGSEAL, "init", "--discover", dsn,
                   *map(str, words)]
        if names:
            hosts = cls.lab.folder / "hosts"
            hosts.write_text(names)
            program = ["unshare", "--mount", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh", *program]
        done = subprocess.run([*cls.lab.command()[:-2], *program], text=True, timeout=60, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for word in [*cls.secrets.values(), *passwords.values()]:
            assert word not in done.stdout + done.stderr, done
        return done

    @classmethod
    def edit_links(cls):
        """The links of the lab's own configuration, and the options that its ssh needs; nothing else."""
        options = re.search(r"(?m)^options = .*$", cls.lab.config.read_text())[0]
        links = dict(re.findall(r'link = "(.*)"\naddress = "(.*)"', cls.lab.config.read_text()))
        text = re.sub(r"(?m)^# options = .*$", options, cls.text)
        for link, address in links.items():
            text = text.replace(f'link = "ssh:root@{address}"', f'link = "{link}"')
        cls.file.write_text(text)

    @classmethod
    def with_found(cls, *words):
        shell = f"exec env PGSEAL_CONFIG={cls.file} PGSEAL_PASSPHRASE_FD=3 {PGSEAL} {shlex.join(words)} " \
                f"3<{cls.lab.folder}/passphrase"
        return subprocess.run([*cls.lab.command()[:-2], "bash", "-c", shell], text=True, timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def found(self, dsn, status, **options):
        """What a discovery writes, as pgseal's own reader shows it."""
        path = self.lab.folder / f"{self.id().rsplit('.', 1)[1]}.toml"
        path.unlink(missing_ok=True)
        done = self.discover(dsn, "--json", path, **options)
        self.assertEqual(done.returncode, status, done)
        report = json.loads(done.stdout)
        shown = {}
        for kind in ("host", "user"):
            listed = subprocess.run([PGSEAL, "--config", str(path), "--json", kind, "list"], text=True, timeout=60,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            self.assertEqual(listed.returncode, 0, listed.stdout)
            shown |= json.loads(listed.stdout)
        self.assertEqual([host["name"] for host in shown["hosts"]], [host["name"] for host in report["hosts"]])
        return report, path.read_text()

    def refused(self, dsn, status, **options):
        path = self.lab.folder / "refused.toml"
        done = self.discover(dsn, path, **options)
        self.assertEqual(done.returncode, status, done)
        self.assertFalse(path.exists())
        return done.stderr

    def codes(self, report):
        return {finding["code"] for finding in report["findings"]}

    # ---- the road --------------------------------------------------------------------------------

    def test_what_it_writes_goes_through_plan_apply_and_verify(self):
        self.assertEqual(self.first.returncode, 0, self.first)
        self.assertIn("4 hosts and 3 identities", self.first.stderr)
        plan = json.loads(self.planned.stdout)
        self.assertEqual({step["host"] for step in steps(plan)}, {"db1", *BY_ADDRESS})
        self.assertEqual(self.applied.returncode, 0, self.applied)
        verified = self.with_found("--json", "verify")
        self.assertEqual(verified.returncode, 0, verified)
        proof = json.loads(verified.stdout)
        self.assertTrue(proof["ok"])
        self.assertEqual({(c["identity"], c["from"]) for c in proof["connections"]},
                         {("postgres", "db1"), ("postgres", "198.18.0.12"),
                          ("deploy", "198.18.0.21"), ("deploy", "198.18.0.22")})
        self.assertEqual(self.lab.sql("db1", "select count(*) from pg_stat_replication join pg_stat_ssl using (pid) "
                                             "where ssl"), "1")

    def test_it_says_who_was_seen_where_and_that_links_are_guesses(self):
        for line in ('link = "ssh:root@198.18.0.12"  # a guess: check it', "# the primary, PostgreSQL 15.",
                     '# a standby, streams as "replicator", async, application_name "15/main"',
                     '# connected as "deploy" to "shop": 1 session, application_name "web 1"',
                     'hosts = ["198.18.0.21", "198.18.0.22"]', 'name = "shop"'):
            self.assertIn(line, self.text)
        for word in self.secrets.values():
            self.assertNotIn(word, self.text)

    def test_over_verified_tls_it_does_not_speak_of_plaintext(self):
        authority = self.lab.folder / "server.crt"
        authority.write_text(self.with_found("ca", "export", "server").stdout)
        report, _ = self.found(f"{PRIMARY} sslmode=verify-full sslrootcert={authority}", 0)
        self.assertNotIn("discover.plaintext", self.codes(report))
        report, _ = self.found(f"{PRIMARY} sslmode=disable", 0)
        self.assertIn("discover.plaintext", self.codes(report))
        self.assertIn("discover.cascading", self.codes(report))

    # ---- names -----------------------------------------------------------------------------------

    def test_names_come_from_the_resolver_where_they_lead_back(self):
        report, _ = self.found(PRIMARY.replace("host=db1 ", ""), 0, names="127.0.0.1 localhost\n198.18.0.11 db1.lab\n"
                               "198.18.0.12 db2.lab\n198.18.0.21 app_1\n")
        self.assertEqual([(host["name"], host["address"]) for host in report["hosts"]],
                         [("db1.lab", "198.18.0.11"), ("db2.lab", "198.18.0.12"),
                          ("198.18.0.21", "198.18.0.21"), ("198.18.0.22", "198.18.0.22")])

    def test_on_the_server_itself_over_its_socket(self):
        self.lab.run("db1", f"rm -f /tmp/here.toml; {PGSEAL} init --discover dbname=postgres /tmp/here.toml",
                     user="postgres")
        text = self.lab.run("db1", "cat /tmp/here.toml")
        self.assertIn('name = "db1"\nlink = "local"  # a guess: check it\naddress = "db1"\nnames = ["db1.shop.internal"]\n'
                      'database = true', text)
        self.assertIn('link = "ssh:root@db2.shop.internal"', text)

    # ---- roles -----------------------------------------------------------------------------------

    def test_a_role_without_pg_monitor_is_told_what_it_lacks_and_with_it_sees_all(self):
        self.lab.sql("db1", "create role watch login password 'for-watching'")
        self.addCleanup(self.lab.sql, "db1", "drop role watch")
        dsn = PRIMARY.replace("user=postgres", "user=watch")
        said = self.refused(dsn, 16, watch="for-watching")
        self.assertIn('GRANT pg_monitor TO "watch";', said)
        self.assertIn("1621 (server.privilege)", said)
        self.lab.sql("db1", "grant pg_read_all_stats to watch")
        report, text = self.found(dsn, 0, watch="for-watching")
        self.assertEqual(len(report["hosts"]), 4)
        self.assertNotIn("\n# data_directory", text)
        self.lab.sql("db1", "revoke pg_read_all_stats from watch; grant pg_monitor to watch")
        _, text = self.found(dsn, 0, watch="for-watching")
        self.assertIn('\n# data_directory = "/var/lib/postgresql/15/main"', text)

    def test_a_function_of_somebody_in_public_is_not_met(self):
        self.lab.sql("db1", "create function public.host(inet) returns text language sql as \\$\\$ select 'mine' \\$\\$; "
                            "alter role postgres set search_path = public, pg_catalog")
        self.addCleanup(self.lab.sql, "db1", "drop function public.host(inet); alter role postgres reset search_path")
        report, _ = self.found(PRIMARY, 0)
        self.assertEqual({host["address"] for host in report["hosts"]}, {"198.18.0.11", *BY_ADDRESS})

    def test_names_with_control_characters_and_quotes_reach_neither_terminal_nor_table(self):
        role = 'U&"e\\000a[[host]]\\000aname = ""x""\\001b[2J"'
        self.lab.run("db1", f"psql -qX <<'END'\ncreate role {role} superuser login password 'for-evil';\nEND\n",
                     user="postgres")
        self.addCleanup(self.lab.run, "db1", f"psql -qX <<'END'\ndrop role {role};\nEND\n", "postgres")
        name = '$(printf \'e\\n[[host]]\\nname = "x"\\033[2J\')'
        seen = "select count(*) from pg_stat_activity where usename like 'e%[[host]]%'"
        self.addCleanup(lambda: wait_until(lambda: self.lab.sql("db1", seen) == "0", 30, "its session ends"))
        hold_session(self.lab, "app2", "root", f'PGHOST=db1 PGDATABASE=shop PGPASSWORD=for-evil PGAPPNAME="{name}" '
                                               f'PGUSER="{name}"', self.addCleanup)
        wait_until(lambda: self.lab.sql("db1", seen) == "1", 30, "the role connects")
        report, text = self.found(PRIMARY, 1)
        self.assertIn("discover.unusable", self.codes(report))
        self.assertEqual(len(report["hosts"]), 4)
        self.assertNotIn("\x1b", text)
        self.assertIn('# * role "e\\x0a[[host]]\\x0aname = "x"\\x1b[2J" from 198.18.0.22', text)

    # ---- servers and networks --------------------------------------------------------------------

    def test_a_standby_says_so_and_names_its_primary(self):
        report, text = self.found("host=db2 hostaddr=198.18.0.12 user=postgres dbname=postgres", 1)
        self.assertIn("discover.standby", self.codes(report))
        self.assertEqual([(host["name"], host["database"]) for host in report["hosts"]], [("db2", True), ("db1", True)])
        self.assertIn("# a standby, PostgreSQL 15", text)

    def test_an_archiver_is_a_client_and_no_standby(self):
        word = self.secrets["REPLICATION_PASSWORD"]
        seen = "select count(*) from pg_stat_replication where application_name = 'pg_receivewal'"
        self.addCleanup(lambda: wait_until(lambda: self.lab.sql("db1", seen) == "0", 30, "its sender ends"))
        start_in(self.lab, "app1", "root", f"mkdir -p /tmp/wal && PGPASSWORD={word} exec /usr/lib/postgresql/15/bin/"
                                           "pg_receivewal -n -D /tmp/wal -d 'host=db1 user=replicator'", self.addCleanup)
        wait_until(lambda: self.lab.sql("db1", seen) == "1", 30, "pg_receivewal streams")
        report, _ = self.found(PRIMARY, 0)
        self.assertIn("discover.not-a-standby", self.codes(report))
        self.assertEqual([host["name"] for host in report["hosts"] if host["database"]], ["db1", "198.18.0.12"])
        self.assertIn({"name": "replicator", "kind": "replication", "hosts": ["@databases", "198.18.0.21"],
                       "os_users": ["postgres"], "databases": []}, report["identities"])

    def test_refusals_say_why_and_write_nothing(self):
        self.assertIn("Connection refused", self.refused("host=198.18.0.11 port=1 user=postgres", 16))
        said = self.refused(PRIMARY, 16, postgres="wrong-one")
        self.assertIn("password authentication failed", said)
        self.assertIn("never on the command line", said)
        self.assertIn("~/.pgpass", self.refused(f"{PRIMARY} passfile=/nonexistent", 16))
        self.assertIn("does not exist", self.refused(PRIMARY.replace("dbname=postgres", "dbname=nosuch"), 16))
        other = self.lab.folder / "client.crt"
        other.write_text(self.with_found("ca", "export", "client").stdout)
        self.assertIn("certificate verify failed", self.refused(f"{PRIMARY} sslmode=verify-full sslrootcert={other}", 16))

    def test_of_several_hosts_one_that_is_silent_is_passed_over(self):
        self.lab.act("link", "app2", "down")
        self.addCleanup(self.lab.act, "link", "app2", "up")
        report, _ = self.found("host=gone,db2,db1 hostaddr=198.18.0.22,198.18.0.12,198.18.0.11 user=postgres "
                               "dbname=postgres target_session_attrs=read-write", 0)
        self.assertEqual(report["hosts"][0]["name"], "db1")

    def test_a_silent_host_alone_is_left_when_the_time_is_over(self):
        self.lab.act("link", "app2", "down")
        self.addCleanup(self.lab.act, "link", "app2", "up")
        said = self.refused("host=198.18.0.22 user=postgres connect_timeout=1", 16)
        self.assertIn("did not answer in time", said)


if __name__ == "__main__":
    unittest.main()
