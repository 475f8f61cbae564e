# SPDX-License-Identifier: PostgreSQL
"""Runs on a database host of the lab, given by its text: by turns /bin/true and an empty conversation with
the node, psql and one look by the node. A process's CPU is its own and its children's, from wait4(2)."""

import json
import os
import pwd
import re
import struct
import subprocess
import sys

QUESTION = ("select name, setting, source, sourcefile, sourceline, pending_restart from pg_settings"
            " where name like 'ssl%' or name in ('port', 'listen_addresses', 'hba_file') order by name;\n"
            "\\echo the end\n")


def measured(command, speak):
    """Starts it, lets `speak` have its conversation, ends its input; milliseconds of CPU, and the most
    memory it had in MB, read while it still lives."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    speak(process)
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        most = re.search(r"^VmHWM:\s+(\d+) kB", status.read(), re.MULTILINE)
    process.stdin.close()
    _, _, usage = os.wait4(process.pid, 0)
    process.stdout.close()
    process.returncode = 0
    return (usage.ru_utime + usage.ru_stime) * 1e3, int(most.group(1)) / 1024 if most else 0.0


def silence(_):
    pass


def ask_psql(process):
    process.stdin.write(QUESTION.encode())
    process.stdin.flush()
    while True:
        line = process.stdout.readline()
        if line == b"the end\n":
            return
        if not line:
            raise SystemExit("psql did not answer")


def observe(order):
    """A conversation of one question, as the controller holds it (src/link/codec.h)."""
    def send(process, message):
        text = json.dumps(message).encode()
        process.stdin.write(struct.pack(">I", len(text)) + text)
        process.stdin.flush()

    def receive(process):
        length = struct.unpack(">I", process.stdout.read(4))[0]
        return json.loads(process.stdout.read(length))

    def speak(process):
        if process.stdout.readline() != b"PGSEAL-NODE/1\n":
            raise SystemExit("the node did not begin as it should")
        send(process, {"hello": order["hello"]})
        greeting = receive(process)
        if "hello" not in greeting:
            raise SystemExit(f"the node refused: {greeting}")
        send(process, {"id": 1, "observe": {}})
        facts = receive(process).get("answer")
        if not facts or not facts["server"]["running_settings"]:
            raise SystemExit(f"the node saw no server: {facts}")

    return speak


def as_postgres(work):
    """With the effective ids of the server's user, which is whom the server lets in by its socket."""
    user = pwd.getpwnam("postgres")
    os.setegid(user.pw_gid)
    os.seteuid(user.pw_uid)
    try:
        return work()
    finally:
        os.seteuid(0)
        os.setegid(0)


def main():
    order = json.loads(sys.argv[1])
    node = order["node"]
    psql = [order["psql"], "-XAtq", "-h", "/run/postgresql", "-U", "postgres", "postgres"]
    turns = []
    for _ in range(order["pairs"] + 1):
        turns.append({"true": measured(["/bin/true"], silence), "start": measured([node], silence),
                      "psql": as_postgres(lambda: measured(psql, ask_psql)),
                      "observe": measured([node], observe(order))})
    print(json.dumps(turns[1:]))


main()
