#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""What a reviewer need not look for: formatting, clang-tidy, shellcheck, the house's own rules, drawn pages.

clang-tidy is slow, so a file is read again only when something that it can see has changed: itself, our
headers below it, the list of checks, the compiler's options. What passed is remembered in build/lint.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time

import house
from cpp_text import includes

ROOT = house.ROOT
BUILD = os.path.join(ROOT, "build", "lint")
PASSED = os.path.join(BUILD, "passed.json")
JOBS = 2
TIDY, FORMAT = "clang-tidy-14", "clang-format-14"


def run(command, **more):
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, encoding="utf-8", errors="replace", **more)


# ---- each step returns the lines that are wrong -------------------------------------------------

def step_house(tree, _):
    messages = house.check(tree)
    for message in messages:
        if message.warning:
            print(message)
    return [str(message) for message in messages if not message.warning]


def step_format(tree, fix):
    files = [path for path in sorted(tree.files) if path.endswith(house.CPP)]
    if not files:
        return []
    done = run([FORMAT, "-i", *files] if fix else [FORMAT, "--dry-run", "-Werror", *files])
    if done.returncode == 0:
        return []
    wrong = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", done.stdout, re.MULTILINE)))
    return [f"{path}: is not formatted\n    way out: ./run lint --fix" for path in wrong] or [done.stdout]


def step_shell(tree, _):
    files = [path for path, text in sorted(tree.files.items()) if re.match(r"#!.*\b(ba)?sh\b", text)]
    # Not 2034 and 2154: variables that one sourced file sets and another reads.
    done = run(["shellcheck", "--severity=warning", "--format=gcc", "--exclude=SC2034,SC2154", *files])
    return done.stdout.splitlines() if done.returncode else []


def step_python(tree, _):
    wrong = []
    for path, text in sorted(tree.files.items()):
        if path.endswith(".py") or re.match(r"#!.*python3?\n", text):
            try:
                compile(text, path, "exec")
            except SyntaxError as error:
                wrong.append(f"{path}:{error.lineno}: {error.msg}")
    return wrong


def step_pages(tree, fix):
    """Pages that are drawn from the program's own tables say what the program says."""
    built = run(["cmake", "--build", BUILD, "--target", "make_manual"])
    if built.returncode:
        return [built.stdout]
    wrong = []
    for path, argument in (("docs/errors.md", "errors"), ("docs/pgseal.1", "page"),
                           ("docs/hba-findings.md", "hba")):
        drawn = run([os.path.join(BUILD, "make_manual"), argument]).stdout
        if tree.files.get(path) == drawn:
            continue
        if not fix:
            wrong.append(f"{path}: is not what the program's tables say\n    way out: ./run lint --fix")
            continue
        with open(os.path.join(ROOT, path), "w", encoding="utf-8") as page:
            page.write(drawn)
    return wrong


def step_tidy(tree, _):
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as source:
        commands = {os.path.relpath(entry["file"], ROOT): entry["command"] for entry in json.load(source)}
    commands = {path: command for path, command in commands.items() if path in tree.files and path.startswith("src/")}
    version = run([TIDY, "--version"]).stdout
    passed = load_passed()
    keys = {path: key_of(tree, path, version + command) for path, command in commands.items()}
    todo = sorted((path for path in commands if passed.get(path) != keys[path]),
                  key=lambda path: -len(tree.files[path]))
    print(f"        clang-tidy: {len(todo)} of {len(commands)} files to read", flush=True)
    wrong = {}
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for path, errors in zip(todo, pool.map(tidy, todo)):
            if errors:
                wrong.update(dict.fromkeys(errors))
                passed.pop(path, None)
            else:
                passed[path] = keys[path]
    save_passed({path: key for path, key in passed.items() if path in commands})
    unread = [path for path in tree.under("src/", (".cpp",)) if path not in commands]
    return list(wrong) + [f"{path}: is in no target, so nothing compiles it\n    way out: see cmake/folders.cmake"
                          for path in unread]


def tidy(path):
    done = run([TIDY, "-p", BUILD, "--quiet", path])
    if done.returncode == 0:
        return []
    blocks = re.split(r"^(?=\S+?:\d+:\d+: (?:error|warning):)", done.stdout, flags=re.MULTILINE)
    errors = [block.replace(ROOT + "/", "").rstrip() for block in blocks if re.match(r"\S+?:\d+:\d+: error:", block)]
    return errors or [f"{path}: {TIDY} ended with {done.returncode}:\n{done.stdout}"]


# ---- what clang-tidy saw last time --------------------------------------------------------------

def seen_by(tree, path):
    """The file and our headers below it."""
    seen, todo = set(), [path]
    while todo:
        at = todo.pop()
        if at in seen or at not in tree.files:
            continue
        seen.add(at)
        todo += ["src/" + include.name for include in includes(tree.files[at]) if not include.system]
    return sorted(seen)


def key_of(tree, path, surroundings):
    key = hashlib.sha256(surroundings.encode() + tree.files[".clang-tidy"].encode())
    for name in seen_by(tree, path):
        key.update(f"\0{name}\0{tree.files[name]}".encode())
    return key.hexdigest()


def load_passed():
    try:
        with open(PASSED, encoding="utf-8") as source:
            return json.load(source)
    except (OSError, ValueError):
        return {}


def save_passed(passed):
    with open(PASSED + ".new", "w", encoding="utf-8") as target:
        json.dump(passed, target)
    os.replace(PASSED + ".new", PASSED)


# ---- all of it ----------------------------------------------------------------------------------

STEPS = (
    ("house", step_house, "floors, headers, sizes, places, words (tools/house.py)"),
    ("python", step_python, "syntax of the Python files"),
    ("format", step_format, "clang-format"),
    ("shell", step_shell, "shellcheck"),
    ("pages", step_pages, "docs/errors.md is fresh"),
    ("tidy", step_tidy, "clang-tidy, which also compiles src/ with clang"),
)


def configure():
    done = run(["cmake", "--preset", "lint"])
    if done.returncode:
        print(done.stdout)
        sys.exit(f"lint: failed while configuring build/lint: {shlex.join(done.args)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fix", action="store_true", help="format, and draw the pages anew")
    parser.add_argument("steps", nargs="*", metavar="STEP", help=", ".join(name for name, _, _ in STEPS))
    arguments = parser.parse_args()
    unknown = set(arguments.steps) - {name for name, _, _ in STEPS}
    if unknown:
        parser.error(f"no such step: {', '.join(sorted(unknown))}")
    os.makedirs(BUILD, exist_ok=True)
    configure()
    failed = []
    for name, step, what in STEPS:
        if arguments.steps and name not in arguments.steps:
            continue
        began = time.monotonic()
        wrong = step(house.read_tree(ROOT), arguments.fix)
        print(f"{'FAILED' if wrong else 'ok':7} {name:8} {time.monotonic() - began:6.1f} s  {what}", flush=True)
        for line in wrong:
            print(line)
        failed += [name] if wrong else []
    print(f"lint: failed: {', '.join(failed)}" if failed else "lint: clean")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
