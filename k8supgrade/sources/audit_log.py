"""Who calls deprecated APIs, from Kubernetes audit logs.

The API server marks such requests with the annotations `k8s.io/deprecated` and `k8s.io/removed-release` (since 1.19:
k8s.io/apiserver v0.19.16 pkg/endpoints/metrics/metrics.go) once it has answered them, so that a watch is marked when it
ends. The form is `--audit-log-format=json` (v0.37.2 pkg/apis/audit/v1/types.go): one event a line, here also with
something in front of it, as container runtimes write it; or an EventList, as webhooks get it. Lines without the mark
are not parsed, and nothing is kept but a bounded table of callers.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import msgspec

from k8supgrade.model.origin import ClusterOrigin, FileOrigin
from k8supgrade.model.resource import Request, Scanned, Skipped
from k8supgrade.sources.audit_tally import MAX_APIS, Api, Event, Tally, Use, busiest
from k8supgrade.sources.walk import STDIN, reason_of, shown

MAX_LINE = 64 << 20
_SHOWN_FAULTS = 5
_CHUNK = 1 << 20
# A compiled pattern: `in` takes four times as long on texts of a line's length.
_MARK = re.compile(rb"k8s\.io/deprecated")
_MARK_LENGTH = len(b"k8s.io/deprecated")
_ID = b'"auditID"'
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}]')
_DECODER = msgspec.json.Decoder(Event)
# What lumberjack and logrotate add to the name of a log.
_ROTATED = re.compile(r"-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}(?=\.)|\.\d+(?=(?:\.gz)?$)|\.gz$", re.ASCII)


class AuditLogSource:
    """`paths` are files, `-`, or directories, of which the files with `audit` in their names are read.

    A log and its rotated parts are counted together and named by the shortest of the paths; `kind_of` gives the kind of
    an apiVersion and a resource.
    """

    def __init__(self, paths: Sequence[str], kind_of: Callable[[str, str], str] | None = None) -> None:
        self.scanned = Scanned()
        self._paths = paths
        self._kind_of = kind_of or (lambda _, resource: resource)

    def collect(self) -> Iterator[Request | Skipped]:
        logs: dict[str, list[str]] = {}
        for path in dict.fromkeys(self._paths):
            logs.setdefault(path if _is_directory(path) else _ROTATED.sub("", path), []).append(path)
        for paths in logs.values():
            name = min(paths, key=lambda path: (len(path), path))
            try:
                files = _files_in(name) if _is_directory(name) else paths
            except OSError as error:
                yield Skipped(what=shown(name), reason=reason_of(error))
                continue
            if not files:
                yield Skipped(what=shown(name), reason="no file in this directory has `audit` in its name")
            yield from self._log(shown(name), files)

    def _log(self, name: str, files: Sequence[str]) -> Iterator[Request | Skipped]:
        tally = Tally()
        for path in files:
            yield from self._read(path, tally, is_part=len(files) > 1)
        if tally.lost:
            yield Skipped(what=name, reason=f"{tally.lost} requests not counted: to more than {MAX_APIS} APIs")
        for api in sorted(tally.uses):
            yield self._request(name, api, tally.uses[api])

    def _read(self, path: str, tally: Tally, *, is_part: bool) -> Iterator[Skipped]:
        self.scanned.files += 1
        log = _Log(tally)
        try:
            with _opened(path) as stream:
                log.read(stream)
        except (OSError, EOFError, zlib.error) as error:
            reason = reason_of(error) if isinstance(error, OSError) and error.strerror else f"broken gzip: {error}"
            yield Skipped(what=shown(path), reason=reason)
        else:
            if not log.lines:
                yield Skipped(what=shown(path), reason="empty: no audit event in it", optional=is_part)
            elif not log.has_events:
                yield Skipped(what=shown(path), reason="no Kubernetes audit event in it (one JSON object a line)")
                return
        for line, reason, optional in log.faults:
            origin = FileOrigin(path=shown(path), line=line)
            yield Skipped(what=shown(path), reason=reason, optional=optional, origin=origin)
        if log.more:
            yield Skipped(what=shown(path), reason=f"{log.more} more lines that cannot be read")

    def _request(self, name: str, api: Api, use: Use) -> Request:
        group, version, resource = api
        api_version = f"{group}/{version}" if group else version
        return Request(
            api_version=api_version,
            kind=self._kind_of(api_version, resource),
            resource=resource,
            removed_in=use.removed_in,
            origin=ClusterOrigin(
                cluster=name,
                evidence="audit",
                count=sum(calls.count for calls in use.callers.values()),
                callers=busiest(use),
            ),
        )


class _Log:
    """One file, read line by line. `faults` are (line, reason, optional)."""

    def __init__(self, tally: Tally) -> None:
        self.lines = 0
        self.has_events = False
        self.faults: list[tuple[int, str, bool]] = []
        self.more = 0
        self._tally = tally

    def read(self, stream: BinaryIO) -> None:
        while line := stream.readline(MAX_LINE + 1):
            self.lines += 1
            if len(line) > MAX_LINE and not line.endswith(b"\n"):
                if _rest_has_mark(stream, line):
                    self._fault(f"longer than {MAX_LINE >> 20} MiB")
            elif self.lines == 1 and len(line) < 16 and line.strip() == b"{":
                self._document(line + stream.read(MAX_LINE + 1 - len(line)))
                return
            else:
                self._line(line)

    def _line(self, line: bytes) -> None:
        if not self.has_events:
            self.has_events = _ID in line
        if _MARK.search(line):
            self._event(line[max(line.find(b"{"), 0) :], is_last=not line.endswith(b"\n"))
        elif not line.rstrip().endswith(b"}") and _ID in line:
            # The mark stands near the end of an event: this one may have had it.
            self._fault("cut off", optional=not line.endswith(b"\n"))

    def _document(self, text: bytes) -> None:
        """A file that is one event or EventList over several lines."""
        self.has_events = _ID in text
        if len(text) > MAX_LINE:
            self._fault(f"an event over several lines, and longer than {MAX_LINE >> 20} MiB: `jq -c .` writes lines")
        elif self.has_events:
            self._event(text, is_last=False)

    def _event(self, text: bytes, *, is_last: bool) -> None:
        try:
            event = _DECODER.decode(text)
            self._tally.add(event)
            listed = bytes(event.items)
            for item in _items(listed):
                if _MARK.search(item):
                    self._tally.add(_DECODER.decode(item))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self._fault(f"not an audit event: {error}", optional=is_last)
        else:
            if not event.audit_id and not listed:
                self._fault("not an audit event: it has no auditID")

    def _fault(self, reason: str, *, optional: bool = False) -> None:
        if len(self.faults) < _SHOWN_FAULTS:
            self.faults.append((self.lines, reason, optional))
        else:
            self.more += 1


def _rest_has_mark(stream: BinaryIO, line: bytes) -> bool:
    """Reads the rest of a line that is too long to be kept."""
    found = bool(_MARK.search(line))
    while line and not line.endswith(b"\n"):
        before = line[-_MARK_LENGTH:]
        line = stream.readline(_CHUNK)
        found = found or bool(_MARK.search(before + line))
    return found


def _items(array: bytes) -> Iterator[bytes]:
    """The objects of a JSON array, one after the other: all of them at once could take a hundred times the memory."""
    depth = start = 0
    for token in _TOKEN.finditer(array):
        char = token[0][:1]
        if char in b"{[":
            depth += 1
            start = token.start() if depth == 2 else start
        elif char in b"}]":
            depth -= 1
            if depth == 1:
                yield array[start : token.end()]


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    with open(0 if path == STDIN else path, "rb", closefd=path != STDIN) as stream:
        if not stream.peek(2).startswith(b"\x1f\x8b"):
            yield stream
            return
        with gzip.GzipFile(fileobj=stream) as unpacked, io.BufferedReader(unpacked, _CHUNK) as lines:
            yield lines


def _is_directory(path: str) -> bool:
    return path != STDIN and os.path.isdir(path)


def _files_in(directory: str) -> list[str]:
    with os.scandir(directory) as entries:
        return sorted(entry.path for entry in entries if "audit" in entry.name and entry.is_file())
