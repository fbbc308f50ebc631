"""A List's items without parsing it: cut at the list markers, each dedented to a document of its own."""

from __future__ import annotations

import re
from typing import NamedTuple

_ITEMS = re.compile(rb"\nitems:[ \t]*(?:[ \t]\#[^\n]*)?(?=\n|\Z)")
_NO_ITEMS = re.compile(rb"\nitems:[ ]*(?:\[[ ]*\]|null|~)[ ]*(?=\n|\Z)")
_FIRST_ITEM = re.compile(rb"(?:\n[ \t]*(?:\#[^\n]*)?)*\n(?P<indent>[ ]*)-(?P<gap>[ ]+)(?=[A-Za-z])")
_ITEMS_END = re.compile(rb"\n(?=[^ \n#-])")
_BLANK = re.compile(rb"\n(?=\n|\Z)")
_ALIAS = re.compile(rb"[ \[,]\*[A-Za-z0-9_-]")


class Marker(NamedTuple):
    """How a List begins its items: a newline, `indent` spaces, a dash, and a gap up to `column`."""

    text: bytes
    column: int

    def dedent(self, item: bytes) -> bytes:
        """An item's text (behind its marker) as a document that begins with a newline."""
        return b"\n" + item.replace(b"\n" + b" " * self.column, b"\n")

    def is_regular(self, region: bytes) -> bool:
        """Whether each line is blank, begins an item, or is as deep as an item's content.

        That, no document marker and no alias is what makes it safe to read the items one by one.
        """
        deep = b"\n" + b" " * self.column
        if deep + b"---" in region or deep + b"..." in region:
            return False
        if b"&" in region and _ALIAS.search(region):
            return False
        known = region.count(deep) + region.count(self.text) + len(_BLANK.findall(region))
        return known == region.count(b"\n")


class Items(NamedTuple):
    """The part of a List's text that holds the items: [start, stop)."""

    marker: Marker
    start: int
    stop: int


def find_items(text: bytes) -> Items | None:
    """Where the items of a block style List are; None where only a parse can tell (or there are none)."""
    items = _ITEMS.search(text)
    if items is None:
        return None
    first = _FIRST_ITEM.match(text, items.end())
    if first is None:
        return None
    end = _ITEMS_END.search(text, items.end())
    column = len(first["indent"]) + 1 + len(first["gap"])
    marker = Marker(b"\n" + first["indent"] + b"-" + first["gap"], column)
    return Items(marker, first.start("indent") - 1, end.start() if end else len(text))


def has_no_items(text: bytes) -> bool:
    """Whether the List says itself that it is empty."""
    return _NO_ITEMS.search(text) is not None


def split_items(region: bytes, marker: Marker) -> list[tuple[int, bytes]] | None:
    """(offset in `region`, document) of each item; None where only a parse can tell."""
    if not marker.is_regular(region):
        return None
    result = []
    at = 0
    for item in region.split(marker.text)[1:]:
        result.append((at, marker.dedent(item)))
        at += len(marker.text) + len(item)
    return result
