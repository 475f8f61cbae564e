# SPDX-License-Identifier: PostgreSQL
"""One pgseal-node is killed before its K-th call that changes something, in a real apply. Afterwards every
file is whole, no gate was passed on its strength, and the next apply ends what was begun and leaves no litter."""

import collections
import pathlib
import shutil

from lab_hosts import HERE, lab_or_skip, steps, wait_until

PLACE = "/usr/local/libexec/pgseal"
HOMES = "/var/lib/postgresql /home/deploy /root"
# Every certificate and key that is visible, and each key beside the certificate it belongs to.
WHOLE = r'''
set -u
shopt -s nullglob
whole() {  # KEY CERTIFICATE
  [ -e "$2" ] || return 0
  openssl x509 -noout -in "$2" 2>/dev/null || echo "no certificate: $2"
  [ -e "$1" ] || { echo "no key: $1"; return; }
  [ "$(openssl pkey -pubout -in "$1" 2>/dev/null)" = "$(openssl x509 -noout -pubkey -in "$2")" ] || echo "no pair: $1"
  [ "$(stat -c %a "$1")" = 600 ] || echo "mode: $1 $(stat -c '%U %a' "$1")"
}
for home in /var/lib/postgresql /home/deploy /root; do
  whole "$home/.postgresql/postgresql.key" "$home/.postgresql/postgresql.crt"
done
for pair in /etc/pgseal/server/*/server.pem; do whole "$pair" "$pair"; done
for trust in {/var/lib/postgresql,/home/deploy,/root}/.postgresql/root.crt /etc/pgseal/server/*/clients.crt; do
  [ ! -e "$trust" ] || openssl x509 -noout -in "$trust" 2>/dev/null || echo "no bundle: $trust"
done
for mark in /etc/pgseal/mark/*; do [ "$(wc -l <"$mark")" = 4 ] || echo "no mark: $mark"; done
for conf in /etc/pgseal/server/*/ssl.conf; do [ "$(tail -c1 "$conf" | od -An -c | tr -d ' ')" = '\n' ] || echo "cut: $conf"; done
'''
LITTER = (f"find /etc/pgseal /etc/postgresql {HOMES} {PLACE} "
          r"\( -name '.pgseal-tmp.*' -o -name '.new.*' \) 2>/dev/null || true")


