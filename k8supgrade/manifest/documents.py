"""YAML text to records: documents, Lists of any depth, and what of them cannot be read."""

from __future__ import annotations

import re

from k8supgrade.manifest.header import (
    NOT_KUBERNETES,
    Header,
    metadata_block,
    outside_block_scalars,
    read_header,
    read_names,
    read_template,
)
from k8supgrade.manifest.interest import Interest
from k8supgrade.manifest.lists import find_items, has_no_items, split_items
from k8supgrade.manifest.objects import Kind, Lines, emit, names_of
from k8supgrade.manifest.records import Found, Records

MAX_OBJECT_BYTES = 64 * 1024 * 1024
MAX_LIST_DEPTH = 20

_SEPARATOR = re.compile(rb"\n---(?=[ \t\n]|\Z)")
_FORCING = re.compile(rb"\{\{|<<|!")
_ALIAS = re.compile(rb"[ \[,]\*[A-Za-z0-9_-]")
_MANY_ALIASES = 10
_UNICODE_BREAKS = (b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")
_UNTYPED = Kind("", "")


class DocumentScanner:
    """Reads the documents of one file into `records`.

    Lines are those of the file, from 1. A piece of text begins with what follows `---` on its line, so its first
    line is the marker's; the first piece of a file gets a newline of its own in front.
    """

    def __init__(self, interest: Interest, records: Records) -> None:
        self.interest = interest
        self.records = records
        self._wanted = interest.raw_kinds()
        self._careful = True
        self._has_words = True

    def scan(self, data: bytes, first_line: int = 1) -> None:
        """Reads whole documents. `data` is UTF-8 with LF line ends, without a byte order mark."""
        text = b"\n" + data
        pieces = text.split(b"\n---")
        if any(piece[:1] not in (b"\n", b" ", b"\t", b"") for piece in pieces):
            pieces = _SEPARATOR.split(text)
        self._careful = self.interest.everything or _needs_care(data)
        self._has_words = self.interest.has_words(data)
        line = first_line - 1
        counted = at = 0
        directives = b""
        for piece in pieces:
            if not piece:  # what is before a marker on the first line
                at += len(b"\n---")
                continue
            header = self._header(piece)
            if header is not NOT_KUBERNETES or directives:
                line += text.count(b"\n", counted, at)
                counted = at
            if piece.lstrip().startswith(b"%") and not directives:
                directives = piece + b"\n---"
                continue
            if directives:
                self._parse(directives + piece, line, _UNTYPED, marker="")
                at += len(directives)
                directives = b""
            elif header is NOT_KUBERNETES:
                self.records.others += 1
            elif header is not None:
                self._take(header, piece, line, _UNTYPED, 0)
            elif not _is_blank(piece):
                self._parse(piece, line, _UNTYPED)
            at += len(piece) + len(b"\n---")
        if directives:
            self._parse(directives, line, _UNTYPED, marker="")

    def scan_item(self, item: bytes, line: int, kind: Kind, template: str | None, depth: int = 0) -> None:
        """One item of a List, with the List's indentation taken off; `kind` is what the List says of its items."""
        header = self._header(item)
        before = len(self.records.found)
        if header is None or header is NOT_KUBERNETES:
            self._parse(item, line, kind)
        else:
            self._take(header, item, line, kind, depth)
        if template is not None:
            found = self.records.found
            found[before:] = [one._replace(template=one.template or template) for one in found[before:]]

    def _header(self, piece: bytes) -> Header | None:
        if self._careful and self._must_parse(piece):
            # A List is judged item by item: a template in one of them costs only that one its fast path.
            items = None if self.interest.everything else find_items(piece)
            if items is None or self._must_parse(piece[: items.start] + piece[items.stop :]):
                return None
            header = read_header(piece)
            return header if header is not None and header.is_list else None
        return read_header(piece)

    def _must_parse(self, piece: bytes) -> bool:
        if self.interest.everything or b"\r" in piece or any(mark in piece for mark in _UNICODE_BREAKS):
            return True
        if b"&" in piece and len(_ALIAS.findall(piece)) >= _MANY_ALIASES:
            return True
        if _FORCING.search(piece) and _FORCING.search(outside_block_scalars(piece)):
            return True
        return not piece.isascii() and _first_bad_byte(piece) is not None

    def _take(self, header: Header, piece: bytes, line: int, default: Kind, depth: int) -> None:
        """An object (or List) whose header was read without parsing."""
        kind = header.kind.decode()
        if header.is_list and kind.endswith("List"):
            self._list(header, piece, line, depth)
            return
        if self.interest.wants_body(kind, piece, has_words=self._has_words):
            self._parse(piece, line, default)
            return
        records = self.records
        if (header.api_version, header.kind) in self._wanted:
            names = read_names(piece) or self._parse_names(piece)
            if names is None:
                self._parse(piece, line, default)
                return
            at = line + piece.count(b"\n", 0, header.at)
            api_version = header.api_version.decode()
            template = read_template(piece, header.at)
            found = Found(at, records.resources, api_version, kind, names[0], names[1], template, (), None)
            records.found.append(found)
        records.resources += 1

    def _parse_names(self, piece: bytes) -> tuple[str | None, str | None] | None:
        """Names from the metadata block alone, where it can be read without the rest of the document."""
        from k8supgrade.manifest.compose import compose

        block = metadata_block(piece)
        documents = list(compose(block[1].decode("utf-8", "replace"))) if block else []
        if len(documents) != 1 or documents[0].broken is not None or not isinstance(documents[0].value, dict):
            return None
        return names_of(documents[0].value)

    def _parse(self, piece: bytes, line: int, default: Kind, marker: str = "---") -> None:
        """The full parse of one piece (of several documents, where `...` ends one)."""
        from k8supgrade.manifest.compose import compose

        if len(piece) > MAX_OBJECT_BYTES:
            self.records.fault(line + 1, f"an object larger than {MAX_OBJECT_BYTES >> 20} MiB")
            return
        bad = _first_bad_byte(piece)
        if bad is not None:
            self.records.fault(line + piece.count(b"\n", 0, bad), "not valid UTF-8")
        template = read_template(piece, len(piece))
        for document in compose(marker + piece.decode("utf-8", "replace")):
            lines = Lines(line, document.lines, document.duplicates)
            if document.broken is None or document.value is not None:
                emit(document.value, lines, piece, self.records, self.interest, template, default)
            if document.broken is not None:
                reason = document.broken.reason
                if b"{{" in piece:
                    reason = f"a Go template, not YAML ({reason}): render it first, with `helm template` for a chart"
                else:
                    reason = f"not valid YAML: {reason}"
                self.records.fault(line + document.broken.line, reason)

    def _list(self, header: Header, piece: bytes, line: int, depth: int) -> None:
        """A List: its items one by one, each as if it were a document of its own."""
        items = find_items(piece)
        if items is None and has_no_items(piece):
            return
        split = split_items(piece[items.start : items.stop], items.marker) if items else None
        if items is None or split is None or depth >= MAX_LIST_DEPTH:
            self._parse(piece, line, _UNTYPED)
            return
        kind = Kind.of_items(header.api_version.decode(), header.kind.decode())
        template = read_template(piece, items.start)
        self.scan_items(
            piece[items.start : items.stop], split, line + piece.count(b"\n", 0, items.start), kind, template, depth
        )

    def scan_items(
        self, region: bytes, split: list[tuple[int, bytes]], line: int, kind: Kind, template: str | None, depth: int
    ) -> None:
        """The items that `split` cut out of `region`, whose first line is `line`."""
        counted = 0
        for offset, item in split:
            line += region.count(b"\n", counted, offset)
            counted = offset
            self.scan_item(item, line, kind, template, depth + 1)


def _needs_care(data: bytes) -> bool:
    """Whether anything in the file may force the full parse of a document. Cheap questions come first."""
    return (
        b"!" in data
        or b"&" in data
        or b"\r" in data
        or not data.isascii()
        or (b"<" in data and b"<<" in data)
        or (b"{" in data and b"{{" in data)
    )


def _is_blank(piece: bytes) -> bool:
    return not any(line.strip() and not line.lstrip().startswith(b"#") for line in piece.split(b"\n"))


def _first_bad_byte(data: bytes) -> int | None:
    """The offset of the first byte that is not UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return None
