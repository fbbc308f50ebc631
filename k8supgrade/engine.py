"""One way through the house: sources → resources → checks → findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from k8supgrade.checks.base import Check, Context, judges_charts, judges_objects, judges_requests
from k8supgrade.manifest.interest import Interest, union
from k8supgrade.model.chart import ChartEntry, JudgedChart
from k8supgrade.model.finding import Finding, Identity, merge
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.resource import Request, Resource, Scanned, Skipped

# Places in an identity.
_API_VERSION, _KIND, _NAMESPACE, _NAME = 2, 3, 4, 5


class Source(Protocol):
    """One kind of place that resources are read from."""

    @property
    def scanned(self) -> Scanned:
        """How much was looked at; complete once `collect` is exhausted."""

    def collect(self) -> Iterator[Resource | Request | JudgedChart | Skipped]: ...


class Scan(NamedTuple):
    """What a run has found, merged and sorted."""

    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    scanned: Scanned
    charts: tuple[ChartEntry, ...] = ()


def interest_of(checks: Iterable[Check], context: Context, *, everything: bool = False) -> Interest:
    """What the sources must hand over for these checks."""
    return union([*(check.interest(context) for check in checks), Interest(everything=everything)])


def run(sources: Iterable[Source], checks: Sequence[Check], context: Context) -> Scan:
    """Reads every source once, one after the other, and asks every check about every resource.

    A source is taken from `sources` only when those before it are read: what the checks want may have grown by then.
    """
    found: dict[Identity, list[Finding]] = {}
    skipped: dict[Skipped, None] = {}
    of_objects = [check.check for check in checks if judges_objects(check)]
    of_requests = [check.check_request for check in checks if judges_requests(check)]
    of_charts = [check.check_chart for check in checks if judges_charts(check)]
    charts: list[ChartEntry] = []
    scanned = Scanned()
    for source in sources:
        for item in source.collect():
            if isinstance(item, Skipped):
                skipped[item] = None
                continue
            if isinstance(item, Resource):
                findings_of_item = (finding for check in of_objects for finding in check(item, context))
            elif isinstance(item, JudgedChart):
                charts.append(item.entry)
                findings_of_item = (finding for judge in of_charts for finding in judge(item, context))
            else:
                findings_of_item = (finding for judge in of_requests for finding in judge(item, context))
            for finding in findings_of_item:
                found.setdefault(finding.identity, []).append(finding)
        _add(scanned, source.scanned)
    _settle(found, context)
    return _scan(found, skipped, scanned, charts)


def combine(scans: Sequence[Scan]) -> Scan:
    """One result of several runs: findings with the same identity become one."""
    if len(scans) == 1:
        return scans[0]
    found: dict[Identity, list[Finding]] = {}
    skipped: dict[Skipped, None] = {}
    scanned = Scanned()
    charts: list[ChartEntry] = []
    for scan in scans:
        for finding in scan.findings:
            found.setdefault(finding.identity, []).append(finding)
        skipped |= dict.fromkeys(scan.skipped)
        _add(scanned, scan.scanned)
        charts += scan.charts
    return _scan(found, skipped, scanned, charts)


def _scan(
    found: dict[Identity, list[Finding]], skipped: Iterable[Skipped], scanned: Scanned, charts: list[ChartEntry]
) -> Scan:
    findings = sorted((merge(same) for same in found.values()), key=Finding.sort_key)
    entries = sorted(charts, key=ChartEntry.sort_key)
    return Scan(tuple(findings), tuple(sorted(skipped, key=_skipped_key)), scanned, tuple(entries))


def _settle(found: dict[Identity, list[Finding]], context: Context) -> None:
    """A manifest that leaves the namespace to whoever applies it is the live object of that name where there is but
    one."""
    with_namespace: dict[tuple[str, ...], list[Identity]] = {}
    for identity in found:
        if identity[_NAMESPACE]:
            with_namespace.setdefault(_without_namespace(identity), []).append(identity)
    for identity in list(found):
        homes = with_namespace.get(_without_namespace(identity), ())
        if identity[_NAMESPACE] or not identity[_NAME] or len(homes) != 1:
            continue
        if context.table.namespaced(identity[_API_VERSION], identity[_KIND]) is not False and _is_live(found[homes[0]]):
            namespace = homes[0][_NAMESPACE]
            found[homes[0]] += [replace(finding, namespace=namespace) for finding in found.pop(identity)]


def _is_live(findings: Iterable[Finding]) -> bool:
    return any(not isinstance(origin, FileOrigin) for finding in findings for origin in finding.origins)


def _without_namespace(identity: Identity) -> tuple[str, ...]:
    return (*identity[:_NAMESPACE], *identity[_NAMESPACE + 1 :])


def _skipped_key(skipped: Skipped) -> tuple[object, ...]:
    return (skipped.optional, skipped.what, skipped.origin.sort_key() if skipped.origin else (), skipped.reason)


def _add(total: Scanned, part: Scanned) -> None:
    total.resources += part.resources
    total.files += part.files
    total.releases += part.releases
