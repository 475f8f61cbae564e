#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""The road on real hosts: from plaintext to proven TLS, twice, and every drift that a plan must see."""

import base64
import unittest

from lab_hosts import lab_or_skip, wait_until, steps

DATABASES = ["db1", "db2", "db3"]
APPLICATIONS = ["app1", "app2"]
OURS = "/etc/pgseal/server/{0}/server.pem /etc/pgseal/server/{0}/ssl.conf /etc/pgseal/server/{0}/clients.crt " \
       "/etc/postgresql/15/main/postgresql.conf ~postgres/.postgresql/* ~root/.postgresql/*"


class TheRoad(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = lab_or_skip()
        cls.addClassCleanup(cls.lab.close)
        cls.first_plan = cls.lab.json("plan", status=1)
        cls.first_status = cls.lab.json("status")
        cls.state_after_plan = (cls.lab.folder / "state").exists()
        cls.applied = cls.lab.pgseal("apply", "--yes", status=0)

    def test_a_plan_changes_nothing_and_makes_no_state_folder(self):
        self.assertGreater(len(steps(self.first_plan)), 40)
        self.assertFalse(self.state_after_plan)

    def test_after_an_apply_no_step_is_left(self):
        plan = self.lab.json("plan", status=0)
        self.assertEqual(steps(plan), [])

    def test_status_counts_the_steps_that_plan_shows(self):
        self.assertEqual(self.first_status["pending_steps"], len(steps(self.first_plan)))
        self.assertEqual(self.lab.json("status", status=0)["pending_steps"], 0)

    def test_verify_proves_every_connection_of_every_identity(self):
        proof = self.lab.json("verify", status=0)
        self.assertTrue(proof["ok"])
        self.assertEqual(len(proof["connections"]), 3 * 2 * 3 + 2 * 3)
        for connection in proof["connections"]:
            self.assertEqual(connection["level"], "logged in", connection)
            self.assertRegex(connection["line"],
                             r"^SSL connection \(protocol: TLSv1\.3, cipher: TLS_\w+, bits: \d{3}, "
                             r"compression: off\)$")

    def test_the_application_user_gets_verified_tls_without_any_setting(self):
        for host in APPLICATIONS:
            shown = self.lab.run(host, "psql 'host=db1 dbname=shop sslmode=verify-full' -c '\\conninfo'",
                                 user="deploy")
            self.assertIn("SSL connection (protocol: TLSv1.3", shown)

    def test_each_server_has_a_key_of_its_own_that_only_its_user_reads(self):
        keys = set()
        for host in DATABASES:
            place = f"/etc/pgseal/server/{host}/server.pem"
            self.assertEqual(self.lab.run(host, f"stat -c '%U %a' {place}"), "postgres 600")
            keys.add(self.lab.run(host, f"openssl pkey -in {place} -pubout"))
        self.assertEqual(len(keys), 3)

    def test_a_second_apply_touches_no_inode_and_reloads_nothing(self):
        def seen():
            return {host: (self.lab.run(host, "stat -c '%n %i %Z %Y' " + OURS.format(host)),
                           self.lab.sql(host, "select pg_conf_load_time()")) for host in DATABASES}
        before = seen()
        self.lab.pgseal("apply", "--yes", status=0)
        self.assertEqual(seen(), before)

    def test_status_shows_hosts_certificates_and_how_long_the_controller_may_be_dead(self):
        status = self.lab.json("status", status=0)
        self.assertEqual([host["role"] for host in status["hosts"]],
                         ["primary", "standby", "standby", "application", "application"])
        self.assertEqual({host["tls"] for host in status["hosts"] if host["role"] != "application"}, {"on"})
        server = status["hosts"][0]["slots"]
        self.assertTrue([slot for slot in server if slot["slot"] == "server:db1" and slot["served"]])
        offline = self.lab.json("status", "--offline", status=0)
        self.assertEqual([host["tls"] for host in offline["hosts"]], [host["tls"] for host in status["hosts"]])

    def test_the_log_names_each_act_and_its_chain_holds(self):
        log = self.lab.json("log", "--limit", "0", status=0)
        self.assertGreater(len(log["entries"]), 50)
        self.lab.pgseal("log", "--verify", status=0)


class Drift(unittest.TestCase):
    """Each change by hand appears in the next plan, and the next apply mends it."""

    @classmethod
    def setUpClass(cls):
        cls.lab = lab_or_skip("--databases", "1", "--applications", "1")
        cls.addClassCleanup(cls.lab.close)
        cls.lab.pgseal("apply", "--yes", status=0)

    def mends(self, act, host="db1"):
        planned = [(step["host"], step["act"]) for step in steps(self.lab.json("plan", status=1))]
        self.assertIn((host, act), planned)
        self.lab.pgseal("apply", "--yes", status=0)
        self.assertEqual(steps(self.lab.json("plan", status=0)), [])

    def test_a_key_that_others_may_read(self):
        self.lab.run("app1", "chmod 644 ~deploy/.postgresql/postgresql.key")
        self.mends("install certificate", "app1")
        self.assertEqual(self.lab.run("app1", "stat -c %a ~deploy/.postgresql/postgresql.key"), "600")

    def test_status_tells_of_steps_that_are_planned(self):
        self.lab.run("app1", "chmod 644 ~deploy/.postgresql/postgresql.key")
        planned = f"{len(steps(self.lab.json('plan', status=1)))} steps are planned"
        self.assertIn(f"{planned}: pgseal plan shows them", self.lab.pgseal("status", status=0).stdout)
        told = self.lab.pgseal("status", "--format", "nagios", status=1).stdout
        self.assertEqual(told, f"PGSEAL WARNING - {planned}\n")
        self.assertIsNone(self.lab.json("status", "--offline", status=0)["pending_steps"])
        self.mends("install certificate", "app1")

    def test_apply_to_some_hosts_leaves_the_others_steps_for_later(self):
        self.lab.run("app1", "chmod 644 ~deploy/.postgresql/postgresql.key")
        self.lab.run("db1", "chmod 644 ~root/.postgresql/postgresql.key")
        done = steps(self.lab.json("apply", "--yes", "--host", "app*", status=0))
        self.assertEqual({step["host"] for step in done}, {"app1"})
        self.assertEqual({step["host"] for step in steps(self.lab.json("plan", status=1))}, {"db1"})
        self.assertEqual(self.lab.run("db1", "stat -c %a ~root/.postgresql/postgresql.key"), "644")
        self.mends("install certificate")

    def test_a_pattern_that_names_no_host_is_refused(self):
        refused = self.lab.pgseal("apply", "--yes", "--host", "nosuch*", status=2)
        self.assertIn("nosuch*", refused.stderr)

    def test_a_client_authority_that_is_loaded_and_not_on_disk(self):
        place = "/etc/pgseal/server/db1/clients.crt"
        self.lab.run("db1", f"cp -p {place} /tmp/was.crt && openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=evil "
                            f"-keyout /dev/null -out /tmp/evil.crt 2>/dev/null && cat /tmp/evil.crt >>{place}")
        loaded = self.lab.sql("db1", "select pg_conf_load_time()")
        self.lab.sql("db1", "select pg_reload_conf()")
        wait_until(lambda: self.lab.sql("db1", "select pg_conf_load_time()") != loaded, 10, "the server reloads")
        wait_until(lambda: "evil" in self.lab.run("db1", "openssl s_client -starttls postgres -connect 127.0.0.1:5432 "
                                                         "</dev/null 2>/dev/null || true"), 10, "the bundle is in use")
        self.lab.run("db1", f"cp -p /tmp/was.crt {place}")
        self.assertNotEqual(self.lab.pgseal("verify").returncode, 0)
        self.mends("reload")

    def test_modes_that_hide_our_files_from_the_server(self):
        for change in ("chmod 600 /etc/pgseal/server/db1/ssl.conf", "chmod 700 /etc/pgseal",
                       "chmod 700 /etc/pgseal/server/db1"):
            with self.subTest(change=change):
                self.lab.run("db1", change)
                self.mends("write server settings")
        self.lab.run("db1", "chmod 600 /etc/pgseal/server/db1/clients.crt")
        self.mends("install trust")
        self.lab.act("postgres", "db1", "restart")
        self.lab.pgseal("verify", status=0)

    def test_a_server_that_our_own_file_keeps_from_starting(self):
        for change in ("chmod 644 /etc/pgseal/server/db1/server.pem", "rm /etc/pgseal/server/db1/server.pem",
                       "rm /etc/pgseal/server/db1/clients.crt"):
            with self.subTest(change=change):
                self.lab.act("postgres", "db1", "stop")
                self.lab.run("db1", change)
                self.lab.pgseal("apply", "--yes", status=1)  # server.down
                self.lab.act("postgres", "db1", "start")
                self.lab.pgseal("apply", "--yes", status=0)
                self.lab.pgseal("verify", status=0)

    def test_a_server_that_listens_on_localhost_alone(self):
        self.lab.run("db1", "echo \"listen_addresses = 'localhost'\" >>/etc/postgresql/15/main/postgresql.conf")
        self.addCleanup(self.lab.act, "postgres", "db1", "restart")
        self.addCleanup(self.lab.run, "db1", "sed -i '$d' /etc/postgresql/15/main/postgresql.conf")
        self.lab.act("postgres", "db1", "restart")
        plan = self.lab.json("plan", status=1)
        found = [f for f in plan["findings"] if f["code"] == "server.unproven"]
        self.assertEqual(len(found), 1, plan["findings"])
        self.assertIn("listen_addresses is 'localhost'", found[0]["hint"])
        self.assertNotEqual(self.lab.pgseal("status", "--format", "nagios").returncode, 0)

    def test_a_certificate_that_is_gone(self):
        self.lab.run("app1", "rm ~deploy/.postgresql/postgresql.crt ~deploy/.postgresql/postgresql.key")
        self.mends("make key", "app1")

    def test_a_certificate_that_is_gone_or_damaged_beside_our_own_key(self):
        for change in ("rm ~deploy/.postgresql/postgresql.crt", "echo x >~deploy/.postgresql/postgresql.crt"):
            with self.subTest(change=change):
                self.lab.run("app1", change)
                self.mends("install certificate", "app1")

    def test_an_ssl_conf_that_was_changed_by_hand(self):
        self.lab.run("db1", "echo \"ssl_ciphers = 'HIGH'\" >>/etc/pgseal/server/db1/ssl.conf")
        self.mends("write server settings")

    def test_an_include_that_was_taken_out(self):
        self.lab.run("db1", "sed -i '/pgseal/d' /etc/postgresql/15/main/postgresql.conf")
        self.mends("write server settings")

    def test_a_root_crt_that_lacks_the_authority(self):
        self.lab.run("app1", ": >~deploy/.postgresql/root.crt")
        self.mends("install trust", "app1")

    def test_a_server_that_serves_another_certificate_than_the_one_on_disk(self):
        place = "/etc/pgseal/server/db1"
        self.lab.run("db1", f"cp -p {place}/server.pem /tmp/was.pem && openssl req -x509 -newkey rsa:2048 "
                            f"-nodes -subj /CN=other -keyout /tmp/k -out /tmp/c 2>/dev/null && "
                            f"cat /tmp/k /tmp/c >{place}/server.pem && "
                            f"su postgres -c 'psql -c \"select pg_reload_conf()\"'")
        self.lab.run("db1", "for i in $(seq 100); do openssl s_client -starttls postgres -connect "
                            "127.0.0.1:5432 </dev/null 2>/dev/null | grep -q 'CN = other' && exit 0; "
                            "sleep 0.05; done; exit 1")
        self.lab.run("db1", f"cp -p /tmp/was.pem {place}/server.pem")
        self.mends("reload")

    def test_a_setting_that_postgresql_auto_conf_overrides_is_named_with_its_line(self):
        self.lab.sql("db1", "alter system set ssl_cert_file = 'server.crt'")
        plan = self.lab.json("plan", status=1)
        found = [f for f in plan["findings"] if f["code"] == "server.settings-overridden"]
        self.assertTrue(found, plan["findings"])
        self.assertTrue(found[0]["file"].endswith("postgresql.auto.conf"))
        self.assertIn("ALTER SYSTEM RESET", found[0]["hint"])
        self.lab.sql("db1", "alter system reset ssl_cert_file")
        self.lab.pgseal("plan", status=0)


class NoConnectionIsLost(unittest.TestCase):
    def load_through_apply(self, variant, sslmode):
        lab = lab_or_skip("--databases", "1", "--applications", "1", "--variant", variant)
        self.addCleanup(lab.close)
        lab.run("app1", "psql 'host=db1 dbname=shop' -c 'create table if not exists seen(tls bool)'",
                user="deploy")
        lab.run("app1", "printf 'insert into seen select ssl from pg_stat_ssl where pid = "
                        "pg_backend_pid();\\n' >/tmp/load.sql")
        # Until the apply has ended and 20 connections more were made after it, however fast the machine is.
        load = lab.start("app1", "until [ -e /tmp/enough ]; do /usr/lib/postgresql/15/bin/pgbench -n -C -c 2 -t 5 "
                                 f"-f /tmp/load.sql 'host=db1 dbname=shop sslmode={sslmode}' || exit 1; done", "deploy")

        def connections():
            return int(lab.run("app1", "psql 'host=db1 dbname=shop' -Atc 'select count(*) from seen'", user="deploy"))
        wait_until(lambda: connections() > 20, 60, "pgbench connects before the apply")
        lab.pgseal("apply", "--yes", status=0)
        done = connections()
        wait_until(lambda: connections() > done + 20, 60, "pgbench connects after the apply")
        lab.run("app1", "touch /tmp/enough", user="deploy")
        out, _ = load.communicate(timeout=60)
        self.assertEqual(load.returncode, 0, out)
        self.assertNotIn("connection to server", out)
        total, tls = lab.run("app1", "psql 'host=db1 dbname=shop' -Atc 'select count(*), "
                                     "count(*) filter (where tls) from seen'", user="deploy").split("|")
        self.assertGreater(int(total), 50)
        return int(total), int(tls), lab

    def test_prefer_from_plaintext_moves_to_tls_and_never_back(self):
        _, tls, lab = self.load_through_apply("standard", "prefer")
        self.assertGreater(tls, 10)
        back = lab.run("app1", "psql 'host=db1 dbname=shop' -Atc \"select count(*) from (select tls, "
                               "lag(tls) over (order by ctid) was from seen) s where was and not tls\"",
                       user="deploy")
        # Two clients at once: the last plaintext connection of one may end after the other's first on TLS.
        self.assertLessEqual(int(back), 1)

    def test_require_over_snakeoil_stays_on_tls(self):
        total, tls, _ = self.load_through_apply("snakeoil", "require")
        self.assertEqual(tls, total)


class Attacks(unittest.TestCase):
    """What a user plants in a home: nothing outside that home changes, each is a finding."""

    @classmethod
    def setUpClass(cls):
        cls.lab = lab_or_skip("--databases", "1", "--applications", "1")
        cls.addClassCleanup(cls.lab.close)

    def setUp(self):
        self.lab.run("app1", "rm -rf ~deploy/.postgresql")

    def finds(self, plant):
        self.lab.run("app1", plant)
        before = self.lab.run("app1", "sha256sum /etc/shadow /etc/passwd; ls -la --full-time /etc | sha256sum")
        done = self.lab.json("apply", "--yes", status=1)
        mine = [f for f in done["findings"] if f.get("slot") == "client:deploy@deploy"]
        self.assertTrue(mine, done["findings"])
        after = self.lab.run("app1", "sha256sum /etc/shadow /etc/passwd; ls -la --full-time /etc | sha256sum")
        # The mark is made in /etc/pgseal at the first apply; /etc itself changes only by that folder.
        self.assertEqual(before.splitlines()[:2], after.splitlines()[:2])

    def test_a_folder_that_is_a_link_to_etc(self):
        self.finds("ln -s /etc ~deploy/.postgresql")
        self.assertEqual(self.lab.run("app1", "ls /etc/postgresql.* /etc/root.crt 2>/dev/null", check=False), "")

    def test_a_key_that_is_a_link_to_shadow(self):
        self.finds("install -d -o deploy -g deploy -m 700 ~deploy/.postgresql && "
                   "ln -s /etc/shadow ~deploy/.postgresql/postgresql.key")

    def test_a_fifo_in_the_place_of_the_key(self):
        self.finds("install -d -o deploy -g deploy -m 700 ~deploy/.postgresql && "
                   "mkfifo ~deploy/.postgresql/postgresql.key")

    def test_a_file_of_another_user(self):
        self.finds("install -d -o deploy -g deploy -m 700 ~deploy/.postgresql && "
                   "install -o root -m 600 /etc/hostname ~deploy/.postgresql/postgresql.crt")


class NoSecretTravels(unittest.TestCase):
    def test_no_key_passphrase_or_password_is_in_state_log_link_or_output(self):
        lab = lab_or_skip("--applications", "1")
        self.addCleanup(lab.close)
        recorder = lab.folder / "record-ssh"
        recorded = lab.folder / "recorded"
        recorded.mkdir()
        # Every byte of every link, both ways: pgseal runs "ssh" from PATH.
        recorder.mkdir()
        (recorder / "ssh").write_text(
            "#!/bin/bash\nprintf '%s\\n' \"$*\" >>" + f"{recorded}/arguments\n"
            f"tee -a {recorded}/up.$$ | /usr/bin/ssh \"$@\" 2>>{recorded}/errors | tee -a {recorded}/down.$$\n"
            "exit ${PIPESTATUS[1]}\n")
        (recorder / "ssh").chmod(0o755)
        import subprocess
        from lab_hosts import PGSEAL
        output = b""
        for words in (["plan"], ["apply", "--yes"], ["verify"], ["--json", "verify"], ["log", "--limit", "0"]):
            done = subprocess.run(lab.command(f"PATH={recorder}:/usr/bin:/bin:/usr/sbin", PGSEAL, *words),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=120)
            output += done.stdout
        haystacks = {"output": output}
        for folder in (recorded, lab.folder / "state"):
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    haystacks[str(path)] = path.read_bytes()
        self.assertTrue([name for name in haystacks if "down." in name])
        needles = {name: value.encode() for name, value in lab.secrets().items()}
        needles["passphrase"] = (lab.folder / "passphrase").read_bytes().strip()
        for host in DATABASES:
            # The private scalar itself, wherever and in whatever wrapping it stands.
            digits = lab.run(host, f"openssl pkey -in /etc/pgseal/server/{host}/server.pem -noout -text | "
                                   "sed -n '/^priv:/,/^pub:/p' | grep '^ ' | tr -d ' :\\n'")
            needles[f"key of {host}"] = bytes.fromhex(digits)
            self.assertGreaterEqual(len(needles[f"key of {host}"]), 32)
            # Base64 of it at each of the three offsets that it may have in a PEM text.
            for offset in range(3):
                text = base64.b64encode(b"\0" * offset + needles[f"key of {host}"])
                needles[f"key of {host}, base64 at {offset}"] = text[4:-4]
        for name, hay in haystacks.items():
            encrypted = name.endswith(".key")
            for secret, needle in needles.items():
                self.assertNotIn(needle, hay, f"{secret} in {name}")
            if not encrypted:
                self.assertNotRegex(hay, rb"BEGIN (EC |RSA )?PRIVATE KEY", name)


if __name__ == "__main__":
    unittest.main()
