#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Runs every test of this tree and counts them, in one line, whatever they are written with.

A part is one program: a build, a doctest program, a unittest file, a shell runner. Its output goes to
build/test-logs; what fails is shown. A part that crashed, hung or ran no test at all has failed.
"""
import argparse
import concurrent.futures
import dataclasses
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = os.path.join(ROOT, "build", "test-logs")
TAIL_LINES = 60
GRACE_SECONDS = 20  # what a part gets to clear up after SIGTERM


@dataclasses.dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    note: str = ""

    def __add__(self, other):
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


@dataclasses.dataclass
class Part:
    name: str
    command: list
    reader: object
    seconds: int = 300
    environment: dict = dataclasses.field(default_factory=dict)


def read_doctest(text):
    found = re.findall(r"test cases:\s*(\d+)\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed(?:\s*\|\s*(\d+) skipped)?", text)
    if not found:
        return None
    _, passed, failed, skipped = found[-1]
    return Count(int(passed), int(failed), int(skipped or 0))


def read_unittest(text):
    ran = re.findall(r"^Ran (\d+) tests? in ", text, re.MULTILINE)
    if not ran:
        return None
    verdict = (re.findall(r"^(?:OK|FAILED)(?: \((.*)\))?$", text, re.MULTILINE) or [""])[-1]
    numbers = {key: int(value) for key, value in re.findall(r"([a-z ]+)=(\d+)", verdict)}
    numbers = {key.strip(): value for key, value in numbers.items()}
    failed = sum(numbers.get(key, 0) for key in ("failures", "errors", "unexpected successes"))
    skipped = numbers.get("skipped", 0)
    return Count(max(0, int(ran[-1]) - failed - skipped), failed, skipped)


def read_shell(text):
    found = re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", text, re.MULTILINE)
    if not found:
        return None
    passed, failed, skipped = found[-1]
    return Count(int(passed), int(failed), int(skipped or 0))


def read_fuzzer(text):
    """Inputs run, not tests, so a fuzzer that ran is one that passed."""
    found = re.findall(r"^(\d+) inputs$", text, re.MULTILINE)
    if not found:
        return None
    return Count(passed=1 if int(found[-1]) else 0)


def read_build(_):
    return Count()


def judge(part, status, text):
    """The count of one part from its exit status (None: it did not end in time) and its output."""
    if part.reader is read_build:
        return Count(note="") if status == 0 else Count(failed=1, note="the build failed")
    count = part.reader(re.sub(r"\x1b\[[0-9;]*m", "", text))
    if status is None:
        count = count or Count()
        return dataclasses.replace(count, failed=count.failed + 1, note=f"did not end within {part.seconds} s")
    if count is None:
        return Count(failed=1, note=f"gave no summary, {ending(status)}")
    if status != 0 and count.failed == 0:
        return dataclasses.replace(count, failed=1, note=ending(status))
    if count.passed + count.failed + count.skipped == 0:
        return Count(failed=1, note="ran no test: a program without tests is a defect")
    return count


def ending(status):
    if status < 0:
        return f"died of {signal.Signals(-status).name}"
    return f"exit status {status}"


def run_part(part):
    """Returns (count, seconds, path of the log)."""
    log = os.path.join(LOGS, re.sub(r"[^A-Za-z0-9_.-]+", "_", part.name) + ".log")
    began = time.monotonic()
    with open(log, "wb") as output:
        try:
            child = subprocess.Popen(part.command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output,
                                     stderr=subprocess.STDOUT, start_new_session=True,
                                     env={**os.environ, **part.environment})
        except OSError as error:
            output.write(f"could not start {part.command[0]}: {error}\n".encode())
            return Count(failed=1, note="could not be started"), 0.0, log
        status = wait(child, part.seconds)
    with open(log, encoding="utf-8", errors="replace") as output:
        count = judge(part, status, output.read())
    return count, time.monotonic() - began, log


def wait(child, seconds):
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    for number, grace in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, GRACE_SECONDS)):
        try:
            os.killpg(child.pid, number)
            child.wait(grace)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    return None


REASONS = re.compile(r"^(FAIL|ERROR): |^\S*(Error|Exception)\b.*: |\b(ERROR|FATAL|WARNING|SUMMARY): |^TEST CASE: |^not ok |error:|"
                     r"^FAILED: |undefined reference")
REASON_LINES = 12


def reasons(text):
    """The lines of a log that name what failed and why: the first of them, each once."""
    text = text[max(0, text.find("\n" + "=" * 70)):]  # unittest gathers its failures at the end; before it is mere talk
    found = dict.fromkeys(line.strip()[:400] for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines() if REASONS.search(line))
    return list(found)[:REASON_LINES]


def report(part, outcome):
    count, seconds, log = outcome
    shown = "" if part.reader is read_build else f"  {count}"
    word = "FAILED" if count.failed else "ok"
    print(f"{word:7} {part.name:34} {seconds:6.1f} s{shown}{'  (' + count.note + ')' if count.note else ''}", flush=True)
    if not count.failed:
        return
    path = os.path.relpath(log, ROOT)
    with open(log, encoding="utf-8", errors="replace") as output:
        lines = output.read().splitlines()
    errors = [line for line in lines if re.search(r"(^|\s)(fatal )?error:|^FAILED: |undefined reference", line)]
    chosen = errors[:TAIL_LINES] if part.reader is read_build and errors else lines[-TAIL_LINES:]
    print(f"        while running: {' '.join(part.command)}\n        from {path}:")
    for line in chosen:
        print("        | " + line)
    sys.stdout.flush()


class Suite:
    def __init__(self):
        self.total = Count()
        self.failures = []  # (name of the part, its note, its reasons)

    def run(self, parts, jobs):
        """All parts, at most `jobs` at once. True if none failed."""
        before = self.total.failed
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            running = {pool.submit(run_part, part): part for part in parts}
            for future in concurrent.futures.as_completed(running):
                outcome = future.result()
                report(running[future], outcome)
                self.total = self.total + outcome[0]
                if outcome[0].failed:
                    with open(outcome[2], encoding="utf-8", errors="replace") as log:
                        self.failures.append((running[future].name, outcome[0].note, reasons(log.read())))
        return self.total.failed == before

    def take_over(self, passed):
        if not passed:
            return False
        count, minutes = passed
        print(f"ok      the fast tier                             {count}  (taken over: it passed {minutes:.0f} minutes ago, "
              "programs and tests are the same)", flush=True)
        self.total = self.total + count
        return True

    def skip(self, number, what, why):
        if number:
            print(f"skipped {what:34}           {number} skipped  ({why})", flush=True)
            self.total = self.total + Count(skipped=number)

    def say_again(self):
        """What failed stands at the end once more: a long run scrolls it away."""
        for name, note, lines in self.failures:
            print(f"failed: {name}{note and f'  ({note})'}")
            for line in lines:
                print("        | " + line)

    def build(self, preset, targets=()):
        os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
        script = f"cmake --preset {preset} && cmake --build --preset {preset}{' --target ' if targets else ''}{' '.join(targets)}"
        return self.run([Part(f"build {preset}", ["sh", "-c", script], read_build, 1500)], 1)


def test_folders():
    return sorted({os.path.basename(os.path.dirname(path)) for path in glob.glob(f"{ROOT}/tests/*/*_test.cpp")})


def longest_first(names, size):
    """What began last would run alone for a while; the more text a test has, the longer it mostly takes."""
    return sorted(names, key=size, reverse=True)


def units(preset, folders, seconds, prefix=(), environment=None):
    """Where a build failed half-way, a program may be old: only what the tree still has is run."""
    label = "" if preset == "release" else f" ({preset})"
    folders = longest_first(folders, lambda folder: sum(map(os.path.getsize, glob.glob(f"{ROOT}/tests/{folder}/*_test.cpp"))))
    return [Part(f"tests/{folder}{label}", [*prefix, f"build/{preset}/test_{folder}"], read_doctest, seconds,
                 environment or {}) for folder in folders]


def tools_tests():
    return [Part(os.path.relpath(path, ROOT), [sys.executable, "-B", path], read_unittest, 120)
            for path in sorted(glob.glob(f"{ROOT}/tools/tests/*_test.py"))]


def stories(preset="release", prefix=(), environment=None):
    """What is typed and what is printed; under a sanitizer the program's own threads are watched too."""
    label = "" if preset == "release" else f" ({preset})"
    return [Part(f"tests/stories{label}", [*prefix, "tests/stories/run"], read_shell, 300,
                 {"PGSEAL_BUILD": preset, **(environment or {})})]


