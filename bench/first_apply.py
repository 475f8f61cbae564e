#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""The first `pgseal apply` of a standard lab, from plaintext to every pair in its place, the node there
already, against as many bare `ssh HOST true`. Each pair has hosts of its own."""

import sys

import figures
from hosts import Hosts
from meter import Meter

PAIRS = 5


def one_pair(meter):
    hosts = Hosts(meter, 3, 2)
    try:
        meter.run(hosts.pgseal("plan"), "the plan that puts the node there", status=1)
        bare = meter.run(hosts.bare(), "ssh HOST true")
        apply = meter.run(hosts.pgseal("apply", "--yes"), "the first apply")
        if ", 0 failed, 0 owed" not in apply["said"]:
            raise SystemExit(f"bench: the first apply was not whole:\n{apply['said'][-2000:]}")
        return bare, apply
    finally:
        hosts.close()


def main():
    meter = Meter()
    try:
        taken = [one_pair(meter) for _ in range(PAIRS)]
    finally:
        meter.close()
    for part in ("wall", "cpu"):
        figures.show(f"apply.first.3+2.{part}", "s", [ours[part] for _, ours in taken],
                     [theirs[part] for theirs, _ in taken])
    return 0


if __name__ == "__main__":
    sys.exit(main())
