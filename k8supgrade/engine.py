"""One way through the house: sources → resources → checks → findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from k8supgrade.checks.base import Check, Context
from k8supgrade.manifest.interest import Interest, union
from k8supgrade.model.finding import Finding, Identity, merge
from k8supgrade.model.resource import Resource, Scanned, Skipped


class Source(Protocol):
    """One kind of place that resources are read from."""

    @property
    def scanned(self) -> Scanned:
        """How much was looked at; complete once `collect` is exhausted."""

    def collect(self) -> Iterator[Resource | Skipped]: ...


class Scan(NamedTuple):
    """What a run has found, merged and sorted."""

    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    scanned: Scanned


def interest_of(checks: Iterable[Check], context: Context, *, everything: bool = False) -> Interest:
    """What the sources must hand over for these checks."""
    return union([*(check.interest(context) for check in checks), Interest(everything=everything)])


def run(sources: Sequence[Source], checks: Sequence[Check], context: Context) -> Scan:
    """Reads every source once and asks every check about every resource."""
    found: dict[Identity, list[Finding]] = {}
    skipped: dict[Skipped, None] = {}
    for source in sources:
        for item in source.collect():
            if isinstance(item, Skipped):
                skipped[item] = None
                continue
            for check in checks:
                for finding in check.check(item, context):
                    found.setdefault(finding.identity, []).append(finding)
    findings = sorted((merge(same) for same in found.values()), key=Finding.sort_key)
    return Scan(tuple(findings), tuple(sorted(skipped, key=_skipped_key)), _sum(source.scanned for source in sources))


def _skipped_key(skipped: Skipped) -> tuple[object, ...]:
    return (skipped.optional, skipped.what, skipped.origin.line if skipped.origin else 0, skipped.reason)


def _sum(parts: Iterable[Scanned]) -> Scanned:
    total = Scanned()
    for part in parts:
        total.resources += part.resources
        total.files += part.files
        total.releases += part.releases
    return total