def lab_itself():
    """The lab's own test; it needs what the lab needs."""
    path = "tests/lab/test_lab_itself.sh"
    return [Part(path, [path], read_shell, 900)] if os.access(os.path.join(ROOT, path), os.X_OK) else []


def lab_files(pattern):
    return longest_first([path for path in sorted(glob.glob(f"{ROOT}/tests/lab/{pattern}")) if os.access(path, os.X_OK)],
                         os.path.getsize)


def run_lab(suite, pattern, seconds, others=(), of_lab=()):
    """`others` are parts that may run beside the lab's, `of_lab` more of the lab's own."""
    files = lab_files(pattern)
    if os.geteuid() != 0:
        suite.skip(len(files), f"tests/lab/{pattern}", "the lab makes namespaces and mounts, which needs root")
        files = of_lab = []
    files = (Part(os.path.relpath(path, ROOT), [path], read_unittest, seconds) for path in files)
    return suite.run([*others, *of_lab, *files], 2)


def fast(suite, record=None):
    """With a record the whole is taken over from it, if nothing that was tested has changed since it passed."""
    if not suite.build("release"):
        suite.run(tools_tests(), 2)
        suite.skip(1, "all that needs the build", "the build failed")
        return
    if record and suite.take_over(record.passed()):
        return
    good = suite.run(units("release", test_folders(), 120) + tools_tests() + stories(), 2)
    if run_lab(suite, "*_test.py", 420) and good:
        Record(ROOT).write(suite.total)


