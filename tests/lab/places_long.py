#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""The same road where hosts are laid out otherwise: one host alone, RHEL's layout, a jump host and sudo,
another version of PostgreSQL. Each ends with nothing left to do and every connection proven."""

import subprocess
import unittest

from lab_hosts import BUILD, HERE, PGSEAL, lab_or_skip, wait_until


class Places(unittest.TestCase):
    def road_ends_well(self, lab, connections):
        lab.pgseal("apply", "--yes", status=0)
        self.assertEqual([phase["steps"] for phase in lab.json("plan", status=0)["phases"] if phase["steps"]], [])
        proof = lab.json("verify", status=0)
        self.assertTrue(proof["ok"])
        self.assertEqual([c["level"] for c in proof["connections"]], ["logged in"] * connections)

    def lab(self, *options):
        lab = lab_or_skip(*options)
        self.addCleanup(lab.close)
        return lab

    def test_rhel_keeps_its_configuration_inside_the_data_directory(self):
        lab = self.lab("--variant", "rhel", "--databases", "1", "--applications", "1")
        self.road_ends_well(lab, 2 + 1)
        self.assertIn("include_if_exists", lab.run("db1", "grep -n pgseal /var/lib/pgsql/data/postgresql.conf"))

    def test_behind_a_jump_host_a_user_with_sudo_is_enough(self):
        lab = self.lab("--jump", "--databases", "2", "--applications", "1")
        lab.config.write_text(lab.config.read_text().replace("ssh:root@db", "ssh:ops@db"))
        self.road_ends_well(lab, 2 * 2 * 2 + 2)
        owner = lab.run("db1", "stat -c '%U %a' /usr/local/libexec/pgseal /usr/local/libexec/pgseal/*")
        self.assertEqual(set(owner.splitlines()), {"root 755"})

    def test_the_oldest_and_the_newest_version_take_the_same_steps(self):
        for version in ("12", "18"):
            with self.subTest(version=version):
                lab = self.lab("--pg", version, "--databases", "2", "--applications", "1")
                if version == "12":  # its standby reads primary_conninfo at its start
                    lab.pgseal("apply", "--yes", status=1)
                    lab.act("postgres", "db2", "restart")
                    wait_until(lambda: lab.sql("db1", "select ssl from pg_stat_replication join pg_stat_ssl using (pid)")
                               == "t", 30, "the standby streams over TLS")
                self.road_ends_well(lab, 2 * 2 * 2 + 2)
                self.assertTrue(lab.json("status")["hosts"][0]["version"].startswith(version))


class Solo(unittest.TestCase):
    """One host that is the controller, the database and the application at once: link = "local"."""

    @classmethod
    def setUpClass(cls):
        cls.lab = lab_or_skip("--variant", "solo", "--bind", str(BUILD))
        cls.addClassCleanup(cls.lab.close)
        done = subprocess.run([str(HERE / "lab"), "exec", str(cls.lab.folder), "solo", "--", "tee",
                               "/etc/pgseal/pgseal.toml"], input=cls.lab.config.read_text(), text=True,
                              stdout=subprocess.DEVNULL, check=True, timeout=60)
        assert done.returncode == 0

    def test_the_road_needs_no_ssh_and_no_node_file(self):
        self.lab.run("solo", f"{PGSEAL} plan; test $? -eq 1")
        self.assertFalse(self.lab.run("solo", "ls -d /var/lib/pgseal || true"))
        self.lab.run("solo", f"{PGSEAL} apply --yes")
        self.assertIn("nothing to do", self.lab.run("solo", f"{PGSEAL} plan"))
        verified = self.lab.run("solo", f"{PGSEAL} verify")
        self.assertIn("deploy as deploy on solo -> solo: logged in", verified)
        shown = self.lab.run("solo", "psql 'host=solo dbname=shop sslmode=verify-full' -c '\\conninfo'",
                             user="deploy")
        self.assertIn("SSL connection (protocol: TLSv1.3", shown)
        self.assertEqual(self.lab.run("solo", "stat -c '%U %a' /var/lib/pgseal"), "root 700")
        self.assertFalse(self.lab.run("solo", "ls /usr/local/libexec/pgseal 2>/dev/null || true"))


if __name__ == "__main__":
    unittest.main()
