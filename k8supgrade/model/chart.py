"""What has become of a pinned chart: ready for the target or not, by which evidence, and what it can be bumped to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from k8supgrade.model.origin import ChartOrigin, ReleaseOrigin, SortKey

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Where a chart has gone, since when (a date, ISO 8601), and who says so. `archives`: how the addresses of the
    archives in the old repository begin."""

    repository: str
    chart: str
    archives: str
    since: str
    is_end_of_life: bool
    note: str | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedChart:
    """An entry, and what the checks want to know beside it.

    plan: how to upgrade in two steps, where no version fits before and after the upgrade.
    is_deprecated: the newest version is marked so. moved: where the chart has gone.
    is_outdated: the newest version is above the pinned one.
    last_release: the day of the newest version (ISO 8601), None where it is not known; months_since_release: whole
        ones since then.
    version: what the pin stands for, None where that is not known.
    installed_as: releases of that name in the clusters that have another version than any environment pins.
    """

    entry: ChartEntry
    plan: str | None = None
    is_deprecated: bool = False
    moved: Move | None = None
    is_outdated: bool = False
    last_release: str | None = None
    months_since_release: int | None = None
    version: str | None = None
    installed_as: tuple[ReleaseOrigin, ...] = ()
