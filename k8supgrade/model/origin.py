"""Where a resource was seen. A finding cannot exist without one.

Each origin has a `sort_key`, so that findings and what was skipped come in one order whatever they come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Evidence = Literal["last-applied", "managed-fields", "served", "requested", "metrics", "audit"]
EVIDENCE: tuple[Evidence, ...] = ("last-applied", "managed-fields", "served", "requested", "metrics", "audit")

SortKey = tuple[int, str, str, str, int, str]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class FileOrigin:
    """`line` (from 1) is that of the object's `apiVersion` key in the file as it is on disk.

    `template` is Helm's `# Source:` of the document, None where there is none.
    """

    path: str
    line: int
    template: str | None = None

    def sort_key(self) -> SortKey:
        return (0, self.path, "", "", self.line, self.template or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls an API: `count` requests between `first` and `last` (ISO 8601, UTC; None where it is not known)."""

    user: str
    user_agent: str
    count: int
    first: str | None = None
    last: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterOrigin:
    """What a live cluster (`cluster`: the context's name) tells of an object or of the use of an API.

    evidence: last-applied (the annotation of kubectl or kapp), managed-fields (the field manager's own record),
        served (nothing says how it was written; the kind itself is what counts), metrics (a number of stored objects),
        requested (somebody calls the API: the server's own count), audit (the same from an audit log).
    manager: who wrote it. time: when (ISO 8601, UTC).
    stale: a later write with a living version has overtaken it.
    count: objects or requests, None where it is one object or not known.
    """

    cluster: str
    evidence: Evidence
    manager: str | None = None
    time: str | None = None
    stale: bool = False
    count: int | None = None
    callers: tuple[Caller, ...] = ()

    def sort_key(self) -> SortKey:
        return (1, self.cluster, self.evidence, self.manager or "", self.stale, self.time or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseOrigin:
    """A Helm release's stored manifest. `chart` is `name-version`; `template` is Helm's `# Source:`."""

    cluster: str
    namespace: str
    release: str
    revision: int
    chart: str
    status: str
    template: str | None = None

    def sort_key(self) -> SortKey:
        return (2, self.cluster, self.namespace, self.release, self.revision, self.template or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartOrigin:
    """A chart that a Helmfile (or another file) pins. `version` is as written, None where none is."""

    path: str
    line: int
    environment: str | None
    release: str
    chart: str
    version: str | None

    def sort_key(self) -> SortKey:
        where = "\0".join((self.release, self.chart, self.version or ""))
        return (3, self.path, self.environment or "", where, self.line, "")


Origin = FileOrigin | ClusterOrigin | ReleaseOrigin | ChartOrigin
