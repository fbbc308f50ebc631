"""One verdict of many: of shards, of repositories, of clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from k8supgrade import policy
from k8supgrade.errors import UsageError
from k8supgrade.model import finding as findings_model
from k8supgrade.model.chart import ChartEntry
from k8supgrade.model.finding import Finding, Identity, Severity
from k8supgrade.model.resource import Skipped
from k8supgrade.model.verdict import Ignored, Verdict
from k8supgrade.model.version import KUBERNETES, ComponentVersion, KubeVersion

T = TypeVar("T")
K = TypeVar("K")


def merge_verdicts(verdicts: list[Verdict], *, fail_on: Severity | None, allow_incomplete: bool) -> Verdict:
    """Findings of one identity become one with all origins, counts add up, the exit code is made anew.

    What one report ignores and another does not stays in both lists, each with its own origins: a rule of
    one repository says nothing about another.

    Raises:
        UsageError: there are no verdicts, or their targets differ.
    """
    if not verdicts:
        raise UsageError("nothing to merge: name at least one report")
    target = _one_target(verdicts)
    findings = _merged_findings(finding for verdict in verdicts for finding in verdict.findings)
    skipped = tuple(sorted({skip for verdict in verdicts for skip in verdict.skipped}, key=_skip_key))
    return Verdict(
        tool_version=_all_of(verdict.tool_version for verdict in verdicts),
        data_version=_all_of(verdict.data_version for verdict in verdicts),
        generated_at=max(verdict.generated_at for verdict in verdicts),
        target=target,
        current=_oldest([verdict.current for verdict in verdicts if verdict.current is not None]),
        clusters=tuple(
            sorted(
                {cluster for verdict in verdicts for cluster in verdict.clusters},
                key=lambda cluster: (cluster.name, cluster.version or "", cluster.reached),
            )
        ),
        resources=sum(verdict.resources for verdict in verdicts),
        files=sum(verdict.files for verdict in verdicts),
        releases=sum(verdict.releases for verdict in verdicts),
        findings=findings,
        skipped=skipped,
        charts=tuple(sorted({chart for verdict in verdicts for chart in verdict.charts}, key=_chart_key)),
        ignored=_merged_ignored(ignored for verdict in verdicts for ignored in verdict.ignored),
        exit_code=policy.exit_code(findings, skipped, fail_on=fail_on, allow_incomplete=allow_incomplete),
    )


def _one_target(verdicts: list[Verdict]) -> dict[str, str]:
    first = verdicts[0].target
    for verdict in verdicts[1:]:
        if verdict.target != first:
            raise UsageError(
                f"the reports are for different targets, {_spell(first)} and {_spell(verdict.target)}: "
                "merge only reports of one target"
            )
    return dict(first)


def _spell(target: dict[str, str]) -> str:
    return ", ".join(f"{component} {version}" for component, version in sorted(target.items()))


def _all_of(versions: Iterable[str]) -> str:
    return ", ".join(sorted({part for version in versions for part in version.split(", ")}))


def _oldest(currents: list[dict[str, str]]) -> dict[str, str] | None:
    """Per component; what only some reports know stands as those know it."""
    if not currents:
        return None
    components = sorted({component for current in currents for component in current})
    components.sort(key=lambda component: component != KUBERNETES)
    known = {c: [current[c] for current in currents if c in current] for c in components}
    return {component: min(versions, key=_age(component)) for component, versions in known.items()}


def _age(component: str) -> Callable[[str], tuple[tuple[int, ...], str]]:
    parse = KubeVersion.parse if component == KUBERNETES else ComponentVersion.parse
    return lambda text: (tuple(parse(text)), text)


def _skip_key(skip: Skipped) -> tuple[object, ...]:
    return (skip.optional, skip.what, skip.reason, () if skip.origin is None else skip.origin.sort_key())


def _chart_key(entry: ChartEntry) -> tuple[object, ...]:
    return (entry.sort_key(), entry.namespace or "", entry.status, entry.reasons)


def _grouped(items: Iterable[T], key: Callable[[T], K]) -> Iterable[list[T]]:
    groups: dict[K, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups.values()


def _identity(finding: Finding) -> Identity:
    return finding.identity


def _merged_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    merged = map(findings_model.merge, _grouped(findings, _identity))
    return tuple(sorted(merged, key=Finding.sort_key))


def _merged_ignored(ignored: Iterable[Ignored]) -> tuple[Ignored, ...]:
    groups = _grouped(ignored, lambda one: (one.finding.identity, one.rule, one.reason, one.expires))
    merged = [
        Ignored(
            finding=findings_model.merge([one.finding for one in group]),
            rule=group[0].rule,
            reason=group[0].reason,
            expires=group[0].expires,
        )
        for group in groups
    ]
    return tuple(sorted(merged, key=lambda one: (one.finding.sort_key(), one.rule, one.reason, one.expires or "")))
