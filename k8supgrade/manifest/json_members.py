"""Where things stand in the text of a JSON object that was decoded already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from k8supgrade.manifest.json_text import JsonText

WATCHED = ("apiVersion", "kind", "metadata")


class Item(NamedTuple):
    value: Any
    text: str
    first_line: int


def is_list(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and str(value.get("kind") or "").endswith("List")
        and isinstance(value.get("items"), list)
    )


def duplicates_of(item: Item) -> tuple[str, ...]:
    """The watched keys that the object holds twice."""
    suspects = [key for key in WATCHED if item.text.count(f'"{key}"') > 1] if isinstance(item.value, dict) else []
    if not suspects:
        return ()
    keys = [key for key, _ in _keys_of(item.text)]
    return tuple(key for key in suspects if keys.count(key) > 1)


def api_version_line(text: str) -> int:
    """How many lines below the first one of the object `text` its own apiVersion key stands; 0 where it has none."""
    at = text.find('"apiVersion"')
    if at < 0 or not text.startswith("{"):
        return 0
    if any(bracket in text[1:at] for bracket in "{}[]") or text.find('"apiVersion"', at + 1) >= 0:
        at = max((at for key, at in _keys_of(text) if key == "apiVersion"), default=0)
    return text.count("\n", 0, at)


def _keys_of(text: str) -> Iterator[tuple[str, int]]:
    """The keys of the valid JSON object `text`, and the offsets of them."""
    for key, at, _, _ in _members_of(text):
        yield key, at


def _members_of(text: str) -> Iterator[tuple[str, int, int, str]]:
    """Key, its offset, the value's offset and text, of the valid JSON object `text`."""
    cursor = _cursor(text)
    while cursor.next_char() == '"':
        at = cursor.offset
        key, _ = cursor.value()
        cursor.next_char()
        cursor.pass_char()
        cursor.next_char()
        yield key, at, cursor.offset, cursor.value()[1]
        if cursor.next_char() == ",":
            cursor.pass_char()


def items_of(outer: Item) -> Iterator[Item]:
    """The items of a List that is itself an item."""
    start, text = [(at, value) for key, _, at, value in _members_of(outer.text) if key == "items"][-1]
    first_line = outer.first_line + outer.text.count("\n", 0, start)
    cursor = _cursor(text)
    while cursor.next_char() != "]":
        line = first_line + cursor.line() - 1
        yield Item(*cursor.value(), line)
        if cursor.next_char() == ",":
            cursor.pass_char()


def _cursor(text: str) -> JsonText:
    """Behind the bracket that `text` begins with."""
    cursor = JsonText(iter((text, "")).__next__)
    cursor.next_char()
    cursor.pass_char()
    return cursor