class Record:
    """That the fast tier passed, with which programs and tests: ./run test --full right after ./run test need not repeat it."""
    SECONDS = 2 * 3600

    def __init__(self, root):
        self.root = root
        self.path = os.path.join(root, "build", "passed.json")

    def fingerprint(self):
        patterns = ("build/release/pgseal*", "build/release/test_*", "build/release/other/*", "tests/**", "tools/**")
        paths = sorted({path for pattern in patterns for path in glob.glob(f"{self.root}/{pattern}", recursive=True)})
        whole = hashlib.sha256()
        for path in paths:
            if os.path.isfile(path) and "__pycache__" not in path:
                with open(path, "rb") as file:
                    whole.update(f"{os.path.relpath(path, self.root)} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
        return whole.hexdigest()

    def write(self, count):
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump({"of": self.fingerprint(), "at": time.time(), "passed": count.passed, "skipped": count.skipped}, file)

    def passed(self):
        """(count, minutes ago), or None."""
        try:
            with open(self.path, encoding="utf-8") as file:
                record = json.load(file)
            age = time.time() - record["at"]
            if 0 <= age <= self.SECONDS and record["of"] == self.fingerprint():
                return Count(passed=record["passed"], skipped=record["skipped"]), age / 60
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return None


def fuzzers(options):
    """Each fuzzer over its corpus and variations of it, the same each time: what a check finds must be found again.
    ./run fuzz goes new ways."""
    names = sorted(os.path.basename(path).removesuffix("_fuzz.cpp") for path in glob.glob(f"{ROOT}/tests/fuzz/*_fuzz.cpp"))
    return [Part(f"tests/fuzz/{name} (asan)", [f"build/asan/fuzz_{name}", f"tests/fuzz/corpus/{name}"], read_fuzzer, 300, options)
            for name in names]


def fixed_addresses():
    """ThreadSanitizer of gcc 12 cannot place its shadow where the kernel scatters addresses widely."""
    command = ["setarch", os.uname().machine, "-R"]
    tried = shutil.which("setarch") and subprocess.run([*command, "true"], stderr=subprocess.DEVNULL, check=False)
    return command if tried and tried.returncode == 0 else []


def with_threads():
    """The folders of tests whose folder of src/ starts threads or guards against them: of the others ThreadSanitizer has nothing to see."""
    starts = re.compile(r"std::(jthread|thread|async|mutex)\b|\bin_parallel\(")
    def does(folder):
        return any(starts.search(open(path, encoding="utf-8").read()) for path in glob.glob(f"{ROOT}/src/{folder}/*.cpp"))
    return [folder for folder in test_folders() if does(folder)]


def sanitized(suite, preset, folders, how, others=()):
    """`how`: what stands before each command, and its environment; `others` are parts more, each of a program that is built for it."""
    programs = [*(f"test_{folder}" for folder in folders), *(os.path.basename(part.command[0]) for part in others), "programs"]
    if suite.build(preset, programs):
        suite.run([*units(preset, folders, 600, *how), *others, *stories(preset, *how)], 2)


def full(suite):
    options = {"ASAN_OPTIONS": "detect_stack_use_after_return=1", "UBSAN_OPTIONS": "print_stacktrace=1"}
    # Under a sanitizer the simulation's hundreds of applies take many minutes.
    sanitized(suite, "asan", [folder for folder in test_folders() if folder != "simulation"], ((), options), fuzzers(options))
    sanitized(suite, "tsan", with_threads(), (fixed_addresses(), {"TSAN_OPTIONS": "halt_on_error=1 second_deadlock_stack=1"}))
    simulation = Part("tests/simulation (every message)", ["build/release/test_simulation"], read_doctest, 2400,
                      {"PGSEAL_FULL": "1"})
    # A hundred thousand random files and pairs of such against brute force; their seeds stand in the logs.
    at_length = [dataclasses.replace(part, name=f"{part.name} (at length)")
                 for part in units("release", ["admission", "hba_lint"], 1200, environment={"PGSEAL_FULL": "1"})]
    run_lab(suite, "*_long.py", 1500, [simulation, *at_length], lab_itself())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="also sanitizers, fuzzers, long tests")
    arguments = parser.parse_args()
    shutil.rmtree(LOGS, ignore_errors=True)
    os.makedirs(LOGS)
    suite = Suite()
    fast(suite, Record(ROOT) if arguments.full else None)
    if arguments.full:
        full(suite)
    suite.say_again()
    print(suite.total)
    return 1 if suite.total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
