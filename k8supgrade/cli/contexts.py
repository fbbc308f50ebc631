"""What each cluster is judged against: `--target next` is another version for another cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from k8supgrade.checks.base import Context
from k8supgrade.cli.clusters import Asked, Reached
from k8supgrade.cli.options import parse_target
from k8supgrade.lifecycle.table import LifecycleTable
from k8supgrade.model.version import KubeVersion, Target

Group = tuple[Context, list[Asked], bool]


class Contexts:
    """`target` is what the report names: the newest where clusters have several. `current` is the oldest.

    Raises:
        UsageError: a target that the table does not cover, or that is older than what runs.
    """

    def __init__(
        self, table: LifecycleTable, targets: Sequence[str], current: KubeVersion | None, clusters: Sequence[Asked]
    ) -> None:
        self.table = table
        versions = [cluster.version for cluster in clusters if isinstance(cluster, Reached)]
        self.current = current or (min(versions) if versions else None)
        self._clusters = list(clusters)
        self._targets: list[Target | None] = [self._target(targets, cluster, current) for cluster in clusters]
        known = [target for target in self._targets if target is not None]
        if known:
            self.target = max(known, key=lambda target: target.kubernetes)
        else:
            self.target = parse_target(targets, self.current, table)

    def groups(self) -> Iterator[Group]:
        """(context, the clusters that share it, whether it is the last one: the one that files are judged in)."""
        wanted = [target or self.target for target in self._targets]
        older = sorted({target.kubernetes for target in wanted} - {self.target.kubernetes})
        for kubernetes in [*older, self.target.kubernetes]:
            target = self.target._replace(kubernetes=kubernetes)
            clusters = [one for one, goal in zip(self._clusters, wanted, strict=True) if goal.kubernetes == kubernetes]
            context = Context(table=self.table, target=target, current=self.current)
            if kubernetes == self.target.kubernetes:
                yield context, clusters, True
            else:
                versions = [one.version for one in clusters if isinstance(one, Reached)]
                yield replace(context, current=min(versions, default=self.current)), clusters, False

    def _target(self, targets: Sequence[str], cluster: Asked, current: KubeVersion | None) -> Target | None:
        """None where the cluster did not answer."""
        if not isinstance(cluster, Reached):
            return None
        if current is not None:
            return parse_target(targets, current, self.table)
        return parse_target(targets, cluster.version, self.table, running=f"cluster {cluster.api.name}, which runs")
