#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Hosts that are not what they seem: copies, one machine under two names, links that lead elsewhere, machines
restored from yesterday or onto a bare one, and a node of another version."""

import os
import subprocess
import unittest

from lab_hosts import BUILD, PGSEAL, findings_of, lab_or_skip, problems_of, steps, wait_until

OURS = "/etc/pgseal ~deploy/.postgresql ~root/.postgresql ~postgres/.postgresql"
NODES = "/usr/local/libexec/pgseal"


def codes(report, host):
    return sorted(finding["code"] for finding in problems_of(report, host))


def hosts_of(report):
    return {step["host"] for step in steps(report)}


class MistakenCase(unittest.TestCase):
    @classmethod
    def up(cls, *options):
        cls.lab = lab_or_skip(*options)
        cls.addClassCleanup(cls.lab.close)

    @classmethod
    def seen(cls, *hosts):
        """Every file that is pgseal's there, with the time of its last change."""
        return [cls.lab.run(host, f"find {OURS} -type f -printf '%p %i %C@\\n' 2>/dev/null | sort", check=False)
                for host in hosts]

    @classmethod
    def image(cls, host, what=OURS):
        """What a copy of the machine, or its snapshot, would hold of ours."""
        return cls.lab.run(host, f"tar -cz --ignore-failed-read -P $(ls -d {what} 2>/dev/null) 2>/dev/null | base64 -w0")

    @classmethod
    def put(cls, host, image):
        cls.lab.run(host, f"rm -rf {OURS}; base64 -d <<<{image} | tar -xzP")

    @classmethod
    def renamed_machine(cls, host, like=None):
        """A machine-id as its image brought it, or, as after systemd-machine-id-setup, its own."""
        number = cls.lab.run(like, "cat /etc/machine-id") if like else os.urandom(16).hex()
        cls.lab.run(host, f"echo {number} >/etc/machine-id")

    @classmethod
    def swap(cls, one, other):
        text = cls.lab.config.read_text()
        for old, new in ((f"ssh:root@{one}\"", "ssh:root@NOBODY\""), (f"ssh:root@{other}\"", f"ssh:root@{one}\""),
                         ("ssh:root@NOBODY\"", f"ssh:root@{other}\"")):
            text = text.replace(old, new)
        cls.lab.config.write_text(text)

    def key(self, host):
        return self.lab.run(host, "openssl pkey -in ~deploy/.postgresql/postgresql.key -pubout | sha256sum")


