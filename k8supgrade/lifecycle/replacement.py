"""Which replacement works at a target: the one a row names may be gone there, or not be there yet."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from k8supgrade.model.lifecycle import ApiLifecycle, Release, Replacement
from k8supgrade.model.version import KUBERNETES, Target

if TYPE_CHECKING:
    from k8supgrade.lifecycle.table import LifecycleTable


class Standing(enum.IntEnum):
    """How an API stands at a target; a higher value is a better place to go to."""

    GONE = 0
    LATER = 1
    OFF_DEPRECATED = 2
    OFF = 3
    DEPRECATED = 4
    SERVED = 5

    @property
    def is_served(self) -> bool:
        return self > Standing.LATER

    @property
    def is_deprecated(self) -> bool:
        return self in (Standing.DEPRECATED, Standing.OFF_DEPRECATED)


def replacement_at(table: LifecycleTable, lifecycle: ApiLifecycle, target: Target) -> Replacement | None:
    """The best of the replacement, its own replacement, and so on; among equals the nearest, or the furthest
    where all of them are on their way out.

    Where the target serves none of them, an API that goes to the same place and is served serves as a stage on
    the way: networking.k8s.io/v1beta1 Ingress for extensions/v1beta1 at 1.16, three minors before v1. Else it is
    the first that comes later. None where there is nowhere to go: every link is gone at the target.
    """
    chain = _chain(table, lifecycle)
    judged = []
    for distance, (link, component) in enumerate(chain):
        rank = standing(table, link, component, target)
        judged.append((rank, distance if rank.is_deprecated else -distance, link))
    best = max(judged, key=lambda each: each[:2], default=None)
    if best is None:
        return None
    if best[0].is_served:
        return best[2]
    stage = _stage(table, lifecycle, [link for link, _ in chain], target)
    if stage is not None:
        return stage
    return best[2] if best[0] is Standing.LATER else None


def _chain(table: LifecycleTable, lifecycle: ApiLifecycle) -> list[tuple[Replacement, str]]:
    """The replacements one after the other, each with the component whose row names it."""
    seen = {(lifecycle.api_version, lifecycle.kind)}
    found = []
    current: ApiLifecycle | None = lifecycle
    while current is not None and current.replacement is not None:
        link = current.replacement
        if (link.api_version, link.kind) in seen:
            break
        seen.add((link.api_version, link.kind))
        found.append((link, current.component))
        current = table.get(link.api_version, link.kind)
    return found


def standing(table: LifecycleTable, link: Replacement, component: str, target: Target) -> Standing:
    """`component` is that of the row that names the link. What nothing is known about counts as served."""
    row = table.get(link.api_version, link.kind)
    owner = row.component if row is not None else component
    release: Release | None = target.kubernetes if owner == KUBERNETES else target.components.get(owner)
    if release is None:
        return Standing.SERVED
    if row is not None and row.is_removed(release):
        return Standing.GONE
    deprecated = row is not None and row.is_deprecated(release)
    if table.knows(link.api_version, link.kind):
        return _built_in(table, link, target, deprecated)
    since = row.introduced_in if row is not None else None
    if since is None and owner == component:
        since = link.available_in
    if since is not None and release < since:
        return Standing.LATER
    return Standing.DEPRECATED if deprecated else Standing.SERVED


def _built_in(table: LifecycleTable, link: Replacement, target: Target, deprecated: bool) -> Standing:
    minor = target.kubernetes
    if table.is_default(link.api_version, link.kind, minor):
        return Standing.DEPRECATED if deprecated else Standing.SERVED
    if table.is_served(link.api_version, link.kind, minor):
        return Standing.OFF_DEPRECATED if deprecated else Standing.OFF
    first = table.first_served(link.api_version, link.kind)
    return Standing.LATER if first is not None and first > minor else Standing.GONE


def _stage(
    table: LifecycleTable, lifecycle: ApiLifecycle, links: list[Replacement], target: Target
) -> Replacement | None:
    """A younger sibling that is served and stands better than the API itself."""
    own = Replacement(api_version=lifecycle.api_version, kind=lifecycle.kind, available_in=lifecycle.introduced_in)
    own_rank = standing(table, own, lifecycle.component, target)
    own_birth = table.since(lifecycle)
    kinds = {lifecycle.kind, *(link.kind for link in links)}
    best: tuple[Standing, Release, Replacement] | None = None
    for link in links:
        for sibling in table.replaced_by(link.api_version, link.kind):
            born = table.since(sibling)
            if sibling.component != lifecycle.component or sibling.kind not in kinds or born is None:
                continue
            stage = Replacement(api_version=sibling.api_version, kind=sibling.kind, available_in=born)
            rank = standing(table, stage, sibling.component, target)
            younger = own_birth is None or born > own_birth
            useful = rank.is_served and rank > own_rank
            if younger and useful and (best is None or (rank, born) > best[:2]):
                best = rank, born, stage
    return best[2] if best is not None else None
