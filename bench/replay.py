#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""`pgseal hba replay --log` on a server's log of some hundred MB, from its start to its answer, against mawk that counts the
same authorized connections by role and database in the same file. Of the log one line in twenty is about a connection; most
are statements of one line or several, with durations, checkpoints and errors between. Both answers are compared. Memory
stands beside a log of a tenth."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import figures

PAIRS = 7
MEGABYTES = 300
FORMATS = ("stderr", "csvlog", "jsonlog")
COUNT = r"""/connection authorized: user=/ {
  at = index($0, "connection authorized: user="); rest = substr($0, at + 23)
  split(rest, part, " "); seen[part[1] " " part[2]]++
}
END { for (each in seen) print seen[each], each }"""

RULES = """hostssl all all 10.0.0.0/8 scram-sha-256
host all old 10.0.0.0/8 md5
"""
STATEMENTS = (
    "duration: 0.112 ms  statement: SELECT id, name, price FROM article WHERE id = 4711 AND shop = 'north' ORDER BY name LIMIT 20",
    "duration: 1.730 ms  execute <unnamed>: UPDATE stock\n  SET amount = amount - $1,\n      changed = now()\n  WHERE article = $2",
    "statement: BEGIN",
    "duration: 0.041 ms  parse <unnamed>: INSERT INTO visit (article, seen, who) VALUES ($1, $2, $3) RETURNING id",
    "checkpoint complete: wrote 1834 buffers (11.2%); 0 WAL file(s) added, 0 removed, 2 recycled; write=179.9 s, sync=0.0 s",
    "statement: COMMIT",
    "temporary file: path \"base/pgsql_tmp/pgsql_tmp2211.0\", size 14008320",
)


class Writer:
    """Lines of one format, as the server would write them."""

    def __init__(self, kind):
        self.kind = kind
        self.number = 0

    def message(self, process, text, names=("", ""), host="10.0.0.7"):
        self.number += 1
        second = self.number // 900
        time = (f"2026-03-{1 + second // 86400 % 28:02d} {second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
                f".{self.number % 900:03d} UTC")
        session = f"69a38000.{process:x}"
        if self.kind == "stderr":
            return f"{time} [{process}] LOG:  " + text.replace("\n", "\n\t") + "\n"
        user, database = names
        if self.kind == "jsonlog":
            line = {"timestamp": time, "user": user, "dbname": database, "pid": process, "remote_host": host, "remote_port": 40000,
                    "session_id": session, "line_num": 1, "session_start": time, "txid": 0, "error_severity": "LOG",
                    "message": text, "backend_type": "client backend", "query_id": 0}
            return json.dumps({key: value for key, value in line.items() if value != ""}, separators=(",", ":")) + "\n"
        quoted = ",".join(f'"{name}"' if name else "" for name in names)
        doubled = text.replace('"', '""')
        return (f'{time},{quoted},{process},"{host}:40000",{session},1,"idle",{time},3/0,0,LOG,00000,"{doubled}",,,,,,,,,"web",'
                '"client backend",,0\n')


def connection(writer, process):
    user, database = f"app{process % 40}", f"db{process % 7}"
    host, names = f"10.0.{process % 3}.{process % 200}", (user, database)
    tls = "" if process % 10 == 0 else " SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)"
    yield writer.message(process, f"connection received: host={host} port=40000", host=host)
    yield writer.message(process, f'connection authenticated: identity="{user}" method=scram-sha-256 (/etc/hba.conf:9)', names, host)
    yield writer.message(process, f"connection authorized: user={user} database={database} application_name=web{tls}", names, host)


def write_log(path, kind, megabytes):
    writer = Writer(kind)
    block, process = [], 1000
    for step in range(2000):
        process += 1
        block.extend(connection(writer, process))
        block.extend(writer.message(1000 + (process * 7 + turn) % 400, STATEMENTS[(step + turn) % len(STATEMENTS)], ("app1", "db1"))
                     for turn in range(57))
    text = "".join(block)
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(max(1, megabytes * 1_000_000 // len(text))):
            file.write(text)


def ours(folder, kind):
    return [figures.BUILD / "pgseal", "hba", "replay", folder / "hba.conf", "--pg", "15", "--log", folder / kind]


def check(folder, kind):
    """Both count alike."""
    said = subprocess.run([*ours(folder, kind), "--json"], check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    counted = {}
    for group in json.loads(said.stdout)["groups"]:
        key = f"user={group['role']} database={group['database']}"
        counted[key] = counted.get(key, 0) + group["count"]
    theirs = subprocess.run(["mawk", COUNT, folder / kind], check=True, text=True, stdout=subprocess.PIPE).stdout
    expected = {line.split(" ", 1)[1]: int(line.split(" ", 1)[0]) for line in theirs.splitlines()}
    if counted != expected or not expected:
        raise SystemExit(f"bench: {kind}: counted {len(counted)} of {len(expected)}")


def main():
    if shutil.which("mawk") is None:
        raise SystemExit("bench: needs mawk")
    with tempfile.TemporaryDirectory(prefix="pgseal-bench.") as name:
        folder = pathlib.Path(name)
        (folder / "hba.conf").write_text(RULES)
        for kind in FORMATS:
            # By another process: a child's memory is at least its parent's before it becomes pgseal.
            write = [sys.executable, __file__, folder / kind, kind]
            subprocess.run([*write, str(MEGABYTES // 10)], check=True)
            small = figures.timed(*ours(folder, kind))["memory"]
            subprocess.run([*write, str(MEGABYTES)], check=True)
            check(folder, kind)
            theirs, taken = figures.alternate(lambda: figures.timed("mawk", COUNT, folder / kind),
                                              lambda: figures.timed(*ours(folder, kind)), PAIRS)
            for part in ("wall", "cpu"):
                figures.show(f"replay.{kind}.{part}", "ms", [turn[part] for turn in taken], [turn[part] for turn in theirs], 1e3)
            figures.show(f"replay.{kind}.memory", "MB", [turn["memory"] for turn in taken], [small] * PAIRS)
            (folder / kind).unlink()
    return 0


if __name__ == "__main__":
    if len(sys.argv) == 4:
        write_log(pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
        sys.exit(0)
    sys.exit(main())
