"""The checks of manifests, for what a chart makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from k8supgrade import engine
from k8supgrade.charts.examiner import Examined
from k8supgrade.checks import CHECKS
from k8supgrade.checks.base import Context, judges_objects
from k8supgrade.lifecycle.table import LifecycleTable
from k8supgrade.manifest.interest import Interest
from k8supgrade.model.resource import Resource, Scanned, Skipped
from k8supgrade.model.version import KubeVersion, Target


class _Listed:
    """Objects that somebody has read already."""

    def __init__(self, resources: Iterable[Resource | Skipped]) -> None:
        self.scanned = Scanned()
        self._resources = resources

    def collect(self) -> Iterator[Resource | Skipped]:
        yield from self._resources


class ManifestExaminer:
    """Each Kubernetes version has a context of its own, made once."""

    def __init__(self, table: LifecycleTable, target: Target) -> None:
        self._table = table
        self._target = target
        self._checks = [check for check in CHECKS.values() if judges_objects(check)]
        self._contexts: dict[KubeVersion, Context] = {}

    def interest(self, kubernetes: KubeVersion) -> Interest:
        return engine.interest_of(self._checks, self._context(kubernetes))

    def examine(self, resources: Iterable[Resource | Skipped], kubernetes: KubeVersion) -> Examined:
        scan = engine.run([_Listed(resources)], self._checks, self._context(kubernetes))
        return Examined(scan.findings, scan.skipped)

    def _context(self, kubernetes: KubeVersion) -> Context:
        if kubernetes not in self._contexts:
            target = Target(kubernetes, self._target.components)
            self._contexts[kubernetes] = Context(table=self._table, target=target)
        return self._contexts[kubernetes]
