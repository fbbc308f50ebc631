"""YAML that does not fit into one chunk: cut at document markers, long Lists at their items."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from k8supgrade.manifest.documents import MAX_OBJECT_BYTES, DocumentScanner
from k8supgrade.manifest.header import read_template
from k8supgrade.manifest.lists import Marker, find_items
from k8supgrade.manifest.objects import Kind
from k8supgrade.manifest.records import Records

LONG = 4 * 1024 * 1024
_HEAD = 64 * 1024  # a List says within so much that it is one
_TAIL = 1024 * 1024
_TOO_LARGE = f"an object larger than {MAX_OBJECT_BYTES >> 20} MiB"
_NO_LIST = "a long document with `items` that is no List"
_END_OF_ITEMS = re.compile(rb"\n(?=[^ \n#-]|---[ \t\n])")
_MARKER = re.compile(rb"\n(?:---|\.\.\.)[ \t\n]")
_HEAD_KEYS = frozenset({"apiVersion", "kind", "metadata", "items"})
_UNTYPED = Kind("", "")


class _Head(NamedTuple):
    """A List up to its first item."""

    text: bytes
    size: int
    marker: Marker
    kind: Kind
    template: str | None
    is_certain: bool


class YamlStream:
    """`read` gives the next chunk, b"" at the end."""

    def __init__(self, read: Callable[[], bytes], scanner: DocumentScanner, records: Records, line: int = 1) -> None:
        self._read = read
        self._scanner = scanner
        self._records = records
        self._buffer = b""
        self._held = b""
        self._line = self._taken_line = line
        self._ended = False

    def scan(self) -> Iterator[None]:
        """Reads everything; yields now and then, when `records` may be emptied."""
        looked_at = False
        while True:
            cut = self._last_marker()
            if cut > 0:
                self._scanner.scan(self._take(cut), self._taken_line, last=False)
                looked_at = False
                yield
            elif self._ended:
                self._scanner.scan(self._take(len(self._buffer)), self._taken_line)
                return
            elif len(self._buffer) > MAX_OBJECT_BYTES:
                self._records.fault(self._line, _TOO_LARGE)
                self._pass_over_document()
                looked_at = False
            elif len(self._buffer) >= LONG and not looked_at:
                looked_at = True
                if (head := self._head()) is not None:
                    yield from self._list(head)
                    looked_at = False
            self._fill()

    def _head(self) -> _Head | None:
        """The beginning of the List that the buffer begins with."""
        window = b"\n" + self._buffer[:_HEAD]
        items = find_items(window)
        if items is None:
            return None
        text = window[1 : items.start]
        value = _only_document(text)
        if not isinstance(value, dict) or value.get("items", 0) is not None:
            return None
        api_version, kind = str(value.get("apiVersion") or ""), value.get("kind")
        if not kind:
            certain, of_items = False, _UNTYPED
            if not api_version or not value.keys() <= _HEAD_KEYS:
                return None
        elif isinstance(kind, str) and kind.endswith("List"):
            certain, of_items = True, Kind.of_items(api_version, kind)
        else:
            return None
        template = read_template(text.removeprefix(b"---") if text.startswith(b"---") else b"\n" + text)
        return _Head(text, items.start - 1, items.marker, of_items, template, certain)

    def _list(self, head: _Head) -> Iterator[None]:
        """The List, item by item."""
        self._take(head.size)
        first_line = self._taken_line + 1
        first_other = self._records.others
        marker = head.marker
        while True:
            match = _END_OF_ITEMS.search(self._buffer)
            end = match.start() if match else len(self._buffer) if self._ended else None
            cut = self._buffer.rfind(marker.text) if end is None else end
            if cut > 0:
                region = self._take(cut)
                self._scanner.scan_items(region, marker, self._taken_line, head.kind, head.template)
                yield
            elif end is None and len(self._buffer) > MAX_OBJECT_BYTES:
                self._records.fault(self._line + 1, _TOO_LARGE)
                self._pass_over(marker.text)
            if end is not None:
                break
            self._fill()
        self._tail(head, first_line, untyped=self._records.others > first_other)

    def _tail(self, head: _Head, first_line: int, *, untyped: bool) -> None:
        """What a List says behind its items: kind and metadata, where the keys are sorted."""
        while (match := _MARKER.search(self._buffer)) is None and not self._ended and len(self._buffer) < _TAIL:
            self._fill()
        tail = self._take(match.start() if match else min(len(self._buffer), _TAIL))
        line = self._taken_line
        value = _only_document(head.text + tail)
        if not isinstance(value, dict):
            self._records.fault(line + 1, "not valid YAML behind the items of a long List")
        elif not str(value.get("kind") or "").endswith("List"):
            self._records.fault(first_line, _NO_LIST)
        elif untyped and not head.is_certain and value["kind"] != "List":
            self._records.fault(first_line, "a long List whose items say no kind, and neither does what is before them")
        if match is None and not self._ended:
            self._records.fault(line, _NO_LIST)
            self._pass_over_document()

    def _pass_over_document(self) -> None:
        while (match := _MARKER.search(self._buffer)) is None and not self._ended:
            self._take(max(len(self._buffer) - 4, 0))
            self._fill()
        self._take(match.start() if match else len(self._buffer))

    def _pass_over(self, marker: bytes) -> None:
        """To the next item."""
        while (at := self._buffer.find(marker, 1)) < 0 and not self._ended:
            match = _END_OF_ITEMS.search(self._buffer, 1)
            if match is not None:
                at = match.start()
                break
            self._take(max(len(self._buffer) - len(marker), 0))
            self._fill()
        self._take(at if at >= 0 else len(self._buffer))

    def _last_marker(self) -> int:
        """Where the last document begins that may go on behind the buffer; -1 where no marker is."""
        found = -1
        for marker in (b"\n---", b"\n..."):
            at = len(self._buffer)
            while (at := self._buffer.rfind(marker, found + 1, at)) >= 0:
                if self._buffer[at + 4 : at + 5] in (b"\n", b" ", b"\t"):
                    found = at
                    break
        return found + 1 if found >= 0 else -1

    def _take(self, size: int) -> bytes:
        """The first `size` bytes of the buffer; `_taken_line` is the line that they begin in."""
        taken = self._buffer[:size]
        self._buffer = self._buffer[size:]
        self._taken_line = self._line
        self._line += taken.count(b"\n")
        return taken

    def _fill(self) -> None:
        if self._ended:
            return
        data = self._read()
        self._ended = not data
        data = self._held + data
        self._held = b"\r" if data.endswith(b"\r") and not self._ended else b""
        self._buffer += unix_lines(data[: len(data) - len(self._held)])


def unix_lines(data: bytes) -> bytes:
    """With LF line ends, which is what YAML makes of each CRLF and each CR."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def _only_document(text: bytes) -> Any:
    """The value of the one document in `text`; None where it is broken."""
    from k8supgrade.manifest.compose import compose

    documents = list(compose(text.decode("utf-8", "replace")))
    return documents[0].value if len(documents) == 1 and documents[0].broken is None else None
