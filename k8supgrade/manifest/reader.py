"""Bytes to records: encodings, compression, JSON or YAML, and streams of any size in flat memory."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Callable, Iterator

from k8supgrade.manifest.documents import MAX_OBJECT_BYTES, DocumentScanner
from k8supgrade.manifest.interest import Interest
from k8supgrade.manifest.lists import Items, find_items, split_items
from k8supgrade.manifest.objects import Kind
from k8supgrade.manifest.records import Records

CHUNK = 4 * 1024 * 1024
# A gzip file may be large or dense, not both: the bombs that expand a thousandfold are stopped here.
MAX_DENSE_BYTES = 1024 * 1024 * 1024
MAX_RATIO = 200

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNTYPED = Kind("", "")
_END_OF_ITEMS = re.compile(rb"\n(?=[^ \n#-]|---[ \t\n])")

Read = Callable[[int], bytes]


class UnreadableError(Exception):
    """The bytes as a whole cannot be read (binary, a damaged archive, a bomb): why."""


def read_manifests(read: Read, interest: Interest) -> Records:
    """Reads everything that `read(n)` gives (at most n bytes at a time, b"" at the end).

    Raises:
        UnreadableError: the input as a whole is no text.
        OSError: from `read`.
    """
    records = Records()
    read = _whole_chunks(read)
    first = read(CHUNK)
    if first[:2] == b"\x1f\x8b":
        read = _gunzip(first, read)
        first = read(CHUNK)
    ended = len(first) < CHUNK
    for mark, encoding in _BOMS:
        if first.startswith(mark):
            if encoding == "utf-8":
                first = first[len(mark) :]
            else:
                read = _recode(first, read, encoding)
                first = read(CHUNK)
                ended = len(first) < CHUNK
            break
    if b"\0" in first:
        raise UnreadableError("a binary file")
    start = first.lstrip()[:2]
    if start[:1] == b"{" and start != b"{{":
        if _read_json(first, read, interest, records):
            return records
        records = Records()
    scanner = DocumentScanner(interest, records)
    if ended:
        scanner.scan(first.replace(b"\r\n", b"\n") if b"\r" in first else first)
    else:
        _Stream(first, read, scanner, records).scan()
    return records


def _read_json(first: bytes, read: Read, interest: Interest, records: Records) -> bool:
    """False where the first document is not JSON and no more than one chunk was read: it may be flow style YAML."""
    from k8supgrade.manifest.json_stream import JsonScanner, NotJsonError

    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    pending = [first]

    def characters() -> str:
        while True:
            data = pending.pop() if pending else read(CHUNK)
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError:
                if not any(fault.reason == "not valid UTF-8" for fault in records.faults):
                    records.fault(1, "not valid UTF-8")
                decoder.reset()
                text = data.decode("utf-8", "replace")
            if text or not data:
                return text

    try:
        JsonScanner(characters, interest, records).scan()
    except NotJsonError as error:
        if len(first) < CHUNK and not read(1):
            return False
        records.fault(error.line, f"not valid JSON: {error.reason}")
    return True


class _Stream:
    """YAML that does not fit into one chunk: cut at document markers, long Lists at their items."""

    def __init__(self, first: bytes, read: Read, scanner: DocumentScanner, records: Records) -> None:
        self._read = read
        self._scanner = scanner
        self._records = records
        self._buffer = b""
        self._line = 1
        self._ended = False
        self._append(first)

    def scan(self) -> None:
        while True:
            cut = self._last_marker()
            if cut > 0:
                self._scanner.scan(self._take(cut), self._taken_line)
            elif self._ended:
                self._scanner.scan(self._take(len(self._buffer)), self._taken_line)
                return
            elif len(self._buffer) >= CHUNK and (items := find_items(b"\n" + self._buffer)) is not None:
                self._list(items)
            elif len(self._buffer) > MAX_OBJECT_BYTES:
                self._records.fault(self._line, f"an object larger than {MAX_OBJECT_BYTES >> 20} MiB")
                self._pass_over_document()
            self._fill()

    def _list(self, items: Items) -> None:
        """The List that the buffer begins with, item by item."""
        head = self._take(items.start - 1)
        kind = _kind_of_items(head)
        first_other = self._records.others
        marker = items.marker
        while True:
            end = self._end_of_list()
            cut = end if end is not None else self._buffer.rfind(marker.text)
            if self._ended and end is None:
                cut = len(self._buffer)
            if cut > 0:
                self._items(self._take(cut), items, kind)
            elif len(self._buffer) > MAX_OBJECT_BYTES:
                self._records.fault(self._line + 1, f"an object larger than {MAX_OBJECT_BYTES >> 20} MiB")
                self._pass_over_item(marker.text)
            if end is not None or (self._ended and not self._buffer):
                break
            self._fill()
        if kind == _UNTYPED and self._records.others > first_other:
            self._records.fault(self._line, "a long List whose items say no kind, and neither does what is before them")
        self._pass_over_document()

    def _items(self, region: bytes, items: Items, kind: Kind) -> None:
        line = self._taken_line
        split = split_items(region, items.marker)
        if split is None:
            # Cannot be cut safely: parsed as the List that it is, three lines of header in front of it.
            header = f"apiVersion: {kind.api_version or 'v1'}\nkind: {kind.kind}List\nitems:"
            self._scanner.scan(header.encode() + region, line - 2)
        else:
            self._scanner.scan_items(region, split, line, kind, None, 0)

    def _end_of_list(self) -> int | None:
        """Where in the buffer the first line stands that is no longer of the items."""
        match = _END_OF_ITEMS.search(self._buffer)
        return match.start() if match else None

    def _pass_over_document(self) -> None:
        while (at := self._buffer.find(b"\n---")) < 0 and not self._ended:
            self._take(max(len(self._buffer) - 4, 0))
            self._fill()
        self._take(at if at >= 0 else len(self._buffer))

    def _pass_over_item(self, marker: bytes) -> None:
        while (at := self._buffer.find(marker, 1)) < 0 and not self._ended:
            self._take(max(len(self._buffer) - len(marker), 0))
            self._fill()
        self._take(at if at >= 0 else len(self._buffer))

    def _last_marker(self) -> int:
        """Where the last document begins that may go on behind the buffer; -1 where no marker is."""
        at = len(self._buffer)
        while (at := self._buffer.rfind(b"\n---", 0, at)) >= 0:
            if self._buffer[at + 4 : at + 5] in (b"\n", b" ", b"\t"):
                return at + 1
        return -1

    def _take(self, size: int) -> bytes:
        """The first `size` bytes of the buffer; `_taken_line` is the line that they begin in."""
        taken = self._buffer[:size]
        self._buffer = self._buffer[size:]
        self._taken_line = self._line
        self._line += taken.count(b"\n")
        return taken

    def _fill(self) -> None:
        if not self._ended:
            self._append(self._read(CHUNK))

    def _append(self, data: bytes) -> None:
        if not data:
            self._ended = True
        while data.endswith(b"\r") and (more := self._read(1)):
            data += more
        if b"\0" in data:
            raise UnreadableError("a binary file")
        self._buffer += data.replace(b"\r\n", b"\n") if b"\r" in data else data


def _kind_of_items(head: bytes) -> Kind:
    """What a long List says of its items before them."""
    from k8supgrade.manifest.compose import compose

    for document in compose(head.decode("utf-8", "replace")):
        value = document.value
        if isinstance(value, dict) and isinstance(value.get("kind"), str):
            return Kind.of_items(str(value.get("apiVersion") or ""), value["kind"])
    return _UNTYPED


def _gunzip(first: bytes, read: Read) -> Read:
    """Decompresses as it is read, one member after the other. Damage and bombs raise UnreadableError."""

    def unpacked() -> Iterator[bytes]:
        data = first
        packed = size = 0
        inflate = zlib.decompressobj(wbits=31)
        while data:
            packed += len(data)
            while data:
                if inflate.eof:
                    inflate = zlib.decompressobj(wbits=31)
                try:
                    out = inflate.decompress(data, CHUNK)
                except zlib.error as error:
                    raise UnreadableError(f"damaged gzip data: {error}") from None
                size += len(out)
                if size > MAX_DENSE_BYTES and size > packed * MAX_RATIO:
                    raise UnreadableError("gzip data that expands without end")
                yield out
                data = inflate.unused_data.lstrip(b"\0") if inflate.eof else inflate.unconsumed_tail
            data = read(CHUNK)
        if not inflate.eof:
            raise UnreadableError("damaged gzip data: it ends too early")

    return _whole_chunks(_reader(unpacked()))


def _recode(first: bytes, read: Read, encoding: str) -> Read:
    """UTF-16 and UTF-32 to UTF-8."""

    def chunks() -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        data = first
        while True:
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                raise UnreadableError(f"not valid {encoding.upper()}: {error.reason}") from None
            if text:
                yield text.encode("utf-8", "replace")
            if not data:
                return
            data = read(CHUNK)

    return _whole_chunks(_reader(chunks()))


def _whole_chunks(read: Read) -> Read:
    """A read that returns less than it was asked for only at the end."""

    def whole(size: int) -> bytes:
        parts = []
        while size > 0 and (data := read(size)):
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    return whole


def _reader(chunks: Iterator[bytes]) -> Read:
    """An iterator as a read function; it gives what it has, whatever is asked for, but never more."""
    rest = b""

    def read(size: int) -> bytes:
        nonlocal rest
        while not rest:
            try:
                rest = next(chunks)
            except StopIteration:
                return b""
        taken, rest = rest[:size], rest[size:]
        return taken

    return read
