# SPDX-License-Identifier: PostgreSQL
"""A lab (tests/lab) whose every process is metered, and the commands that are compared in its midst."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import figures

LAB = figures.ROOT / "tests" / "lab" / "lab"
PARALLEL = 64  # pgseal's own bound, [ssh] parallel


class Hosts:
    def __init__(self, meter, databases, applications):
        if os.geteuid() != 0:
            raise SystemExit("bench: needs root: hosts are namespaces and overlay mounts")
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
        """`ssh HOST true` on every host, by the launcher that costs least."""
        return self.within("xargs", "-a", self.folder / "destinations", "-P", PARALLEL, "-I{}",
                           "ssh", "-T", "-F", self.folder / "ssh_config", "-o", "BatchMode=yes",
                           "-o", "ConnectTimeout=10", "--", "{}", "true")

    def run(self, host, command):
        done = subprocess.run([LAB, "exec", self.folder, host, "--", *command], check=False, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        if done.returncode != 0:
            raise SystemExit(f"bench: {host}: exit {done.returncode} of {command[0]}")
        return done.stdout

    def close(self):
        subprocess.run([LAB, "down", self.folder], check=True)
        shutil.rmtree(self.folder, ignore_errors=True)
