#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""The controller's own faults: configuration, ledger, authorities. Each ends the command with the
exit status of its kind before any host is touched."""

import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

from lab_hosts import PGSEAL, lab_or_skip, steps

SOUND = '''[environment]
name = "shop"
[authority]
passphrase = "none"
[[host]]
name = "db1"
link = "ssh:nobody@192.0.2.1"
address = "192.0.2.1"
database = true
[[identity]]
name = "deploy"
kind = "application"
hosts = ["db1"]
os_users = ["deploy"]
'''


class Configuration(unittest.TestCase):
    """No host of it exists: what comes as far as asking one is seen by its exit status."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="pgseal-toml.")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.file = self.folder / "pgseal.toml"

    def refused(self, text, place, *words):
        self.file.write_text(text)
        for command in (["plan"], ["apply", "--yes"], ["--json", "verify"]):
            done = subprocess.run([PGSEAL, "--config", self.file, *command], text=True, timeout=20,
                                  stdin=subprocess.DEVNULL, capture_output=True)
            self.assertEqual(done.returncode, 10, done.stderr)
            self.assertIn(f"line {place[0]}, column {place[1]}", done.stderr)
            for word in words:
                self.assertIn(word, done.stderr)
            if "--json" in command:
                error = json.loads(done.stdout)["error"]
                self.assertEqual(error["code"] // 100, 10)
                self.assertTrue(error["name"].startswith("configuration."))
            else:
                self.assertEqual(done.stdout, "")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["pgseal.toml"])

    def test_a_key_that_is_not_known_comes_with_the_nearest_that_is(self):
        self.refused(SOUND.replace("database = true", "databse = true"), (9, 1), "databse", '"database"')

    def test_a_value_of_a_wrong_type_comes_with_the_right_type(self):
        self.refused(SOUND.replace("database = true", 'database = "yes"'), (9, 12), "database")

    def test_a_host_that_is_declared_twice(self):
        self.refused(SOUND + '[[host]]\nname = "db1"\nlink = "local"\n', (16, 8), "db1", "line 6")

    def test_a_host_that_is_used_and_not_declared_comes_with_the_nearest(self):
        self.refused(SOUND.replace('hosts = ["db1"]', 'hosts = ["db11"]'), (13, 10), '"db11"', '"db1"')

    def test_a_name_that_is_no_host_name(self):
        self.refused(SOUND.replace('database = true', 'names = ["db_1 shop"]'), (9, 10), "db_1 shop")

    def test_a_lifetime_beyond_the_authoritys(self):
        self.refused(SOUND + "[policy]\nauthority_days = 100\nserver_days = 200\n", (17, 15),
                     "server_days", "authority_days")

    def test_an_identity_that_is_given_twice(self):
        again = '[[identity]]\nname = "deploy"\nkind = "application"\nhosts = ["db1"]\nos_users = ["ops"]\n'
        self.refused(SOUND + again, (16, 8), "deploy", "line 11")

    def test_text_that_is_not_toml(self):
        self.refused(SOUND + "[policy\n", (15, 8))

    def test_a_file_that_is_not_there_is_no_empty_one(self):
        done = subprocess.run([PGSEAL, "--config", self.file, "plan"], text=True, timeout=20,
                              stdin=subprocess.DEVNULL, capture_output=True)
        self.assertEqual(done.returncode, 10)
        self.assertIn(str(self.file), done.stderr)


