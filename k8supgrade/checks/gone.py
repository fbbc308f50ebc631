"""What the target no longer serves: kinds, and the groups, versions and resources that objects name them by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from k8supgrade.checks.base import Context
from k8supgrade.lifecycle.names import plural
from k8supgrade.model.lifecycle import ApiLifecycle

Names = frozenset[tuple[str, str]]


class Gone(NamedTuple):
    """Kinds decide: a group/version may leave with one kind and come back with another one.

    `groups` and `versions` serve nothing at all at the target. `resources` and `kinds` hold (group/version, resource)
    and (group, kind) that some minor served and the target does not; all of these speak of Kubernetes alone.
    `living` holds the (group, kind) that the target serves in some version. `rows` are the APIs that are gone, those of
    add-ons too where the target's release is known.
    """

    groups: frozenset[str]
    versions: frozenset[str]
    resources: Names
    kinds: Names
    living: Names
    rows: dict[tuple[str, str], ApiLifecycle]

    def has(self, api_version: str, kind: str) -> bool:
        return (api_version, kind) in self.rows or api_version in self.versions

    def rule(self, group: str, version: str, resource: str) -> bool:
        """Whether nothing is left of what an admission rule names; `*` is everything."""
        if group in self.groups:
            return True
        if "*" in (group, version):
            return False
        api_version = f"{group}/{version}" if group else version
        return api_version in self.versions or (api_version, resource.partition("/")[0]) in self.resources

    def mentioned(self) -> tuple[bytes, ...]:
        """The group/versions that a text must hold to refer to any of it."""
        return _words(self.versions | {api_version for api_version, _ in self.rows})

    def groups_mentioned(self) -> tuple[bytes, ...]:
        """Their groups; the core group has no name and is never gone."""
        versions = self.versions | {api_version for api_version, _ in self.rows}
        return _words(self.groups | {group_of(version) for version in versions} - {""})


def gone(context: Context) -> Gone:
    """Worked out once per scan."""
    if Gone not in context.memory:
        context.memory[Gone] = _gone(context)
    found: Gone = context.memory[Gone]
    return found


def _gone(context: Context) -> Gone:
    table, target = context.table, context.target
    rows = {(row.api_version, row.kind): row for row in context.rows() if _is_gone(row, context)}
    served = table.served_kinds(target.kubernetes, default_only=False) - rows.keys()
    lost = {api for api, row in rows.items() if not row.is_addon and table.knows(*api)}
    living = frozenset(_group_kinds(served))
    return Gone(
        table.removed_groups(target),
        table.removed_group_versions(target),
        frozenset((version, plural(kind)) for version, kind in lost - served),
        frozenset(_group_kinds(lost)) - living,
        living,
        rows,
    )


def _is_gone(row: ApiLifecycle, context: Context) -> bool:
    release = context.release(row.component)
    return release is not None and row.is_removed(release)


def _group_kinds(apis: set[tuple[str, str]] | Names) -> Iterator[tuple[str, str]]:
    return ((group_of(version), kind) for version, kind in apis)


def group_of(api_version: str) -> str:
    """`policy` of `policy/v1`, and "" for the core group."""
    return api_version.rpartition("/")[0]


def _words(names: frozenset[str] | set[str]) -> tuple[bytes, ...]:
    return tuple(sorted(name.encode() for name in names))
