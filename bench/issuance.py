#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Certificates in a second of one core: from a signing request to a certificate that was linted and stands
in the ledger, against OpenSSL's own calls without any of that. More is better."""

import os
import subprocess
import sys
import tempfile

import figures


def main():
    subprocess.run(["cmake", "--build", figures.BUILD, "--target", "bench_issuance"], check=True,
                   stdout=subprocess.DEVNULL)
    # Beside the tree and not in /tmp, which may be memory: a ledger lies on a disk.
    with tempfile.TemporaryDirectory(dir=figures.BUILD, prefix="bench.") as folder:
        core = min(os.sched_getaffinity(0))
        said = subprocess.run(["taskset", "-c", str(core), figures.BUILD / "bench_issuance", folder], check=True,
                              text=True, stdout=subprocess.PIPE).stdout
    rates = [[1e6 / float(number) for number in line.split()] for line in said.splitlines()]
    figures.show("issuance.cpu", "certificates/s", [turn[1] for turn in rates], [turn[0] for turn in rates])
    figures.show("issuance.wall", "certificates/s", [turn[3] for turn in rates], [turn[2] for turn in rates])
    return 0


if __name__ == "__main__":
    sys.exit(main())
