"""`-o csv`: one row per finding and origin, under a header that is always there, also without findings.

Findings only: what was skipped or ignored is in the other formats and in the exit code. Cells that a
spreadsheet would run (a first character of `=`, `+`, `-`, `@`, tab or carriage return) get a leading
single quote (OWASP, CSV injection); so standard input, whose path is `-`, reads `'-`. Control characters
are shown as escapes, line breaks of a fix stay inside its quoted cell.
"""

from __future__ import annotations

import csv
import io

from k8supgrade.model.finding import Finding
from k8supgrade.model.origin import FileOrigin, Origin, ReleaseOrigin
from k8supgrade.model.verdict import Verdict
from k8supgrade.reports import RenderOptions
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
)  # fmt: skip

# The full-width forms too: spreadsheets in East Asian locales take them for the plain ones.
_ACTIVE = tuple("=+-@\t\r\n＝＋－＠")


def render(verdict: Verdict, options: RenderOptions) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for finding in verdict.findings:
        writer.writerows(_rows(finding))
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
    return ["cluster", "", "", ""]


def _live(origin: Origin) -> list[str]:
    """cluster to status."""
    if isinstance(origin, FileOrigin):
        return [""] * 12
    if isinstance(origin, ReleaseOrigin):
        release = [_cell(origin.namespace), _cell(origin.release), str(origin.revision)]
        return [_cell(origin.cluster), *[""] * 6, *release, _cell(origin.chart), _cell(origin.status)]
    callers = "; ".join(f"{caller.user} ({caller.user_agent}) {caller.count}" for caller in origin.callers)
    written = [_cell(origin.manager), _cell(origin.time), "yes" if origin.stale else "no"]
    count = "" if origin.count is None else str(origin.count)
    return [_cell(origin.cluster), origin.evidence, *written, count, _cell(callers), *[""] * 5]


def _cell(text: str | None) -> str:
    if not text:
        return ""
    return "'" + clean(text) if text.startswith(_ACTIVE) else clean(text)


def _prose(text: str | None) -> str:
    if not text:
        return ""
    cell = "\n".join(clean_lines(text))
    return "'" + cell if text.startswith(_ACTIVE) else cell
