"""Go templates in YAML: where the actions are, and a text of the same length that YAML can read.

An action that stands in a line becomes a placeholder, a line of nothing but actions a comment; so the marks of the YAML
parser are offsets into the text as it is on disk.
"""

from __future__ import annotations

import re
from typing import NamedTuple

PLACEHOLDER = "_"
_END = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`|/\*.*?\*/|(-?\}\})", re.DOTALL)


class TemplateError(Exception):
    """The template cannot be read; `offset` says where."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.offset = offset


class Action(NamedTuple):
    """`{{ code }}` from `start` to `end`; `code` is without the braces, their hyphens and the space around it."""

    start: int
    end: int
    code: str


def actions(text: str) -> list[Action]:
    """All actions of a text, in order.

    Raises:
        TemplateError: one has no end.
    """
    found = []
    at = 0
    while (start := text.find("{{", at)) >= 0:
        at = start + 2
        while True:
            match = _END.search(text, at)
            if match is None:
                raise TemplateError("a template action {{ has no }}", start)
            at = match.end()
            if match[1]:
                break
        code = text[start + 2 : match.start(1)]
        if code.startswith(("- ", "-\n", "-\t", "-\r", "-/")):
            code = code[1:]
        found.append(Action(start, at, code.strip()))
    return found


def mask(text: str, found: list[Action]) -> str:
    """The text with every action replaced by as many characters; line breaks stay."""
    parts: list[str] = []
    at = 0
    for action in found:
        parts += text[at : action.start], _hidden(text[action.start : action.end])
        at = action.end
    masked = "".join((*parts, text[at:]))
    return "".join(_as_comment(line) for line in masked.splitlines(keepends=True)) if found else text


def _hidden(action: str) -> str:
    """U+0001 marks what was an action until it is known whether it stands alone."""
    return "".join(char if char in "\r\n" else "\x01" for char in action)


def _as_comment(line: str) -> str:
    if "\x01" not in line:
        return line
    if line.strip(" \t\r\n\x01"):
        return line.replace("\x01", PLACEHOLDER)
    return line.replace("\x01", "#")


def blank(text: str, start: int, end: int) -> str:
    """The text with the range replaced by spaces; line breaks stay."""
    return text[:start] + re.sub(r"[^\r\n]", " ", text[start:end]) + text[end:]
