# SPDX-License-Identifier: PostgreSQL
"""What a lab's standbys stream as, how one sees it, and what each test of them begins with."""

import json
import unittest

from lab_hosts import lab_or_skip, steps, wait_until

REPLICATOR = """
[[identity]]
name = "replicator"
kind = "replication"
hosts = ["@databases"]
os_users = ["postgres"]
"""
REPLICAS = "select host(client_addr) || ' ' || state || ' ' || ssl || ' ' || coalesce(client_dn, 'none')" \
           " from pg_stat_replication left join pg_stat_ssl using (pid) order by 1"
ADDRESSES = {"db1": "198.18.0.11", "db2": "198.18.0.12", "db3": "198.18.0.13"}

AUTO = "/var/lib/postgresql/15/main/postgresql.auto.conf"
DATA = "/var/lib/postgresql/15/main"
HBA = "/etc/postgresql/15/main/pg_hba.conf"


def verified(host, name="replicator"):
    return f"{ADDRESSES[host]} streaming true /O=shop/CN={name}"


def of_standbys(plan):
    return [step for step in steps(plan) if "replication settings" in step["act"] or "reconnect" in step["act"]]


class StandbysCase(unittest.TestCase):
    OPTIONS = ("--databases", "3", "--applications", "1")

    def setUp(self):
        self.lab = lab_or_skip(*self.OPTIONS)
        self.addCleanup(self.lab.close)
        self.lab.config.write_text(self.lab.config.read_text() + REPLICATOR)

    def replicas(self, host="db1"):
        return self.lab.sql(host, REPLICAS).splitlines()

    def streams(self, *expected, host="db1"):
        """A walsender that was let go of may be seen a moment longer, a new one catches up first."""
        wait_until(lambda: self.replicas(host) == list(expected), 20,
                   lambda: f"{host} sends WAL to {list(expected)}, but: {self.replicas(host)}")

    def set(self, host, name, value):
        self.lab.sql(host, f"alter system set {name} = '{value}'")
        self.lab.sql(host, "select pg_reload_conf()")
        wait_until(lambda: self.lab.sql(host, f"show {name}") == value, 10, f"{host} takes {name}")

    def conninfo(self, host):
        return self.lab.run(host, f"grep ^primary_conninfo {AUTO}")

    def apply(self, status=0):
        return json.loads(self.lab.pgseal("--json", "apply", "--yes", status=status).stdout)

    def ends_verified(self):
        """The apply after whatever stood in the way: both standbys on TLS with their certificates, nothing left."""
        self.apply()
        self.streams(verified("db2"), verified("db3"))
        self.settled()

    def settled(self):
        self.assertEqual(steps(self.lab.json("plan", status=0)), [])
        self.assertTrue(self.lab.json("verify", status=0)["ok"])
