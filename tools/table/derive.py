"""From what was read to the rows of the table. No network, no clock: the same input gives the same bytes."""

from __future__ import annotations

from typing import Any

from tools.table.gvk import Api, TableError, from_ranges, minor_number, parse_api, release, stability, to_ranges
from tools.table.overlay import Curated, url
from tools.table.upstream import KUBERNETES, OLDEST, Row, Upstream

SWITCHED_OFF_IN = 16
SWITCHED_OFF_UNTIL = 17
SWITCHED_OFF_VERSIONS = frozenset({"apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"})
"""1.16 and 1.17 still had the code but served it on request only; upstream calls that the removal (guide, v1.16)."""


def served_document(upstream: Upstream) -> dict[str, Any]:
    """data/served/kubernetes.yaml."""
    newest = upstream.newest
    apis = []
    for api in sorted(upstream.rows):
        row = upstream.rows[api]
        entry: dict[str, Any] = {
            "version": api.api_version,
            "kind": api.kind,
            "namespaced": row.namespaced,
            "served": to_ranges(row.served, newest),
            "default": to_ranges(row.default, newest),
        }
        if row.subresource:
            entry["subresource"] = True
        apis.append(entry)
    return {
        "component": "kubernetes",
        "minors": [release(minor) for minor in sorted(upstream.modules)],
        "sources": {release(m): f"{KUBERNETES}@{upstream.modules[m][KUBERNETES]}" for m in sorted(upstream.modules)},
        "apis": apis,
    }


def deprecations_document(upstream: Upstream, curated: dict[Api, Curated]) -> dict[str, Any]:
    """data/deprecations/kubernetes.yaml: what left, what is to leave, and what the overlay adds."""
    rows = []
    for api in sorted(upstream.rows):
        extra = curated.get(api, Curated())
        row = _row(api, upstream, extra)
        if "deprecated-in" in row or "removed-in" in row:
            rows.append(row)
        elif extra.sources and set(extra.values) - {"introduced", "default"}:
            raise TableError(f"overlay: {api} is neither deprecated nor removed")
    return {"component": "kubernetes", "deprecated-versions": rows}


def apply_overlay(upstream: Upstream, curated: dict[Api, Curated]) -> None:
    """Correct what a release's document leaves out, before anything is derived from it."""
    for api, extra in curated.items():
        if api not in upstream.rows:
            raise TableError(f"overlay: {api} was served by no release since {release(OLDEST)}")
        row = upstream.rows[api]
        for name in ("served", "default"):
            if name in extra.values:
                setattr(row, name, from_ranges(extra.values[name], upstream.newest))
        if not row.default <= row.served:
            raise TableError(f"{api} is on by default where it is not served")


def _row(api: Api, upstream: Upstream, extra: Curated) -> dict[str, Any]:
    source = upstream.rows[api]
    removed = _pick(extra, "removed", _removed(api, source, upstream.newest))
    introduced = _pick(extra, "introduced", _introduced(source))
    deprecated = _pick(extra, "deprecated", source.lifecycle.deprecated if source.lifecycle else None)
    if deprecated and not _before(deprecated, removed):
        deprecated = None  # a marker that the releases contradict
    if not _before(introduced, deprecated):
        introduced = None  # it is older: documents before 1.21 leave out what an alpha gate hides
    if not _before(introduced, removed):
        raise TableError(f"{api}: introduced in {introduced}, removed in {removed}")
    row: dict[str, Any] = {"version": api.api_version, "kind": api.kind, "namespaced": source.namespaced}
    events = {"introduced-in": introduced, "deprecated-in": deprecated, "removed-in": removed}
    row.update({name: value for name, value in events.items() if value})
    replacement = _replacement(api, removed, upstream, extra)
    if replacement is not None:
        row["replacement-api"] = replacement.api_version
        if replacement.kind != api.kind:
            row["replacement-kind"] = replacement.kind
        row["replacement-available-in"] = _available(replacement, upstream)
    row["reference"] = _reference(source, upstream, extra)
    if extra.values.get("notes"):
        row["notes"] = " ".join(extra.values["notes"].split())
    return row


def _pick(extra: Curated, name: str, derived: str | None) -> str | None:
    value: str | None = extra.values.get(name, derived)
    return value


def _before(earlier: str | None, later: str | None) -> bool:
    return earlier is None or later is None or minor_number(earlier) < minor_number(later)


def _removed(api: Api, row: Row, newest: int) -> str | None:
    """What was served beats what was promised; a promise counts for what is still served, and only for the future."""
    last = max(row.served)
    if api.api_version in SWITCHED_OFF_VERSIONS and last == SWITCHED_OFF_UNTIL:
        return release(SWITCHED_OFF_IN)
    if last < newest:
        return release(last + 1)
    promised = row.lifecycle.removed if row.lifecycle else None
    return promised if promised and minor_number(promised) > newest else None


def _introduced(row: Row) -> str | None:
    first = min(row.served)
    if first > OLDEST:
        return release(first)
    stated = row.lifecycle.introduced if row.lifecycle else None
    return stated if stated and minor_number(stated) <= OLDEST else None


def _replacement(api: Api, removed: str | None, upstream: Upstream, extra: Curated) -> Api | None:
    if "replacement" in extra.values:
        text = extra.values["replacement"]
        if text is not None and parse_api(text) not in upstream.rows:
            raise TableError(f"overlay: {text}, the replacement of {api}, was never served")
        return parse_api(text) if text is not None else None
    stated = upstream.rows[api].lifecycle
    if stated is not None and stated.replacement is not None:
        replacement = parse_api(stated.replacement)
        if not api.kind.endswith("List"):  # upstream names IngressClassList as the replacement of IngressClass
            replacement = Api(replacement.group, replacement.version, replacement.kind.removesuffix("List"))
        return replacement if replacement in upstream.rows else None
    return _successor(api, removed, upstream)


def _successor(api: Api, removed: str | None, upstream: Upstream) -> Api | None:
    """The most stable later version of the same kind in the first release without it (else in the newest)."""
    moment = min(minor_number(removed), upstream.newest) if removed else upstream.newest
    candidates = [
        other
        for other, row in upstream.rows.items()
        if (other.group, other.kind) == (api.group, api.kind)
        and moment in row.served
        and stability(other.version) > stability(api.version)
    ]
    return max(candidates, key=lambda other: stability(other.version), default=None)


def _available(api: Api, upstream: Upstream) -> str:
    """The first release that serves it; where that is before the oldest one read, upstream's own statement."""
    row = upstream.rows[api]
    return _introduced(row) or release(min(row.served))


def _reference(row: Row, upstream: Upstream, extra: Curated) -> str:
    if extra.sources:
        return extra.reference
    if row.lifecycle is not None:
        return url(row.lifecycle.source)
    proof = min(max(row.served) + 1, upstream.newest)
    return url(f"{KUBERNETES}@{upstream.modules[proof][KUBERNETES]}/api/openapi-spec/swagger.json")