class Unseen(unittest.TestCase):
    """The state folder is another user's: root made it, and nobody looks for it."""

    def test_a_state_folder_that_may_not_be_looked_into_is_no_missing_ledger(self):
        if os.geteuid() != 0:
            self.skipTest("needs root: it runs as another user")
        with tempfile.TemporaryDirectory(prefix="pgseal-unseen.") as name:
            folder = pathlib.Path(name)
            folder.chmod(0o755)
            shutil.copy(PGSEAL, folder / "pgseal")  # the tree may lie where nobody else may look
            (folder / "pgseal.toml").write_text(SOUND)
            (folder / "state").mkdir(mode=0o700)
            (folder / "state" / "ledger.sqlite").touch()
            for words in (["debt", "list"], ["ca", "show"], ["status", "--offline"], ["plan"], ["log"]):
                with self.subTest(words):
                    done = subprocess.run([folder / "pgseal", *words], text=True, timeout=20, cwd=folder,
                                          user=65534, group=65534, extra_groups=[],
                                          stdin=subprocess.DEVNULL, capture_output=True)
                    self.assertEqual(done.returncode, 11, done.stderr)
                    self.assertEqual(done.stdout, "")
                    self.assertIn(str(folder / "state"), done.stderr)
                    self.assertIn("(ledger.open)", done.stderr)


class CopiedState(unittest.TestCase):
    """An environment with one certificate gone, so that an apply would have to sign, and a copy of the
    state folder that made it for each test."""

    @classmethod
    def setUpClass(cls):
        cls.lab = lab_or_skip("--databases", "1", "--applications", "1")
        cls.addClassCleanup(cls.lab.close)
        cls.lab.pgseal("apply", "--yes", status=0)
        cls.lab.run("app1", "rm ~deploy/.postgresql/postgresql.*")
        cls.text = cls.lab.config.read_text()

    def setUp(self):
        self.state = self.lab.folder / "copy"
        shutil.copytree(self.lab.folder / "state", self.state)
        self.addCleanup(shutil.rmtree, self.state)
        self.configure(self.text.replace(f'state = "{self.lab.folder}/state"', f'state = "{self.state}"'))

    def configure(self, text):
        self.lab.config.write_text(text)
        self.addCleanup(self.lab.config.write_text, self.text)

    def seen(self):
        """Whatever pgseal could have changed on a host, down to inodes and times."""
        looked = "find /etc/pgseal ~deploy/.postgresql ~postgres/.postgresql /etc/postgresql -printf '%p %i %C@\\n'"
        return [self.lab.run(host, looked + " 2>/dev/null | sort", check=False) for host in ("db1", "app1")]

    def deeds(self):
        """The ledger's log, or what is left of the ledger where it has none any more."""
        path = self.state / "ledger.sqlite"
        try:
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as ledger:
                return ledger.execute("select seq, what, host from audit").fetchall()
        except sqlite3.DatabaseError:
            return path.read_bytes()


