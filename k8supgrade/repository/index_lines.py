"""A chart's block of an index, read line by line: the layout that `helm repo index` writes, and nothing else.

Whatever could mean something else than it looks like is odd, and left to the YAML parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_WANTED = frozenset((b"version", b"appVersion", b"kubeVersion", b"deprecated", b"created", b"digest", b"urls"))
_ENTRIES = re.compile(rb"^entries:[ ]*(?:#.*)?\r?\n", re.MULTILINE)
_FIRST = re.compile(rb"([ ]+)(?![ #-])[^\r\n]*\r?\n")
_KEY = re.compile(rb"([A-Za-z][A-Za-z0-9]*):(?:[ ]+([^\r\n]*?))?[ ]*\r?\Z")
NULL = frozenset((b"", b"~", b"null", b"Null", b"NULL"))
_SPECIAL = b"&*!|>%@`?#\t"

Entry = dict[str, Any]


class OddError(Exception):
    """The text is laid out otherwise than helm does it."""


def block_of(data: bytes, chart: str) -> bytes | None:
    """The lines below the chart's name."""
    top = _ENTRIES.search(data)
    if top is None or not _is_whole(data):
        raise OddError
    first = _FIRST.match(data, top.end())
    if first is None:
        raise OddError
    indent = first[1]
    name = re.escape(chart.encode())
    heads = [re.compile(rb"^" + indent + form + rb":[ ]*\r?\n", re.MULTILINE) for form in (name, b'"' + name + b'"')]
    matches = [match for head in heads for match in [head.search(data, top.end())] if match is not None]
    if len(matches) != 1:
        if not matches and chart.encode() not in data:
            return None
        raise OddError
    start = matches[0].end()
    end = re.compile(rb"^(?:" + indent + rb")?(?![ \r\n-])", re.MULTILINE).search(data, start)
    return data[start : end.start() if end else len(data)]


def _is_whole(data: bytes) -> bool:
    """Helm's index ends with the day that it was made; another one has to be parsed to know."""
    return re.search(rb"^(?:generated|serverInfo|publicKeys|annotations):", data[-4096:], re.MULTILINE) is not None


def entries_in(block: bytes) -> Iterator[Entry]:
    """The entries of a block that is a list of mappings, a key a line."""
    lines = block.split(b"\n")
    dash = re.match(rb"[ ]*- ", block)
    if dash is None:
        raise OddError
    start = dash[0]
    inner = b" " * len(start)
    entry: Entry | None = None
    key = b""
    for line in lines:
        if line.startswith(start) and line[len(start) : len(start) + 1] not in (b" ", b"-"):
            if entry is not None:
                yield entry
            entry, key = {}, b""
            line = inner + line[len(start) :]
        if not line.strip():
            continue
        if entry is None or not line.startswith(inner):
            raise OddError
        rest = line[len(inner) :]
        if rest.startswith(b"- ") or rest == b"-":
            _item(entry, key, rest[2:])
        elif rest[:1] == b" ":
            _deeper(entry, key, rest)
        else:
            match = _KEY.match(rest)
            if match is None:
                raise OddError
            key = match[1]
            _set(entry, key, match[2] or b"")
    if entry is not None:
        yield entry


def _item(entry: Entry, key: bytes, value: bytes) -> None:
    if key == b"urls":
        entry.setdefault("urls", []).append(_scalar(value.strip()))


def _deeper(entry: Entry, key: bytes, rest: bytes) -> None:
    """What belongs to the key before: of no interest, unless that is one of ours."""
    stripped = rest.strip()
    if key == b"urls" and stripped.startswith(b"- "):
        _item(entry, key, stripped[2:])
    elif key in _WANTED:
        raise OddError


def _set(entry: Entry, key: bytes, value: bytes) -> None:
    name = key.decode()
    if name in entry:
        raise OddError
    if key not in _WANTED:
        # Only what ends on its line cannot swallow the next ones.
        if value[:1] in (b'"', b"'", b"{", b"[") and not _ends(value):
            raise OddError
        entry[name] = None
        return
    if key == b"urls":
        if value:
            raise OddError
        entry["urls"] = []
        return
    entry[name] = _scalar(value)


def _ends(value: bytes) -> bool:
    if value[:1] in (b"{", b"["):
        return value in (b"{}", b"[]")
    if value[:1] == b"'":
        return re.fullmatch(rb"'(?:[^']|'')*'", value) is not None
    return re.fullmatch(rb'"(?:[^"\\]|\\.)*"', value) is not None


def _scalar(value: bytes) -> str | None:
    if value[:1] in (b'"', b"'"):
        if not _ends(value) or b"\\" in value:
            raise OddError
        inner = value[1:-1]
        return (inner.replace(b"''", b"'") if value[:1] == b"'" else inner).decode("utf-8", "replace")
    if value[:1] in (b"{", b"[") or value[:1] in [bytes([char]) for char in _SPECIAL]:
        raise OddError
    if b" #" in value or b": " in value or value.endswith(b":"):
        raise OddError
    return None if value in NULL else value.decode("utf-8", "replace")
