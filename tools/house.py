#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""The rules of the house that no compiler knows: floors, expensive headers, sizes, places, words.

A rule is a function from the tree (paths and their text, nothing else) to messages; each message names
its rule and the way out. What the rules measure by is data: LAYERS and tools/house.toml.
"""
import ast
import dataclasses
import fnmatch
import os
import re
import subprocess
import sys
import tomllib

from cpp_text import includes

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CPP = (".h", ".cpp", ".c")
COMPOSITION_ROOTS = ("src/main.cpp", "src/node_main.cpp")


@dataclasses.dataclass
class Message:
    path: str
    line: int
    rule: str
    text: str
    way_out: str
    warning: bool = False

    def __str__(self):
        kind = "warning" if self.warning else "error"
        return f"{self.path}:{self.line}: {kind}: {self.text} [{self.rule}]\n    way out: {self.way_out}"


@dataclasses.dataclass
class Tree:
    files: dict  # path -> text
    executable: set
    settings: dict

    def under(self, folder, endings=CPP):
        return [path for path in sorted(self.files) if path.startswith(folder) and path.endswith(endings)]

    def has(self, path):
        path = path.rstrip("/")
        return path in self.files or any(known.startswith(path + "/") for known in self.files)


def read_tree(root):
    """What git tracks or would track; a file that is not text is known by name only."""
    listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"], cwd=root, check=True,
                            stdout=subprocess.PIPE).stdout.decode()
    files, executable = {}, set()
    for path in filter(None, listed.split("\0")):
        whole = os.path.join(root, path)
        if not os.path.isfile(whole):
            continue
        with open(whole, "rb") as source:
            files[path] = source.read().decode("utf-8", errors="replace")
        if os.access(whole, os.X_OK):
            executable.add(path)
    return Tree(files, executable, tomllib.loads(files["tools/house.toml"]))


def folder_of(path):
    """src/x509/name.h -> x509; None for src/main.cpp."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "src" else None


# ---- floors and headers -----------------------------------------------------------------------

def read_layers(text):
    """Folder -> floor, counted from the top."""
    lines = [line.split("#")[0].split() for line in text.splitlines()]
    return {name: floor for floor, names in enumerate(filter(None, lines)) for name in names}


def floors(tree):
    layers = read_layers(tree.files["LAYERS"])
    for path in tree.under("src/"):
        folder = folder_of(path)
        if folder and folder not in layers:
            yield Message(path, 1, "floors", f"{folder}/ is on no floor", "give it a line in LAYERS")
            continue
        for include in includes(tree.files[path]):
            if not include.system:
                yield from one_include(tree, layers, path, include)


def one_include(tree, layers, path, include):
    if f"src/{include.name}" not in tree.files:
        yield Message(path, include.line, "floors", f'there is no src/{include.name}',
                      'write our includes as "folder/file.h" from src/')
        return
    folder, target = folder_of(path), folder_of("src/" + include.name)
    if folder is None or target in (None, folder):
        return
    if layers.get(target, -1) <= layers[folder]:
        where = "beside" if layers.get(target) == layers[folder] else "above"
        yield Message(path, include.line, "floors", f'"{include.name}" stands {where} {folder}/, not below it',
                      f"take an interface or a value from a lower floor; move what both need below {folder}/")


def headers(tree):
    for rule in tree.settings["header"]:
        users = []
        for path in tree.under("src/"):
            for include in includes(tree.files[path]):
                if not fnmatch.fnmatch(include.name, rule["match"]):
                    continue
                users.append(path)
                folder = folder_of(path) or ""
                if rule["files"] and not any(fnmatch.fnmatch(folder, allowed) for allowed in rule["folders"]):
                    yield Message(path, include.line, "headers",
                                  f"<{include.name}> has no place in {folder or 'src'}/: {rule['why']}", rule["way_out"])
        if len(users) > rule["files"]:
            yield Message(users[-1], 1, "headers", f"{len(users)} files include {rule['match']}, at most "
                          f"{rule['files']} may: {rule['why']}", rule["way_out"])


# ---- sizes ------------------------------------------------------------------------------------

def is_code(path, text):
    return path.endswith(CPP + (".py", ".sh", ".cmake")) or text.startswith("#!")


def sizes(tree):
    limits = tree.settings["limits"]
    for path, text in sorted(tree.files.items()):
        lines = text.count("\n")
        limit = limits["root_lines"] if path in COMPOSITION_ROOTS else limits["file_lines"]
        if is_code(path, text) and lines > limit:
            yield Message(path, lines, "size", f"{lines} lines, at most {limit}", "split it by what it is about")
        if path.endswith(".py") or re.match(r"#!.*python3?\n", text):
            yield from python_functions(path, text, limits)


def python_functions(path, text, limits):
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        lines = node.end_lineno - node.lineno + 1
        parameters = len([a for a in node.args.args + node.args.kwonlyargs if a.arg not in ("self", "cls")])
        if lines > limits["function_lines"]:
            yield Message(path, node.lineno, "size", f"{node.name} has {lines} lines, at most {limits['function_lines']}",
                          "give its parts names")
        if parameters > limits["parameters"]:
            yield Message(path, node.lineno, "size", f"{node.name} takes {parameters} parameters, at most "
                          f"{limits['parameters']}", "what travels together is a value")


