#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Hosts that cannot be reached or used as they are, many at once in one lab: each gets its finding and
not a byte, the others get all their steps, and a host that was cured is paid at the next apply."""

import time
import unittest

from lab_hosts import findings_of, lab_or_skip, steps, wait_until

KEEPALIVE_SECONDS = 3 * 1
CONNECT_SECONDS = 5
QUICKLY = f', "-o", "ConnectTimeout={CONNECT_SECONDS}", "-o", "ServerAliveInterval={KEEPALIVE_SECONDS // 3}"'


def impatient(lab):
    """ssh's deadlines shorter than pgseal's defaults: the user's options win."""
    lab.edit('ssh_config"]', f'ssh_config"{QUICKLY}]')


class IllApplicationHosts(unittest.TestCase):
    CUT, OFF, UNKNOWN, CHANGED, NO_SUDO, ASKS, FOREIGN, NOLOGIN, PYTHON, STOPPED, NO_USER = (
        f"app{n}" for n in range(1, 12))
    HANGING = ["app12", "app13", "app14", "app15", "app20", "app21", "app22", "app23"]
    SUDO, NOISY, CSH, NARROW = WELL = [f"app{n}" for n in range(16, 20)]

    @classmethod
    def setUpClass(cls):
        cls.lab = lab_or_skip("--databases", "1", "--applications", "23")
        cls.addClassCleanup(cls.lab.close)
        impatient(cls.lab)
        cls.make_peculiar()
        cls.make_ill()
        began = time.monotonic()
        cls.plan = cls.lab.json("plan", status=1)
        cls.plan_seconds = time.monotonic() - began
        cls.applied = cls.lab.json("apply", "--yes", status=1)
        cls.verified = cls.lab.json("verify", status=1)
        cls.owed = cls.lab.json("debt", "list", status=1)["debts"]
        cls.left = {host: cls.lab.run(host, "ls -A /etc/pgseal /home/deploy/.postgresql 2>/dev/null", check=False)
                    for host in cls.absent() if host != cls.OFF}
        cls.sent = cls.lab.run(cls.FOREIGN, "find /usr/local/libexec -type f")
        cls.make_well()
        cls.lab.pgseal("apply", "--yes", status=0)
        cls.owed_in_the_end = cls.lab.json("debt", "list", status=0)["debts"]
        cls.verified_in_the_end = cls.lab.json("verify", status=0)

    @classmethod
    def ill(cls):
        return [f"app{n}" for n in range(1, 12)] + cls.HANGING

    @classmethod
    def absent(cls):
        return [host for host in cls.ill() if host != cls.NO_USER]

    @classmethod
    def make_peculiar(cls):
        """Not as usual, and no obstacle."""
        lab = cls.lab
        for host in (cls.SUDO, cls.NO_SUDO, cls.ASKS):
            lab.edit(f"ssh:root@{host}\"", f"ssh:{'ops' if host == cls.SUDO else 'plain'}@{host}\"")
        lab.run(cls.NOISY, "echo 'Authorised use only. pgseal:root' >/etc/banner; "
                           "echo 'Banner /etc/banner' >>/etc/ssh/sshd_config; kill -HUP $(cat /run/sshd.pid); "
                           "printf 'echo welcome; echo pgseal:run; echo to all >&2\\n%s' \"$(cat ~/.bashrc)\" >~/.bashrc")
        lab.run(cls.CSH, "if [ -x /bin/csh ]; then usermod -s /bin/csh root; fi")
        lab.run(cls.NARROW, "printf 'MaxSessions 1\\nMaxStartups 1\\n' >>/etc/ssh/sshd_config; "
                            "kill -HUP $(cat /run/sshd.pid)")

    @classmethod
    def make_ill(cls):
        lab = cls.lab
        lab.act("link", cls.CUT, "down")
        lab.act("power", cls.OFF, "off")
        cls.known = (lab.folder / "known_hosts").read_text()
        lines = [line for line in cls.known.splitlines() if not line.startswith(f"{cls.UNKNOWN},")]
        key = next(line for line in lines if line.startswith("db1,")).split(" ", 1)[1]
        lines = [line.split(" ", 1)[0] + " " + key if line.startswith(f"{cls.CHANGED},") else line for line in lines]
        (lab.folder / "known_hosts").write_text("\n".join(lines) + "\n")
        lab.run(cls.ASKS, "echo 'plain ALL=(ALL:ALL) ALL' >/etc/sudoers.d/plain")
        lab.run(cls.FOREIGN, "printf '#!/bin/sh\\necho riscv64\\n' >/usr/sbin/uname; chmod 755 /usr/sbin/uname")
        lab.run(cls.NOLOGIN, "usermod -s /bin/false root")
        lab.run(cls.PYTHON, "usermod -s /usr/bin/python3 root")
        lab.run(cls.STOPPED, "kill -STOP $(cat /run/sshd.pid)")
        lab.run(cls.NO_USER, "cp /etc/passwd /etc/passwd.was; userdel deploy")
        for host in cls.HANGING:
            lab.run(host, "mv ~/.bashrc ~/.bashrc.was; echo 'kill -STOP $PPID' >~/.bashrc")

    @classmethod
    def make_well(cls):
        lab = cls.lab
        lab.act("link", cls.CUT, "up")
        lab.act("power", cls.OFF, "on")
        (lab.folder / "known_hosts").write_text(cls.known)
        for host in (cls.NO_SUDO, cls.ASKS):
            lab.run(host, "echo 'plain ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/plain")
        lab.run(cls.FOREIGN, "rm /usr/sbin/uname")
        for host in (cls.NOLOGIN, cls.PYTHON):
            lab.run(host, "usermod -s /bin/bash root")
        lab.run(cls.STOPPED, "kill -CONT $(cat /run/sshd.pid)")
        lab.run(cls.NO_USER, "mv /etc/passwd.was /etc/passwd")
        for host in cls.HANGING:
            lab.run(host, "mv ~/.bashrc.was ~/.bashrc")

    def the_finding(self, host, code="host.unreachable"):
        for report in (self.plan, self.applied, self.verified):
            found = findings_of(report, host)
            self.assertEqual([finding["code"] for finding in found], [code])
            self.assertIn(f'"{host}"', found[0]["message"])
        return found[0]

    # ---- each illness ---------------------------------------------------------------------------

    def test_a_host_with_its_cable_out_or_without_power_is_to_be_tried_by_hand(self):
        for host in (self.CUT, self.OFF):
            found = self.the_finding(host)
            self.assertRegex(found["message"], "did not answer in time|no route")
            self.assertIn("port 22", found["detail"])
            self.assertTrue(found["hint"].endswith(f"root@{host} true"), found["hint"])

    def test_an_unknown_key_comes_with_its_fingerprint_and_the_command_that_accepts_it(self):
        found = self.the_finding(self.UNKNOWN)
        self.assertIn("is not known yet", found["message"])
        fingerprint = self.lab.run(self.UNKNOWN, "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub").split()[1]
        self.assertIn(fingerprint, found["detail"])
        self.assertIn(f"root@{self.UNKNOWN} true", found["hint"])
        self.accepts(found["hint"].split("accept it with: ")[1])

    def accepts(self, command):
        """The hint's own command, answered with "yes": the key is known afterwards."""
        known = self.lab.folder / "known_hosts"
        before = known.read_text()
        self.addCleanup(known.write_text, before)
        known.write_text("\n".join(line for line in before.splitlines()
                                   if not line.startswith(f"{self.UNKNOWN},")) + "\n")
        answer = self.lab.folder / "answer"
        answer.write_text("#!/bin/sh\necho yes\n")
        answer.chmod(0o755)
        done = self.lab.hub("env", f"SSH_ASKPASS={answer}", "SSH_ASKPASS_REQUIRE=force", "sh", "-c", command)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(known.read_text().splitlines()[-1], "ssh-ed25519")

    def test_a_changed_key_is_no_matter_of_accepting(self):
        found = self.the_finding(self.CHANGED)
        self.assertIn("is not the known one", found["message"])
        self.assertIn("Find out why", found["hint"])
        self.assertNotIn("accept", found["hint"])

    def test_a_login_that_cannot_become_root_is_told_in_sudo_s_words(self):
        for host in (self.NO_SUDO, self.ASKS):
            found = self.the_finding(host)
            self.assertIn("cannot become root without a password", found["message"])
            self.assertIn("password is required", found["detail"])
            self.assertIn("sudo without a password", found["hint"])

    def test_another_architecture_is_named_and_gets_no_node(self):
        found = self.the_finding(self.FOREIGN)
        self.assertIn("riscv64", found["detail"])
        self.assertIn("package", found["hint"])
        self.assertEqual(self.sent, "")

    def test_a_login_shell_that_runs_no_command_is_named_so(self):
        for host in (self.NOLOGIN, self.PYTHON):
            self.assertIn("ran no command", self.the_finding(host)["message"])
        self.assertIn("SyntaxError", self.the_finding(self.PYTHON)["detail"])

    def test_an_sshd_that_hangs_did_not_answer(self):
        self.assertRegex(self.the_finding(self.STOPPED)["message"], "did not answer in time|could not reach")
        for host in self.HANGING:
            self.assertIn("not responding", self.the_finding(host)["detail"])

    def test_an_os_user_that_lacks_is_named_with_the_command_that_makes_it(self):
        found = self.the_finding(self.NO_USER, "user.missing")
        self.assertIn("useradd --create-home deploy", found["hint"])

    # ---- all others -----------------------------------------------------------------------------

    def test_hosts_that_hang_cost_the_longest_deadline_and_not_their_sum(self):
        self.assertLess(self.plan_seconds, len(self.HANGING) * KEEPALIVE_SECONDS + 2 * CONNECT_SECONDS)

    def test_every_other_host_has_its_pair(self):
        for host in ["db1", *self.WELL]:
            done = [step for step in steps(self.applied)
                    if step["host"] == host and step["slot"].startswith("client:")]
            self.assertEqual({step["state"] for step in done}, {"done"}, done)
            self.assertIn("install certificate", [step["act"] for step in done])
        proven = {(proof["from"], proof["ok"]) for proof in self.verified["connections"]}
        self.assertEqual(proven, {(host, True) for host in ["db1", *self.WELL]})

    def test_only_what_would_cut_absent_hosts_off_is_held_back(self):
        owed = [step for step in steps(self.applied) if step["state"] != "done"]
        self.assertNotIn("db1", {debt["host"] for debt in self.owed}, "it only waits for others")
        self.assertEqual({(step["host"], step["state"]) for step in owed}, {("db1", "pending")})
        phases = [phase for phase in self.applied["phases"] if owed[0] in phase["steps"]]
        self.assertEqual([phase["name"] for phase in phases], ["client trust on servers"])
        blockers = " ".join(phases[0]["gate"]["blockers"])
        for host in self.absent():
            self.assertIn(f"{host}: did not answer", blockers)

    def test_verify_says_that_clients_are_not_asked_for_certificates_yet(self):
        proof = next(host for host in self.verified["hosts"] if host["name"] == "db1")
        self.assertEqual([finding["code"] for finding in proof["findings"]], ["server.clients-unverified"])
        self.assertEqual(proof["branch"], "clients not verified")

    def test_nothing_was_written_on_any_host_that_could_not_be_reached(self):
        for host, listing in self.left.items():
            self.assertEqual(listing, "", host)

    def test_each_absent_host_is_owed_its_slot_and_is_paid_when_it_is_back(self):
        owed = {debt["host"]: debt["steps"] for debt in self.owed}
        for host in self.absent():
            self.assertEqual(owed.get(host), ["client:deploy@deploy"], host)
        self.assertEqual(self.owed_in_the_end, [])

    def test_the_cured_environment_is_proven_whole(self):
        self.assertTrue(self.verified_in_the_end["ok"])
        froms = {proof["from"] for proof in self.verified_in_the_end["connections"]}
        self.assertEqual(len(froms), 1 + len(self.ill()) + len(self.WELL))


