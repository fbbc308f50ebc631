"""Namespace and name of an object whose header was read, without parsing it."""

from __future__ import annotations

import re
from typing import NamedTuple

from k8supgrade.manifest.header import TOP
from k8supgrade.manifest.lines import PLAIN, all_closed, lines, may_stay_open

_NULLS = frozenset({b"null", b"Null", b"NULL", b""})
_NAME = re.compile(rb"[ ]+(name|namespace):[ ]+(?:\"([^\"]*)\"|'([^']*)'|(.*?))[ ]*\Z")
_PLAIN_ALONE = re.compile(rb"(?:" + PLAIN + rb")\Z")
# The usual beginning of the metadata, and what further down could say a name again.
_PLAIN_NAME = rb"([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)"
_USUAL = re.compile(
    rb"\nmetadata:\n  name: " + _PLAIN_NAME + rb"(?:\n  namespace: " + _PLAIN_NAME + rb")?(?=\n(?:  )?[A-Za-z]|\n?\Z)"
)
_NAMED_AGAIN = re.compile(rb"\n  (?:[^A-Za-z \n]|name)|[{\[]")


class Names(NamedTuple):
    namespace: str | None
    name: str | None


def read_names(text: bytes, closed: int) -> Names | None:
    """metadata.name and .namespace of a document whose header was read; None where only a parse can tell.

    Nothing is open at the offset `closed`, and no `metadata` comes before it.
    """
    at = text.find(b"\nmetadata:", closed)
    if at < 0:
        return Names(None, None) if text.find(b"\nmetadata:") < 0 else None
    if at > closed and not all_closed(text[closed:at]):
        return None
    following = TOP.search(text, at + 1)
    end = following.start() if following else len(text)
    usual = _USUAL.match(text, at)
    if usual is not None and usual[1] not in _NULLS and usual[2] not in _NULLS and usual.end() <= end:
        rest = text[usual.end() : end]
        if not _NAMED_AGAIN.search(rest) and not may_stay_open(rest):
            return Names(usual[2].decode() if usual[2] else None, usual[1].decode())
    return _names_of_lines(text[at + len(b"\nmetadata:") : end])


def _names_of_lines(block: bytes) -> Names | None:
    found: dict[bytes, str | None] = {}
    indent = 0
    valued = False
    for closed, line in lines(block):
        column = len(line) - len(line.lstrip(b" "))
        indent = indent or column
        if not closed or column < indent or not column or (column > indent and valued):
            return None
        valued = False
        if column > indent:
            continue
        match = _NAME.match(line)
        if match is None:
            if line[column:].startswith((b'"', b"'", b"name", b"namespace")):
                return None
            continue
        quoted = match[2] if match[2] is not None else match[3]
        if quoted is None and match[4] not in _NULLS and not _PLAIN_ALONE.match(match[4]):
            return None
        value = quoted if quoted is not None else None if match[4] in _NULLS else match[4]
        found[match[1]] = value.decode("utf-8", "replace") if value else None
        valued = True
    return Names(found.get(b"namespace"), found.get(b"name"))


def metadata_block(text: bytes, closed: int) -> bytes | None:
    """The text of the top-level `metadata` block; where it can be parsed by itself, it is the whole of it."""
    at = text.find(b"\nmetadata:", closed)
    if at < 0 or not all_closed(text[closed:at]):
        return None
    following = TOP.search(text, at + 1)
    return text[at : following.start() if following else len(text)]
