"""`-o markdown`: a summary for GitHub's step summary, a pull request or a wiki.

Names come from manifests that may be a stranger's pull request. Whatever is not an ordinary word becomes
a code span, in which neither markup, mentions nor links work; the two characters that could end a span or
a table cell are shown as escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.verdict import Verdict
from k8supgrade.reports import RenderOptions
from k8supgrade.reports.charts import WORDS, counts, groups, pinned_text, release_name, version_text
from k8supgrade.reports.place import object_name, owner_text, place, shown_origins, skip_text
from k8supgrade.reports.summary import closing, examined, explain, subject, target_text, unreached
from k8supgrade.reports.text import clean, clean_lines, plural

NAME = "markdown"

# GitHub refuses a step summary of more than 1 MiB; other steps may write into the same job.
MAX_BYTES = 1024 * 1024 - 1024
_SKIPPED_BYTES = 128 * 1024
_OPEN_ROWS = 50
_NAMED_CLUSTERS = 20

_MARKS = {"good": "✅", "open": "⚠️", "bad": "❌"}
_HEADINGS = {
    Severity.BLOCKER: ("Blockers", "blocker"),
    Severity.WARNING: ("Warnings", "warning"),
    Severity.INFO: ("Notes", "note"),
}
# `.` not before a letter: some renderers make links of bare host names.
_WORD = re.compile(r"(?:[^\W_]|[,;()'\"+=/-]|[.:?!](?=[.\d,;)'\"]|\Z))+\Z")

_SPAN = re.compile(r"(`[^`]+`)")


def render(verdict: Verdict, options: RenderOptions) -> str:
    skipped = _Cut(_SKIPPED_BYTES)
    for line in _skipped(verdict):
        skipped.add(line)
    page = _Cut(MAX_BYTES - skipped.size - 2048)
    for line in _headline(verdict):
        page.add(line)
    left_out = 0
    for line in _charts(verdict):
        page.add(line)
    for severity in sorted(Severity, reverse=True):
        found = [finding for finding in verdict.findings if finding.severity is severity]
        if found:
            left_out += _section(page, severity, found, target_text(verdict))
    lines = page.lines
    if left_out:
        more = plural(left_out, "more finding")
        lines.append(f"\n**{more} left out here: a summary ends at 1 MiB.** The JSON report has them all.")
    lines += skipped.lines
    if skipped.dropped:
        lines.append(f"- **{skipped.dropped:,} more left out here.** The JSON report has them all.")
    return "\n".join([*lines, ""])


class _Cut:
    """Lines up to a size in bytes. Once one does not fit, none does: what is shown is a beginning."""

    def __init__(self, size: int) -> None:
        self._left = size
        self.lines: list[str] = []
        self.size = 0
        self.dropped = 0

    def add(self, line: str) -> bool:
        size = len(line.encode()) + 1
        if self.dropped or size > self._left:
            self.dropped += 1
            return False
        self._left -= size
        self.size += size
        self.lines.append(line)
        return True


def _headline(verdict: Verdict) -> Iterator[str]:
    end = closing(verdict)
    yield f"## {_MARKS[end.state]} k8supgrade: {prose(end.headline)}"
    yield ""
    if end.advice:
        yield prose(end.advice)
        yield ""
    ignored = f", {plural(len(verdict.ignored), 'finding')} ignored by rules" if verdict.ignored else ""
    yield f"Examined: {examined(verdict)}{ignored}. Exit code {verdict.exit_code}."
    if verdict.clusters:
        yield ""
        yield f"Clusters: {_clusters(verdict)}."


def _clusters(verdict: Verdict) -> str:
    """A reader of the page has not typed the command: which clusters it speaks of. Those without an answer first."""
    away = unreached(verdict)
    known = {cluster.name: cluster.version for cluster in verdict.clusters if cluster.reached}
    named = [f"**{code(name or '(no name)')} not reached**" for name in away]
    named += [
        code(name or "(no name)") + (f" ({prose(clean(version))})" if version else "")
        for name, version in known.items()
    ]
    more = f" and {len(named) - _NAMED_CLUSTERS:,} more" if named[_NAMED_CLUSTERS:] else ""
    return ", ".join(named[:_NAMED_CLUSTERS]) + more


def _charts(verdict: Verdict) -> Iterator[str]:
    if not verdict.charts:
        return
    yield ""
    yield f"### Charts ({len(verdict.charts):,}): {counts(verdict)}"
    yield ""
    yield "| Status | Release | Chart | Pinned | Bump to | Latest that fits | Newest | Evidence | Why | Where |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for group in groups(verdict):
        entry = group.entry
        environments = f" ({', '.join(map(code, group.environments))})" if group.environments else ""
        status = WORDS[entry.status] + ("" if entry.installed else ", not installed")
        smallest = "" if entry.status == "ready" else code(version_text(entry.smallest))
        cells = (
            f"**{status}**" if entry.status != "ready" else status,
            code(release_name(entry)) + environments,
            code(entry.chart),
            code(pinned_text(entry)),
            smallest,
            code(version_text(entry.latest)),
            code(version_text(entry.newest)),
            entry.evidence,
            "<br>".join(prose(clean(reason)) for reason in entry.reasons),
            "<br>".join(map(code, group.places)),
        )
        yield f"| {' | '.join(cells)} |"


def _section(page: _Cut, severity: Severity, findings: list[Finding], target: str) -> int:
    """Adds the findings of one severity; returns how many did not fit."""
    title, word = _HEADINGS[severity]
    page.add("")
    page.add(f"### {title} ({len(findings):,})")
    page.add("")
    page.add(f"{prose(explain(severity, target)).capitalize()}.")
    folded = len(findings) > _OPEN_ROWS and page.add(f"\n<details><summary>{plural(len(findings), word)}</summary>")
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        key = (finding.check, finding.kind or "", finding.api_version or "", finding.message,
               finding.fix or "", finding.reference or "")  # fmt: skip
        groups.setdefault(key, []).append(finding)
    left_out = 0
    for group in groups.values():
        left_out += _group(page, group)
    if folded:  # also after a cut: what follows must not end up inside (the caller's margin pays for it)
        page.lines += ["", "</details>"]
    return left_out


def _group(page: _Cut, group: list[Finding]) -> int:
    first = group[0]
    heading = subject(first)
    about = [f"**{prose(heading)}** ({code(first.check)})" if heading else f"**{code(first.check)}**"]
    about.append(prose(clean(first.message)))
    if first.fix:
        about += ["", "Fix: " + "<br>".join(map(prose, clean_lines(first.fix)))]
    if first.reference:
        about += ["", _link(first.reference)]
    block = "\n".join(["", f"{about[0]}: {about[1]}", *about[2:], "", "| Object | Where |", "| --- | --- |"])
    if not page.add(block):
        return len(group)
    fitting = 0
    for finding in group:
        places = "<br>".join(code(place(origin)) for origin in shown_origins(finding))
        owner = owner_text(finding)
        places += f"<br>owner: {code(owner)}" if owner else ""
        if not page.add(f"| {code(object_name(finding))} | {places} |"):
            break
        fitting += 1
    return len(group) - fitting


def _skipped(verdict: Verdict) -> Iterator[str]:
    if not verdict.skipped:
        return
    yield ""
    yield f"### Not examined ({len(verdict.skipped):,})"
    yield ""
    for skip in verdict.skipped:
        optional = " (optional)" if skip.optional else ""
        yield f"- {code(skip_text(skip))}{optional}: {'<br>'.join(map(prose, clean_lines(skip.reason)))}"


def code(text: str) -> str:
    """A code span that ends where it should, also in a table cell."""
    return "`" + clean(text).replace("`", "\\x60").replace("|", "\\x7c") + "`" if text else ""


def prose(text: str) -> str:
    """Words as they are; whatever could mean something to a renderer as a code span. Takes cleaned text."""
    return "".join(
        code(part[1:-1]) if part.startswith("`") and part.endswith("`") and len(part) > 2 else _words(part)
        for part in _SPAN.split(text)
    )


def _words(text: str) -> str:
    return " ".join(word if _WORD.match(word) else code(word) for word in text.split(" "))


def _link(reference: str) -> str:
    if re.fullmatch(r"https://[A-Za-z0-9./_~%#?=&+-]+", reference):
        return f"[Reference](<{reference}>)"
    return f"Reference: {code(reference)}"