class Copies(MistakenCase):
    """app2 is a copy of app1: first of the bare machine, then with all that pgseal put there."""

    @classmethod
    def setUpClass(cls):
        cls.up("--databases", "1", "--applications", "2")
        cls.renamed_machine("app2", like="app1")
        cls.first_plan = cls.lab.json("plan", status=1)
        cls.first = cls.lab.json("apply", "--yes", status=1)
        cls.first_left = cls.seen("app1", "app2")
        cls.renamed_machine("app2")
        cls.lab.pgseal("apply", "--yes", status=0)

        cls.put("app2", cls.image("app1"))
        cls.renamed_machine("app2", like="app1")
        before = cls.seen("app1", "app2")
        cls.plan = cls.lab.json("plan", status=1)
        cls.taken_over = cls.lab.json("apply", "--yes", "--take-over", status=1)
        cls.applied = cls.lab.json("apply", "--yes", status=1)
        cls.untouched = before == cls.seen("app1", "app2")
        cls.renamed_machine("app2")
        cls.half_cured = cls.lab.json("plan", status=1)
        cls.lab.run("app2", "rm /etc/pgseal/mark/shop")
        cls.cure = cls.lab.json("apply", "--yes", status=0)

    def test_two_hosts_of_one_machine_id_are_both_left_alone_and_the_others_get_theirs(self):
        for report in (self.first_plan, self.first):
            for host, other in (("app1", "app2"), ("app2", "app1")):
                self.assertEqual(codes(report, host), ["host.copied"])
                found = problems_of(report, host)[0]
                self.assertIn(f'"{host}" has the machine-id of "{other}"', found["message"])
                self.assertIn("systemd-machine-id-setup", found["hint"])
            self.assertEqual(hosts_of(report), {"db1"})
        self.assertEqual(self.first_left, ["", ""])
        self.assertIn("done", {step["state"] for step in steps(self.first)})

    def test_a_copy_of_a_marked_host_is_told_by_its_mark_too(self):
        for report in (self.plan, self.applied):
            self.assertEqual(codes(report, "app1"), ["host.copied"])
            self.assertEqual(codes(report, "app2"), ["host.copied", "host.mistaken"])
            self.assertEqual(hosts_of(report) & {"app1", "app2"}, set())
        self.assertTrue(self.untouched)

    def test_a_take_over_does_not_make_a_copy_of_a_declared_host_another_one(self):
        self.assertEqual(codes(self.taken_over, "app2"), ["host.mistaken"])
        self.assertNotIn("app2", hosts_of(self.taken_over))

    def test_a_copy_with_a_machine_id_of_its_own_is_still_told_by_its_mark(self):
        self.assertEqual(codes(self.half_cured, "app1"), [])
        found = problems_of(self.half_cured, "app2")
        self.assertEqual([finding["code"] for finding in found], ["host.mistaken"])
        self.assertIn('answers as "app2" is marked as "app1"', found[0]["message"])
        self.assertIn("/etc/pgseal/mark/shop", found[0]["hint"])

    def test_a_copy_that_was_told_apart_gets_keys_of_its_own(self):
        reasons = {step["reason"] for step in steps(self.cure) if step["host"] == "app2" and step["act"] == "make key"}
        self.assertEqual(reasons, {"it was issued to app1 client:deploy@deploy"})
        self.assertNotEqual(self.key("app1"), self.key("app2"))
        self.assertEqual(steps(self.lab.json("plan", status=0)), [])
        self.lab.pgseal("verify", status=0)

    def test_hosts_that_marks_tell_apart_may_have_one_machine_id(self):
        self.addCleanup(self.renamed_machine, "app2")
        self.renamed_machine("app2", like="app1")
        self.assertEqual(steps(self.lab.json("plan", status=0)), [])

    def test_a_second_link_to_a_known_machine_is_refused_and_the_first_is_not(self):
        sane = self.lab.config.read_text()
        self.addCleanup(self.lab.config.write_text, sane)
        self.lab.config.write_text(sane.replace('hosts = ["app1", "app2"]', 'hosts = ["app1", "app2", "app3"]') +
                                   '\n[[host]]\nname = "app3"\nlink = "ssh:root@198.18.0.21"\naddress = "198.18.0.23"\n')
        before = self.seen("app1")
        for command in (["plan"], ["apply", "--yes"], ["verify"]):
            report = self.lab.json(*command, status=1)
            self.assertEqual(codes(report, "app3"), ["host.same-machine"])
            self.assertIn('"app3" and "app1" are one machine', problems_of(report, "app3")[0]["message"])
            self.assertEqual(codes(report, "app1"), [])
        self.assertEqual(self.seen("app1"), before)


