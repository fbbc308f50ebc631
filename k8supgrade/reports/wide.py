"""`-o wide`: a table with every column, one line per finding and origin, never wrapped: for grep and awk.

Pinned charts follow in a second table, and what was not examined in a third.
"""

from __future__ import annotations

from collections.abc import Iterator

from tabulate import tabulate

from k8supgrade.model.chart import ChartEntry
from k8supgrade.model.finding import Finding
from k8supgrade.model.origin import ChartOrigin, ClusterOrigin, FileOrigin, Origin
from k8supgrade.model.resource import Skipped
from k8supgrade.model.verdict import Verdict
from k8supgrade.reports import RenderOptions
from k8supgrade.reports.place import location, template
from k8supgrade.reports.summary import closing
from k8supgrade.reports.text import clean

NAME = "wide"

_COLUMNS = (
    "SEVERITY", "CHECK", "NAMESPACE", "KIND", "NAME", "API", "REMOVED", "DEPRECATED", "REPLACEMENT",
    "COMPONENT", "LOCATION", "TEMPLATE", "EVIDENCE",
)  # fmt: skip
_CHART_COLUMNS = (
    "CHART STATUS", "NAMESPACE", "RELEASE", "ENVIRONMENT", "CHART", "PINNED", "APP", "INSTALLED", "EVIDENCE",
    "SMALLEST", "LATEST", "NEWEST", "LOCATION", "REASONS",
)  # fmt: skip
_SKIPPED_COLUMNS = ("NOT EXAMINED", "LOCATION", "OPTIONAL", "REASON")


def render(verdict: Verdict, options: RenderOptions) -> str:
    parts = []
    if verdict.findings:
        parts.append(_table(_COLUMNS, [row for finding in verdict.findings for row in _rows(finding)]))
    if verdict.charts:
        parts.append(_table(_CHART_COLUMNS, [_chart(entry) for entry in verdict.charts]))
    if verdict.skipped:
        parts.append(_table(_SKIPPED_COLUMNS, [_skipped(skip) for skip in verdict.skipped]))
    parts.append("\n".join(_closing(verdict)))
    return "\n\n".join(parts) + "\n"


def _table(columns: tuple[str, ...], rows: list[list[str]]) -> str:
    text = tabulate(rows, columns, tablefmt="plain", disable_numparse=True)
    return "\n".join(line.rstrip() for line in text.split("\n"))


def _rows(finding: Finding) -> list[list[str]]:
    replacement = finding.replacement
    before = [
        finding.severity.name,
        _cell(finding.check),
        _cell(finding.namespace),
        _cell(finding.kind),
        _cell(finding.name),
        _cell(finding.api_version),
        _cell(finding.removed_in),
        _cell(finding.deprecated_in),
        _cell(None if replacement is None else f"{replacement.api_version} {replacement.kind}"),
        _cell(finding.component),
    ]
    return [[*before, _place(origin), _cell(template(origin)), _evidence(origin)] for origin in finding.origins]


def _chart(entry: ChartEntry) -> list[str]:
    versions = [_cell(None if one is None else one.version) for one in (entry.smallest, entry.latest, entry.newest)]
    return [
        entry.status,
        _cell(entry.namespace),
        _cell(entry.release),
        _cell(entry.environment),
        _cell(entry.chart),
        _cell(entry.pinned),
        _cell(entry.app_version),
        "yes" if entry.installed else "no",
        entry.evidence,
        *versions,
        f"{clean(entry.path)}:{entry.line}",
        _cell("; ".join(entry.reasons)),
    ]


def _skipped(skip: Skipped) -> list[str]:
    where = "-" if skip.origin is None else _place(skip.origin)
    return [_cell(skip.what), where, "yes" if skip.optional else "no", _cell(skip.reason)]


def _place(origin: Origin) -> str:
    return f"{clean(origin.path)}:{origin.line}" if isinstance(origin, FileOrigin) else location(origin)


def _evidence(origin: Origin) -> str:
    """One word to grep for: what is stale is said in its place."""
    if isinstance(origin, ClusterOrigin):
        return origin.evidence
    if isinstance(origin, ChartOrigin):
        return "chart"
    return "file" if isinstance(origin, FileOrigin) else "helm"


def _cell(text: str | None) -> str:
    return clean(text) if text else "-"


def _closing(verdict: Verdict) -> Iterator[str]:
    if verdict.ignored:
        yield f"Ignored by rules: {len(verdict.ignored)}"
    end = closing(verdict)
    yield end.headline
    yield f"{end.advice} (exit code {verdict.exit_code})".lstrip()
