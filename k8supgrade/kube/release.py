"""Helm's release storage: what a Secret or ConfigMap that Helm keeps a revision in says, bounded in every direction.

The format, from Helm's source: a release is JSON, packed with gzip and then in standard base64 (encodeRelease and
decodeRelease in https://github.com/helm/helm/blob/v3.16.4/pkg/storage/driver/util.go; what was stored before there
was compression has no gzip magic). A ConfigMap holds that text as `data.release` (cfgmaps.go), a Secret the same text
as bytes, so that Kubernetes puts it in base64 once more (secrets.go). Both carry the labels owner, name, version and
status, and are called `sh.helm.release.v1.NAME.vREVISION` (makeKey in pkg/storage/storage.go). Helm 4 has changed none
of this (the same files at v4.3.1, whose drivers store releases of format v1 alone).

Only what is named in the types below is ever decoded: templates, files, values and notes do not become objects, so they
cannot get into a report.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec

MAX_RELEASE_BYTES = 128 * 1024 * 1024
DEPLOYED = "deployed"
SUPERSEDED = "superseded"

Driver = Literal["secrets", "configmaps"]

_PREFIX = "sh.helm.release."
_FORMAT = f"{_PREFIX}v1."
_UNINSTALLED = ("uninstalled", "uninstalling")

_GZIP = b"\x1f\x8b\x08"
_PIECE = 1024 * 1024


class ReleaseError(Exception):
    """A stored release that cannot be read: why, in one sentence that holds nothing of the content."""


class Hook(msgspec.Struct, frozen=True):
    """`manifest` is the document without the `# Source:` that others have; `path` is what would stand there."""

    name: str = ""
    path: str = ""
    manifest: str = ""
    events: list[str] | None = None


class Info(msgspec.Struct, frozen=True):
    status: str = ""


class ChartMetadata(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    version: str = ""
    app_version: str = ""


class Chart(msgspec.Struct, frozen=True):
    metadata: ChartMetadata | None = None


class Release(msgspec.Struct, frozen=True):
    """One revision. Fields are optional as in Helm, where an empty one is not written; every release has a name."""

    name: str
    namespace: str = ""
    version: int = 0
    manifest: str = ""
    info: Info | None = None
    chart: Chart | None = None
    hooks: list[Hook | None] | None = None

    @property
    def chart_name(self) -> str:
        """`name-version`, as `helm list` shows it; "" where the chart says neither."""
        metadata = self.chart.metadata if self.chart else None
        return "-".join(part for part in (metadata.name, metadata.version) if part) if metadata else ""


class _Data(msgspec.Struct):
    release: str | None = None


class _Stored(msgspec.Struct):
    data: _Data | None = None


class _Metadata(msgspec.Struct):
    name: str
    namespace: str
    labels: dict[str, str] | None = None


class _Item(msgspec.Struct):
    metadata: _Metadata


class _Items(msgspec.Struct):
    items: list[_Item] | None = None


_items = msgspec.json.Decoder(_Items)
_stored = msgspec.json.Decoder(_Stored)
_release = msgspec.json.Decoder(Release)


class Revision(NamedTuple):
    """A stored revision, as far as the labels tell without opening it. `key` is the object's name."""

    namespace: str
    release: str
    revision: int
    status: str
    key: str


class Odd(NamedTuple):
    """An object that is called as Helm calls a revision, but is none that can be looked at: why."""

    namespace: str
    key: str
    reason: str


def revisions(page: bytes) -> list[Revision | Odd]:
    """Those in a list of Secrets or ConfigMaps, whose metadata is enough. Objects of others, which have nothing of
    Helm's but the label, are passed over.

    Raises:
        ReleaseError: the page is no such list.
    """
    try:
        items = _items.decode(page).items or ()
    except (ValueError, RecursionError) as error:
        raise ReleaseError(f"the answer cannot be read: {_why(error)}") from None
    return [_revision(item.metadata) for item in items if item.metadata.name.startswith(_PREFIX)]


