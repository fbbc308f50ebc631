"""JSON to records: concatenated documents and Lists of any size, one item in memory at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from k8supgrade.manifest.interest import Interest
from k8supgrade.manifest.json_members import WATCHED, Item, api_version_line, duplicates_of, is_list, items_of
from k8supgrade.manifest.json_text import MAX_OBJECT_CHARS, JsonText, NotJsonError, TooLargeError
from k8supgrade.manifest.objects import Kind, Lines, emit
from k8supgrade.manifest.records import Records

_BETWEEN = re.compile(r"(?:[ \t\r\n]|---[ \t]*(?=\r?\n|\Z))*")
_TOO_LARGE = f"an object larger than {MAX_OBJECT_CHARS >> 20} MiB"
_LISTED = Kind("", "", True)
_UNTYPED = Kind("", "")
_STREAMED = object()
_PORTION = 500


class JsonScanner:
    """Reads a stream of JSON documents. `read` gives the next characters, "" at the end."""

    def __init__(self, read: Callable[[], str], interest: Interest, records: Records) -> None:
        self._text = JsonText(read)
        self._interest = interest
        self._records = records

    def scan(self) -> Iterator[None]:
        """Reads on while documents are objects; yields now and then, when `records` may be emptied.

        A broken document costs itself only, as far as the next one can be found.
        """
        text = self._text
        while (char := text.next_char(_BETWEEN)) == "{":
            try:
                yield from self._document()
            except NotJsonError as error:
                self._records.fault(error.line, f"not valid JSON: {error.reason}")
                if not text.next_document():
                    return
            yield
        if char and not text.is_after_marker():
            self._records.fault(text.line(), "not valid JSON: expected '{'")

    def rest(self) -> tuple[str, int]:
        """What was read and is no JSON document, and its line."""
        return self._text.rest(), self._text.line()

    def _document(self) -> Iterator[None]:
        known = self._text.peek()
        if known is not None and not (is_list(known[0]) and known[0]["items"]):
            self._emit(Item(*known, self._text.line()), _UNTYPED)
            self._text.pass_over(len(known[1]))
            return
        yield from self._members_of_document(known[0] if known is not None else None)

    def _members_of_document(self, known: dict[str, Any] | None) -> Iterator[None]:
        """A List (or an object too long to be looked at first), so that its items never stand in memory together."""
        line = self._text.line()
        value: dict[str, Any] = {}
        held: list[Item] = []
        duplicates: list[str] = []
        size = 0
        try:
            for key, key_line in self._keys():
                duplicates += [key] if key in value and key in WATCHED else []
                line = key_line if key == "apiVersion" else line
                if key == "items" and self._text.next_char() == "[":
                    value[key] = _STREAMED
                    says = known or value
                    kind = (
                        Kind.of_items(str(says.get("apiVersion") or ""), str(says["kind"]))
                        if says.get("kind")
                        else None
                    )
                    if kind is not None and not str(says["kind"]).endswith("List"):
                        raise self._text.error("a long object with `items` that is no List")
                    yield from self._items(kind, held)
                    continue
                member, text = self._member()
                size += len(text)
                value[key] = member if size <= MAX_OBJECT_CHARS or key in WATCHED else None
            if size > MAX_OBJECT_CHARS:
                self._records.fault(line, _TOO_LARGE)
        finally:
            # Also where it broke off: what has apiVersion and kind is judged.
            self._end(value, held, Lines(line, {}, {id(value): tuple(duplicates)}))

    def _end(self, value: dict[str, Any], held: list[Item], lines: Lines) -> None:
        if value.get("items") is _STREAMED:
            api_version, kind = str(value.get("apiVersion") or ""), str(value.get("kind") or "")
            if kind and not kind.endswith("List"):
                self._records.fault(lines.first, "a long object with `items` that is no List")
            for item in held:
                self._emit(item, Kind.of_items(api_version, kind))
        elif value.get("apiVersion") and value.get("kind"):
            emit(
                value,
                lines,
                self._records,
                self._interest,
                _UNTYPED,
                has_words=bool(self._interest.words),
                template=None,
            )
        else:
            self._records.others += 1

    def _member(self) -> tuple[Any, str]:
        line = self._text.line()
        try:
            return self._text.value()
        except TooLargeError:
            self._records.fault(line, _TOO_LARGE)
            return None, ""

    def _keys(self) -> Iterator[tuple[str, int]]:
        """The keys of the object at the cursor, and their lines; the caller reads the value of each."""
        text = self._text
        text.pass_char()
        if text.next_char() == "}":
            text.pass_char()
            return
        while True:
            if text.next_char() != '"':
                raise text.error("expected a member name in double quotes")
            line = text.line()
            key, _ = text.value()
            if text.next_char() != ":":
                raise text.error("expected ':'")
            text.pass_char()
            text.next_char()
            yield key, line
            if not self._goes_on("}"):
                return

    def _goes_on(self, end: str) -> bool:
        """Whether a comma follows, or the end of the object or array."""
        char = self._text.next_char()
        if char not in (",", end):
            raise self._text.error(f"expected ',' or '{end}'" if char else "unexpected end of the input")
        self._text.pass_char()
        return char == ","

    def _items(self, kind: Kind | None, held: list[Item]) -> Iterator[None]:
        """Records the items of the array at the cursor; where `kind` is None, holds those that do not say theirs."""
        text = self._text
        text.pass_char()
        if text.next_char() == "]":
            text.pass_char()
            self._records.others += 1
            return
        size = count = 0
        while True:
            text.next_char()
            first_line = text.line()
            try:
                item = Item(*text.value(), first_line)
            except TooLargeError:
                self._records.fault(first_line, _TOO_LARGE)
            else:
                typed = isinstance(item.value, dict) and "apiVersion" in item.value and "kind" in item.value
                if kind is not None or typed:
                    self._emit(item, kind or _LISTED)
                elif (size := size + len(item.text)) <= MAX_OBJECT_CHARS:
                    held.append(item)
                else:
                    self._records.fault(first_line, "an item that says no kind, and neither does what is before it")
            count += 1
            if count % _PORTION == 0:
                yield
            if not self._goes_on("]"):
                return

    def _emit(self, item: Item, kind: Kind) -> None:
        if is_list(item.value) and item.value["items"]:
            inner = Kind.of_items(str(item.value.get("apiVersion") or kind.api_version), item.value["kind"])
            for one in items_of(item):
                self._emit(one, inner)
            return
        line = item.first_line + api_version_line(item.text)
        words = self._interest.words
        has_words = bool(words) and self._interest.has_words(item.text.encode("ascii", "replace"))
        lines = Lines(line, {}, {id(item.value): duplicates_of(item)})
        emit(item.value, lines, self._records, self._interest, kind, has_words=has_words, template=None)
