#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Connection strings as people write them, each on a standby of its own: all change over in one apply, nothing else in
them is touched, and no secret of theirs leaves its host."""

import unittest

from lab_hosts import lab_or_skip, steps, wait_until
from standbys import REPLICAS, REPLICATOR

HOME = "/var/lib/postgresql"
KEY_SECRET = "key-hidden-4711"


class Strings(unittest.TestCase):
    def setUp(self):
        self.lab = lab_or_skip("--databases", "5", "--applications", "0")
        self.addCleanup(self.lab.close)
        self.lab.config.write_text(self.lab.config.read_text() + REPLICATOR)
        self.password = self.lab.secrets()["REPLICATION_PASSWORD"]

    def tell(self, host, conninfo):
        self.lab.run(host, f"psql -Xq <<'END'\nalter system set primary_conninfo = $pgseal${conninfo}$pgseal$;\n"
                     "select pg_reload_conf() \\g /dev/null\nEND", user="postgres")
        wait_until(lambda: self.lab.sql(host, "show primary_conninfo") == conninfo, 10, f"{host} takes {conninfo}")

    def replicas(self):
        return self.lab.sql("db1", REPLICAS).splitlines()

    def streaming(self, how):
        wait_until(lambda: [line.split()[1:3] for line in self.replicas()] == [["streaming", how]] * 4, 30,
                   lambda: f"four stream, ssl {how}: {self.replicas()}")

    def test_every_way_to_write_one_changes_over_and_tells_no_secret(self):
        self.lab.run("db2", f"printf '[primary]\\nhost=db1\\nport=5432\\npassword={self.password}\\n' >{HOME}/.pg_service.conf; "
                     f"chmod 600 {HOME}/.pg_service.conf", user="postgres")
        self.lab.run("db3", f"printf '*:*:*:replicator:{self.password}\\n' >'{HOME}/pass file'; chmod 600 '{HOME}/pass file'",
                     user="postgres")
        strings = {
            "db2": "service=primary user=replicator sslmode=prefer",
            "db3": f"user = replicator passfile='{HOME}/pass file' host=db1 application_name='it\\'s \\\\ db3'",
            "db4": f"host=db1,db2 port=5432,5432 user=replicator password='{self.password}' sslpassword='{KEY_SECRET}'",
            "db5": f"postgresql://replicator:{self.password}@db1:5432/?sslmode=prefer&application_name=a%20b",
        }
        for host, conninfo in strings.items():
            self.tell(host, conninfo)
        self.streaming("false")
        told = [self.lab.pgseal("--json", "plan", status=1), self.lab.pgseal("apply", "--yes")]
        self.assertEqual(told[1].returncode, 0, told[1].stdout + told[1].stderr)
        self.streaming("true")
        self.assertEqual({line.split()[3] for line in self.replicas()}, {"/O=shop/CN=replicator"})
        self.assertEqual(steps(self.lab.json("plan", status=0)), [])
        told += [self.lab.pgseal("verify", status=0), self.lab.pgseal("log"), self.lab.pgseal("--json", "status")]
        for host, before in strings.items():
            text = self.lab.sql(host, "show primary_conninfo")
            self.assertIn(before.replace("sslmode=prefer", "sslmode=verify-full"), text, "nothing else is touched")
            self.assertEqual(text.count("sslmode"), 1)
        names = self.lab.sql("db1", "select application_name from pg_stat_replication").splitlines()
        self.assertLess({"it's \\ db3", "a b"}, set(names))
        for secret in (self.password, KEY_SECRET):
            for said in told:
                self.assertNotIn(secret, said.stdout + said.stderr)
            for path in (self.lab.folder / "state").rglob("*"):
                self.assertFalse(path.is_file() and secret.encode() in path.read_bytes(), path)


if __name__ == "__main__":
    unittest.main(verbosity=2)
