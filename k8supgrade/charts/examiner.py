"""What judges the objects of a chart: the checks that judge every other manifest, asked for one Kubernetes version."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from k8supgrade.manifest.interest import Interest
from k8supgrade.model.finding import Finding
from k8supgrade.model.resource import Resource, Skipped
from k8supgrade.model.version import KubeVersion


class Examined(NamedTuple):
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]


class Examiner(Protocol):
    def interest(self, kubernetes: KubeVersion) -> Interest:
        """What has to be read of a text."""

    def examine(self, resources: Iterable[Resource | Skipped], kubernetes: KubeVersion) -> Examined:
        """What there is to say of the objects where they meet that version."""