def crowds(tree):
    limit = tree.settings["limits"]["folder_files"]
    stems = {}
    for path in tree.under("src/"):
        stems.setdefault(os.path.dirname(path), set()).add(os.path.splitext(path)[0])
    for folder, names in sorted(stems.items()):
        if len(names) > limit:
            yield Message(folder, 1, "crowd", f"{len(names)} files in one folder, about {limit} are readable",
                          "split the folder by what its files are about", warning=True)


# ---- how a file begins ------------------------------------------------------------------------

def beginnings(tree):
    for path, text in sorted(tree.files.items()):
        if not is_code(path, text) and os.path.basename(path) != "CMakeLists.txt":
            continue
        lines = text.splitlines() or [""]
        first = 1 if lines[0].startswith("#!") else 0
        if "SPDX-License-Identifier: PostgreSQL" not in (lines[first:first + 1] or [""])[0]:
            yield Message(path, first + 1, "beginning", "the SPDX line is missing",
                          "begin with: SPDX-License-Identifier: PostgreSQL (after the #! line)")
        elif needs_thesis(tree, path) and not re.match(r'\s*(//|/\*|#(?!include|pragma)|""")', "".join(lines[first + 1:first + 2])):
            yield Message(path, first + 2, "beginning", "the file does not say what it is and why it is so",
                          "put its thesis below the SPDX line, one to six lines")
        if path.endswith(".h") and "#pragma once" not in text:
            yield Message(path, 1, "beginning", "no #pragma once", "put it below the thesis")


def needs_thesis(tree, path):
    """A source file's thesis stands in its header, a test's in the names of its cases."""
    if path.startswith("tests/") and path.endswith(".cpp"):
        return False
    return not (path.endswith(".cpp") and path[:-4] + ".h" in tree.files)


def executables(tree):
    for path, text in sorted(tree.files.items()):
        runs = re.fullmatch(r"tests/lab/[^/]+_(test|long)\.py", path) or path == "tests/stories/run"
        if path not in tree.executable and (runs or text.startswith("#!") and not path.startswith("tests/")):
            yield Message(path, 1, "executable", "it starts with #! or is a test, but cannot be run",
                          f"chmod +x {path}; a test that is not executable is silently left out")


# ---- places, names, words ---------------------------------------------------------------------

def places(tree):
    names = tree.settings["names"]
    for path in sorted(tree.files):
        if path.split("/")[0] not in tree.settings["places"]["top"]:
            yield Message(path, 1, "place", "nothing is expected here", "see `places` in tools/house.toml")
        bad = [segment for segment in re.split(r"[/_.-]", path) if segment in names["banned"]]
        if bad and any(fnmatch.fnmatch(path, pattern) for pattern in names["in"]):
            yield Message(path, 1, "name", f'"{bad[0]}" says nothing', names["way_out"])


def words(tree):
    for path, text in sorted(tree.files.items()):
        if any(fnmatch.fnmatch(path, pattern) for pattern in tree.settings["unmeasured"]["words"]):
            continue
        lines = text.splitlines()
        for rule in tree.settings["words"]:
            if not any(fnmatch.fnmatch(path, pattern) for pattern in rule["in"]):
                continue
            for number, line in enumerate(lines, 1):
                found = re.search(rule["match"], line)
                near = " ".join(lines[max(0, number - 2):number])
                if found and not ("unless" in rule and rule["unless"] in near):
                    yield Message(path, number, "word", f'"{found.group(0).strip()}": {rule["why"]}', rule["way_out"])


def documents(tree):
    """Every path in backticks exists. Placeholders (NAME, <x>, …) and blocks of code are left alone."""
    top = {path.split("/")[0] for path in tree.files if "/" in path}
    folders = {folder_of(path) for path in tree.under("src/")} - {None}
    for path in sorted(tree.files):
        if not (path.endswith(".md") and (path.startswith("docs/") or "/" not in path)):
            continue
        prose = re.sub(r"^```.*?^```", lambda block: re.sub(r"[^\n]", "", block.group(0)), tree.files[path],
                       flags=re.MULTILINE | re.DOTALL)
        for number, line in enumerate(prose.splitlines(), 1):
            for quoted in re.findall(r"`([^`]+)`", line):
                if not path_is_there(tree, top, folders, quoted):
                    yield Message(path, number, "document", f"there is no `{quoted}`",
                                  "correct the path, or write the sentence anew")


def path_is_there(tree, top, folders, quoted):
    token = re.sub(r"^\./", "", quoted.split()[0]) if quoted.split() else ""
    if not re.fullmatch(r"[\w.*/+-]+/[\w.*/+-]*", token) or re.search(r"[A-Z]{3,}", os.path.dirname(token) + "/" + token.split(".")[0]):
        return True
    first = token.split("/")[0]
    if first in top:
        wanted = token
    elif first in folders and (token.endswith("/") or "." in os.path.basename(token)):
        wanted = "src/" + token
    else:
        return True
    if "*" in wanted:
        return any(fnmatch.fnmatch(known, wanted) for known in tree.files)
    return tree.has(wanted)


RULES = (floors, headers, sizes, crowds, beginnings, executables, places, words, documents)


def check(tree):
    return [message for rule in RULES for message in rule(tree)]


def main():
    messages = check(read_tree(ROOT))
    for message in messages:
        print(message)
    return 1 if any(not message.warning for message in messages) else 0


if __name__ == "__main__":
    sys.exit(main())