class Debts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = lab_or_skip("--databases", "1", "--applications", "2")
        cls.addClassCleanup(cls.lab.close)
        cls.lab.act("power", "app1", "off")
        cls.lab.act("power", "app2", "off")
        cls.lab.pgseal("apply", "--yes", status=1)

    def debts(self, *words, status):
        return {debt["host"]: debt for debt in self.lab.json(*words, status=status)["debts"]}

    def test_who_was_away_is_owed_since_then_until_it_is_back_or_forgiven(self):
        first, noted = self.debts("debt", "list", status=1), int(time.time())
        self.assertEqual(first["app1"]["steps"], ["client:deploy@deploy"])
        self.assertEqual(first["app1"]["reason"], "it did not answer")
        self.assertEqual(self.debts("status", status=1)["app1"]["since"], first["app1"]["since"])
        shown = self.lab.pgseal("debt", "list", status=1).stdout
        self.assertIn(f"owed to app1 since {first['app1']['since']}", shown)
        self.assertIn("owed to app1 since", self.lab.pgseal("status", status=1).stdout)
        wait_until(lambda: int(time.time()) > noted, 3, "the ledger's clock, which counts seconds, is a second on")
        self.lab.pgseal("apply", "--yes", status=1)
        self.assertEqual(self.debts("debt", "list", status=1)["app1"]["since"], first["app1"]["since"])

        self.lab.act("power", "app1", "on")
        self.lab.pgseal("apply", "--yes", "--host", "app2", status=1)
        self.assertIn("app1", self.debts("debt", "list", status=1), "app1 was not asked for anything")
        self.lab.run("app1", "cp /etc/passwd /etc/passwd.was; userdel deploy")
        self.lab.pgseal("apply", "--yes", status=1)
        self.assertIn("app1", self.debts("debt", "list", status=1), "app1 has no user to give it to")
        self.lab.run("app1", "mv /etc/passwd.was /etc/passwd")
        self.lab.pgseal("apply", "--yes", status=1)
        left = self.debts("debt", "list", status=1)
        self.assertNotIn("app1", left)
        self.assertIn("app2", left)

        self.assertEqual(self.lab.pgseal("debt", "forgive", "app2").returncode, 2)
        self.lab.pgseal("debt", "forgive", "app2", "--reason", "scrapped in autumn", status=0)
        self.assertEqual(self.debts("debt", "list", status=0), {}, "db1 only waits for app2")
        self.lab.pgseal("debt", "forgive", "app2", "--reason", "once more", status=1)
        entry = self.lab.json("log", "--limit", "1", status=0)["entries"][0]
        self.assertEqual((entry["what"], entry["host"], entry["reason"]),
                         ("debt forgiven", "app2", "scrapped in autumn"))


