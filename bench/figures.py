# SPDX-License-Identifier: PostgreSQL
"""A figure stands beside its reference, both taken in the same run by turns, so that whatever else the
machine does falls upon both. Printed are the medians and the median of the pairs' ratios; run by itself
this file prints the line that names machine and build."""

import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("PGSEAL_BUILD", ROOT / "build" / "release"))


def alternate(reference, ours, pairs):
    """`pairs` times the reference, then ours; each returns {part: seconds}. One pair is thrown away first:
    it fills caches. Returns the lists of both."""
    taken = [(reference(), ours()) for _ in range(pairs + 1)][1:]
    return [pair[0] for pair in taken], [pair[1] for pair in taken]


def timed(*command):
    """One command's seconds, and the most memory in MB that it had at once; what it says is thrown away."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in (0, 1):  # 1: findings, as of a certificate that is due
            said.seek(0)
            raise SystemExit(f"bench: {command}: exit {child.returncode}\n{said.read()[-2000:]}")
    return {"cpu": used.ru_utime + used.ru_stime, "wall": time.monotonic() - began, "memory": used.ru_maxrss / 1024}


def show(name, unit, values, references, factor=1.0):
    """One line: `name value unit  reference value  ratio`."""
    ratio = statistics.median(ours / theirs for ours, theirs in zip(values, references))
    print(f"{name} {statistics.median(values) * factor:.4g} {unit}"
          f"  reference {statistics.median(references) * factor:.4g}  {ratio:.2f}", flush=True)


def machine():
    model = re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {model.group(1) if model else os.uname().machine}, Linux {os.uname().release}"


def build():
    cache = dict(re.findall(r"^([A-Z_]+):[A-Z]+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE))
    compiler = subprocess.run([cache["CMAKE_CXX_COMPILER"], "-dumpfullversion"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout.strip()
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], check=False, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.strip()
    return f"{cache['CMAKE_BUILD_TYPE']}, {pathlib.Path(cache['CMAKE_CXX_COMPILER']).name} {compiler}, {commit or 'no commit'}"


if __name__ == "__main__":
    print(f"machine: {machine()}; build: {build()}")
    sys.exit(0)
