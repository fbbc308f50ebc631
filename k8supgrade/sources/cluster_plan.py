"""Which kinds of a cluster are listed, and through which version: none that the server records as deprecated use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from k8supgrade.kube.discovery import Discovery, ServedResource
from k8supgrade.lifecycle.table import LifecycleTable
from k8supgrade.manifest.interest import Interest
from k8supgrade.model.version import KUBERNETES, KubeVersion

# Events come and go within the hour: what writes them shows in the server's own count of deprecated requests.
_PASSING = frozenset((("", "Event"), ("events.k8s.io", "Event")))

GroupKind = tuple[str, str]


class Listing(NamedTuple):
    """A kind to look at, through `served`.

    written: the apiVersions of this kind (of other groups too) whose traces matter.
    body: the checks want to see objects whole, not only their metadata.
    doomed: no version of the kind is left at the target: each object is a finding.
    deprecated: only a deprecated version serves it, so that listing it would itself be a deprecated use.
    """

    served: ServedResource
    written: frozenset[str]
    body: bool
    doomed: bool
    deprecated: bool

    @property
    def name(self) -> str:
        """`poddisruptionbudgets.policy`, as kubectl and RBAC name it."""
        return f"{self.served.resource}.{self.served.group}" if self.served.group else self.served.resource


class Planner:
    """`is_deprecated(group/version, kind)`: what the definitions of custom resources add to the table."""

    def __init__(
        self,
        interest: Interest,
        table: LifecycleTable,
        *,
        current: KubeVersion,
        target: KubeVersion,
        is_deprecated: Callable[[str, str], bool] = lambda api_version, kind: False,
    ) -> None:
        self._interest = interest
        self._table = table
        self._current = current
        self._target = target
        self._is_deprecated_resource = is_deprecated
        self._written = _by_home(interest.kinds, table)
        self._constraint_groups = {word[:-1].decode() for word in interest.words if word.endswith(b"/")}
        self._bodies = _groups_of(interest.bodies, table)
        self._living = {(_group(version), kind) for version, kind in table.served_kinds(target, default_only=False)}

    def groups(self) -> set[str]:
        """The groups that can hold anything to look at; kinds of any group may be wanted whole."""
        return {group for group, _ in self._candidates()}

    def kinds(self) -> set[GroupKind]:
        """The kinds that may be listed where they are served; `*` is every kind of a group."""
        return self._candidates() - _PASSING

    def _candidates(self) -> set[GroupKind]:
        whole = {(group, kind) for kind, groups in self._bodies.items() for group in groups}
        return set(self._written) | whole | {(group, "*") for group in self._constraint_groups}

    def wants(self, group: str) -> bool:
        return bool(self._interest.bodies) or group in self.groups()

    def plan(self, discovery: Discovery) -> Iterator[Listing]:
        """Each kind once, in the order of discovery."""
        by_kind: dict[GroupKind, list[ServedResource]] = {}
        for resource in discovery.resources:
            by_kind.setdefault((resource.group, resource.kind), []).append(resource)
        usable = {key for key, served in by_kind.items() if self._usable(served) is not None}
        for key, served in by_kind.items():
            written, body = self._written.get(key, frozenset()), self._wants_body(key)
            if key in _PASSING or not (written or body):
                continue
            best = self._usable(served)
            elsewhere = any(home in usable for home in _homes(f"{key[0]}/", key[1], self._table, served) - {key})
            if best is not None:
                yield Listing(best, written, body, self._is_doomed(key, served), False)
            elif not elsewhere:
                yield Listing(served[0], written, body, self._is_doomed(key, served), True)

    def listing(self, served: ServedResource) -> Listing:
        """What matters of an object that was seen as `served`, whatever else the server has."""
        key = (served.group, served.kind)
        written = self._written.get(key, frozenset())
        return Listing(served, written, self._wants_body(key), self._is_doomed(key, [served]), False)

    def _usable(self, served: Iterable[ServedResource]) -> ServedResource | None:
        return next((one for one in served if not self._is_deprecated(one)), None)

    def _is_deprecated(self, resource: ServedResource) -> bool:
        row = self._table.get(resource.api_version, resource.kind)
        if row is not None and row.component == KUBERNETES and row.is_deprecated(self._current):
            return True
        return self._is_deprecated_resource(resource.api_version, resource.kind)

    def _wants_body(self, key: GroupKind) -> bool:
        group, kind = key
        groups = self._bodies.get(kind)
        return group in self._constraint_groups or (kind in self._interest.bodies and (not groups or group in groups))

    def _is_doomed(self, key: GroupKind, served: list[ServedResource]) -> bool:
        """Only for kinds of Kubernetes itself, and only where each version that is served has left by then."""
        rows = [self._table.get(one.api_version, one.kind) for one in served]
        if any(row is None or row.component != KUBERNETES or not row.is_removed(self._target) for row in rows):
            return False
        return not _homes(f"{key[0]}/", key[1], self._table, served) & self._living


def _by_home(kinds: Iterable[tuple[str, str]], table: LifecycleTable) -> dict[GroupKind, frozenset[str]]:
    """For each kind of live objects the apiVersions that it may have been written in: an Ingress of
    networking.k8s.io may have been an Ingress of extensions."""
    found: dict[GroupKind, set[str]] = {}
    for api_version, kind in kinds:
        for home in _homes(api_version, kind, table):
            found.setdefault(home, set()).add(api_version)
    return {home: frozenset(versions) for home, versions in found.items()}


def _groups_of(kinds: Iterable[str], table: LifecycleTable) -> dict[str, set[str]]:
    """Where Kubernetes has such a kind: a Role of somebody else's group is none of those that a check reads."""
    groups: dict[str, set[str]] = {kind: set() for kind in kinds}
    for api_version, kind in table.apis():
        if kind in groups:
            groups[kind].add(_group(api_version))
    return groups


def _homes(api_version: str, kind: str, table: LifecycleTable, served: Iterable[ServedResource] = ()) -> set[GroupKind]:
    """The groups that hold a kind under the same name: its own, and those of what replaces it."""
    homes = {(_group(api_version), kind)}
    todo = [one.api_version for one in served] or [api_version]
    seen: set[str] = set()
    while todo:
        version = todo.pop()
        row = table.get(version, kind)
        if version in seen or row is None:
            continue
        seen.add(version)
        if row.replacement is not None and row.replacement.kind == kind:
            homes.add((_group(row.replacement.api_version), kind))
            todo.append(row.replacement.api_version)
    return homes


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]
