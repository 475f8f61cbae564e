#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""The first `pgseal apply` on 20 hosts, the node there already, against an Ansible playbook that does the
same work on files (playbook.yml): as many hosts at once, one connection a host kept open, pipelining, no
facts gathered. Each turn has hosts of its own."""

import json
import os
import shutil
import subprocess
import sys

import figures
from hosts import PARALLEL, Hosts
from meter import Meter

PAIRS = 3
DATABASES, APPLICATIONS = 3, 17
SERVER = {"folder": "/etc/postgresql/15/main/tls", "owner": "postgres"}
CLIENTS = {"databases": [{"name": "postgres", "folder": "/var/lib/postgresql/.postgresql", "owner": "postgres"},
                         {"name": "postgres", "folder": "/root/.postgresql", "owner": "root"}],
           "applications": [{"name": "deploy", "folder": "/home/deploy/.postgresql", "owner": "deploy"}]}


def playbook(hosts):
    """Writes an authority and an inventory beside the lab; returns the command."""
    folder = hosts.folder / "playbook"
    folder.mkdir()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=bench", "-days", "90", "-keyout", folder / "ca.key", "-out", folder / "ca.crt"],
                   check=True, stderr=subprocess.DEVNULL)
    names = [line.partition("@")[2] for line in (hosts.folder / "destinations").read_text().splitlines()]
    groups = {"databases": {}, "applications": {}}
    for name in names:
        group = "databases" if name.startswith("db") else "applications"
        server = [{"name": name, **SERVER}] if group == "databases" else []
        groups[group][name] = {"slots": server + CLIENTS[group]}
    (folder / "inventory.json").write_text(json.dumps({"all": {
        "vars": {"authority": str(folder), "ansible_user": "root", "ansible_python_interpreter": "/usr/bin/python3",
                 "ansible_ssh_common_args": f"-F {hosts.folder}/ssh_config -o ControlMaster=auto -o ControlPersist=60s"},
        "hosts": {"localhost": {"ansible_connection": "local", "slots": []}},
        "children": {group: {"hosts": members} for group, members in groups.items()}}}))
    return hosts.within("env", f"ANSIBLE_FORKS={PARALLEL}", "ANSIBLE_PIPELINING=True", "ANSIBLE_HOST_KEY_CHECKING=False",
                        f"ANSIBLE_LOCAL_TEMP={folder}/tmp", "ANSIBLE_NOCOLOR=1", f"ANSIBLE_SSH_CONTROL_PATH_DIR={folder}",
                        "ansible-playbook", "-i", folder / "inventory.json", "--limit", "databases:applications",
                        figures.ROOT / "bench" / "playbook.yml")


def on_hosts(meter, prepare):
    hosts = Hosts(meter, DATABASES, APPLICATIONS)
    try:
        return prepare(hosts)
    finally:
        hosts.close()


def by_playbook(meter):
    def turn(hosts):
        took = meter.run(playbook(hosts), "the playbook")
        if hosts.run("db1", ["sh", "-c", "cd / && sudo -u postgres psql -XAtc 'show ssl' postgres"]).strip() != "on":
            raise SystemExit(f"bench: the playbook did not turn TLS on:\n{took['said'][-2000:]}")
        return took
    return on_hosts(meter, turn)


def by_pgseal(meter):
    def turn(hosts):
        meter.run(hosts.pgseal("plan"), "the plan that puts the node there", status=1)
        took = meter.run(hosts.pgseal("apply", "--yes"), "the first apply")
        if ", 0 failed, 0 owed" not in took["said"]:
            raise SystemExit(f"bench: the first apply was not whole:\n{took['said'][-2000:]}")
        return took
    return on_hosts(meter, turn)


def main():
    if not shutil.which("ansible-playbook"):
        print("playbook skipped: ansible-playbook is not installed", flush=True)
        return 0
    os.environ["LC_ALL"] = "C.UTF-8"  # Ansible refuses to start in others
    meter = Meter()
    try:
        theirs, ours = [], []
        for _ in range(PAIRS):
            theirs.append(by_playbook(meter))
            ours.append(by_pgseal(meter))
    finally:
        meter.close()
    for part in ("wall", "cpu"):
        figures.show(f"playbook.20.{part}", "s", [turn[part] for turn in ours], [turn[part] for turn in theirs])
    return 0


if __name__ == "__main__":
    sys.exit(main())
