#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""`pgseal apply` where nothing is to be done, the node in its place, against as many bare `ssh HOST true`
with the same keys, options and bound. What remains above 1 is what looking costs."""

import argparse
import sys

import figures
from hosts import Hosts
from meter import Meter

LABS = [(3, 2, 11), (3, 17, 7), (3, 47, 5), (5, 0, 9), (20, 0, 5)]  # databases, applications, pairs


def nothing_to_do(meter, hosts, name, pairs):
    meter.run(hosts.pgseal("apply", "--yes"), "the first apply")

    def bare():
        return meter.run(hosts.bare(), "ssh HOST true")

    def apply():
        took = meter.run(hosts.pgseal("apply", "--yes"), "apply with nothing to do")
        if "nothing to do" not in took["said"]:
            raise SystemExit(f"bench: this apply had something to do:\n{took['said'][-2000:]}")
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