class SwappedLinks(MistakenCase):
    @classmethod
    def setUpClass(cls):
        cls.up("--databases", "2", "--applications", "2")
        cls.swap("db1", "db2")
        cls.fresh_plan = cls.lab.json("plan", status=1)
        cls.fresh = cls.lab.json("apply", "--yes", status=1)
        cls.fresh_left = cls.seen("db1", "db2")
        cls.swap("db1", "db2")
        cls.lab.pgseal("apply", "--yes", status=0)
        cls.swap("db1", "db2")
        cls.swap("app1", "app2")
        before = cls.seen("db1", "db2", "app1", "app2")
        cls.reports = [cls.lab.json(*words, status=1)
                       for words in (["plan"], ["apply", "--yes"], ["apply", "--yes", "--take-over"], ["verify"])]
        cls.status = cls.lab.pgseal("status", "--format", "nagios").returncode
        cls.untouched = before == cls.seen("db1", "db2", "app1", "app2")
        cls.swap("db1", "db2")
        cls.swap("app1", "app2")

    def test_links_of_unmarked_hosts_are_found_out_by_the_addresses_they_lead_to(self):
        for report in (self.fresh_plan, self.fresh):
            for host, other, address in (("db1", "db2", "198.18.0.12"), ("db2", "db1", "198.18.0.11")):
                self.assertIn("host.mistaken", codes(report, host))
                found = next(f for f in findings_of(report, host) if f["code"] == "host.mistaken")
                self.assertIn(f'answers as "{host}" seems to be "{other}"', found["message"])
                self.assertIn(f"has the address {address}", found["detail"])
                self.assertIn(f"ssh:root@{other}", found["hint"])
        self.assertEqual(self.fresh_left, ["", ""])
        self.assertEqual(hosts_of(self.fresh), {"app1", "app2"})

    def test_links_of_marked_hosts_are_found_out_by_their_marks_and_nothing_is_done_to_them(self):
        for report in self.reports:
            for host, other in (("db1", "db2"), ("db2", "db1"), ("app1", "app2"), ("app2", "app1")):
                found = [f for f in findings_of(report, host) if f["code"] == "host.mistaken"]
                self.assertEqual(len(found), 1, findings_of(report, host))
                self.assertIn(f'answers as "{host}" is marked as "{other}"', found[0]["message"])
        for report in self.reports[:3]:
            self.assertEqual(steps(report), [])
        self.assertTrue(self.untouched)
        self.assertNotEqual(self.status, 0)

    def test_corrected_links_leave_nothing_to_do(self):
        self.assertEqual(steps(self.lab.json("plan", status=0)), [])

    def test_a_mark_of_before_hosts_were_named_is_read_and_renewed(self):
        for host in ("db1", "app1"):
            self.assertIn(f"host = {host}", self.lab.run(host, "cat /etc/pgseal/mark/shop"))
            self.lab.run(host, "sed -i '/^host/d' /etc/pgseal/mark/shop")
        planned = self.lab.json("plan", status=1)
        self.assertEqual([(step["host"], step["act"], step["reason"]) for step in steps(planned)],
                         [(host, "mark host", "the mark does not name its host yet") for host in ("db1", "app1")])
        self.assertEqual(problems_of(planned, "db1"), [])
        self.lab.pgseal("apply", "--yes", status=0)
        for host in ("db1", "app1"):
            self.assertIn(f"host = {host}", self.lab.run(host, "cat /etc/pgseal/mark/shop"))

    def test_a_renamed_host_is_taken_over_by_its_new_name(self):
        sane = self.lab.config.read_text()
        self.lab.config.write_text(sane.replace('name = "app2"', 'name = "web2"').replace('"app1", "app2"', '"app1", "web2"'))
        found = problems_of(self.lab.json("plan", status=1), "web2")
        self.assertEqual([finding["code"] for finding in found], ["host.mistaken"])
        self.assertIn("--take-over", found[0]["hint"])
        self.lab.pgseal("apply", "--yes", "--take-over", status=0)
        self.assertIn("host = web2", self.lab.run("app2", "cat /etc/pgseal/mark/shop"))
        self.assertEqual(steps(self.lab.json("plan", status=0)), [])
        self.lab.config.write_text(sane)
        self.lab.pgseal("apply", "--yes", "--take-over", status=0)


