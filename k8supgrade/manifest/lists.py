"""A List's items without parsing it: cut at the list markers, each dedented to a document of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from k8supgrade.manifest.lines import all_closed

_ITEMS = re.compile(rb"\nitems:[ \t]*(?:[ \t]\#[^\n]*)?(?=\n|\Z)")
_NO_ITEMS = re.compile(rb"\nitems:[ ]*(?:\[[ ]*\]|null|~)[ ]*(?=\n|\Z)")
_FIRST_ITEM = re.compile(rb"(?:\n[ ]*(?:\#[^\n]*)?)*\n(?P<indent>[ ]*)-(?P<gap>[ ]+)(?=[A-Za-z])")
_ITEMS_END = re.compile(rb"\n(?=[^ \n#-])")
_BLANK = re.compile(rb"\n(?=\n|\Z)")
_ALIAS = re.compile(rb"(?:\A|[ \[,{:])\*[A-Za-z0-9_-]")


class Marker(NamedTuple):
    """How a List begins its items: a newline, `indent` spaces, a dash, and a gap up to `column`."""

    text: bytes
    column: int

    def is_regular(self, item: bytes) -> bool:
        """Whether each line of the item (behind its marker) is blank or as deep as its content.

        That, no document marker and no alias is what makes it safe to read it as a document of its own.
        """
        deep = b"\n" + b" " * self.column
        blank = len(_BLANK.findall(item)) if b"\n\n" in item or item.endswith(b"\n") else 0
        if item.count(deep) + blank != item.count(b"\n"):
            return False
        if (deep + b"-" in item and deep + b"---" in item) or deep + b"..." in item:
            return False
        return not (b"*" in item and _ALIAS.search(item))

    def dedent(self, item: bytes) -> bytes:
        """An item's text (behind its marker) as a document that begins with a newline."""
        return b"\n" + item.replace(b"\n" + b" " * self.column, b"\n")

    def cut(self, region: bytes) -> Iterator[tuple[int, bytes]]:
        """(offset of its marker in `region`, text behind it) of each item; `region` begins with a marker."""
        at = region.find(self.text)
        while at >= 0:
            following = region.find(self.text, at + 1)
            yield at, region[at + len(self.text) : following if following >= 0 else len(region)]
            at = following


class Items(NamedTuple):
    """The part of a List's text that holds the items: [start, stop)."""

    marker: Marker
    start: int
    stop: int

    def are_framed_in(self, text: bytes) -> bool:
        """Whether the lines before and behind the items leave nothing open."""
        return all_closed(text[: self.start]) and all_closed(text[self.stop :])


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
    return _NO_ITEMS.search(text) is not None and all_closed(text)
