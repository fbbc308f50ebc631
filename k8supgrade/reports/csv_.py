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
    return [
        [*before, "file", _cell(origin.path), str(origin.line), _cell(origin.template), *after]
        for origin in finding.origins
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
