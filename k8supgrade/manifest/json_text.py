"""A cursor over JSON text of any length: values, one at a time, and where they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

MAX_OBJECT_CHARS = 64 * 1024 * 1024
# What is not complete in this much text is looked at for its end before it is decoded.
_LARGE = 4 * 1024 * 1024
_NEAR_END = 32  # an error this near to the end of the buffer may only mean that more is to come

_SPACE = re.compile(r"[ \t\r\n]*")
_STRUCTURE = re.compile(r"[\"{}\[\]]")
_NEXT_DOCUMENT = re.compile(r"\n(?=\{|---)")
_MARKER_BEFORE = re.compile(r"---[ \t]*\r?\n[ \t\r\n]*\Z")
_decode = json.JSONDecoder().raw_decode


class NotJsonError(Exception):
    """`reason` at `line` (from 1)."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class TooLargeError(Exception):
    """The value is larger than any object may be; the cursor is behind it."""


class JsonText:
    """`read` gives the next characters, "" at the end."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._buffer = ""
        self._at = 0
        self._line = 1  # line of the character that _counted points at
        self._counted = 0
        self._ended = False

    def next_char(self, between: re.Pattern[str] = _SPACE) -> str:
        """The character behind what `between` matches, where the cursor is then; "" at the end of the input."""
        while True:
            match = between.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer) - 4 or (self._ended and self._at < len(self._buffer)):
                return self._buffer[self._at]
            if not self._fill():
                return self._buffer[self._at : self._at + 1]

    def pass_char(self) -> None:
        self._at += 1

    def value(self) -> tuple[Any, str]:
        """The value at the cursor, and its text.

        Raises:
            NotJsonError: there is none.
            TooLargeError: it is passed over.
        """
        while True:
            try:
                value, end = _decode(self._buffer, self._at)
            except RecursionError:
                raise self.error("nested too deeply") from None
            except ValueError as error:
                at = getattr(error, "pos", self._at)
                message = getattr(error, "msg", "a number that is too long")
                truncated = at >= len(self._buffer) - _NEAR_END or message.startswith("Unterminated string")
                if self._ended or not truncated:
                    raise self.error(message, at) from None
                self._read_on()
                continue
            if end == len(self._buffer) and not self._ended:
                self._fill()  # a number may go on
                continue
            text = self._buffer[self._at : end]
            self._at = end
            return value, text

    def peek(self) -> tuple[Any, str] | None:
        """The same without moving; None where it is no value, or none of moderate length."""
        for _ in range(2):
            try:
                value, end = _decode(self._buffer, self._at)
            except (ValueError, RecursionError):
                if self._ended or len(self._buffer) - self._at >= _LARGE:
                    return None
                self._fill()
                continue
            return value, self._buffer[self._at : end]
        return None

    def pass_over(self, length: int) -> None:
        self._at += length

    def line(self) -> int:
        """The line of the cursor, from 1."""
        self._line += self._buffer.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def error(self, reason: str, at: int | None = None) -> NotJsonError:
        line = self.line()
        if at is not None:
            line += self._buffer.count("\n", self._at, at)
        return NotJsonError(reason, line)

    def next_document(self) -> bool:
        """Moves to the next line that begins a document."""
        self._at += 1
        while True:
            match = _NEXT_DOCUMENT.search(self._buffer, max(self._at - 1, 0))
            if match is not None:
                self._at = match.end()
                return True
            self._at = max(len(self._buffer) - 3, 0)
            if not self._fill():
                self._at = len(self._buffer)
                return False

    def rest(self) -> str:
        """What was read and lies before the cursor, with the indentation of its line."""
        start = self._buffer.rfind("\n", 0, self._at) + 1
        return self._buffer[self._at if self._buffer[start : self._at].strip() else start :]

    def is_after_marker(self) -> bool:
        """Whether `---` stands at the cursor, or before it with nothing between."""
        return self._buffer.startswith("---", self._at) or bool(_MARKER_BEFORE.search(self._buffer, 0, self._at))

    @property
    def offset(self) -> int:
        """Of the cursor in what is kept of the text."""
        return self._at

    def _fill(self) -> bool:
        """Reads more and forgets what lies behind the cursor. False at the end of the input."""
        more = "" if self._ended else self._read()
        if not more:
            self._ended = True
            return False
        self.line()
        self._buffer = self._buffer[self._at :] + more
        self._at = self._counted = 0
        return True

    def _read_on(self) -> None:
        """Reads more of the value at the cursor: a chunk at first, then all of it.

        Raises:
            TooLargeError: that is too much; the cursor is behind it.
        """
        if len(self._buffer) - self._at < _LARGE:
            self._fill()
            return
        at = self._at
        depth = 0
        in_string = too_large = False
        while True:
            if in_string:
                at, in_string = self._string_end(at)
            elif (match := _STRUCTURE.search(self._buffer, at)) is None:
                at = len(self._buffer)
            else:
                at = match.end()
                in_string = match[0] == '"'
                depth += 0 if in_string else 1 if match[0] in "{[" else -1
                if in_string:
                    continue
            if depth <= 0 and not in_string and at > self._at:
                break
            if in_string or at >= len(self._buffer):
                too_large = too_large or at - self._at > MAX_OBJECT_CHARS
                if too_large:
                    self._at = at
                forgotten = self._at
                if not self._fill():
                    break
                at -= forgotten
        if too_large:
            self._at = at
            raise TooLargeError

    def _string_end(self, at: int) -> tuple[int, bool]:
        """(offset behind the string that `at` is in, False); (where to go on, True) where the buffer ends first."""
        begin = at
        while (quote := self._buffer.find('"', at)) >= 0:
            start = quote
            while start > begin and self._buffer[start - 1] == "\\":
                start -= 1
            if (quote - start) % 2 == 0:
                return quote + 1, False
            at = quote + 1
        end = len(self._buffer)
        while end > begin and self._buffer[end - 1] == "\\":
            end -= 1
        return end, True
