"""A snapshot as the server that it was taken of: it answers what that server was asked."""

from __future__ import annotations

import json
import os
import tarfile
import tempfile
import weakref
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from k8supgrade.errors import UsageError
from k8supgrade.kube.api import JSON, ApiError, TooLargeError
from k8supgrade.sources.recording import INDEX, SCHEMA, key_of

# A page is at most 64 MiB, and a cluster of 100,000 objects is some 100 MiB.
_MAX_MEMBER = 128 << 20
_MAX_TOTAL = 8 << 30
_CHUNK = 1 << 20


class _Answer(NamedTuple):
    """Where the body stands in the unpacked file; or the failure that was recorded."""

    start: int
    size: int
    status: int | None
    reason: str


class SnapshotApi:
    """An `Api` that answers from a snapshot. Its bodies are unpacked into a temporary file, not into memory.

    Raises:
        UsageError: the file cannot be read, or is no snapshot that this version can read.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._bodies = tempfile.TemporaryFile()  # noqa: SIM115 -- lives as long as this object
        weakref.finalize(self, self._bodies.close)
        self._answers: dict[str, _Answer] = {}
        self._about: dict[str, Any] = {}
        self._size = 0
        try:
            with tarfile.open(path, "r|gz") as archive:
                for member in archive:
                    self._take(archive, member)
        except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise UsageError(f"{path}: the snapshot cannot be read: {why}") from error
        if self._about.get("schema") != SCHEMA or not isinstance(self._about.get("context"), str):
            raise UsageError(f"{path}: not a snapshot that this version can read (it reads {SCHEMA})")

    @property
    def name(self) -> str:
        """The name of the context that it was taken of."""
        return str(self._about["context"])

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces that it is confined to; none where it is of the whole cluster."""
        named = self._about.get("namespaces")
        return tuple(map(str, named)) if isinstance(named, list) else ()

    @property
    def holds_releases(self) -> bool:
        return self._about.get("releases") is True

    @property
    def holds_history(self) -> bool:
        """Whether superseded revisions of releases are in it."""
        return self._about.get("history") is True

    @property
    def made_deprecated_calls(self) -> bool:
        """Whether kinds that only a deprecated version serves were listed."""
        return self._about.get("deprecatedCalls") is True

    def get(
        self, path: str, *, query: Mapping[str, str] | None = None, accept: str = JSON, limit: int | None = None
    ) -> bytes:
        answer = self._answers.get(key_of(path, query, accept))
        if answer is None:
            raise ApiError("not in the snapshot: take it again, with this version of k8supgrade and the same options")
        if answer.status is not None:
            raise ApiError(answer.reason, status=answer.status)
        if limit is not None and answer.size > limit:
            raise TooLargeError(f"larger than {limit >> 20} MiB")
        return self._read(answer)

    def _read(self, answer: _Answer) -> bytes:
        return os.pread(self._bodies.fileno(), answer.size, answer.start)

    def _take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """Members are only ever read: no path of theirs is used."""
        if not member.isfile():
            return
        if member.size > _MAX_MEMBER or self._size + member.size > _MAX_TOTAL:
            raise UsageError(f"{self._path}: the snapshot is larger than it can be ({member.name!a})")
        file = archive.extractfile(member)
        assert file is not None
        line = file.readline(_CHUNK)
        try:
            header = json.loads(line)
        except (ValueError, RecursionError):
            header = None
        if not isinstance(header, dict):
            raise UsageError(f"{self._path}: not a snapshot: {member.name!a} is none of its members")
        if member.name == INDEX:
            self._about = header
            return
        start, size = self._size, 0
        while chunk := file.read(_CHUNK):
            self._bodies.write(chunk)
            size += len(chunk)
        self._bodies.flush()
        self._size += size
        status = header.get("status")
        self._answers[str(header.get("request"))] = _Answer(
            start, size, status if isinstance(status, int) else None, str(header.get("reason", ""))
        )
