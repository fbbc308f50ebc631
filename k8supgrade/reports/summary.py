"""The verdict in plain words: what the text formats say alike."""

from __future__ import annotations

from typing import NamedTuple

from k8supgrade import policy
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.origin import Caller, ClusterOrigin, FileOrigin, Origin, ReleaseOrigin
from k8supgrade.model.resource import Skipped
from k8supgrade.model.verdict import Verdict
from k8supgrade.model.version import KUBERNETES
from k8supgrade.reports.text import clean, plural

_CALLERS = 3


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
    unseen = len(required(verdict))
    missing = f"{plural(unseen, 'thing')} could not be examined"
    failed = verdict.exit_code == policy.FINDINGS
    if blockers or failed:
        verb = f"Not ready for {target}" if blockers else f"Nothing fails at {target}, but --fail-on counts"
        also = f" {missing[0].upper()}{missing[1:]}." if unseen else ""
        return Closing(
            "bad" if failed or blockers else "open",
            f"{verb}: {counts}.{also}",
            "Change what is listed, then run the scan again.",
        )
    if unseen:
        found = f"No blocker found ({counts})" if counts else "Nothing found"
        return Closing(
            "open",
            f"{found}, but {missing}: this is no proof that {target} is safe.",
            "Fix what was not examined, then run the scan again.",
        )
    if warnings:
        return Closing("good", f"Ready for {target}, with {counts}.", "Change what is listed before a later upgrade.")
    seen = _seen(verdict)
    if counts:
        return Closing("good", f"Ready for {target}, with {counts}: {seen}.", "")
    if verdict.resources == 0:
        return Closing(
            "open", f"No Kubernetes resource found in {_places(verdict)}.", "Check the paths, or name others."
        )
    rest = f"nothing removed or deprecated{' that is not ignored' if verdict.ignored else ''}"
    return Closing("good", f"Ready for {target}: {seen}, {rest}.", "")


def _counts(verdict: Verdict) -> str:
    found = [
        plural(verdict.count(Severity.BLOCKER), "blocker"),
        plural(verdict.count(Severity.WARNING), "warning"),
        plural(verdict.count(Severity.INFO), "note"),
    ]
    return ", ".join(text for text in found if not text.startswith("0 "))


def _seen(verdict: Verdict) -> str:
    return f"{plural(verdict.resources, 'resource')} in {_places(verdict)}"


def _places(verdict: Verdict) -> str:
    places = []
    if verdict.files or not (verdict.releases or verdict.clusters):
        places.append(plural(verdict.files, "file"))
    if verdict.releases:
        places.append(plural(verdict.releases, "release"))
    if verdict.clusters:
        places.append(plural(len(verdict.clusters), "cluster"))
    return ", ".join(places[:-1]) + (" and " if places[1:] else "") + places[-1]


def skip_text(skip: Skipped) -> str:
    """What was not examined, and where that is unless it is the same."""
    if skip.origin is None:
        return clean(skip.what)
    where = location(skip.origin)
    is_path = isinstance(skip.origin, FileOrigin) and skip.what == skip.origin.path
    return where if is_path else f"{clean(skip.what)}  {where}"


def subject(finding: Finding) -> str:
    """`policy/v1beta1 PodDisruptionBudget`, as far as known."""
    return clean(" ".join(part for part in (finding.api_version, finding.kind) if part))


def object_name(finding: Finding) -> str:
    """`namespace/name`, as far as known."""
    name = clean(finding.name) if finding.name else _nameless(finding.origins[0])
    return f"{clean(finding.namespace)}/{name}" if finding.namespace else name


def _nameless(origin: Origin) -> str:
    """What stands where a name would: a cluster also tells of kinds and of calls."""
    if isinstance(origin, ClusterOrigin):
        return "(not listed)" if origin.evidence == "metrics" else "(calls)"
    return "(no name)"


def shown_origins(finding: Finding) -> list[Origin]:
    """Without what repeats another one: whoever applied an object has by this also written it."""
    applied = {
        (origin.cluster, origin.manager, origin.time)
        for origin in finding.origins
        if isinstance(origin, ClusterOrigin) and origin.evidence == "last-applied"
    }
    return [
        origin
        for origin in finding.origins
        if not isinstance(origin, ClusterOrigin)
        or origin.evidence != "managed-fields"
        or (origin.cluster, origin.manager, origin.time) not in applied
    ]


def location(origin: Origin) -> str:
    """`path:line`, which editors and terminals open; for a cluster, what it tells and of whom."""
    if isinstance(origin, FileOrigin):
        path = "standard input" if origin.path == "-" else clean(origin.path)
        return f"{path}:{origin.line}"
    if isinstance(origin, ReleaseOrigin):
        release = f"release {clean(origin.namespace)}/{clean(origin.release)} revision {origin.revision}"
        return f"{clean(origin.cluster)}: {release} ({clean(origin.chart)}, {clean(origin.status)})"
    return f"{clean(origin.cluster)}: {_seen_live(origin)}{' (stale)' if origin.stale else ''}"


def template(origin: Origin) -> str | None:
    """The Helm template that made it, where one is known."""
    return None if isinstance(origin, ClusterOrigin) else origin.template


def _seen_live(origin: ClusterOrigin) -> str:
    if origin.evidence == "metrics":
        return f"{origin.count or 0:,} stored"
    if origin.evidence in ("requested", "audit"):
        times = f" {plural(origin.count, 'time')}" if origin.count is not None else ""
        return f"called{times}{_by(origin.callers)}"
    what = {"last-applied": "applied", "managed-fields": "written"}.get(origin.evidence, "stored")
    manager = f"{', written' if what == 'stored' else ''} by {clean(origin.manager)}" if origin.manager else ""
    return f"{what}{manager}{', ' + clean(origin.time[:10]) if origin.time else ''}"


def _by(callers: tuple[Caller, ...]) -> str:
    if not callers:
        return ""
    named = [f"{clean(one.user)} ({clean(one.user_agent) or 'no user agent'})" for one in callers[:_CALLERS]]
    more = f" and {len(callers) - _CALLERS} more" if len(callers) > _CALLERS else ""
    return f" by {', '.join(named)}{more}"
