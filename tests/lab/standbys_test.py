#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Standbys that stream over TLS with a certificate: how they get there, and a failover; trouble: standbys_in_trouble_long.py."""

import re
import unittest

from lab_hosts import wait_until
from standbys import AUTO, DATA, StandbysCase, verified


class Standbys(StandbysCase):
    def test_each_streams_with_its_own_certificate_and_no_commit_waits_for_it(self):
        self.set("db1", "synchronous_standby_names", "ANY 1 (*)")
        self.lab.run("db1", "/usr/lib/postgresql/15/bin/pgbench -i -q -n postgres", user="postgres")
        load = self.lab.start("db1", "cd /tmp && rm -f tx.* && until [ -e /tmp/enough ]; do /usr/lib/postgresql/15/bin/"
                              "pgbench -n -N -c 2 -t 20 --log --log-prefix=/tmp/tx postgres >/dev/null 2>&1 || exit 1; "
                              "done; cat /tmp/tx.*", user="postgres")
        before = self.conninfo("db2")
        done = lambda: int(self.lab.run("db1", "cat /tmp/tx.* 2>/dev/null | wc -l"))
        wait_until(lambda: done() > 100, 60, "pgbench writes before the apply")
        first = done()
        self.apply()
        during = done()
        wait_until(lambda: done() > during + 100, 60, "pgbench writes after the apply")
        self.lab.run("db1", "touch /tmp/enough", user="postgres")
        lines = load.communicate(timeout=60)[0].splitlines()
        self.assertEqual(load.returncode, 0)
        self.streams(verified("db2"), verified("db3"))
        latencies = [int(line.split()[2]) / 1e6 for line in lines if len(line.split()) >= 6]
        calm = max(latencies[:first])
        self.assertGreater(len(latencies), during)
        print(f"longest commit before the apply {calm:.3f} s, of all {max(latencies):.3f} s", flush=True)
        # A machine may stall by itself; a commit that had to wait for a standby would do so for longer.
        self.assertLess(max(latencies), calm + 5, "a commit waited for a standby")
        # Nothing but the four keywords was touched.
        after = self.conninfo("db2")
        for word in before.replace("sslmode=prefer", "sslmode=verify-full").rstrip("'").split():
            self.assertIn(word, after)
        self.assertIn("sslcert=/var/lib/postgresql/.postgresql/pgseal/shop/replicator/postgresql.crt", after)
        self.settled()

    def test_a_failover_changes_nothing_for_certificates(self):
        self.apply()
        self.lab.act("postgres", "db1", "stop")
        self.lab.sql("db2", "select pg_promote()")
        wait_until(lambda: self.lab.sql("db2", "select pg_is_in_recovery()") == "f", 30, "db2 is promoted")
        self.lab.sql("db2", "select pg_create_physical_replication_slot('db3')")
        self.lab.run("db3", f"sed -i 's/host=db1/host=db2/' {AUTO}")
        self.lab.sql("db3", "select pg_reload_conf()")
        self.streams(verified("db3"), host="db2")
        # The former primary comes back as a standby of a rebuilt data directory.
        password = re.search(r"password=(\w+)", self.conninfo("db3")).group(1)
        self.lab.run("db1", f"rm -rf {DATA} && PGPASSWORD={password} /usr/lib/postgresql/15/bin/pg_basebackup -R -D {DATA} "
                     f"-h db2 -U replicator -X stream -C -S db1 -c fast", user="postgres")
        self.lab.act("postgres", "db1", "start")
        wait_until(lambda: len(self.replicas("db2")) == 2, 30, "db1 follows db2")
        self.apply()
        self.streams(verified("db1"), verified("db3"), host="db2")
        self.settled()


if __name__ == "__main__":
    unittest.main(verbosity=2)
