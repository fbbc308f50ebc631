"""Bytes as they come, in whole chunks: decompressed, as UTF-8, and what was wrong with them."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Callable, Iterator

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

Read = Callable[[int], bytes]


class UnreadableError(Exception):
    """The bytes as a whole cannot be read (binary, a damaged archive, a bomb): why."""


class Source:
    """The text of one input in UTF-8, chunk after chunk.

    Where the bytes end in damage, the text ends there: `damage` says why, and `lines` how many lines came before.
    """

    def __init__(self, read: Read) -> None:
        self.damage: str | None = None
        self.lines = 0
        self._chunks = self._text(_whole(read))

    def chunk(self) -> bytes:
        """The next CHUNK bytes; fewer only at the end, b"" behind it."""
        return next(self._chunks, b"")

    def _text(self, read: Callable[[], bytes]) -> Iterator[bytes]:
        try:
            first = read()
            recoded = False
            if first[:2] == b"\x1f\x8b":
                read = _again(_gunzip(first, read))
                first = read()
                recoded = True
            for mark, encoding in _BOMS:
                if first.startswith(mark):
                    if encoding == "utf-8":
                        rest = b"" if len(first) < CHUNK else read()
                        while first.startswith(mark):
                            first = first[len(mark) :]
                        first += rest
                    else:
                        read = _again(_recode(first, read, encoding))
                        first = read()
                        recoded = True
                    break
            data = first
            while data:
                if b"\0" in data:
                    self.lines += data.count(b"\n", 0, data.index(b"\0"))
                    raise UnreadableError("a binary file")
                yield data
                if len(data) < CHUNK and not recoded:
                    return
                self.lines += data.count(b"\n")
                data = read()
        except UnreadableError as error:
            self.damage = str(error)


def _whole(read: Read) -> Callable[[], bytes]:
    """Reads CHUNK bytes at a time; less only at the end."""

    def whole() -> bytes:
        parts = []
        size = CHUNK
        while size > 0 and (data := read(size)):
            parts.append(data)
            size -= len(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    return whole


def _again(chunks: Iterator[bytes]) -> Callable[[], bytes]:
    """The same for what an iterator gives. What came before an error is given before it is raised."""
    parts: list[bytes] = []
    size = 0
    failed: UnreadableError | None = None

    def whole() -> bytes:
        nonlocal parts, size, failed
        while size < CHUNK and failed is None:
            try:
                data = next(chunks, b"")
            except UnreadableError as error:
                failed = error
                break
            if not data:
                break
            parts.append(data)
            size += len(data)
        if not size and failed is not None:
            raise failed
        data = b"".join(parts)
        parts = [data[CHUNK:]]
        size = len(parts[0])
        return data[:CHUNK]

    return whole


def _gunzip(first: bytes, read: Callable[[], bytes]) -> Iterator[bytes]:
    """Decompresses as it is read, one member after the other. Damage and bombs raise UnreadableError."""
    data = first
    packed = size = 0
    inflate = zlib.decompressobj(wbits=31)
    while data:
        packed += len(data)
        while data:
            if inflate.eof:
                data = data.lstrip(b"\0")  # padding
                if not data:
                    break
                inflate = zlib.decompressobj(wbits=31)
            try:
                out = inflate.decompress(data, CHUNK)
            except zlib.error as error:
                raise UnreadableError(f"damaged gzip data: {error}") from None
            size += len(out)
            if size > MAX_DENSE_BYTES and size > packed * MAX_RATIO:
                raise UnreadableError("gzip data that expands without end")
            if out:
                yield out
            data = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
        data = read()
    if not inflate.eof:
        raise UnreadableError("damaged gzip data: it ends too early")


def _recode(first: bytes, read: Callable[[], bytes], encoding: str) -> Iterator[bytes]:
    """UTF-16 and UTF-32 to UTF-8."""
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
        data = read()
