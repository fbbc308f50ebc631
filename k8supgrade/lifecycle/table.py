"""The deprecation table: what the rows say of an API, and what each Kubernetes minor serves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from k8supgrade.lifecycle import replacement as replacements
from k8supgrade.lifecycle.row import Api, Row, lifecycle
from k8supgrade.lifecycle.served import Entry, Served
from k8supgrade.model.lifecycle import ApiLifecycle, Release, Replacement
from k8supgrade.model.version import KUBERNETES, KubeVersion, Target


class LifecycleTable:
    """Immutable to its users. Rows become ApiLifecycle objects only when asked for: most never are.

    `data_version` names the newest patch release that was read and a hash of the content. `is_served` and its
    kin answer from the served data alone; a minor outside `oldest` to `newest` counts as the nearest end.
    """

    def __init__(self, rows: Iterable[Row], served: Served, data_version: str) -> None:
        self.data_version = data_version
        self.oldest: KubeVersion = served.minors[0]
        self.newest: KubeVersion = served.minors[-1]
        self._rows: Mapping[Api, Row] = {(row[0], row[1]): row for row in rows}
        self._served = served
        self._built: dict[Api, ApiLifecycle] = {}
        self._replaced_by: dict[Api, list[Api]] | None = None
        self._group_versions: dict[int, frozenset[str]] = {}

    def get(self, api_version: str, kind: str) -> ApiLifecycle | None:
        api = (api_version, kind)
        built = self._built.get(api)
        if built is None and api in self._rows:
            built = self._built[api] = self._build(self._rows[api])
        return built

    def rows(self) -> tuple[ApiLifecycle, ...]:
        """Kubernetes first, then the add-ons by name; within each by version and kind."""
        ordered = sorted(self._rows.values(), key=lambda r: (r.component != KUBERNETES, r.component, r.api))
        return tuple(row for r in ordered if (row := self.get(*r.api)) is not None)

    def components(self) -> frozenset[str]:
        return frozenset(row.component for row in self._rows.values())

    def apis(self) -> frozenset[Api]:
        """Every (apiVersion, kind) that some minor serves, subresources included."""
        return frozenset(self._served.entries)

    def knows(self, api_version: str, kind: str) -> bool:
        """Whether some minor serves it."""
        return (api_version, kind) in self._served.entries

    def is_served(self, api_version: str, kind: str, minor: KubeVersion) -> bool:
        """Whether `minor` can serve it, if need be with --runtime-config or a feature gate."""
        entry = self._served.entries.get((api_version, kind))
        return entry is not None and bool(entry.served & self._served.bit(minor))

    def is_default(self, api_version: str, kind: str, minor: KubeVersion) -> bool:
        """Whether `minor` serves it without being told to."""
        entry = self._served.entries.get((api_version, kind))
        return entry is not None and bool(entry.default & self._served.bit(minor))

    def first_served(self, api_version: str, kind: str) -> KubeVersion | None:
        """The oldest minor of the table that serves it; it may be older than the table where this is `oldest`."""
        entry = self._served.entries.get((api_version, kind))
        return None if entry is None else self._served.first(entry.served)

    def namespaced(self, api_version: str, kind: str) -> bool | None:
        entry = self._served.entries.get((api_version, kind))
        if entry is not None and entry.namespaced is not None:
            return entry.namespaced
        row = self._rows.get((api_version, kind))
        return None if row is None else row.namespaced

    def served_kinds(self, minor: KubeVersion, *, default_only: bool) -> frozenset[Api]:
        """Kinds with a resource of their own, that is without those of subresources (Eviction, Scale)."""
        bit = self._served.bit(minor)
        return frozenset(
            (entry.version, entry.kind)
            for entry in self._served.entries.values()
            if (entry.default if default_only else entry.served) & bit and not entry.subresource
        )

    def group_versions_served(self, minor: KubeVersion) -> frozenset[str]:
        """Without what a row calls removed: 1.16 and 1.17 hold code for apps/v1beta1, but count as without it."""
        bit = self._served.bit(minor)
        if bit not in self._group_versions:
            self._group_versions[bit] = frozenset(
                entry.version
                for entry in self._served.entries.values()
                if entry.served & bit and not entry.subresource and not self._is_removed(entry, minor)
            )
        return self._group_versions[bit]

    def groups_served(self, minor: KubeVersion) -> frozenset[str]:
        return frozenset(map(_group, self.group_versions_served(minor)))

    def removed_group_versions(self, target: Target) -> frozenset[str]:
        """Group/versions that a minor up to the target served, and the target does not."""
        return self._ever_served(target.kubernetes) - self.group_versions_served(target.kubernetes)

    def removed_groups(self, target: Target) -> frozenset[str]:
        ever = frozenset(map(_group, self._ever_served(target.kubernetes)))
        return ever - self.groups_served(target.kubernetes)

    def replacement_at(self, lifecycle: ApiLifecycle, target: Target) -> Replacement | None:
        """The replacement to offer at `target`; see replacement.py for which."""
        return replacements.replacement_at(self, lifecycle, target)

    def replaced_by(self, api_version: str, kind: str) -> tuple[ApiLifecycle, ...]:
        """The rows that name this API as their replacement."""
        if self._replaced_by is None:
            self._replaced_by = defaultdict(list)
            for row in self._rows.values():
                if row.replacement is not None:
                    self._replaced_by[row.replacement].append(row.api)
        found = (self.get(*api) for api in self._replaced_by.get((api_version, kind), ()))
        return tuple(row for row in found if row is not None)

    def since(self, row: ApiLifecycle) -> Release | None:
        """When it came, None where it is not known."""
        if row.introduced_in is not None or row.is_addon:
            return row.introduced_in
        return self._first_known(row.api_version, row.kind)

    def with_rows(self, rows: Iterable[Row]) -> LifecycleTable:
        """A table in which `rows` take the place of those of the same version and kind."""
        from k8supgrade.lifecycle.content import content_hash

        added = {row.api: row for row in rows}
        if not added:
            return self
        patch, _, old = self.data_version.partition("-")
        version = f"{patch}-{content_hash([old, [added[api] for api in sorted(added)]])}"
        return LifecycleTable({**self._rows, **added}.values(), self._served, version)

    def _build(self, row: Row) -> ApiLifecycle:
        available: Any = None
        if row.replacement is not None:
            named = self._rows.get(row.replacement)
            if named is not None and named.component == row.component and named.introduced_in is not None:
                available = lifecycle(named, None).introduced_in
            elif row.component == KUBERNETES:
                available = self._first_known(*row.replacement)
        return lifecycle(row, available)

    def _first_known(self, api_version: str, kind: str) -> KubeVersion | None:
        """The first minor that served it, None where that may lie before the table begins."""
        first = self.first_served(api_version, kind)
        return None if first == self.oldest else first

    def _is_removed(self, entry: Entry, minor: KubeVersion) -> bool:
        row = self.get(entry.version, entry.kind) if (entry.version, entry.kind) in self._rows else None
        return row is not None and not row.is_addon and row.is_removed(minor)

    def _ever_served(self, until: KubeVersion) -> frozenset[str]:
        past = (self._served.bit(until) << 1) - 1
        return frozenset(
            entry.version for entry in self._served.entries.values() if entry.served & past and not entry.subresource
        )


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]
