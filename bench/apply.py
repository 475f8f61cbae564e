#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""`pgseal apply` where nothing is to be done, the node in its place, against as many bare `ssh HOST true`
with the same keys, options and bound. What remains above 1 is what looking costs."""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import figures
from meter import Meter

LAB = figures.ROOT / "tests" / "lab" / "lab"
PARALLEL = 64  # pgseal's own bound, [ssh] parallel
LABS = [(3, 2, 11), (3, 17, 7), (3, 47, 5), (5, 0, 9), (20, 0, 5)]  # databases, applications, pairs


class Hosts:
    """A lab whose processes are metered, and the two commands to compare in its midst."""

    def __init__(self, meter, databases, applications):
        self.meter = meter
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pgseal-bench."))
        up = meter.hosts.start([LAB, "up", self.folder, "--databases", str(databases),
                                "--applications", str(applications)])
        if up.wait() != 0:
            raise SystemExit("bench: the lab did not come up")
        config = subprocess.run([LAB, "config", self.folder], check=True, text=True,
                                stdout=subprocess.PIPE).stdout
        (self.folder / "pgseal.toml").write_text(config)
        names = [line.split()[0] for line in (self.folder / "lab" / "hosts.list").read_text().splitlines()]
        (self.folder / "destinations").write_text("".join(f"root@{name}\n" for name in names))
        meter.rest()

    def within(self, *command):
        return ["nsenter", f"--net={self.folder}/lab/hub.net", "--", *map(str, command)]

    def pgseal(self, *words):
        return self.within(figures.BUILD / "pgseal", "--config", self.folder / "pgseal.toml", *words)

    def bare(self):
        return self.within("xargs", "-a", self.folder / "destinations", "-P", PARALLEL, "-I{}",
                           "ssh", "-T", "-F", self.folder / "ssh_config", "-o", "BatchMode=yes",
                           "-o", "ConnectTimeout=10", "--", "{}", "true")

    def close(self):
        subprocess.run([LAB, "down", self.folder], check=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def nothing_to_do(meter, hosts, name, pairs):
    meter.run(hosts.pgseal("apply", "--yes"), "the first apply")

    def bare():
        return meter.run(hosts.bare(), "ssh HOST true")

    def apply():
        took = meter.run(hosts.pgseal("apply", "--yes"), "apply with nothing to do")
        if "nothing to do" not in took["said"]:
            raise SystemExit(f"bench: this apply had something to do:\n{took['said']}")
        return took

    theirs, ours = figures.alternate(bare, apply, pairs)
    for part in ("wall", "cpu"):
        figures.show(f"apply.nothing-to-do.{name}.{part}", "s", [took[part] for took in ours],
                     [took[part] for took in theirs])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--labs", help="3+2,20+0: only these numbers of database and application hosts")
    arguments.add_argument("--pairs", type=int)
    chosen = arguments.parse_args()
    labs = LABS
    if chosen.labs:
        labs = [(*map(int, lab.split("+")), 5) for lab in chosen.labs.split(",")]
    if os.geteuid() != 0:
        raise SystemExit("bench: needs root: hosts are namespaces and overlay mounts")
    meter = Meter()
    try:
        for databases, applications, pairs in labs:
            hosts = Hosts(meter, databases, applications)
            try:
                nothing_to_do(meter, hosts, f"{databases}+{applications}", chosen.pairs or pairs)
            finally:
                hosts.close()
    finally:
        meter.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
