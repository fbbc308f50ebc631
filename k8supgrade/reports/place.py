"""Where something was seen, in words: what the text formats say alike.

What has to be found again comes first: a path that an editor opens, the cluster, the release. Every place names its
cluster, for a report may be of a fleet.
"""

from __future__ import annotations

from k8supgrade.model.finding import Finding
from k8supgrade.model.origin import Caller, ChartOrigin, ClusterOrigin, FileOrigin, Origin, ReleaseOrigin
from k8supgrade.model.resource import Skipped
from k8supgrade.reports.text import clean, plural

_CALLERS = 3
# The manager of what Helm writes, whatever the release.
_HELM = "helm"
_DAY = len("2024-03-01")


def location(origin: Origin) -> str:
    """`path:line`, which editors and terminals open; for a cluster, what it tells and of whom."""
    if isinstance(origin, FileOrigin):
        path = "standard input" if origin.path == "-" else clean(origin.path)
        return f"{path}:{origin.line}"
    if isinstance(origin, ChartOrigin):
        environment = f"{clean(origin.environment)}: " if origin.environment else ""
        version = f" {clean(origin.version)}" if origin.version else ""
        return f"{clean(origin.path)}:{origin.line} ({environment}{clean(origin.chart)}{version})"
    if isinstance(origin, ReleaseOrigin):
        return f"{_release(origin)} ({clean(origin.chart)}, {clean(origin.status)})"
    return f"{clean(origin.cluster)}: {_seen_live(origin)}{' (stale)' if origin.stale else ''}"


def template(origin: Origin) -> str | None:
    """The Helm template that made it, where one is known."""
    return origin.template if isinstance(origin, FileOrigin | ReleaseOrigin) else None


def place(origin: Origin) -> str:
    """The location, and which template wrote it there: that is what has to be changed."""
    source = template(origin)
    if not source:
        return location(origin)
    end = f" ({clean(source)})" if isinstance(origin, FileOrigin) else f", {clean(source)}"
    return location(origin) + end


def shown_origins(finding: Finding) -> list[Origin]:
    """Without what repeats another one: whoever applied an object has by this also written it."""
    applied = {
        _write(origin)
        for origin in finding.origins
        if isinstance(origin, ClusterOrigin) and origin.evidence == "last-applied"
    }
    return [
        origin
        for origin in finding.origins
        if not isinstance(origin, ClusterOrigin) or origin.evidence != "managed-fields" or _write(origin) not in applied
    ]


def owner_text(finding: Finding) -> str:
    """Who has to change it, "" where nobody is known or the places speak of nobody else anyway."""
    named = {_named(origin) for origin in finding.origins}
    if any(isinstance(origin, ReleaseOrigin) for origin in finding.origins):
        named.discard(_HELM)
    return "" if finding.owner is None or named == {finding.owner} else clean(finding.owner)


def object_name(finding: Finding) -> str:
    """`namespace/name`, as far as known."""
    name = clean(finding.name) if finding.name else _nameless(finding.origins[0])
    return f"{clean(finding.namespace)}/{name}" if finding.namespace else name


def skip_text(skip: Skipped) -> str:
    """What was not examined, and where that is unless one says the other."""
    if skip.origin is None:
        return clean(skip.what)
    where = location(skip.origin)
    if isinstance(skip.origin, FileOrigin):
        is_said = skip.what == skip.origin.path
    else:
        is_said = isinstance(skip.origin, ReleaseOrigin) and clean(skip.what) == _release(skip.origin)
    return where if is_said else f"{clean(skip.what)}  {where}"


def _release(origin: ReleaseOrigin) -> str:
    release = f"release {clean(origin.namespace)}/{clean(origin.release)} revision {origin.revision}"
    return f"{clean(origin.cluster)}: {release}"


def _write(origin: ClusterOrigin) -> tuple[object, ...]:
    return (origin.cluster, origin.manager, origin.time, origin.stale)


def _named(origin: Origin) -> str | None:
    """Whom the words about a place name, as a finding's owner is written."""
    if isinstance(origin, ReleaseOrigin):
        return f"Helm release {origin.namespace}/{origin.release}"
    if isinstance(origin, ClusterOrigin):
        return origin.callers[0].user if len(origin.callers) == 1 else origin.manager
    return None


def _nameless(origin: Origin) -> str:
    """What stands where a name would: a cluster also tells of kinds and of calls."""
    if isinstance(origin, ClusterOrigin):
        if origin.evidence == "metrics":
            return "(not listed)"
        if origin.evidence in ("requested", "audit"):
            return "(calls)"
    return "(no name)"


def _seen_live(origin: ClusterOrigin) -> str:
    if origin.evidence == "metrics":
        return "stored" if origin.count is None else f"{origin.count:,} stored"
    if origin.evidence in ("requested", "audit"):
        return _called(origin)
    what = {"last-applied": "applied", "managed-fields": "written"}.get(origin.evidence, "live")
    manager = f"{', written' if what == 'live' else ''} by {clean(origin.manager)}" if origin.manager else ""
    return f"{what}{manager}{', ' + clean(origin.time[:_DAY]) if origin.time else ''}"


def _called(origin: ClusterOrigin) -> str:
    """`called 9 times, last on 2024-03-01, by jane (kubectl/v1.20)`; several callers each with their share."""
    callers = origin.callers
    count = callers[0].count if origin.count is None and len(callers) == 1 else origin.count
    text = "called" if count is None else f"called {_times(count)}"
    days = [caller.last for caller in callers if caller.last]
    if days:
        text += f", last on {clean(max(days)[:_DAY])},"
    if len(callers) == 1:
        return f"{text} by {_who(callers[0])}"
    named = ", ".join(f"{_who(caller)} {_times(caller.count)}" for caller in callers[:_CALLERS])
    more = f" and {len(callers) - _CALLERS:,} more" if len(callers) > _CALLERS else ""
    return f"{text} by {named}{more}" if callers else text


def _times(count: int) -> str:
    return "once" if count == 1 else plural(count, "time")


def _who(caller: Caller) -> str:
    """Counts of callers that nobody named come without a user agent."""
    user = clean(caller.user) or "(no user)"
    return f"{user} ({clean(caller.user_agent)})" if caller.user_agent else user
