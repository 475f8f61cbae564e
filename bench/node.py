#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""What the node costs its host: CPU of a start and of one look at a primary with its clients' slots, the
memory it takes, the bytes it has."""

import json
import os
import pathlib
import re
import subprocess
import sys

import figures
from hosts import Hosts
from meter import Meter

PAIRS = 40


def hello():
    slots = [{"kind": "client", "name": "postgres", "os_user": user, "place": place}
             for user in ("postgres", "root") for place in ("home", "environment")]
    brief = {"environment": "shop", "host": "db1", "database": True, "controller_clock": 0, "port": None,
             "data_directory": "", "socket_directory": "", "os_user": "", "client_slots": slots,
             "roles": ["postgres", "deploy"], "sources": []}
    version = subprocess.run([figures.BUILD / "pgseal-node", "--version"], check=True, text=True,
                             stdout=subprocess.PIPE).stdout.split()[1]
    return {"protocol": 1, "version": version, "brief": brief}


def find_psql():
    """Debian's psql is a script in front of this one."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/psql"))
    if not found:
        raise SystemExit("bench: there is no psql to compare with")
    return str(found[-1])


def size_with_libraries(psql):
    loaded = subprocess.run(["ldd", psql], check=True, text=True, stdout=subprocess.PIPE).stdout
    files = [psql, *re.findall(r"=> (/\S+)", loaded)]
    return sum(os.stat(file).st_size for file in files) / 1e6


def main():
    meter = Meter()
    hosts = Hosts(meter, 1, 1)
    try:
        meter.run(hosts.pgseal("apply", "--yes"), "the first apply")
        node = hosts.run("db1", ["bash", "-c", "echo /usr/local/libexec/pgseal/pgseal-node-*"]).strip()
        order = {"node": node, "psql": find_psql(), "hello": hello(), "pairs": PAIRS}
        code = (pathlib.Path(__file__).parent / "on_host.py").read_text()
        turns = json.loads(hosts.run("db1", ["python3", "-c", code, json.dumps(order)]))
    finally:
        hosts.close()
        meter.close()

    def taken(what, part):
        return [turn[what][part] for turn in turns]

    figures.show("node.start.cpu", "ms", taken("start", 0), taken("true", 0))
    figures.show("node.observe.cpu", "ms", taken("observe", 0), taken("psql", 0))
    figures.show("node.observe.memory", "MB", taken("observe", 1), taken("psql", 1))
    figures.show("node.size", "MB", [(figures.BUILD / "pgseal-node").stat().st_size / 1e6], [size_with_libraries(find_psql())])
    return 0


if __name__ == "__main__":
    sys.exit(main())
