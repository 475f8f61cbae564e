#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""`pgseal hba` on 100,000 rules, from its start to its answer, against a server of this machine that shows the same
file by pg_hba_file_rules (psql from its start to the count). The rules have 20,000 networks, roles and databases; a
fifth of them let plaintext in, and earlier rejects cover them; in the file with a hole one of them is not covered. Memory
stands beside the size of the file. `diff` of ten edits stands beside two starts that read one of the files each."""

import json
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile

import figures

PAIRS = 7
GROUPS = 20_000  # of five rules each
HOLE = GROUPS // 2


def network(family, group):
    high, low = divmod(group, 256)
    return (f"10.{high}.{low}.0", 24) if family == "ipv4" else (f"fd00:0:{high:x}:{low:x}::", 64)


def rules(family, hole):
    """Five rules a group; the names of the group after it, and of one far away, stand in its lists."""
    for group in range(GROUPS):
        address, bits = network(family, group)
        mine, other = group, (group * 7919 + 1) % GROUPS
        covered = f"app{mine},app{other}"
        # Half of the network only: what comes from the other half is not rejected.
        rejected = bits + 1 if hole and group == HOLE else bits
        yield f"hostnossl  db{mine},db{other}  {covered}  {address}/{rejected}  reject"
        yield f"hostssl    db{mine}  +staff{mine}  {address}/{bits}  cert"
        yield f"host       db{mine}  app{mine}  {address}/{bits}  scram-sha-256"
        yield f"hostssl    all  app{other}  {address}/{bits}  scram-sha-256  clientcert=verify-full"
        yield f"hostssl    db{other},db{mine}  {covered}  {address}/{bits}  md5"


class Server:
    """The installed PostgreSQL on a socket of its own, as the user postgres; rules are read from its data directory."""

    def __init__(self):
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found or os.geteuid() != 0:
            raise SystemExit("bench: needs root and a PostgreSQL server")
        self.bin = found[-1].parent
        self.major = self.bin.parent.name
        user = pwd.getpwnam("postgres")
        self.ids = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": "/"}
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pgseal-bench."))
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        data = self.folder / "data"
        self.file = data / "pg_hba.conf"
        self.run("initdb", "-D", data, "-A", "trust", "-N", "-E", "UTF8", "--locale", "C")
        self.run("pg_ctl", "-D", data, "-w", "-l", self.folder / "log",
                 "-o", f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off", "start")

    def run(self, tool, *arguments):
        subprocess.run([self.bin / tool, *arguments], check=True, stdout=subprocess.DEVNULL, **self.ids)

    def show(self):
        """The view reads the file anew each time it is asked."""
        question = "select count(type) from pg_hba_file_rules"
        return figures.timed(self.bin / "psql", "-XAtq", "-h", self.folder, "-U", "postgres", "-c", question, "postgres")

    def close(self):
        try:
            self.run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def pgseal(*arguments):
    return [figures.BUILD / "pgseal", *arguments]


def answer(*arguments):
    said = subprocess.run(pgseal("--json", "hba", *arguments), check=False, text=True, stdout=subprocess.PIPE)
    if said.returncode not in (0, 1):
        raise SystemExit(f"bench: hba {arguments}: exit {said.returncode}")
    return json.loads(said.stdout)


def spec(witness):
    """A witness as the connection that `explain` is asked about."""
    return ",".join(f"{key}={value}" for key, value in witness.items())


def check(file, major, hole):
    """What is timed answers rightly: proven, or a witness that explain confirms."""
    proof = answer("prove", file, "--require", "tls", "--pg", major)
    if proof["proven"] == hole:
        raise SystemExit(f"bench: this proof is wrong: {proof}")
    if hole:
        decided = answer("explain", file, "--pg", major, "--connection", spec(proof["witness"]))
        if decided["decision"] != "accept" or decided["line"] != proof["rule"]["line"]:
            raise SystemExit(f"bench: explain does not confirm {proof['witness']}: {decided}")


def compare(server, name, *arguments):
    theirs, ours = figures.alternate(server.show, lambda: figures.timed(*pgseal(*arguments)), PAIRS)
    figures.show(f"hba.{name}.wall", "ms", [turn["wall"] for turn in ours], [turn["wall"] for turn in theirs], 1e3)
    file = [server.file.stat().st_size / 1e6] * PAIRS
    figures.show(f"hba.{name}.memory", "MB", [turn["memory"] for turn in ours], file)


def edited(lines):
    """Ten edits all over the file: rules taken out, weakened, strengthened, moved, commented on."""
    made = list(lines)
    for edit in range(10):
        at = (edit + 1) * len(made) // 11
        if edit % 4 == 0:
            del made[at]
        elif edit % 4 == 1:
            made[at] = made[at].replace("md5", "scram-sha-256").replace("cert", "scram-sha-256")
        elif edit % 4 == 2:
            made[at], made[at + 1] = made[at + 1], made[at]
        else:
            made[at] += "  # seen"
    return made


def compare_files(folder, major):
    """`diff` beside two `explain`, each of which starts and reads one of the files."""
    old, new = folder / "old.conf", folder / "new.conf"
    lines = list(rules("ipv4", False))
    for file, text in ((old, lines), (new, edited(lines))):
        file.write_text("".join(line + "\n" for line in text))
    if answer("diff", old, new, "--pg", major)["equivalent"]:
        raise SystemExit("bench: ten edits are said to mean nothing")

    def read_both():
        taken = [figures.timed(*pgseal("hba", "explain", file, "--pg", major, "--connection", "type=local,user=a"))
                 for file in (old, new)]
        return {"wall": sum(each["wall"] for each in taken), "memory": max(each["memory"] for each in taken)}

    theirs, ours = figures.alternate(read_both, lambda: figures.timed(*pgseal("hba", "diff", old, new, "--pg", major)), PAIRS)
    figures.show("hba.diff.wall", "ms", [turn["wall"] for turn in ours], [turn["wall"] for turn in theirs], 1e3)
    figures.show("hba.diff.memory", "MB", [turn["memory"] for turn in ours], [turn["memory"] for turn in theirs])


def main():
    server = Server()
    try:
        for family in ("ipv4", "ipv6"):
            for hole in (False, True):
                server.file.write_text("".join(rule + "\n" for rule in rules(family, hole)))
                check(server.file, server.major, hole)
                compare(server, f"prove.{family}{'.hole' if hole else ''}", "hba", "prove", server.file, "--require", "tls",
                        "--pg", server.major)
                if not hole:
                    compare(server, f"lint.{family}", "hba", "lint", server.file, "--pg", server.major)
        compare_files(server.folder, server.major)
    finally:
        server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
