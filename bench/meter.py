# SPDX-License-Identifier: PostgreSQL
"""CPU time of whole process trees, to the nanosecond, by control groups: what a login costs is spent by
processes of sshd that nobody here waits for. Version 1 (cpuacct) and version 2 (cpu.stat) both do."""

import os
import pathlib
import re
import subprocess
import time


class Group:
    """A control group; processes started in it stay in it with all their children."""

    def __init__(self, folder):
        self.folder = folder
        self.members = folder / "cgroup.procs"
        folder.mkdir()

    def start(self, command, **more):
        return subprocess.Popen(command, preexec_fn=self._enter, stdin=subprocess.DEVNULL, **more)

    def _enter(self):
        self.members.write_text(str(os.getpid()))

    def seconds(self):
        usage = self.folder / "cpuacct.usage"
        if usage.exists():
            return int(usage.read_text()) / 1e9
        return int(re.search(r"^usage_usec (\d+)", (self.folder / "cpu.stat").read_text(),
                             re.MULTILINE).group(1)) / 1e6

    def count(self):
        return len(self.members.read_text().split())

    def close(self):
        deadline = time.monotonic() + 10
        while True:
            try:
                self.folder.rmdir()
                return
            except OSError:  # the last process is still ending
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


class Meter:
    """Two groups: `client`, where commands run, and `hosts`, where a lab lives."""

    def __init__(self):
        self.top = _place() / f"pgseal-bench.{os.getpid()}"
        self.top.mkdir()
        self.client, self.hosts = Group(self.top / "client"), Group(self.top / "hosts")
        self.at_rest = 0

    def rest(self):
        """Remembers how many processes the hosts have while nobody asks anything of them."""
        self.at_rest = self.hosts.count()

    def run(self, command, what, status=0):
        """Runs it in `client` to its end; returns its wall time and both sides' CPU time. The hosts' time
        ends when the processes of the last session have."""
        before, start = self.client.seconds() + self.hosts.seconds(), time.monotonic()
        process = self.client.start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said, _ = process.communicate(timeout=300)
        wall = time.monotonic() - start
        if process.returncode != status:
            raise SystemExit(f"bench: {what}: exit {process.returncode}, not {status}\n{said[-2000:]}")
        deadline = time.monotonic() + 3
        while self.hosts.count() > self.at_rest and time.monotonic() < deadline:
            time.sleep(0.005)
        return {"wall": wall, "cpu": self.client.seconds() + self.hosts.seconds() - before, "said": said}

    def close(self):
        self.client.close()
        self.hosts.close()
        self.top.rmdir()


def _place():
    """A mounted hierarchy in which this process may make groups."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, folder, kind, options, *_ = line.split()
        counts = kind == "cgroup2" or (kind == "cgroup" and "cpuacct" in options.split(","))
        if counts and os.access(folder, os.W_OK):
            return pathlib.Path(folder)
    raise SystemExit("bench: no control group may be made here: CPU time of hosts cannot be measured")
