"""`-o table`, the default: what is wrong once, and under it one line per object, readable at 80 columns.

    BLOCKER (2): fails at 1.28; change it before the upgrade

      policy/v1beta1 PodDisruptionBudget  (removed-api)
        No longer served since 1.25.
        Fix: use policy/v1.
          shop/cart   k8s/pdb.yaml:12
          shop/pay    prod: applied by kubectl, 2024-03-01

Nothing is cut: what is too long continues on an indented line (only links stay in one piece).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.resource import Skipped
from k8supgrade.model.verdict import Verdict
from k8supgrade.reports import RenderOptions
from k8supgrade.reports.charts import WORDS, bump_text, counts, groups, pinned_text, release_name
from k8supgrade.reports.place import object_name, owner_text, place, shown_origins, skip_text
from k8supgrade.reports.summary import closing, explain, required, subject, target_text
from k8supgrade.reports.text import clean, clean_lines, plural, width, wrap

NAME = "table"

_NARROWEST = 40
_LINK = re.compile(r"https://[!-~]{1,200}\Z", re.ASCII)
_CHART_COLORS = {"not-ready": "bad", "unknown": "open", "ready": "good"}
_COLORS = {"blocker": "1;31", "warning": "1;33", "info": "1;36", "bold": "1", "bad": "1;31", "open": "1;33",
           "good": "1;32"}  # fmt: skip


def render(verdict: Verdict, options: RenderOptions) -> str:
    return "\n".join(_Page(options).lines(verdict)) + "\n"


class _Page:
    """Holds the width and the colours, so that the functions below speak of content only."""

    def __init__(self, options: RenderOptions) -> None:
        self._width = max(options.width, _NARROWEST)
        self._color = options.color

    def lines(self, verdict: Verdict) -> Iterator[str]:
        target = target_text(verdict)
        for severity in sorted(Severity, reverse=True):
            found = [finding for finding in verdict.findings if finding.severity is severity]
            if found:
                title = f"{severity.name} ({len(found):,}): {explain(severity, target)}"
                yield from self._text(title, 0, severity.label)
                yield ""
                yield from self._groups(found)
        yield from self._charts(verdict)
        yield from self._skipped(verdict)
        yield from self._closing(verdict)

    def _charts(self, verdict: Verdict) -> Iterator[str]:
        if not verdict.charts:
            return
        yield from self._text(f"CHARTS ({len(verdict.charts):,}): {counts(verdict)}", 0, "bold")
        yield ""
        for group in groups(verdict):
            entry = group.entry
            environments = f" ({', '.join(group.environments)})" if group.environments else ""
            installed = "" if entry.installed else ", not installed"
            status = f"{WORDS[entry.status]}:"
            name = f"{status:<11}{release_name(entry)}{environments}{installed}"
            yield from self._text(name, 2, _CHART_COLORS[entry.status], hang=2)
            evidence = "" if entry.evidence == "none" else f"  [{entry.evidence}]"
            yield from self._text(f"{clean(entry.chart)} {pinned_text(entry)}{evidence}", 6, hang=2)
            if bump := bump_text(entry):
                yield from self._text(bump, 6, "bold" if entry.status == "not-ready" else None, hang=2)
            for reason in entry.reasons:
                yield from self._text(clean(reason), 6, hang=2)
            if entry.status != "ready":
                yield from self._text(", ".join(group.places), 6, hang=2)
        yield ""

    def _groups(self, findings: list[Finding]) -> Iterator[str]:
        groups: dict[tuple[str, str, str], list[Finding]] = {}
        for finding in findings:
            key = (finding.check, finding.kind or "", finding.api_version or "")
            groups.setdefault(key, []).append(finding)
        for key in sorted(groups):
            group = groups[key]
            what = subject(group[0])
            title = f"{what}  ({clean(group[0].check)})" if what else clean(group[0].check)
            yield from self._text(title, 2, "bold")
            yield from self._explained(group)
            yield ""

    def _explained(self, group: list[Finding]) -> Iterator[str]:
        """Each wording once, with the objects it holds for."""
        wordings: dict[tuple[str, str | None, str | None], list[Finding]] = {}
        for finding in group:
            wordings.setdefault((finding.message, finding.fix, finding.reference), []).append(finding)
        for (message, fix, reference), findings in wordings.items():
            yield from self._text(clean(message), 4)
            for number, line in enumerate(clean_lines(fix) if fix else ()):
                yield from self._text(line if number else f"Fix: {line}", 9 if number else 4, hang=5)
            if reference:
                yield from self._reference(reference)
            yield from self._objects(findings)

    def _reference(self, reference: str) -> Iterator[str]:
        """A link stays in one piece, however narrow the terminal: broken, it cannot be opened."""
        if _LINK.match(reference):
            yield f"    {reference}"
        else:
            yield from self._text(clean(reference), 4)

    def _objects(self, findings: list[Finding]) -> Iterator[str]:
        names = [object_name(finding) for finding in findings]
        space = self._width - 6
        widest = space * 3 // 5
        column = max((w for w in map(width, names) if w <= widest), default=0) + 2
        for finding, name in zip(findings, names, strict=True):
            places = [place(origin) for origin in shown_origins(finding)]
            owner = owner_text(finding)
            if owner:
                places.append(f"owner: {owner}")
            yield from self._object(name, places, column)

    def _object(self, name: str, places: list[str], column: int) -> Iterator[str]:
        """The name, and the places in their column; below the name where both do not fit on a line."""
        used = width(name)
        room = self._width - 6 - column
        fits = used < column and all(width(place) <= room for place in places)
        if fits:
            yield f"      {name}{' ' * (column - used)}{places[0]}"
            for place in places[1:]:
                yield f"      {' ' * column}{place}"
            return
        yield from self._text(name, 6, hang=2)
        for place in places:
            yield from self._text(place, 8, hang=2)

    def _skipped(self, verdict: Verdict) -> Iterator[str]:
        must = required(verdict)
        may = [skip for skip in verdict.skipped if skip.optional]
        if must:
            title = f"NOT EXAMINED ({len(must):,}): may hide findings, so the scan is incomplete"
            yield from self._skips(title, must, "warning")
        if may:
            title = f"NOT EXAMINED, OPTIONAL ({len(may):,}): does not change the exit code"
            yield from self._skips(title, may, "bold")

    def _skips(self, title: str, skips: list[Skipped], color: str) -> Iterator[str]:
        yield from self._text(title, 0, color)
        yield ""
        reasons: dict[str, list[Skipped]] = {}
        for skip in skips:
            reasons.setdefault(skip.reason, []).append(skip)
        for reason, same in reasons.items():
            for line in clean_lines(reason):
                yield from self._text(line, 2, hang=2)
            for skip in same:
                yield from self._text(skip_text(skip), 4, hang=2)
        yield ""

    def _closing(self, verdict: Verdict) -> Iterator[str]:
        if verdict.ignored:
            yield from self._text(f"Ignored by rules: {plural(len(verdict.ignored), 'finding')}.", 0)
        end = closing(verdict)
        yield from self._text(end.headline, 0, end.state)
        advice = f"{end.advice} " if end.advice else ""
        yield from self._text(f"{advice}(exit code {verdict.exit_code})", 0)

    def _text(self, text: str, indent: int, color: str | None = None, *, hang: int = 0) -> Iterator[str]:
        """Lines of cleaned text; those after the first are indented by `hang` more."""
        fits = width(text) <= self._width - indent
        first, *rest = [text] if fits else wrap(text, self._width - indent - hang)
        yield self._paint(" " * indent + first.rstrip(), color)
        for line in rest:
            yield self._paint(" " * (indent + hang) + line.rstrip(), color)

    def _paint(self, line: str, color: str | None) -> str:
        if not self._color or color is None:
            return line
        return f"\x1b[{_COLORS[color]}m{line}\x1b[0m"