class Unmarked(unittest.TestCase):
    def test_a_host_that_cannot_be_marked_gets_nothing_else_and_is_owed_it(self):
        lab = lab_or_skip("--databases", "1", "--applications", "2")
        self.addCleanup(lab.close)
        lab.run("app1", "mkdir /etc/pgseal && mount -t tmpfs -o ro,mode=755 tmpfs /etc/pgseal")
        applied = lab.json("apply", "--yes", status=1)
        done = {(step["host"], step["act"]) for step in steps(applied) if step["state"] == "done"}
        self.assertEqual({act for host, act in done if host == "app1"}, set())
        self.assertIn(("app2", "install certificate"), done)
        self.assertEqual(lab.run("app1", "ls -A ~deploy/.postgresql 2>/dev/null", check=False), "")
        owed = {debt["host"]: debt["steps"] for debt in lab.json("debt", "list", status=1)["debts"]}
        self.assertEqual(owed["app1"], ["mark host host", "install trust client:deploy@deploy",
                                        "make key client:deploy@deploy",
                                        "install certificate client:deploy@deploy"])
        lab.run("app1", "umount /etc/pgseal")
        lab.pgseal("apply", "--yes", status=0)
        self.assertEqual(lab.json("debt", "list", status=0)["debts"], [])
        lab.pgseal("verify", status=0)


if __name__ == "__main__":
    unittest.main()
