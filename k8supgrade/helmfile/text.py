"""Text that is put together of pieces of files and of values, and knows where each of them is written."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from k8supgrade.model.pin import Written

MAX_LENGTH = 16 << 20
HOLE = "____"


class Source:
    """A file as it is on disk; lines count from 1."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._starts: list[int] = []

    def line(self, offset: int) -> int:
        if not self._starts:
            starts = [0]
            at = self.text.find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = self.text.find("\n", at + 1)
            self._starts = starts
        return bisect_right(self._starts, offset)

    def written(self, start: int, end: int) -> Written:
        return Written(path=self.path, line=self.line(start), start=start, end=end, text=self.text[start:end])


class Span(NamedTuple):
    """What stands from `start` on. `is_literal`: character by character what is at `offset` of the source.

    Else it is a value, and the source is where the template asks for it. written: where the value itself stands.
    hole: the template's own text where it could not be resolved; reason: why, None where that has to wait.
    """

    start: int
    end: int
    source: Source
    offset: int
    is_literal: bool = False
    written: Written | None = None
    hole: str | None = None
    reason: str | None = None


class Uncertain(NamedTuple):
    """A range that is there, once, several times or not at all, for a `reason`; `line` is that of the template."""

    start: int
    end: int
    line: int
    reason: str


class Found(NamedTuple):
    """What a range of the text comes from."""

    path: str
    line: int
    written: Written | None
    raw: str | None
    reason: str | None


class TooLongError(Exception):
    """More than anybody writes."""


class Pieces:
    """A text while it is put together, and after."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._spans: list[Span] = []
        self._starts: list[int] = []
        self.length = 0
        self.uncertain: list[Uncertain] = []
        self.is_line_blank = True
        self.is_comment = False
        self.last = "\n"

    @property
    def text(self) -> str:
        if len(self._parts) != 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0]

    def literal(self, source: Source, start: int, end: int) -> None:
        if start < end:
            self._add(source.text[start:end], source, start, is_literal=True)

    def value(self, text: str, source: Source, offset: int, written: Written | None = None) -> None:
        if text:
            self._add(text, source, offset, written=written)

    def hole(self, code: str, source: Source, offset: int, reason: str | None) -> None:
        if self.last == ":":
            self.value(" ", source, offset)
        self._add(HOLE, source, offset, hole=code, reason=reason)

    def doubt(self, start: int, source: Source, offset: int, reason: str) -> None:
        """From `start` to here it is uncertain."""
        self.uncertain.append(Uncertain(start, self.length, source.line(offset), reason))

    def _add(
        self,
        text: str,
        source: Source,
        offset: int,
        *,
        is_literal: bool = False,
        written: Written | None = None,
        hole: str | None = None,
        reason: str | None = None,
    ) -> None:
        end = self.length + len(text)
        if end > MAX_LENGTH:
            raise TooLongError
        self._parts.append(text)
        self._spans.append(Span(self.length, end, source, offset, is_literal, written, hole, reason))
        self._starts.append(self.length)
        self.length = end
        _, newline, line = text.rpartition("\n")
        if newline:
            self.is_line_blank, self.is_comment = True, False
        stripped = line.strip()
        if stripped and self.is_line_blank:
            self.is_line_blank, self.is_comment = False, stripped.startswith("#")
        self.last = text[-1]

    def find(self, start: int, end: int) -> Found:
        """Of one piece of a file, or of one value as a whole, it is known where that is written."""
        first = max(bisect_right(self._starts, start) - 1, 0)
        spans = []
        for span in self._spans[first : bisect_right(self._starts, max(end - 1, start))]:
            spans.append(span)
            if len(spans) > 100:
                break
        if not spans:
            return Found("", 1, None, None, None)
        one = spans[0]
        path = one.source.path
        line = one.source.line(one.offset + (start - one.start if one.is_literal else 0))
        if any(span.hole for span in spans):
            raw = "".join(
                span.hole if span.hole else self.text[max(span.start, start) : min(span.end, end)] for span in spans
            )
            reason = next((span.reason for span in spans if span.reason), None)
            return Found(path, line, self._range(spans, start, end), raw, reason)
        if len(spans) > 1:
            return Found(path, line, None, None, None)
        if one.is_literal:
            return Found(path, line, self._range(spans, start, end), None, None)
        is_whole = (one.start, one.end) == (start, end)
        return Found(path, line, one.written if is_whole else None, None, None)

    def _range(self, spans: list[Span], start: int, end: int) -> Written | None:
        first, last = spans[0], spans[-1]
        if not (first.is_literal and last.is_literal) or first.source is not last.source or len(spans) > 1:
            return None
        begin = first.offset + start - first.start
        return first.source.written(begin, begin + end - start)


def whole(source: Source, start: int = 0, end: int | None = None) -> Pieces:
    """A text as it is; the byte order mark is left out."""
    pieces = Pieces()
    start += start == 0 and source.text.startswith("\ufeff")
    pieces.literal(source, start, len(source.text) if end is None else end)
    return pieces