class StateFolder(CopiedState):
    """Each test damages the copy; none lets an apply act, or the hosts' marks would refuse the next."""

    def ends(self, words, status, name, *said):
        hosts, deeds = self.seen(), self.deeds()
        done = self.lab.pgseal(*words, status=status)
        shown = self.lab.json(*words, status=status)["error"]
        self.assertEqual(shown["name"], name)
        for word in said:
            self.assertIn(word, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.seen(), hosts)
        self.assertEqual(self.deeds(), deeds)
        return done

    def test_the_sound_copy_is_planned_with_the_pair_to_make(self):
        acts = [step["act"] for step in steps(self.lab.json("plan", status=1)) if step["host"] == "app1"]
        self.assertIn("make key", acts)

    def test_a_ledger_of_a_newer_version_is_not_touched(self):
        with contextlib.closing(sqlite3.connect(self.state / "ledger.sqlite")) as ledger:
            version, = ledger.execute("pragma user_version").fetchone()
            ledger.execute(f"pragma user_version = {version + 1}")
        for words in (["plan"], ["apply", "--yes"], ["status"]):
            self.ends(words, 11, "ledger.newer", "newer", "version")

    def test_a_damaged_ledger_is_to_be_restored(self):
        path = self.state / "ledger.sqlite"
        content = bytearray(path.read_bytes())
        for page in range(4096, len(content), 4096):
            content[page:page + 64] = b"\xa5" * 64
        path.write_bytes(content)
        for words in (["plan"], ["apply", "--yes"]):
            self.ends(words, 11, "ledger.corrupt", "SQLite says", "backup")

    def test_a_ledger_that_is_cut_to_nothing_is_no_new_one(self):
        (self.state / "ledger.sqlite").write_bytes(b"")
        self.ends(["apply", "--yes"], 11, "ledger.corrupt")

    def test_a_state_folder_on_a_read_only_mount_is_read_and_not_applied_from(self):
        for options in (["--bind", self.state, self.state], ["-o", "remount,bind,ro", self.state]):
            subprocess.run(["mount", *options], check=True)
        try:
            self.ends(["apply", "--yes"], 11, "ledger.read-only", str(self.state))
            self.lab.pgseal("plan", status=1)
            self.lab.pgseal("status")
        finally:
            subprocess.run(["umount", self.state], check=True)

    def test_a_ledger_on_another_machines_disk_is_refused(self):
        if not shutil.which("sshfs") or not os.path.exists("/dev/fuse"):
            self.skipTest("needs sshfs and /dev/fuse")
        there, here = "/srv/state", self.lab.folder / "remote"
        self.lab.run("db1", f"mkdir -m 700 {there}")
        here.mkdir()
        mounted = self.lab.hub("sshfs", "-F", str(self.lab.folder / "ssh_config"), f"root@db1:{there}", str(here))
        self.assertEqual(mounted.returncode, 0, mounted.stdout)
        self.addCleanup(subprocess.run, ["umount", here], check=True)
        shutil.copytree(self.state, here, dirs_exist_ok=True)
        self.configure(self.lab.config.read_text().replace(f'state = "{self.state}"', f'state = "{here}"'))
        for words in (["plan"], ["status", "--offline"], ["apply", "--yes"]):
            done = self.lab.pgseal(*words, status=11)
            self.assertIn("lies on a network file system", done.stderr)
            self.assertIn("fuse.sshfs", done.stderr)
            self.assertIn("[environment] state", done.stderr)
        (here / "old").mkdir(mode=0o755)
        self.configure(self.lab.config.read_text().replace(f'state = "{here}"', f'state = "{here}/new"'))
        self.assertIn("lies on a network file system", self.lab.pgseal("apply", "--yes", "--take-over", status=11).stderr)
        self.assertFalse((here / "new").exists(), "what was made for nothing is left")
        self.configure(self.lab.config.read_text().replace(f'state = "{here}/new"', f'state = "{here}/old"'))
        self.lab.pgseal("apply", "--yes", "--take-over", status=11)
        self.assertEqual((here / "old").stat().st_mode & 0o777, 0o755)

    def test_a_state_folder_that_others_may_write_is_refused(self):
        self.state.chmod(0o777)
        self.ends(["plan"], 11, "ledger.open", "can be written by others", "0700")
        self.ends(["apply", "--yes"], 11, "ledger.open", "can be written by others")

    def test_another_environments_ledger_is_told_whose_it_is(self):
        self.configure(self.lab.config.read_text().replace('name = "shop"', 'name = "office"'))
        self.ends(["apply", "--yes"], 11, "ledger.foreign", "shop", "office")

    def test_a_ledger_in_use_is_told_by_whom(self):
        with open(self.state / "lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write("anna since noon")
            lock.flush()
            self.ends(["apply", "--yes"], 12, "locked", "anna since noon")

    def test_a_wrong_passphrase_stops_before_the_first_act(self):
        wrong = self.lab.folder / "wrong"
        wrong.write_text("not it\n")
        wrong.chmod(0o600)
        self.addCleanup(wrong.unlink)
        self.configure(self.lab.config.read_text().replace(f'{self.lab.folder}/passphrase', str(wrong)))
        done = self.ends(["apply", "--yes"], 13, "authority.passphrase", "server-1.key")
        self.assertNotIn("not it", done.stderr)

    def test_a_configuration_without_a_passphrase_does_not_open_an_encrypted_key(self):
        text = self.lab.config.read_text()
        line, = [line for line in text.splitlines() if line.startswith("passphrase_file")]
        self.configure(text.replace(line, 'passphrase = "none"'))
        self.ends(["apply", "--yes"], 13, "authority.passphrase", "has a passphrase")

    def test_a_descriptor_that_is_not_open_is_no_passphrase(self):
        done = subprocess.run(self.lab.command("env", "PGSEAL_PASSPHRASE_FD=99", PGSEAL, "apply", "--yes"),
                              text=True, timeout=60, stdin=subprocess.DEVNULL, capture_output=True)
        self.assertEqual(done.returncode, 13, done.stderr)
        self.assertIn("(authority.passphrase)", done.stderr)
        self.assertIn("descriptor 99", done.stderr)

    def test_a_key_of_an_authority_that_others_may_read_is_not_used(self):
        key = self.state / "authorities" / "client-1.key"
        key.chmod(0o644)
        self.ends(["apply", "--yes"], 13, "authority.key-exposed", str(key), "0644", "chmod 600")

    def test_a_question_that_nobody_could_be_asked_is_not_answered_with_no(self):
        done = self.ends(["apply"], 17, "refused.unasked", "--yes", "not a terminal")
        self.assertNotIn("the answer was no", done.stderr)

    def test_an_answer_that_is_not_yes_changes_nothing(self):
        hosts = self.seen()
        words = " ".join(map(str, self.lab.command(PGSEAL, "apply")))
        done = subprocess.run(["script", "-qec", words, "/dev/null"], text=True, timeout=60, input="n\n",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 17, done.stdout)
        self.assertIn("(refused.declined)", done.stdout)
        self.assertEqual(self.seen(), hosts)

    def test_a_log_whose_chain_is_broken_is_a_finding_and_not_a_ledger_that_cannot_be_read(self):
        self.assertEqual(self.lab.json("log", "--verify", status=0)["findings"], [])
        with contextlib.closing(sqlite3.connect(self.state / "ledger.sqlite")) as ledger:
            ledger.execute("drop trigger audit_stays")
            ledger.execute("update audit set who = 'somebody' where seq = 3")
            ledger.commit()
        found, = self.lab.json("log", "--verify", status=1)["findings"]
        self.assertEqual((found["severity"], found["code"]), ("error", "log.broken"))
        self.assertIn("entry 3", found["message"])
        self.assertIn("log.broken", self.lab.pgseal("log", "--verify", status=1).stdout)

    def test_a_silence_takes_a_finding_out_of_sight_and_out_of_the_exit_status_alone(self):
        identity = '[[identity]]\nname = "carol"\nkind = "named"\nhosts = ["app1"]\nos_users = ["carol"]\n'
        silences = ('[[silence]]\ncode = "role.missing"\nreason = "next week"\n'
                    '[[silence]]\ncode = "user.missing"\nhost = "app1"\nreason = "next week"\n')
        sound = self.lab.config.read_text() + identity + silences
        for until, status, codes in (("", 0, ["findings.silenced"]),
                                     ("until = 2020-02-29\n", 1,
                                      ["findings.silenced", "silence.expired", "user.missing"])):
            with self.subTest(until):
                self.configure(sound + until)
                shown = self.lab.json("status", status=status)
                self.assertEqual(sorted(found["code"] for found in shown["findings"]), codes)
                planned = [step["slot"] for step in steps(self.lab.json("plan", status=1))]
                self.assertIn("client:deploy@deploy", planned)
                self.assertNotIn("client:carol@carol", planned)

    def test_a_lost_key_of_an_authority_is_to_be_restored(self):
        for name in ("server", "client"):
            with self.subTest(name):
                key = self.state / "authorities" / f"{name}-1.key"
                key.rename(self.state / "away")
                self.ends(["apply", "--yes"], 13, "authority.key-lost", f"{name}-1.key", "backup")
                (self.state / "away").rename(key)

    def test_a_key_that_is_not_the_certificates_is_refused(self):
        folder = self.state / "authorities"
        shutil.copy(folder / "client-1.key", folder / "server-1.key")
        self.ends(["apply", "--yes"], 13, "authority.mismatch", "backup")


class WorkingState(CopiedState):
    """Tests that let an apply act keep what it wrote: the hosts' marks have seen it."""

    def keep(self):
        shutil.copytree(self.state, self.lab.folder / "state", dirs_exist_ok=True)

    def on_a_small_disk(self, kilobytes):
        """The state folder on a file system of its own, which mount(8) makes of memory."""
        aside = self.lab.folder / "aside"
        shutil.copytree(self.state, aside)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=0700,size={kilobytes}k", "tmpfs", self.state], check=True)
        self.addCleanup(subprocess.run, ["umount", self.state], check=True)
        shutil.copytree(aside, self.state, dirs_exist_ok=True)
        shutil.rmtree(aside)

    def fill(self, left):
        """Leaves so many kilobytes, in whole pages; gives the file that takes the rest."""
        filler = self.state / "filler"
        free = os.statvfs(self.state)
        filler.write_bytes(bytes((free.f_bavail - left // 4) * free.f_frsize))
        self.addCleanup(filler.unlink, missing_ok=True)
        return filler

    def certificates(self):
        with contextlib.closing(sqlite3.connect(f"file:{self.state}/ledger.sqlite?mode=ro", uri=True)) as ledger:
            self.assertEqual(ledger.execute("pragma quick_check").fetchall(), [("ok",)])
            return {pem for pem, in ledger.execute("select certificate from serial where certificate is not null")}

    def test_a_full_disk_is_told_and_nothing_is_given_that_it_could_not_keep(self):
        self.on_a_small_disk(1024)
        ends, begun = {}, 0
        for left in (0, 128, 132, 136, 140, 144, 152):
            with self.subTest(left=left):
                before, filler = len(self.deeds()), self.fill(left)
                done = self.lab.pgseal("apply", "--yes")
                ends[left] = done.returncode
                said = done.stdout + done.stderr
                if done.returncode != 0:
                    self.assertIn(done.returncode, (1, 11), said)
                    self.assertIn("ledger.full", said)
                    self.assertIn("Make room in the state folder", said)
                filler.unlink()
                known = self.certificates()
                begun += done.returncode != 0 and len(self.deeds()) > before
                held = self.lab.run("app1", "cat ~deploy/.postgresql/postgresql.crt 2>/dev/null", check=False)
                self.assertTrue(not held or any(held.startswith(pem.strip()) for pem in known), held)
                self.lab.pgseal("log", "--verify", status=0)
                self.lab.pgseal("apply", "--yes", status=0)
                self.lab.pgseal("plan", status=0)
                self.lab.run("app1", "rm -r ~deploy/.postgresql")
        self.keep()
        self.assertEqual(ends[0], 11, ends)
        self.assertGreater(begun, 0, f"no disk was filled in the middle of an apply: {ends}")

    def test_a_ledger_of_yesterday_is_refused_and_said_what_to_do(self):
        self.lab.pgseal("apply", "--yes", status=0)
        yesterday = self.lab.folder / "yesterday"
        shutil.copytree(self.state, yesterday)
        self.addCleanup(shutil.rmtree, yesterday)
        self.lab.run("app1", "rm ~deploy/.postgresql/postgresql.*")
        self.lab.pgseal("apply", "--yes", status=0)
        self.keep()
        shutil.rmtree(self.state)
        shutil.copytree(yesterday, self.state)
        self.lab.run("db1", "rm ~/.postgresql/postgresql.*")
        hosts = self.seen()
        for words in (["plan"], ["apply", "--yes"], ["apply", "--yes"], ["apply", "--yes"], ["plan"]):
            shown = self.lab.json(*words, status=1)
            found, = [each for each in shown["findings"] if each["host"] == "app1" and each["severity"] == "error"]
            self.assertIn("of the ledger", found["message"] + found.get("detail", ""))
            self.assertIn("--take-over", found["hint"])
            self.assertEqual(steps(shown), [], "nor does a host get anything that has seen nothing newer")
        self.assertEqual(self.seen(), hosts)
        self.assertIn("of the ledger", self.lab.pgseal("status", status=1).stdout)
        self.lab.pgseal("apply", "--yes", "--take-over", status=0)
        self.lab.pgseal("apply", "--yes", status=0)
        self.lab.pgseal("verify", status=0)


if __name__ == "__main__":
    unittest.main()
