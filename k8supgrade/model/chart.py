"""What has become of a pinned chart: ready for the target or not, by which evidence, and what it can be bumped to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from k8supgrade.model.origin import ChartOrigin, SortKey

ChartStatus = Literal["ready", "not-ready", "unknown"]
ChartEvidence = Literal["rendered", "static", "kube-version", "none"]
STATUSES: tuple[ChartStatus, ...] = ("ready", "not-ready", "unknown")
EVIDENCE: tuple[ChartEvidence, ...] = ("rendered", "static", "kube-version", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartVersion:
    """A version of a chart and of the program in it, None where the chart does not say."""

    version: str
    app_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartEntry:
    """One release of one environment; the fields are those of `charts` in the report.

    pinned: as written, None where none is. smallest, latest: the versions that are ready for the target and still
    install on the current version; `smallest` is the pinned one itself where nothing has to change. newest: of all.
    reasons: why the status is what it is, and what to know of the versions named.
    """

    release: str
    namespace: str | None
    environment: str | None
    path: str
    line: int
    chart: str
    repository: str | None
    pinned: str | None
    app_version: str | None
    installed: bool
    status: ChartStatus
    evidence: ChartEvidence
    reasons: tuple[str, ...] = ()
    smallest: ChartVersion | None = None
    latest: ChartVersion | None = None
    newest: ChartVersion | None = None

    @property
    def origin(self) -> ChartOrigin:
        return ChartOrigin(
            path=self.path,
            line=self.line,
            environment=self.environment,
            release=self.release,
            chart=self.chart,
            version=self.pinned,
        )

    def sort_key(self) -> SortKey:
        return self.origin.sort_key()
