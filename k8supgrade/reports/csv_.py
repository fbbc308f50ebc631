"""`-o csv`: one row per finding and origin, under a header that is always there, also without findings.

Pinned charts follow, a row each with `chart` for the check and the chart's status for the severity. What was
skipped or ignored is in the other formats and in the exit code. Cells that a
spreadsheet would run (a first character of `=`, `+`, `-`, `@`, tab or carriage return) get a leading
single quote (OWASP, CSV injection); so standard input, whose path is `-`, reads `'-`. Control characters
are shown as escapes, line breaks of a fix stay inside its quoted cell.
"""

from __future__ import annotations

import csv
import io

from k8supgrade.model.chart import ChartEntry
from k8supgrade.model.finding import Finding
from k8supgrade.model.origin import ChartOrigin, FileOrigin, Origin, ReleaseOrigin
from k8supgrade.model.verdict import Verdict
from k8supgrade.reports import RenderOptions
from k8supgrade.reports.charts import bump_text
from k8supgrade.reports.text import clean, clean_lines

NAME = "csv"

HEADER = (
    "id", "severity", "check", "component", "apiVersion", "kind", "namespace", "name",
    "introducedIn", "deprecatedIn", "removedIn",
    "replacementApiVersion", "replacementKind", "replacementAvailableIn",
    "originType", "path", "line", "template",
    "owner", "message", "fix", "reference",
    "cluster", "evidence", "manager", "time", "stale", "count", "callers",
    "releaseNamespace", "release", "revision", "chart", "status",
    "environment", "version", "appVersion", "installed", "smallest", "latest", "newest",
)  # fmt: skip

# The full-width forms too: spreadsheets in East Asian locales take them for the plain ones.
_ACTIVE = tuple("=+-@\t\r\n＝＋－＠")


def render(verdict: Verdict, options: RenderOptions) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for finding in verdict.findings:
        writer.writerows(_rows(finding))
    writer.writerows(map(_chart, verdict.charts))
    return out.getvalue()


def _rows(finding: Finding) -> list[list[str]]:
    replacement = finding.replacement
    available = None if replacement is None else replacement.available_in
    before = [
        finding.id,
        finding.severity.label,
        _cell(finding.check),
        _cell(finding.component),
        _cell(finding.api_version),
        _cell(finding.kind),
        _cell(finding.namespace),
        _cell(finding.name),
        _cell(finding.introduced_in),
        _cell(finding.deprecated_in),
        _cell(finding.removed_in),
        _cell(None if replacement is None else replacement.api_version),
        _cell(None if replacement is None else replacement.kind),
        "" if available is None else str(available),
    ]
    after = [_cell(finding.owner), _cell(finding.message), _prose(finding.fix), _cell(finding.reference)]
    return [[*before, *_place(origin), *after, *_live(origin)] for origin in finding.origins]


def _place(origin: Origin) -> list[str]:
    """originType to template."""
    if isinstance(origin, FileOrigin):
        return ["file", _cell(origin.path), str(origin.line), _cell(origin.template)]
    if isinstance(origin, ReleaseOrigin):
        return ["helm", "", "", _cell(origin.template)]
    if isinstance(origin, ChartOrigin):
        return ["chart", _cell(origin.path), str(origin.line), ""]
    return ["cluster", "", "", ""]


def _live(origin: Origin) -> list[str]:
    """cluster to newest."""
    if isinstance(origin, FileOrigin):
        return [""] * 19
    if isinstance(origin, ChartOrigin):
        pinned = [_cell(origin.environment), _cell(origin.version)]
        return [*[""] * 8, _cell(origin.release), "", _cell(origin.chart), "", *pinned, *[""] * 5]
    if isinstance(origin, ReleaseOrigin):
        release = [_cell(origin.namespace), _cell(origin.release), str(origin.revision)]
        return [_cell(origin.cluster), *[""] * 6, *release, _cell(origin.chart), _cell(origin.status), *[""] * 7]
    callers = "; ".join(f"{caller.user} ({caller.user_agent}) {caller.count}" for caller in origin.callers)
    written = [_cell(origin.manager), _cell(origin.time), "yes" if origin.stale else "no"]
    count = "" if origin.count is None else str(origin.count)
    return [_cell(origin.cluster), origin.evidence, *written, count, _cell(callers), *[""] * 12]


def _chart(entry: ChartEntry) -> list[str]:
    """The row of a pinned chart."""
    versions = [_cell(None if one is None else one.version) for one in (entry.smallest, entry.latest, entry.newest)]
    installed = "yes" if entry.installed else "no"
    return [
        *["", entry.status, "chart", "", "", "", _cell(entry.namespace), _cell(entry.release)],
        *[""] * 6,
        *["chart", _cell(entry.path), str(entry.line), ""],
        *["", _cell("; ".join(entry.reasons)), _cell(bump_text(entry)), _cell(entry.repository)],
        *["", entry.evidence, *[""] * 6, _cell(entry.release), "", _cell(entry.chart), ""],
        *[_cell(entry.environment), _cell(entry.pinned), _cell(entry.app_version), installed, *versions],
    ]


def _cell(text: str | None) -> str:
    if not text:
        return ""
    return "'" + clean(text) if text.startswith(_ACTIVE) else clean(text)


def _prose(text: str | None) -> str:
    if not text:
        return ""
    cell = "\n".join(clean_lines(text))
    return "'" + cell if text.startswith(_ACTIVE) else cell
