# SPDX-License-Identifier: PostgreSQL
"""A lab for tests: brings hosts up, runs pgseal in their midst, keeps what a failing test needs."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("PGSEAL_BUILD", HERE.parent.parent / "build" / "release"))
PGSEAL = str(BUILD / "pgseal")


class Lab:
    def __init__(self, *options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pgseal-lab."))
        self._lab("up", self.folder, *options)
        self.config = self.folder / "pgseal.toml"
        self.config.write_text(self._lab("config", self.folder))

    def close(self):
        self._lab("down", self.folder)

    def act(self, command, host, word):
        """lab link HOST up|down, lab power HOST off|on, lab postgres HOST start|stop|restart"""
        self._lab(command, self.folder, host, word)

    @staticmethod
    def _lab(*words):
        done = subprocess.run([str(HERE / "lab"), *map(str, words)], text=True, timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise AssertionError(f"lab {words[0]}: {done.stderr}")
        return done.stdout

    def hub(self, *words):
        """Any command where the controller stands."""
        return subprocess.run([str(HERE / "lab"), "hub", str(self.folder), "--", *words], text=True, timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def command(self, *words):
        """The whole argument list that runs pgseal where the controller stands."""
        return [str(HERE / "lab"), "hub", str(self.folder), "--", "env",
                f"PGSEAL_CONFIG={self.config}", *words]

    def pgseal(self, *words, status=None):
        done = subprocess.run(self.command(PGSEAL, *words), text=True, timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if status is not None and done.returncode != status:
            raise AssertionError(f"pgseal {' '.join(words)}: exit {done.returncode}, not {status}\n"
                                 f"{done.stdout}\n{done.stderr}")
        return done

    def json(self, *words, status=None):
        return json.loads(self.pgseal("--json", *words, status=status).stdout)

    def run(self, host, command, user="root", check=True):
        done = subprocess.run([str(HERE / "lab"), "exec", str(self.folder), host, "-u", user, "--",
                               "bash", "-c", command], text=True, timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if check and done.returncode != 0:
            raise AssertionError(f"{host}: {command}: exit {done.returncode}\n{done.stderr}")
        return done.stdout.strip()

    def begin(self, *words):
        """pgseal left running, its output in pipes; the process is pgseal itself."""
        return subprocess.Popen(self.command(PGSEAL, *words), text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def start(self, host, command, user):
        return subprocess.Popen([str(HERE / "lab"), "exec", str(self.folder), host, "-u", user, "--",
                                 "bash", "-c", command], text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def sql(self, host, query):
        return self.run(host, f"psql -Atc \"{query}\"", user="postgres")

    def power(self, host, state):
        self._lab("power", self.folder, host, state)

    def secrets(self):
        lines = (self.folder / "secrets").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def edit(self, old, new):
        text = self.config.read_text()
        if old not in text:
            raise AssertionError(f"not in the configuration: {old}")
        self.config.write_text(text.replace(old, new, 1))


def steps(plan):
    return [step for phase in plan["phases"] for step in phase["steps"]]


def findings_of(report, host):
    return [finding for finding in report["findings"] if finding.get("host") == host]


def problems_of(report, host):
    """The same without notes, which change no exit status."""
    return [finding for finding in findings_of(report, host) if finding["severity"] != "note"]


def wait_until(condition, seconds, what):
    """Polls `condition` until it holds; fails with `what`, words or what gives them, after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.05)  # deadline above


def lab_or_skip(*options):
    if os.geteuid() != 0:
        raise unittest.SkipTest("needs root: hosts are namespaces and overlay mounts")
    if not shutil.which("unshare") or not os.path.exists(PGSEAL):
        raise unittest.SkipTest("needs util-linux and a built pgseal")
    try:
        return Lab(*options)
    except AssertionError as failed:
        if "npm, which could fetch it, is missing" in str(failed):
            raise unittest.SkipTest(str(failed)) from failed
        raise
