#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Text that others chose (roles, sessions, a server's error, a host's shell and even its node) never
reaches the terminal or a JSON document with a control character in it."""

import json
import subprocess
import unittest

from lab_hosts import PGSEAL, lab_or_skip, wait_until

RED = "\x1b[31m"
SHOWN = r"\x1b[31m"
COMMANDS = (["plan"], ["status"], ["verify"], ["apply", "--yes"], ["log", "--limit", "0"], ["debt", "list"])

# The node of a host that lies: its own, but one word of its answers is another of the same length.
LIAR = r"""#!/bin/sh
/root/honest | perl -e '$| = 1; while (sysread(STDIN, $b, 65536)) { $b =~ s/Debian 15\./\\u001b[31m/g; print $b }'
"""


def control_characters(text):
    return sorted({c for c in text if c not in "\n\t" and (ord(c) < 32 or 127 <= ord(c) < 160)})


def strings_in(value):
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        return [text for item in value for text in strings_in(item)]
    return [value] if isinstance(value, str) else []


class ForeignText(unittest.TestCase):
    session = None

    @classmethod
    def setUpClass(cls):
        cls.lab = lab_or_skip("--databases", "1", "--applications", "3")
        cls.addClassCleanup(cls.end)
        cls.lab.pgseal("apply", "--yes", status=0)
        cls.plant()
        cls.text, cls.json = {}, {}
        for words in COMMANDS:
            cls.text[words[0]] = cls.output(*words)
            cls.json[words[0]] = cls.output("--json", *words)

    @classmethod
    def end(cls):
        cls.lab.close()  # and with it the session
        if cls.session is not None:
            cls.session.communicate(timeout=30)

    @classmethod
    def output(cls, *words):
        done = subprocess.run(cls.lab.command(PGSEAL, *words), stdin=subprocess.DEVNULL, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        return done.stdout.decode("utf-8"), done.stderr.decode("utf-8")

    @classmethod
    def plant(cls):
        lab = cls.lab
        lab.run("db1", f"printf '%s\\n' \"create role \\\"x{RED}\\\" login password 'x'\" | psql -Xq", "postgres")
        cls.session = lab.start("app1", f"export PGPASSWORD=x PGAPPNAME='a{RED}'; exec psql -X "
                                        f"\"host=db1 dbname=shop user='x{RED}'\" -c 'select pg_sleep(600)'", "deploy")
        wait_until(lambda: lab.sql("db1", "select count(*) from pg_stat_activity where usename ~ '^x'") == "1", 20,
                   "the session is there")
        lab.run("db1", f"printf \"include 'b{RED}'\\n\" >/etc/postgresql/15/main/conf.d/zz.conf")
        lab.run("db1", "cd /usr/local/libexec/pgseal && mv pgseal-node-* /root/honest && "
                       "n=pgseal-node-$(sha256sum /root/honest | cut -c1-32) && "
                       f"cat >$n <<'END'\n{LIAR}END\nchmod 755 $n")
        lab.run("app1", f"printf 'no mark {RED}\\n' >/etc/pgseal/mark/shop")
        lab.run("app2", f"echo \"printf 'go away {RED}' >&2; exit 1\" >~/.bashrc")
        lab.run("app3", f"printf '#!/bin/sh\\necho \"arm{RED}\"\\n' >/usr/sbin/uname; chmod 755 /usr/sbin/uname; "
                        "rm /usr/local/libexec/pgseal/*")

    def test_no_command_prints_a_control_character(self):
        for command, streams in [*self.text.items(), *self.json.items()]:
            for text in streams:
                self.assertEqual(control_characters(text), [], command)

    def test_no_string_of_a_json_document_holds_one_after_decoding(self):
        for command, (document, _) in self.json.items():
            for text in strings_in(json.loads(document)):
                self.assertEqual(control_characters(text), [], f"{command}: {text!r}")

    def test_a_role_in_live_sessions_is_shown_escaped(self):
        for (shown, _) in (self.text["verify"], self.json["verify"]):
            self.assertIn("x" + SHOWN, shown.replace("\\\\", "\\"))

    def test_a_servers_error_is_shown_escaped(self):
        self.assertIn("b" + SHOWN, self.text["plan"][0])

    def test_the_version_of_a_host_that_lies_is_shown_escaped(self):
        self.assertIn("(" + SHOWN, self.text["status"][0])

    def test_what_a_login_says_and_what_a_machine_is_called_are_shown_escaped(self):
        self.assertIn("go away " + SHOWN, self.text["plan"][0])
        self.assertIn("arm" + SHOWN, self.text["plan"][0])

    def test_a_mark_that_cannot_be_read_is_a_finding(self):
        self.assertRegex(self.text["plan"][0], "app1 error mark: ")


if __name__ == "__main__":
    unittest.main()