class KillPoints:
    """A lab of a server and an application host, put back to plaintext before each run."""

    WORDS = ("apply", "--yes")

    def __init__(self):
        self.lab = lab_or_skip("--databases", "1", "--applications", "1")
        self.tally = collections.Counter()
        self.whole = {}
        for host in ("db1", "app1"):
            self.lab.run(host, "mkdir -p /srv/was; cp -a /etc/postgresql /srv/was/ 2>/dev/null || true")
            self.lab.run(host, self.install())
        self.lab.pgseal("plan", status=1)  # brings the node
        self.node = self.lab.run("db1", f"ls {PLACE}")
        for host in ("db1", "app1"):
            self.lab.run(host, f"cp -a {PLACE}/{self.node} /srv/real-node")

    @staticmethod
    def install():
        text = (HERE / "kill_at").read_text()
        return f"cat >/srv/kill_at <<'KILL_AT_ENDS'\n{text}KILL_AT_ENDS\nchmod 755 /srv/kill_at"

    def reset(self):
        state = pathlib.Path(self.lab.folder) / "state"
        shutil.rmtree(state, ignore_errors=True)
        for host in ("db1", "app1"):
            self.lab.run(host, f"rm -rf /etc/pgseal /var/lib/postgresql/.postgresql {{/home/deploy,/root}}/.postgresql; "
                               f"cp -a /srv/real-node {PLACE}/{self.node}; "
                               "if [ -d /srv/was/postgresql ]; then rm -rf /etc/postgresql/*; "
                               "cp -a /srv/was/postgresql/. /etc/postgresql/; "
                               "kill -HUP $(head -1 /var/lib/postgresql/15/main/postmaster.pid); fi")
        wait_until(lambda: self.lab.sql("db1", "show ssl") == "off", 20, "the server is back to plaintext")
        self.prepare()

    def prepare(self):
        """What lies there before the apply in which a node is killed."""

    def allowed(self, host, calls):
        """Lines of WHOLE that a kill after these calls may leave until the next apply."""
        return set()

    def wrap(self, host, point):
        self.lab.run(host, f"printf '#!/bin/sh\\nexec /srv/kill_at {point} /srv/calls /srv/real-node\\n' >/srv/wrapped; "
                           f"chmod 755 /srv/wrapped; mv /srv/wrapped {PLACE}/{self.node}")

    def unwrap(self, host):
        self.lab.run(host, f"cp -a /srv/real-node {PLACE}/.back; mv {PLACE}/.back {PLACE}/{self.node}")

    def calls(self, host):
        """What the node of that host does in an apply that nothing disturbs."""
        self.reset()
        self.wrap(host, 0)
        self.lab.pgseal(*self.WORDS, status=0)
        self.unwrap(host)
        self.whole[host] = self.lab.run(host, "cat /srv/calls").splitlines()
        return self.whole[host]

    @staticmethod
    def kind(call):
        """A call without the number that makes a temporary name new."""
        return call.rsplit(".", 1)[0]

    def problems(self, host, point):
        """All that is wrong after a kill at that point; [] nothing."""
        self.reset()
        self.wrap(host, point)
        killed = self.lab.pgseal(*self.WORDS)
        calls = self.lab.run(host, "cat /srv/calls").splitlines()
        replaced = self.lab.run(host, f"cmp -s /srv/real-node {PLACE}/{self.node} && echo yes || true")
        self.unwrap(host)
        wrong = []
        if [self.kind(call) for call in calls] != [self.kind(call) for call in self.whole[host][:point]]:
            wrong.append("it was not killed there: another order of calls than without a kill")
        elif killed.returncode != 1 and not replaced:  # one that dies before a word is taken for broken, and put anew
            wrong.append(f"the killed apply ended with {killed.returncode}: {killed.stderr}")
        for each in ("db1", "app1"):
            allowed = self.allowed(host, calls) if each == host else set()
            wrong += [f"{each}: {line}" for line in self.lab.run(each, WHOLE).splitlines() if line not in allowed]
        asks = self.lab.run("db1", "grep -s ^ssl_ca_file /etc/pgseal/server/db1/ssl.conf", check=False)
        has = self.lab.run("app1", "ls /home/deploy/.postgresql/postgresql.crt 2>/dev/null", check=False)
        if asks and not has:
            wrong.append("the server asks for certificates, and app1 has none")
        again = self.lab.pgseal(*self.WORDS)
        if again.returncode != 0:
            wrong.append(f"the next apply: {again.returncode}\n{again.stdout}\n{again.stderr}")
        plan = self.lab.json("plan")
        wrong += [f"still planned: {step['host']} {step['act']}" for step in steps(plan)]
        for each in ("db1", "app1"):
            wrong += [f"{each}: left behind {line}" for line in self.lab.run(each, LITTER).splitlines()]
            wrong += [f"{each}: not mended: {line}" for line in self.lab.run(each, WHOLE).splitlines()]
        outcome = "wrong" if wrong else "replaced, converged" if replaced else "failed, converged"
        self.tally[host, calls[-1].split()[0] if calls else "", outcome] += 1
        return wrong

    def shown(self):
        return "\n".join(f"{count:4} {host} killed before {call}: {outcome}"
                         for (host, call, outcome), count in sorted(self.tally.items()))


class Replaced(KillPoints):
    """A client's pair that is somebody else's is archived and replaced."""

    HOME = "/home/deploy/.postgresql"
    WORDS = ("apply", "--yes", "--replace")

    def allowed(self, host, calls):
        """A client's new key and certificate are two names: between the renames, and there alone, both are no pair."""
        between = [call[:6] for call in calls[-2:]] == ["rename", "rename"]
        return {f"no pair: {self.HOME}/postgresql.key"} if host == "app1" and between else set()

    def prepare(self):
        self.lab.run("app1", f"mkdir -p {self.HOME} && cd {self.HOME} && openssl req -x509 -newkey ec -pkeyopt "
                             "ec_paramgen_curve:P-256 -nodes -keyout postgresql.key -out postgresql.crt -subj /CN=foreign "
                             "-days 30 2>/dev/null && chmod 600 postgresql.key && chown -R deploy:deploy . && chmod 700 .")


class TakenOver(KillPoints):
    """The hosts are marked by a ledger that was lost, and have its pairs."""

    WORDS = ("apply", "--yes", "--take-over")

    def prepare(self):
        self.lab.pgseal("apply", "--yes", status=0)
        shutil.rmtree(pathlib.Path(self.lab.folder) / "state")