class Restored(MistakenCase):
    """Yesterday's snapshot on its own machine, and a data directory on one that has nothing else."""
    DATA = "/var/lib/postgresql/15/main"

    @classmethod
    def setUpClass(cls):
        cls.up("--databases", "2", "--applications", "1")
        cls.lab.pgseal("apply", "--yes", status=0)

    def serials(self):
        """What the ledger issued last, by host and slot."""
        return {(host["name"], slot["slot"]): slot["serial"].lower().lstrip("0")
                for host in self.lab.json("status")["hosts"] for slot in host["slots"]}

    def serial(self, host, path):
        text = self.lab.run(host, f"openssl x509 -in {path} -noout -serial")
        return text.split("=")[1].lower().lstrip("0")

    def settled(self):
        self.assertEqual(steps(self.lab.json("plan", status=0)), [])
        self.assertTrue(self.lab.json("verify", status=0)["ok"])

    def test_a_snapshot_of_yesterday_is_behind_and_is_brought_forward(self):
        yesterday = {host: self.image(host) for host in ("db1", "app1")}
        old_key, old_mark = self.key("app1"), self.lab.run("app1", "cat /etc/pgseal/mark/shop")
        self.lab.run("app1", "rm ~deploy/.postgresql/postgresql.*")
        self.lab.run("db1", "rm /etc/pgseal/server/db1/server.pem")
        self.lab.pgseal("apply", "--yes", status=0)
        self.settled()
        self.assertNotEqual(self.lab.run("app1", "cat /etc/pgseal/mark/shop"), old_mark)
        self.put("app1", yesterday["app1"])
        self.put("db1", yesterday["db1"])
        self.lab.act("postgres", "db1", "restart")
        self.assertEqual(self.key("app1"), old_key)

        planned = self.lab.json("plan", status=1)
        self.assertEqual(problems_of(planned, "db1") + problems_of(planned, "app1"), [])
        behind = {(step["host"], step["slot"]) for step in steps(planned) if step["reason"].startswith("behind: ")}
        self.assertEqual(behind, {("db1", "server:db1"), ("app1", "client:deploy@deploy")})
        self.lab.pgseal("apply", "--yes", status=0)
        self.settled()
        newest = self.serials()
        self.assertEqual(self.serial("db1", "/etc/pgseal/server/db1/server.pem"), newest["db1", "server:db1"])
        self.assertEqual(self.serial("app1", "~deploy/.postgresql/postgresql.crt"),
                         newest["app1", "client:deploy@deploy"])
        self.assertNotEqual(self.key("app1"), old_key, "a retired key is not taken up again")
        self.assertGreater(self.generation("app1"), int(old_mark.split("generation = ")[1].split()[0]))

    def generation(self, host):
        return int(self.lab.run(host, "sed -n 's/^generation = //p' /etc/pgseal/mark/shop"))

    def test_a_snapshot_of_before_pgseal_gets_everything_again(self):
        self.lab.run("app1", f"rm -rf {OURS}")
        acts = {(step["host"], step["act"]) for step in steps(self.lab.json("plan", status=1))}
        self.assertEqual(acts, {("app1", act) for act in ("mark host", "make key", "install certificate", "install trust")})
        self.lab.pgseal("apply", "--yes", status=0)
        self.settled()

    def test_a_data_directory_on_a_bare_host_starts_without_tls_and_is_healed(self):
        self.assertIn("sslmode=verify-full", self.lab.run("db2", f"grep ^primary_conninfo {self.DATA}/postgresql.auto.conf"))
        self.lab.act("postgres", "db2", "stop")
        self.lab.run("db2", f"rm -rf {OURS}")
        self.lab.act("postgres", "db2", "start")
        self.assertEqual(self.lab.sql("db2", "show ssl"), "off")
        planned = self.lab.json("plan", status=1)
        self.assertEqual(hosts_of(planned), {"db2"})
        self.lab.pgseal("apply", "--yes")
        wait_until(lambda: self.streams(), 20, "db2 streams again")
        self.lab.pgseal("apply", "--yes", status=0)
        self.settled()
        self.assertEqual(self.lab.sql("db2", "show ssl"), "on")

    def streams(self):
        return self.lab.sql("db1", "select ssl from pg_stat_replication join pg_stat_ssl using (pid) "
                                   "where state = 'streaming' and client_addr = '198.18.0.12'") == "t"

    def test_a_data_directory_without_any_configuration_comes_with_what_is_needed(self):
        self.lab.act("postgres", "db2", "stop")
        self.lab.run("db2", f"mv /etc/postgresql /etc/was; rm -rf {OURS}")
        found = problems_of(self.lab.json("apply", "--yes", status=1), "db2")
        self.lab.run("db2", "mv /etc/was /etc/postgresql")
        self.lab.act("postgres", "db2", "start")
        absent = [finding for finding in found if finding["code"].startswith("server.")]
        self.assertEqual([finding["code"] for finding in absent][:1], ["server.absent"], found)
        self.assertIn("data_directory", absent[0]["hint"])
        self.lab.pgseal("apply", "--yes")
        wait_until(lambda: self.streams(), 20, "db2 streams again")
        self.lab.pgseal("apply", "--yes", status=0)
        self.settled()


