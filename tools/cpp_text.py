# SPDX-License-Identifier: PostgreSQL
"""The include lines of a C++ file, as the preprocessor sees them: not those in comments or strings."""
import dataclasses
import re

INCLUDE = re.compile(r'[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)')
RAW = re.compile(r'(?:u8|[uUL])?R"([^()\\\s]{0,16})\(')


@dataclasses.dataclass(frozen=True)
class Include:
    line: int
    name: str
    system: bool


def includes(text):
    """In order. Conditions (#if) are not evaluated: an include under one counts."""
    found, at = [], 0
    while at < len(text):
        if at == 0 or text[at - 1] == "\n":
            match = INCLUDE.match(text, at)
            if match:
                found.append(Include(text.count("\n", 0, at) + 1, match.group(1) or match.group(2), match.group(1) is None))
                at = match.end()
                continue
        at = after_token(text, at)
    return found


def after_token(text, at):
    """The place after the comment, string, word or single character that begins at `at`."""
    if text.startswith("//", at):
        return end_of_line_comment(text, at)
    if text.startswith("/*", at):
        end = text.find("*/", at + 2)
        return len(text) if end < 0 else end + 2
    raw = RAW.match(text, at)
    if raw:
        end = text.find(f'){raw.group(1)}"', raw.end())
        return len(text) if end < 0 else end + len(raw.group(1)) + 2
    if text[at] in "\"'":
        return end_of_string(text, at)
    word = re.compile(r"\d(?:'?[\w.])*|\w+").match(text, at)  # 1'000 is a number, not a character
    return word.end() if word else at + 1


def end_of_line_comment(text, at):
    end = text.find("\n", at)
    while end > 0 and text[end - 1] == "\\":
        end = text.find("\n", end + 1)
    return len(text) if end < 0 else end


def end_of_string(text, at):
    quote, end = text[at], at + 1
    while end < len(text) and text[end] not in (quote, "\n"):
        end += 2 if text[end] == "\\" else 1
    return end + 1 if end < len(text) and text[end] == quote else end
