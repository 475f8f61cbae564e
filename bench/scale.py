#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Many hosts: what a plan of 10,000 costs beside one of 1,000, and what `status --offline` of 10,000 costs
beside the time in which sqlite3 writes their ledger out."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import figures

PAIRS = 5


def plan(hosts):
    said = subprocess.run([figures.BUILD / "bench_scale", "plan", str(hosts)], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    seconds, megabytes, _ = said.split()
    return {"cpu": float(seconds), "memory": float(megabytes)}


def show_status(name, times):
    """`times` certificates each: 90 days, renewed after 60."""
    with tempfile.TemporaryDirectory(dir=figures.BUILD, prefix="bench.") as folder:
        folder = pathlib.Path(folder)
        subprocess.run([figures.BUILD / "bench_scale", "ledger", folder, "10000", str(times)], check=True)
        os.chdir(folder)
        dump, status = figures.alternate(lambda: figures.timed("sqlite3", folder / "state/ledger.sqlite", ".dump"),
                                         lambda: figures.timed(figures.BUILD / "pgseal", "status", "--offline"), PAIRS)
        os.chdir(figures.ROOT)
    for part in ("cpu", "wall"):
        figures.show(f"scale.{name}.{part}", "ms", [turn[part] for turn in status], [turn[part] for turn in dump], 1e3)


def main():
    subprocess.run(["cmake", "--build", figures.BUILD, "--target", "bench_scale"], check=True, stdout=subprocess.DEVNULL)
    small, large = figures.alternate(lambda: plan(1000), lambda: plan(10000), PAIRS)
    figures.show("scale.plan.cpu", "ms", [turn["cpu"] for turn in large], [turn["cpu"] for turn in small], 1e3)
    figures.show("scale.plan.memory", "MB", [turn["memory"] for turn in large], [turn["memory"] for turn in small])
    if not shutil.which("sqlite3"):
        print("scale.status skipped: sqlite3 is not installed", flush=True)
        return 0
    for name, times in (("status", 1), ("status.two-years", 12)):
        show_status(name, times)
    return 0


if __name__ == "__main__":
    sys.exit(main())
