"""The outcome of a run: everything a report may show, and the exit code."""

from __future__ import annotations

from dataclasses import dataclass

from k8supgrade.model.chart import ChartEntry
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.resource import Skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster that was asked. `version` is None where it could not be reached."""

    name: str
    version: str | None
    reached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A finding that a rule takes out of the exit code; it stays visible."""

    finding: Finding
    rule: str
    reason: str
    expires: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`target` maps "kubernetes" and component names to versions as text; `generated_at` is UTC, ISO 8601."""

    tool_version: str
    data_version: str
    generated_at: str
    target: dict[str, str]
    current: dict[str, str] | None
    clusters: tuple[Cluster, ...]
    resources: int
    files: int
    releases: int
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    ignored: tuple[Ignored, ...]
    exit_code: int
    charts: tuple[ChartEntry, ...] = ()

    def count(self, severity: Severity) -> int:
        return sum(1 for finding in self.findings if finding.severity is severity)
