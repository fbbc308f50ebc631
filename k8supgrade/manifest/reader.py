"""Bytes to records: encodings, compression, JSON or YAML, and streams of any size in flat memory."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator

from k8supgrade.manifest.documents import DocumentScanner
from k8supgrade.manifest.interest import Interest
from k8supgrade.manifest.records import Records
from k8supgrade.manifest.source import CHUNK, Read, Source, UnreadableError
from k8supgrade.manifest.yaml_stream import YamlStream, unix_lines

__all__ = ["UnreadableError", "read_in_portions", "read_manifests", "read_small"]

_JSON = re.compile(rb"\s*(?:---[ \t]*\r?\n\s*)*\{(?!\{)")

# What gzip data and byte order marks begin with; nothing, too, has to be looked at again.
_SPECIAL = frozenset((b"", b"\x1f", b"\xef", b"\xff", b"\xfe", b"\0"))


def read_manifests(read: Read, interest: Interest) -> Records:
    """Reads everything that `read(n)` gives (at most n bytes at a time, b"" at the end).

    Raises:
        UnreadableError: the input as a whole is no text.
        OSError: from `read`.
    """
    records = Records()
    for _ in read_in_portions(read, interest, records):
        pass
    return records


def read_small(data: bytes, interest: Interest) -> Records | None:
    """A whole short input that is plain UTF-8 text; None where it is not, and has to be read the long way."""
    if data[:1] in _SPECIAL or b"\0" in data:
        return None
    records = Records()
    _read_short(data, interest, records)
    return records


def read_in_portions(read: Read, interest: Interest, records: Records) -> Iterator[None]:
    """The same; at each step the caller may take away what has been found, so that memory stays flat."""
    source = Source(read)
    first = source.chunk()
    if len(first) < CHUNK:
        _read_short(first, interest, records)
        source.chunk()  # where it ends in damage, that shows now
    elif _JSON.match(first):
        yield from _read_json(first, source.chunk, interest, records)
    else:
        yield from YamlStream(_before(first, source.chunk), DocumentScanner(interest, records), records).scan()
    if source.damage is not None:
        if records.is_empty:
            raise UnreadableError(source.damage)
        records.fault(source.lines + 1, source.damage)
    yield


def _read_short(data: bytes, interest: Interest, records: Records) -> None:
    data = unix_lines(data)
    if not (data[:1] in b"{ \t\r\n-" and _JSON.match(data)):
        DocumentScanner(interest, records).scan(data)
        return
    as_json = records.begin()
    for _ in _read_json(data, lambda: b"", interest, as_json):
        pass
    if as_json.faults:  # it may be YAML in flow style
        as_yaml = records.begin()
        DocumentScanner(interest, as_yaml).scan(data)
        if not as_yaml.faults or as_yaml.resources > as_json.resources:
            as_json = as_yaml
    records.add(as_json)


def _read_json(first: bytes, read: Callable[[], bytes], interest: Interest, records: Records) -> Iterator[None]:
    """JSON documents, and YAML from where a document behind `---` is none."""
    from k8supgrade.manifest.json_stream import JsonScanner

    characters = _Characters(_before(first, read), records)
    scanner = JsonScanner(characters.read, interest, records)
    yield from scanner.scan()
    rest, line = scanner.rest()
    if rest:
        read = _before(rest.encode("utf-8", "replace") + characters.pending(), read)
        yield from YamlStream(read, DocumentScanner(interest, records), records, line).scan()


class _Characters:
    """UTF-8 as text; what is none becomes a fault and a replacement."""

    def __init__(self, read: Callable[[], bytes], records: Records) -> None:
        self._read = read
        self._records = records
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._lines = 1
        self._is_faulty = False

    def read(self) -> str:
        """The next characters, "" at the end."""
        while True:
            data = self._read()
            try:
                text = self._decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                if not self._is_faulty:
                    self._is_faulty = True
                    line = self._lines + error.object.count(b"\n", 0, error.start)
                    self._records.fault(line, "not valid UTF-8")
                self._decoder.reset()
                text = error.object.decode("utf-8", "replace")
            self._lines += text.count("\n") if len(data) >= CHUNK else 0
            if text or not data:
                return text

    def pending(self) -> bytes:
        """The beginning of a character whose end was not read yet."""
        return self._decoder.getstate()[0]


def _before(data: bytes, read: Callable[[], bytes]) -> Callable[[], bytes]:
    """A read that gives `data` first."""
    pending = [data]
    return lambda: pending.pop() if pending else read()