def _revision(metadata: _Metadata) -> Revision | Odd:
    if not metadata.name.startswith(_FORMAT):
        return Odd(metadata.namespace, metadata.name, "a newer format of Helm releases than can be read here")
    labels = metadata.labels or {}
    name, version, status = (labels.get(label, "") for label in ("name", "version", "status"))
    if not (name and status and version.isascii() and version.isdigit() and len(version) < 10):
        return Odd(metadata.namespace, metadata.name, "its labels do not say which release, revision and status it is")
    return Revision(metadata.namespace, name, int(version), status, metadata.name)


def relevant(stored: Iterable[Revision], *, history: bool = False) -> list[Revision]:
    """The revisions that what is installed, or the next `helm upgrade`, depends on: of each release the newest that is
    deployed, and the newest of all unless it is uninstalled. `history` adds those that are superseded.

    After failures it may be that no revision is deployed, and the newest is superseded; Helm upgrades from that one
    (https://github.com/helm/helm/blob/v3.16.4/pkg/action/upgrade.go, prepareUpgrade), so it is none of the past.
    """
    releases: dict[tuple[str, str], list[Revision]] = {}
    for one in stored:
        releases.setdefault((one.namespace, one.release), []).append(one)
    chosen: list[Revision] = []
    for _, all_of_it in sorted(releases.items()):
        all_of_it.sort(key=lambda one: (one.revision, one.key))
        newest = all_of_it[-1]
        deployed = [one for one in all_of_it if one.status == DEPLOYED][-1:]
        for one in all_of_it:
            if one is newest and one.status == SUPERSEDED and not deployed:
                chosen.append(one._replace(status=f"{SUPERSEDED} (newest)"))
                continue
            is_current = one in deployed or (one is newest and one.status not in _UNINSTALLED)
            if is_current or (history and one.status == SUPERSEDED):
                chosen.append(one)
    return chosen


def decode_object(body: bytes, where: Driver) -> Release:
    """The release in a Secret or ConfigMap, given as the API server sends it.

    Raises:
        ReleaseError: it holds no release that can be read.
    """
    try:
        data = _stored.decode(body).data
    except (ValueError, RecursionError) as error:
        raise ReleaseError(f"the object cannot be read: {_why(error)}") from None
    if data is None or not data.release:
        raise ReleaseError("the object has no data.release")
    return decode(data.release.encode("ascii", "replace"), where)


def decode(payload: bytes, where: Driver) -> Release:
    """The release in the value of `data.release`, as it stands in the JSON of the object.

    Raises:
        ReleaseError: it is none that can be read.
    """
    data = _from_base64(_from_base64(payload) if where == "secrets" else payload)
    try:
        return _release.decode(_inflate(data) if data[:3] == _GZIP else data)
    except (ValueError, RecursionError) as error:
        raise ReleaseError(f"the release cannot be read: {_why(error)}") from None


def _from_base64(text: bytes) -> bytes:
    """As Go reads it, which passes over line breaks."""
    try:
        return base64.b64decode(text.replace(b"\r", b"").replace(b"\n", b""), validate=True)
    except binascii.Error:
        raise ReleaseError("the release is not valid base64") from None


def _inflate(data: bytes) -> bytearray:
    """Piece after piece, so that a bomb is stopped at the bound and not after it."""
    inflate = zlib.decompressobj(wbits=31)
    whole = bytearray()
    while not inflate.eof:
        try:
            piece = inflate.decompress(data, _PIECE)
        except zlib.error:
            raise ReleaseError("the release is damaged: its gzip data cannot be unpacked") from None
        data = inflate.unconsumed_tail
        if not piece and not data and not inflate.eof:
            raise ReleaseError("the release is damaged: its gzip data ends too early")
        whole += piece
        if len(whole) > MAX_RELEASE_BYTES:
            raise ReleaseError(f"the release is larger than {MAX_RELEASE_BYTES >> 20} MiB unpacked")
    if inflate.unused_data:
        raise ReleaseError("the release is damaged: something follows its gzip data")
    return whole


def _why(error: Exception) -> str:
    """Without the value that was found: msgspec names types and places alone, Python's own errors may quote."""
    if isinstance(error, msgspec.ValidationError):
        return f"not as Helm writes it ({error})"
    if isinstance(error, msgspec.DecodeError):
        return f"not valid JSON ({error})"
    return "it is nested too deeply" if isinstance(error, RecursionError) else "not valid UTF-8"
