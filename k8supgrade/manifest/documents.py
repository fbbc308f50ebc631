"""YAML text to records: documents, Lists of any depth, and what of them cannot be read."""

from __future__ import annotations

import re

from k8supgrade.manifest.header import NOT_KUBERNETES, Header, read_header, read_template
from k8supgrade.manifest.interest import Interest
from k8supgrade.manifest.lines import has_unicode_break, is_blank, may_stay_open, must_parse, split_directives
from k8supgrade.manifest.lists import Marker, find_items, has_no_items
from k8supgrade.manifest.names import metadata_block, read_names
from k8supgrade.manifest.objects import Kind, Lines, emit, names_of
from k8supgrade.manifest.records import Found, Records
from k8supgrade.manifest.text import needs_care, readable

MAX_OBJECT_BYTES = 64 * 1024 * 1024
MAX_LIST_DEPTH = 20
# A List in which an item alone cannot be read is read again as a whole, up to this size.
MAX_SECOND_LOOK_BYTES = 4 * 1024 * 1024

_SEPARATOR = re.compile(rb"\n---(?=[ \t\n]|\Z)")
_SEPARATOR_OR_END = re.compile(rb"\n(---|\.\.\.)(?=[ \t\n]|\Z)")
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
        self._bodies = interest.raw_bodies()
        self._careful = True
        self._has_words = True
        self._directives = b""
        self._directives_line = 1

    def scan(self, data: bytes, first_line: int = 1, *, last: bool = True) -> None:
        """Reads whole documents. `data` is UTF-8 with LF line ends, without a byte order mark.

        `last`: nothing comes after it.
        """
        text = b"\n" + data
        self._look_at(data)
        line = first_line - 1
        if self._directives or (b"%" in data and b"\n%" in text):
            self._scan_with_directives(text, line, last)
            return
        pieces = text.split(b"\n---")
        if any(piece[:1] not in (b"\n", b" ", b"\t", b"") for piece in pieces):
            pieces = _SEPARATOR.split(text)
        counted = at = 0
        for piece in pieces:
            if piece:  # empty: what is before a marker on the first line
                header = self._header(piece)
                if header is NOT_KUBERNETES:
                    self.records.others += 1
                elif header is not None and self._is_passed_over(header):
                    self.records.resources += 1
                else:
                    line += text.count(b"\n", counted, at)
                    counted = at
                    if header is not None:
                        self._take(header, piece, line, _UNTYPED, 0)
                    elif b"\n..." in piece:
                        self._scan_with_directives(text[at:], line, last, opened=b"---" if at else b"")
                        return
                    elif not is_blank(piece):
                        self._parse(piece, line, _UNTYPED)
            at += len(piece) + len(b"\n---")

    def _look_at(self, data: bytes) -> None:
        """What is true of all of `data` need not be asked of each document."""
        self._careful = self.interest.everything or needs_care(data)
        self._has_words = self.interest.has_words(data)

    def _scan_with_directives(self, text: bytes, line: int, last: bool, opened: bytes = b"") -> None:
        """The same where a document may end with `...`, and directives may come before the next `---`."""
        parts = _SEPARATOR_OR_END.split(text)
        for piece, closed in zip(parts[::2], [*parts[1::2], b""], strict=True):
            piece, directives = split_directives(piece)
            if not piece and (directives or not opened):
                pass  # nothing is before the directives, or before a marker on the first line
            elif self._directives:
                above = self._directives + b"\n" + opened
                self._parse(piece, line, _UNTYPED, above=above.decode("utf-8", "replace"))
                self._directives = b""
            elif (header := self._header(piece)) is NOT_KUBERNETES:
                self.records.others += 1
            elif header is not None:
                self._take(header, piece, line, _UNTYPED, 0)
            elif not is_blank(piece):
                self._parse(piece, line, _UNTYPED, above="---" if opened == b"---" else "")
            line += piece.count(b"\n")
            if directives:
                self._directives = directives
                self._directives_line = line + len(directives) - len(directives.lstrip(b"\n"))
            line += directives.count(b"\n") + bool(closed)
            opened = closed
        if self._directives and last:
            self.records.fault(self._directives_line, "not valid YAML: a directive without a document")
            self._directives = b""

    def scan_items(self, region: bytes, marker: Marker, line: int, kind: Kind, template: str | None) -> None:
        """The items of a long List, whose text from a marker on is `region`. `kind`: what the List says of them."""
        self._look_at(region)
        self._items(region, marker, line, kind, template, 0)

    def _items(self, region: bytes, marker: Marker, line: int, kind: Kind, template: str | None, depth: int) -> None:
        counted = 0
        for offset, raw in marker.cut(region):
            line += region.count(b"\n", counted, offset)
            counted = offset
            if not marker.is_regular(raw):
                head = f"\napiVersion: {kind.api_version or 'v1'}\nkind: {kind.kind}List\nitems:".encode()
                self._parse(head + marker.text + raw, line - 3, _UNTYPED, template=template)
                continue
            item = marker.dedent(raw)
            header = self._header(item)
            if header is None or header is NOT_KUBERNETES or may_stay_open(raw):
                self._parse(item, line, kind, template=template)
            else:
                self._take(header, item, line, kind, depth + 1, template)

    def _is_passed_over(self, header: Header) -> bool:
        """Whether no check has a use for such an object: most are like that, so nothing more is asked of them."""
        return not (
            self._has_words
            or header.is_list
            or header.kind in self._bodies
            or (header.api_version, header.kind) in self._wanted
        )

    def _header(self, piece: bytes) -> Header | None:
        everything = self.interest.everything
        if self._careful and (everything or must_parse(piece)):
            # A List is judged item by item: a template in one of them costs only that one its fast path.
            items = None if everything else find_items(piece)
            if items is None or must_parse(piece[: items.start] + piece[items.stop :]):
                return None
            header = read_header(piece)
            return header if header is not None and header.is_list and header.kind.endswith(b"List") else None
        return read_header(piece)

    def _take(
        self, header: Header, piece: bytes, line: int, default: Kind, depth: int, template: str | None = None
    ) -> None:
        """An object (or List) whose header was read without parsing."""
        kind = header.kind.decode()
        if header.is_list and kind.endswith("List"):
            self._list(header, piece, line, depth, template)
            return
        if self.interest.wants_body(kind, piece, has_words=self._has_words):
            self._parse(piece, line, default, template=template)
            return
        records = self.records
        if (header.api_version, header.kind) in self._wanted:
            names = read_names(piece, header.closed) or self._parse_names(piece, header.closed)
            if names is None:
                self._parse(piece, line, default, template=template)
                return
            at = line + piece.count(b"\n", 0, header.at)
            api_version = header.api_version.decode()
            template = template or read_template(piece)
            found = Found(at, records.resources, api_version, kind, names[0], names[1], template, (), None)
            records.found.append(found)
        records.resources += 1

    def _parse_names(self, piece: bytes, closed: int) -> tuple[str | None, str | None] | None:
        """Names from the metadata block alone, where it can be read without the rest of the document."""
        from k8supgrade.manifest.compose import compose

        block = metadata_block(piece, closed)
        text, fault = readable(block or b"")
        documents = list(compose(text)) if fault is None else []
        if len(documents) != 1 or documents[0].broken is not None or not isinstance(documents[0].value, dict):
            return None
        return names_of(documents[0].value)

    def _parse(
        self, piece: bytes, line: int, default: Kind, *, above: str = "---", template: str | None = None
    ) -> None:
        """The full parse of one piece. `above` is what stands before it: its marker, or directives and marker."""
        from k8supgrade.manifest.compose import compose

        if len(piece) > MAX_OBJECT_BYTES:
            self.records.fault(line + 1, f"an object larger than {MAX_OBJECT_BYTES >> 20} MiB")
            return
        text, fault = readable(piece)
        if fault is not None:
            self.records.fault(line + fault.line, fault.reason)
        template = template or read_template(piece)
        has_words = self.interest.has_words(piece)
        last = line + piece.rstrip().count(b"\n")  # a parser says that what is missing is missing behind it
        line -= above.count("\n")
        for document in compose(above + text):
            lines = Lines(line, document.lines, document.duplicates)
            if document.broken is None or document.value is not None:
                value = document.value
                emit(value, lines, self.records, self.interest, default, has_words=has_words, template=template)
            if document.broken is not None:
                reason = document.broken.reason
                if b"{{" in piece:
                    reason = f"a Go template, not YAML ({reason}): render it first, with `helm template` for a chart"
                else:
                    reason = f"not valid YAML: {reason}"
                self.records.fault(max(min(line + document.broken.line, last), 1), reason)

    def _list(self, header: Header, piece: bytes, line: int, depth: int, template: str | None) -> None:
        """A List: its items one by one, each as if it were a document of its own."""
        items = find_items(piece)
        if items is None and has_no_items(piece):
            self.records.others += 1
            return
        template = template or read_template(piece)
        if items is None or depth >= MAX_LIST_DEPTH or has_unicode_break(piece) or not items.are_framed_in(piece):
            self._parse(piece, line, _UNTYPED, template=template)
            return
        kind = Kind.of_items(header.api_version.decode(), header.kind.decode())
        region = piece[items.start : items.stop]
        records = self.records
        self.records = one_by_one = records.begin()
        self._items(region, items.marker, line + piece.count(b"\n", 0, items.start), kind, template, depth)
        if one_by_one.faults and len(piece) <= MAX_SECOND_LOOK_BYTES:
            # A string may go over several items, an alias may point to another one: the whole may be right.
            self.records = whole = records.begin()
            self._parse(piece, line, _UNTYPED, template=template)
            one_by_one = one_by_one if whole.faults else whole
        self.records = records
        records.add(one_by_one)