class OtherVersions(MistakenCase):
    """Another build with another protocol on the same environment: as after an upgrade, and back."""
    OTHER = BUILD / "other"

    @classmethod
    def setUpClass(cls):
        if not (cls.OTHER / "pgseal").exists():
            raise unittest.SkipTest("needs the other version of both programs: build all")
        cls.up("--databases", "1", "--applications", "1")
        cls.lab.pgseal("apply", "--yes", status=0)
        cls.numbers = {name: subprocess.run(["sha256sum", str(folder / "pgseal-node")], check=True, text=True,
                                            stdout=subprocess.PIPE).stdout[:32]
                       for name, folder in (("ours", BUILD), ("other", cls.OTHER))}

    def there(self, host="app1"):
        return set(self.lab.run(host, f"ls {NODES}").split())

    def path(self, name):
        return f"{NODES}/pgseal-node-{self.numbers[name]}"

    def plans(self, name, status=0):
        program = {"ours": PGSEAL, "other": str(self.OTHER / "pgseal")}[name]
        return subprocess.run(self.lab.command(program, "plan"), text=True, timeout=120, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def test_each_version_brings_its_own_node_and_leaves_the_other_s(self):
        both = {f"pgseal-node-{number}" for number in self.numbers.values()}
        for name in ("other", "ours", "other"):
            done = self.plans(name)
            self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.there(), both)

    def test_a_node_of_another_version_under_the_right_name_is_replaced(self):
        for name, wrong in (("ours", "other"), ("other", "ours")):
            with self.subTest(name):
                self.plans("ours")
                self.plans("other")
                self.lab.run("app1", f"cp {self.path(wrong)} {NODES}/x && mv {NODES}/x {self.path(name)}")
                done = self.plans(name)
                self.assertEqual(done.returncode, 0, done.stdout)
                self.assertEqual(self.lab.run("app1", f"sha256sum {self.path(name)}")[:32], self.numbers[name])

    def test_a_node_of_another_version_that_cannot_be_replaced_is_told_so(self):
        self.plans("ours")
        self.plans("other")
        self.lab.run("app1", f"cp {self.path('other')} {NODES}/x && mv {NODES}/x {self.path('ours')} && "
                             f"mount --bind {NODES} {NODES} && mount -o remount,bind,ro {NODES}")
        self.addCleanup(self.lab.run, "app1", f"umount {NODES}")
        plan = self.lab.json("plan", status=1)
        self.assertEqual(codes(plan, "db1"), [])
        found = problems_of(plan, "app1")
        self.assertEqual([finding["code"] for finding in found], ["host.unreachable"])
        self.assertIn("pgseal-node could not be put into place", found[0]["message"])
        self.assertIn("Read-only file system", found[0]["detail"])


if __name__ == "__main__":
    unittest.main()
