"""A cluster into a file: everything that a scan asks of it, reduced to what a scan needs.

A snapshot is a gzipped tar archive: `snapshot.json` says what it is, and each further member is one answer of the
server, a line of JSON that says to what, and the body. The scan of a snapshot asks the same questions, so that it goes
the same way as that of the cluster; what the server refused is refused again.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import tarfile
import threading
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import yaml

from k8supgrade.kube import redact
from k8supgrade.kube.api import JSON, Api, ApiError
from k8supgrade.kube.release import Driver, Release, ReleaseError, decode_object
from k8supgrade.manifest.interest import Interest
from k8supgrade.manifest.reader import UnreadableError, read_manifests
from k8supgrade.manifest.records import Records

SCHEMA = "k8supgrade.snapshot/v1"
INDEX = "snapshot.json"

_STORED = re.compile(r"/api/v1/namespaces/[^/]+/(secrets|configmaps)/[^/]+\Z")
# The empty word is in every text: each object is handed over whole.
_EVERYTHING = Interest(everything=True, words=(b"",))
# What cannot be read in a release cannot be redacted either: this stands for it, and cannot be read too.
_UNREADABLE = "{not kept, for it could not be parsed: ["


def key_of(path: str, query: Mapping[str, str] | None, accept: str) -> str:
    """What a question is known by. How many objects a page may hold is the asker's own business."""
    asked = sorted((name, value) for name, value in (query or {}).items() if name != "limit")
    return json.dumps([path, asked, accept])


class Recorder:
    """An `Api` that writes down what `api` answers, and hands it on as it was written down."""

    def __init__(self, api: Api, archive: tarfile.TarFile, bodies: frozenset[str]) -> None:
        self._api = api
        self._archive = archive
        self._bodies = bodies
        self._lock = threading.Lock()
        self._count = 0

    @property
    def name(self) -> str:
        return self._api.name

    def describe(
        self,
        *,
        tool: str,
        taken_at: str,
        namespaces: Iterable[str],
        releases: bool,
        deprecated_calls: bool,
        history: bool,
    ) -> None:
        """Writes what the snapshot is: a scan of it goes the same ways."""
        about = {
            "schema": SCHEMA,
            "tool": tool,
            "takenAt": taken_at,
            "context": self.name,
            "namespaces": list(namespaces),
            "releases": releases,
            "deprecatedCalls": deprecated_calls,
            "history": history,
        }
        add_member(self._archive, INDEX, json.dumps(about).encode() + b"\n")

    def get(
        self, path: str, *, query: Mapping[str, str] | None = None, accept: str = JSON, limit: int | None = None
    ) -> bytes:
        key = key_of(path, query, accept)
        try:
            body = self._reduced(path, self._api.get(path, query=query, accept=accept, limit=limit))
        except ApiError as error:
            if error.status is not None:
                self._write({"request": key, "status": error.status, "reason": error.reason}, b"")
            raise
        self._write({"request": key}, body)
        return body

    def _write(self, header: Mapping[str, Any], body: bytes) -> None:
        with self._lock:
            self._count += 1
            add_member(self._archive, f"answers/{self._count:06}", json.dumps(header).encode() + b"\n" + body)

    def _reduced(self, path: str, body: bytes) -> bytes:
        stored = _STORED.match(path)
        if stored is not None:
            return _reduced_release(body, "secrets" if stored[1] == "secrets" else "configmaps", self._bodies)
        reduce = redact.by_path(path)
        try:
            return body if reduce is None else reduce(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, AttributeError, KeyError, TypeError):
            raise ApiError("the answer is not what a Kubernetes API server sends") from None


def add_member(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    member.mode = 0o600
    archive.addfile(member, io.BytesIO(data))


def _reduced_release(body: bytes, driver: Driver, bodies: frozenset[str]) -> bytes:
    """The object of a release with its headers alone; one that cannot be read stays such, without its content."""
    try:
        release = decode_object(body, driver)
    except ReleaseError as error:
        return msgspec.json.encode({"data": {}, "reason": str(error)})
    hooks = [
        msgspec.structs.replace(hook, manifest=_reduced_manifest(hook.manifest, bodies))
        for hook in release.hooks or ()
        if hook is not None
    ]
    reduced = msgspec.structs.replace(release, manifest=_reduced_manifest(release.manifest, bodies), hooks=list(hooks))
    return msgspec.json.encode({"data": {"release": _encoded(reduced, driver)}})


def _encoded(release: Release, driver: Driver) -> str:
    text = base64.b64encode(gzip.compress(msgspec.json.encode(release), mtime=0))
    return (base64.b64encode(text) if driver == "secrets" else text).decode()


def _reduced_manifest(text: str, bodies: frozenset[str]) -> str:
    data = [text.encode("utf-8", "replace")]
    try:
        records = read_manifests(lambda size: data.pop() if data else b"", _EVERYTHING)
    except UnreadableError:
        return _UNREADABLE
    return "".join(_documents(records, bodies))


def _documents(records: Records, bodies: frozenset[str]) -> Iterable[str]:
    for found in records.found:
        manifest = dict(found.manifest or {})
        manifest.update(apiVersion=found.api_version, kind=found.kind)
        kept = redact.reduced_object(manifest) if found.kind in bodies else redact.header_of(manifest)
        source = f"# Source: {found.template}\n" if found.template else ""
        yield f"---\n{source}{yaml.safe_dump(_plain(kept), sort_keys=False, allow_unicode=True)}"
    for _ in records.faults:
        yield f"---\n{_UNREADABLE}\n"


def _plain(value: Any) -> Any:
    """As JSON knows it: dates and the like become text."""
    return json.loads(json.dumps(value, default=str))
