"""JSON to records: concatenated documents and Lists of any size, one item in memory at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from k8supgrade.manifest.interest import Interest
from k8supgrade.manifest.objects import Kind, Lines, emit
from k8supgrade.manifest.records import Records

MAX_OBJECT_CHARS = 64 * 1024 * 1024

_SPACE = re.compile(r"[ \t\r\n]*")
_BETWEEN = re.compile(r"(?:[ \t\r\n]|---[ \t]*(?=\n|\Z))*")
_STRUCTURE = re.compile(r"[\"{}\[\]]")
_STRING_END = re.compile(r"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_NEXT_DOCUMENT = re.compile(r"\n(?=\{|---)")
_decode = json.JSONDecoder().raw_decode
_UNTYPED = Kind("", "")
_NEAR_END = 32  # an error this near to the end of the buffer may only mean that more is to come


class NotJsonError(Exception):
    """`reason` at `line` (from 1)."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class _Member(NamedTuple):
    key: str
    line: int
    value: Any


class JsonScanner:
    """Reads a stream of JSON documents. `read` gives the next characters, "" at the end."""

    def __init__(self, read: Callable[[], str], interest: Interest, records: Records) -> None:
        self._read = read
        self._interest = interest
        self._records = records
        self._buffer = ""
        self._at = 0
        self._line = 1  # line of the character that _counted points at
        self._counted = 0
        self._ended = False

    def scan(self) -> None:
        """Reads everything; a broken document costs itself only, as far as the next one can be found.

        Raises:
            NotJsonError: the first document is not JSON at all (it may be YAML).
        """
        first = True
        while self._skip(_BETWEEN):
            try:
                self._document()
            except NotJsonError as error:
                if first and not self._records.found and not self._records.resources:
                    raise
                self._records.fault(error.line, f"not valid JSON: {error.reason}")
                if not self._resynchronise():
                    return
            first = False

    def _document(self) -> None:
        if self._buffer[self._at] == "{":
            self._object()
        else:
            self._value()
            self._records.others += 1

    def _object(self) -> None:
        """A top-level object, member by member, so that the items of a List never stand in memory together."""
        first_line = self._position()
        value: dict[str, Any] = {}
        api_line = first_line
        duplicates: list[str] = []
        held: list[tuple[Any, str, int]] = []
        for key, line, member in self._members():
            if key in value and key in ("apiVersion", "kind", "metadata"):
                duplicates.append(key)
            if key == "apiVersion":
                api_line = line
            if key == "items" and member is _STREAMED:
                kind = Kind.of_items(str(value.get("apiVersion") or ""), str(value.get("kind") or ""))
                held += self._items(kind if value.get("kind") else None)
                member = []
            value[key] = member
        name = str(value.get("kind") or "")
        if name.endswith("List") and isinstance(value.get("items"), list):
            of_items = Kind.of_items(str(value.get("apiVersion") or ""), name)
            for item, text, line in held:
                self._emit(item, text, Lines(line), of_items)
        else:
            self._emit_object(value, api_line, tuple(duplicates))

    def _emit_object(self, value: dict[str, Any], line: int, duplicates: tuple[str, ...]) -> None:
        lines = Lines(line, {}, {id(value): duplicates})
        self._emit(value, json.dumps(value) if self._interest.words else "", lines, _UNTYPED)

    def _emit(self, value: Any, text: str, lines: Lines, kind: Kind) -> None:
        # Words are ASCII; what the text spells otherwise (escapes, lone surrogates) is none of them.
        raw = text.encode("ascii", "replace") if self._interest.words else b""
        emit(value, lines, raw, self._records, self._interest, None, kind)

    def _members(self) -> Iterator[_Member]:
        """The members of the object at the cursor; a member `items` that is an array is left to the caller."""
        self._at += 1
        while True:
            if not self._skip(_SPACE):
                raise self._error("unexpected end of the input")
            char = self._buffer[self._at]
            if char == "}":
                self._at += 1
                return
            if char == ",":
                self._at += 1
                continue
            if char != '"':
                raise self._error("expected a member name in double quotes")
            line = self._position()
            key = self._value()
            if not self._skip(_SPACE) or self._buffer[self._at] != ":":
                raise self._error("expected ':'")
            self._at += 1
            if not self._skip(_SPACE):
                raise self._error("unexpected end of the input")
            if key == "items" and self._buffer[self._at] == "[":
                yield _Member(key, line, _STREAMED)
            else:
                yield _Member(key, line, self._value())

    def _items(self, kind: Kind | None) -> list[tuple[Any, str, int]]:
        """Emits the items of the array at the cursor; returns those that say nothing of their kind, if it is None."""
        self._at += 1
        held: list[tuple[Any, str, int]] = []
        while True:
            if not self._skip(_SPACE):
                raise self._error("unexpected end of the input")
            char = self._buffer[self._at]
            if char == "]":
                self._at += 1
                return held
            if char == ",":
                self._at += 1
                continue
            first_line = self._position()
            try:
                value, text = self._value_and_text()
            except _TooLargeError:
                self._records.fault(first_line, f"an object larger than {MAX_OBJECT_CHARS >> 20} MiB")
                continue
            line = first_line + _api_version_line(text)
            typed = isinstance(value, dict) and "apiVersion" in value and "kind" in value
            if kind is None and not typed:
                held.append((value, text, line))
            else:
                self._emit(value, text, Lines(line), kind or _UNTYPED)

    def _value(self) -> Any:
        try:
            return self._value_and_text()[0]
        except _TooLargeError:
            raise self._error(f"a value larger than {MAX_OBJECT_CHARS >> 20} MiB") from None

    def _value_and_text(self) -> tuple[Any, str]:
        while True:
            try:
                value, end = _decode(self._buffer, self._at)
            except RecursionError:
                raise self._error("nested too deeply") from None
            except ValueError as error:
                at = getattr(error, "pos", self._at)
                message = getattr(error, "msg", "a number that is too long")
                truncated = at >= len(self._buffer) - _NEAR_END or message.startswith("Unterminated string")
                if self._ended or not truncated:
                    raise self._error(message, at) from None
                if len(self._buffer) - self._at > MAX_OBJECT_CHARS:
                    self._skip_value()
                    raise _TooLargeError from None
                self._grow()
                continue
            if end == len(self._buffer) and not self._ended:
                self._grow()  # a number may go on
                continue
            text = self._buffer[self._at : end]
            self._at = end
            return value, text

    def _skip_value(self) -> None:
        """Passes over the object or array at the cursor without keeping it."""
        depth = 0
        while True:
            match = _STRUCTURE.search(self._buffer, self._at)
            if match is None:
                self._at = len(self._buffer)
                if not self._fill():
                    return
                continue
            self._at = match.end()
            if match[0] == '"':
                while (end := _STRING_END.match(self._buffer, self._at)) is None:
                    if not self._fill():
                        return
                self._at = end.end()
            else:
                depth += 1 if match[0] in "{[" else -1
                if depth == 0:
                    return

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        """Moves over what `pattern` matches; False at the end of the input."""
        while True:
            match = pattern.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer) - 4 or (self._ended and self._at < len(self._buffer)):
                return True
            if not self._fill():
                return self._at < len(self._buffer)

    def _fill(self) -> bool:
        """Reads more and forgets what lies behind the cursor. False at the end of the input."""
        more = "" if self._ended else self._read()
        if not more:
            self._ended = True
            return False
        self._position()
        self._buffer = self._buffer[self._at :] + more
        self._at = self._counted = 0
        return True

    def _grow(self) -> None:
        """At least doubles what lies before the cursor, so that trying again costs no more than reading."""
        wanted = 2 * (len(self._buffer) - self._at)
        parts = []
        while wanted > 0 and (more := self._read()):
            parts.append(more)
            wanted -= len(more)
        if not parts:
            self._ended = True
            return
        self._position()
        self._buffer = self._buffer[self._at :] + "".join(parts)
        self._at = self._counted = 0

    def _position(self) -> int:
        """The line of the cursor, from 1."""
        self._line += self._buffer.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _error(self, reason: str, at: int | None = None) -> NotJsonError:
        line = self._position()
        if at is not None:
            line += self._buffer.count("\n", self._at, at)
        return NotJsonError(reason, line)

    def _resynchronise(self) -> bool:
        """Moves to the next line that begins a document."""
        self._at += 1
        while True:
            match = _NEXT_DOCUMENT.search(self._buffer, max(self._at - 1, 0))
            if match is not None:
                self._at = match.end()
                return True
            self._at = max(len(self._buffer) - 3, 0)
            if not self._fill():
                return False


class _TooLargeError(Exception):
    """The value is larger than any object may be; the cursor is behind it."""


_STREAMED = object()


def _api_version_line(text: str) -> int:
    """How many lines below the first one of the object `text` its own apiVersion key stands; 0 where it has none."""
    at = text.find('"apiVersion"')
    if at < 0 or not text.startswith("{"):
        return 0
    if any(bracket in text[1:at] for bracket in "{}[]"):
        at = _member_offset(text, "apiVersion")
    return text.count("\n", 0, max(at, 0))


def _member_offset(text: str, wanted: str) -> int:
    """The offset of the member `wanted` of the valid JSON object `text`; -1 where it has none."""
    at = 1
    while (at := text.find('"', at)) >= 0:
        key, end = _decode(text, at)
        if key == wanted:
            return at
        value_at = text.index(":", end) + 1
        match = _SPACE.match(text, value_at)
        _, at = _decode(text, match.end() if match else value_at)
    return -1
