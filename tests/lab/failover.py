# SPDX-License-Identifier: PostgreSQL
"""The primary fails in the middle of an apply and a standby is promoted, while clients write. pgseal itself is held at
a line that it prints, so that the failover falls into that very phase."""

import os
import re
import signal
import subprocess

from lab_hosts import HERE, lab_or_skip, steps, wait_until
from standbys import ADDRESSES, REPLICAS, REPLICATOR, verified

PHASES = ("mark hosts", "server pairs", "TLS on", "trust to clients", "client pairs", "client trust on servers",
          "standby connections")
RECEIVED = "select greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())"
BIN = "/usr/lib/postgresql/15/bin"
DATA = "/var/lib/postgresql/15/main"
WRITES = 'psql "host=db2,db1,db3 dbname=shop user=deploy target_session_attrs=read-write connect_timeout=2 tcp_user_timeout=3000"' \
         ' -qc "insert into tick default values"'


class Failover:
    """One environment, one apply, one failover."""

    def __init__(self, *options):
        self.lab = lab_or_skip("--databases", "3", "--applications", "1", *options)
        self.lab.config.write_text(self.lab.config.read_text() + REPLICATOR)
        self.wrong = []
        # What pg_rewind asks for, and the lab leaves out for speed.
        for host in ("db1", "db2"):
            self.lab.sql(host, "alter system set full_page_writes = on")
            self.lab.sql(host, "alter system set wal_log_hints = on")
            self.lab.act("postgres", host, "restart")
        self.lab.run("app1", 'psql "host=db1 dbname=shop" -qc "create table tick (at timestamptz default now())"', user="deploy")
        wait_until(lambda: self.lab.run("app1", 'psql "host=db2 dbname=shop" -Atc "table tick"', user="deploy", check=False) == "",
                   20, "the table is on db2")
        self.writer = self.lab.start("app1", f"until [ -e /tmp/enough ]; do if {WRITES} 2>/tmp/said; then echo ok; else "
                                     "tail -1 /tmp/said; fi >>/tmp/ticks; done", user="deploy")
        self.session = subprocess.Popen(
            [str(HERE / "lab"), "exec", str(self.lab.folder), "app1", "-u", "deploy", "--", "psql", "-XAt", "host=db2 dbname=shop"],
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.asked("select 1")

    def close(self):
        self.lab.close()  # ends what runs on its hosts
        for process in (self.session, self.writer):
            process.communicate(timeout=30)

    def asked(self, query):
        """The answer of the session that was opened before the first apply."""
        self.session.stdin.write(query + ";\n")
        self.session.stdin.flush()
        return self.session.stdout.readline().strip()

    def check(self, holds, what):
        if not holds:
            self.wrong.append(what)

    def ticks(self):
        return self.lab.run("app1", "cat /tmp/ticks 2>/dev/null || true").splitlines()

    def writes_go_on(self, since):
        wait_until(lambda: "ok" in self.ticks()[since:], 40, lambda: f"clients write: {self.ticks()[since:]}")

    def apply_held(self, pattern, meanwhile):
        """An apply that stands still at the first line of that pattern, while something happens."""
        apply = self.lab.begin("apply", "--yes")
        seen = []
        for line in apply.stderr:
            seen.append(line)
            if re.match(pattern, line):
                break
        else:
            apply.communicate(timeout=30)
            raise AssertionError(f"apply ended without a line like {pattern}: {''.join(seen)}")
        apply.send_signal(signal.SIGSTOP)
        try:
            meanwhile()
        finally:
            apply.send_signal(signal.SIGCONT)
        out, err = apply.communicate(timeout=120)
        return apply.returncode, out, "".join(seen) + err

    def has_received(self, position):
        return self.lab.sql("db2", f"select ({RECEIVED}) >= '{position}'") == "t"

    def catch_up(self):
        """What an operator sees to before promoting: that no other standby has more. One with more could not follow."""
        more = self.lab.sql("db3", RECEIVED)
        if self.has_received(more):
            return
        self.lab.sql("db3", "select pg_create_physical_replication_slot('db2')")
        self.lab.run("db2", f"sed -i '/^primary_conninfo/s/host=db1/host=db3/' {DATA}/postgresql.auto.conf")
        self.lab.sql("db2", "select pg_reload_conf()")
        wait_until(lambda: self.has_received(more), 30, "db2 has what db3 has")

    def promote(self):
        self.lab.sql("db2", "select pg_promote()")
        wait_until(lambda: self.lab.sql("db2", "select pg_is_in_recovery()") == "f", 30, "db2 is promoted")

    def fail(self, way):
        if way == "power":
            self.lab.power("db1", "off")
        else:
            self.lab.act("postgres", "db1", "stop")
        self.catch_up()
        self.promote()
        wait_until(lambda: self.lab.sql("db3", "select slot_name from pg_replication_slots where active") == "", 10, "db2 let go of db3")
        self.lab.sql("db3", "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = 'db2'")
        self.lab.sql("db2", "select pg_create_physical_replication_slot('db1', true)")  # keeps WAL for its return
        self.found()

    def found(self):
        """From here on a client that cannot write was cut off by pgseal: one writer, who has found the new primary."""
        before = len(self.ticks())
        wait_until(lambda: "ok" in self.ticks()[before:], 60, lambda: f"clients find the new primary: {self.ticks()[before:]}")
        self.failed_at = before + self.ticks()[before:].index("ok")

    def follow(self, host):
        """What an operator does for a standby of the former primary."""
        self.lab.sql("db2", f"select pg_create_physical_replication_slot('{host}') where not exists"
                     f" (select from pg_replication_slots where slot_name = '{host}')")
        self.lab.run(host, f"sed -i '/^primary_conninfo/s/host=db1/host=db2/' {DATA}/postgresql.auto.conf")
        self.lab.sql(host, "select pg_reload_conf()")
        wait_until(lambda: ADDRESSES[host] in self.lab.sql("db2", REPLICAS), 30, f"{host} follows db2")

    def rebuild(self, way):
        """The former primary comes back as a standby: made anew; or rewound, because as it came back it was a primary."""
        if way == "power":
            self.lab.power("db1", "on")
            self.two_primaries("the former primary is back after its power loss")
            self.lab.act("postgres", "db1", "stop")
            self.lab.sql("db2", "checkpoint")
            self.lab.run("db1", f"{BIN}/pg_rewind -D {DATA} --source-server='host=db2 user=postgres dbname=postgres'",
                         user="postgres")
        else:
            password = self.lab.secrets()["REPLICATION_PASSWORD"]
            self.lab.run("db1", f"rm -rf {DATA} && PGPASSWORD={password} {BIN}/pg_basebackup -D {DATA} -h db2 -U replicator"
                         " -X stream -c fast", user="postgres")
        # The string of the other standby: as pgseal left it where it came that far.
        lines = self.lab.run("db3", f"grep ^primary_ {DATA}/postgresql.auto.conf").replace("'db3'", "'db1'")
        self.lab.run("db1", f"sed -i '/^primary_/d' {DATA}/postgresql.auto.conf; touch {DATA}/standby.signal; "
                     f"cat >>{DATA}/postgresql.auto.conf <<'END'\n{lines}\nEND", user="postgres")
        self.lab.act("postgres", "db1", "start")
        wait_until(lambda: ADDRESSES["db1"] in self.lab.sql("db2", REPLICAS), 30, "db1 follows db2")

    def two_primaries(self, when):
        """Nothing is changed anywhere, and why is said."""
        before = self.fingerprint()
        report = self.lab.json("apply", "--yes", status=1)
        codes = [finding["code"] for finding in report["findings"]]
        self.check("server.two-primaries" in codes, f"{when}: two primaries are no finding: {codes}")
        self.check(steps(report) == [], f"{when}: steps in spite of two primaries: {steps(report)}")
        self.check(self.fingerprint() == before, f"{when}: something was changed in spite of two primaries")
        self.check(self.lab.pgseal("verify").returncode == 1, f"{when}: verify is content with two primaries")

    def fingerprint(self):
        """All that pgseal could change on the hosts that run."""
        return [self.lab.run(host, "find /etc/pgseal /etc/postgresql /var/lib/postgresql/.postgresql /root/.postgresql "
                             f"/home/deploy/.postgresql {DATA}/postgresql.auto.conf -type f -exec sha256sum {{}} + 2>/dev/null"
                             " | sort", check=False) for host in ("db1", "db2", "db3", "app1")]

    def no_harm(self, when):
        self.writes_go_on(len(self.ticks()))
        failures = [tick for tick in self.ticks()[self.failed_at:] if tick != "ok"]
        self.check(not failures, f"{when}: a client could not write: {failures[:3]}")
        self.check(self.asked("select 2") == "2", f"{when}: a session was cut off")

    def converges(self):
        said = self.lab.pgseal("apply", "--yes")
        self.check(said.returncode == 0, f"apply with all hosts back: {said.returncode}\n{said.stdout}\n{said.stderr}")
        plan = self.lab.json("plan")
        self.check(steps(plan) == [] and plan["debts"] == [], f"still planned: {steps(plan)} {plan['debts']}")
        proof = self.lab.pgseal("verify")
        self.check(proof.returncode == 0, f"verify: {proof.returncode}\n{proof.stdout}")
        expected = [verified("db1"), verified("db3")]
        wait_until(lambda: self.lab.sql("db2", REPLICAS).splitlines() == expected, 20,
                   lambda: f"db1 and db3 stream verified: {self.lab.sql('db2', REPLICAS)}")

    def problems(self, pattern, way):
        """All that is wrong after a failover at that line of apply's, up to the end; [] nothing."""
        status, out, err = self.apply_held(pattern, lambda: self.fail(way))
        self.check(status == 1, f"apply ended with {status}\n{out}\n{err}")
        self.check(re.search(r"^ *db1 error (server\.down|host\.unreachable|link\.)", out, re.MULTILINE),
                   f"apply did not say that db1 is gone:\n{out}\n{err}")
        self.check(re.search("[1-9][0-9]* (failed|owed|waiting)", out), f"apply did not say that anything is left:\n{out}")
        self.no_harm("after the apply with the failover")
        self.follow("db3")
        again = self.lab.pgseal("apply", "--yes")
        self.check(again.returncode == 1, f"apply without db1: {again.returncode}\n{again.stdout}\n{again.stderr}")
        # A mark goes before whatever waits, with the number of the next run.
        startable = [step for phase in self.lab.json("plan")["phases"] if phase["gate"]["holds"] for step in phase["steps"]
                     if step["act"] != "mark host"]
        self.check(startable == [], f"left although nothing holds it up: {startable}")
        self.no_harm("without db1")
        self.rebuild(way)
        self.converges()
        self.no_harm("at the end")
        self.lab.run("app1", "touch /tmp/enough", user="deploy")
        return self.wrong

    def divided(self, pattern):
        """The same where the old primary goes on: what is wrong after a second primary appeared at that line."""
        def promoted():
            self.promote()
            self.found()
        status, out, err = self.apply_held(pattern, promoted)
        self.check(status == 1, f"apply ended with {status}\n{out}\n{err}")
        self.check("server.two-primaries" in out, f"two primaries were not said:\n{out}\n{err}")
        begun = [line.split(":")[0] for line in err.splitlines() if re.match(r"[\w ]+: .* \(\d+ steps?\)$", line)]
        phase = pattern.split(":")[0]
        self.check(begun[-1] == phase, f"phase \"{begun[-1]}\" began after the second primary in \"{phase}\"")
        self.two_primaries("after the promotion")
        self.no_harm("with two primaries")
        return self.wrong


def begins(phase):
    return f"{phase}: .* [(][0-9]+ steps?[)]$"


def case(problems):
    """One lab for one case, taken down whatever comes."""
    failover = Failover()
    try:
        return problems(failover)
    except AssertionError as error:
        return [*failover.wrong, str(error)]
    finally:
        failover.close()
