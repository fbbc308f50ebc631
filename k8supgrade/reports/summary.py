"""The verdict in plain words: what the text formats say alike."""

from __future__ import annotations

from typing import NamedTuple

from k8supgrade import policy
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.resource import Skipped
from k8supgrade.model.verdict import Verdict
from k8supgrade.model.version import KUBERNETES
from k8supgrade.reports.text import clean, plural

_NAMED = 3


class Closing(NamedTuple):
    """`state` is "good", "open" or "bad"; `advice` says what to do next, "" for nothing."""

    state: str
    headline: str
    advice: str


def target_text(verdict: Verdict) -> str:
    """`1.28`, or `1.28, cert-manager 1.13`."""
    parts = [clean(verdict.target[KUBERNETES])] if KUBERNETES in verdict.target else []
    parts += [f"{clean(k)} {clean(v)}" for k, v in sorted(verdict.target.items()) if k != KUBERNETES]
    return ", ".join(parts)


def explain(severity: Severity, target: str) -> str:
    if severity is Severity.BLOCKER:
        return f"fails at {target}; change it before the upgrade"
    if severity is Severity.WARNING:
        return f"works at {target}, but is on its way out or a risk to the upgrade"
    return "good to know; nothing fails because of it"


def required(verdict: Verdict) -> list[Skipped]:
    """What was asked for, counts, and was not examined."""
    return [skip for skip in verdict.skipped if not skip.optional]


def closing(verdict: Verdict) -> Closing:
    target = target_text(verdict)
    blockers, warnings = verdict.count(Severity.BLOCKER), verdict.count(Severity.WARNING)
    counts = _counts(verdict)
    missing = _missing(verdict)
    failed = verdict.exit_code == policy.FINDINGS
    if blockers or failed:
        verb = f"Not ready for {target}" if blockers else f"Nothing fails at {target}, but --fail-on counts"
        also = f" {missing[0].upper()}{missing[1:]}." if missing else ""
        return Closing("bad", f"{verb}: {counts}.{also}", "Change what is listed, then run the scan again.")
    if missing:
        found = f"No blocker found ({counts})" if counts else "Nothing found"
        return Closing(
            "open",
            f"{found}, but {missing}: this is no proof that {target} is safe.",
            "Fix what was not examined, then run the scan again.",
        )
    if warnings:
        return Closing("good", f"Ready for {target}, with {counts}.", "Change what is listed before a later upgrade.")
    if counts:
        return Closing("good", f"Ready for {target}, with {counts}: {examined(verdict)}.", "")
    if verdict.resources == 0 and not verdict.charts:
        advice = "Check the context and the namespaces" if verdict.clusters and not verdict.files else "Check the paths"
        return Closing("open", f"No Kubernetes resource found in {_places(verdict)}.", f"{advice}, or name others.")
    rest = f"nothing removed or deprecated{' that is not ignored' if verdict.ignored else ''}"
    return Closing("good", f"Ready for {target}: {examined(verdict)}, {rest}.", "")


def _counts(verdict: Verdict) -> str:
    found = [
        plural(verdict.count(Severity.BLOCKER), "blocker"),
        plural(verdict.count(Severity.WARNING), "warning"),
        plural(verdict.count(Severity.INFO), "note"),
    ]
    return ", ".join(text for text in found if not text.startswith("0 "))


def _missing(verdict: Verdict) -> str:
    """What the result does not speak of, "" where that is nothing. A cluster that gave no answer goes by its name, and
    counts also where a report holds no word of why."""
    away, skips = unreached(verdict), [skip.what for skip in required(verdict)]
    unseen = len(skips) + sum(not any(what.endswith(name) for what in skips) for name in away)
    things = f"{plural(unseen, 'thing')} could not be examined"
    if not away:
        return things if unseen else ""
    names = ", ".join(map(clean, away[:_NAMED])) + (f" and {len(away) - _NAMED:,} more" if away[_NAMED:] else "")
    clusters = f"cluster {names}" if len(away) == 1 else f"{len(away):,} clusters ({names})"
    return f"{clusters} could not be reached" if unseen == len(away) else f"{things}, {clusters} among them"


def unreached(verdict: Verdict) -> list[str]:
    """The names of the clusters that were asked for and that no part of the report could look at."""
    reached = {cluster.name for cluster in verdict.clusters if cluster.reached}
    return sorted({cluster.name for cluster in verdict.clusters} - reached)


def examined(verdict: Verdict) -> str:
    """`1,234 resources in 7 releases and 1 cluster`, and the charts that are pinned."""
    charts = plural(len(verdict.charts), "pinned chart") if verdict.charts else ""
    if charts and not (verdict.resources or verdict.files or verdict.releases or verdict.clusters):
        return charts
    text = f"{plural(verdict.resources, 'resource')} in {_places(verdict)}"
    return f"{text}, {charts}" if charts else text


def _places(verdict: Verdict) -> str:
    """Files only where some were read, or nothing else was looked at."""
    places = []
    if verdict.files or not (verdict.releases or verdict.clusters):
        places.append(plural(verdict.files, "file"))
    if verdict.releases:
        places.append(plural(verdict.releases, "release"))
    if verdict.clusters:
        names, away = len({cluster.name for cluster in verdict.clusters}), len(unreached(verdict))
        places.append(f"{names - away:,} of {plural(names, 'cluster')}" if away else plural(names, "cluster"))
    return ", ".join(places[:-1]) + (" and " if places[1:] else "") + places[-1]


def subject(finding: Finding) -> str:
    """`policy/v1beta1 PodDisruptionBudget`, as far as known."""
    return clean(" ".join(part for part in (finding.api_version, finding.kind) if part))
