"""The engine: every source once, every check about every resource, findings merged and sorted."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace

from k8supgrade import engine
from k8supgrade.checks import CHECKS
from k8supgrade.checks.base import Context, Judgement, judges_objects
from k8supgrade.checks.base import finding as finding_of
from k8supgrade.lifecycle.load import load_table
from k8supgrade.manifest.interest import Interest
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.origin import ClusterOrigin, FileOrigin, Origin, ReleaseOrigin
from k8supgrade.model.resource import ObjectRef, Resource, Scanned, Skipped
from k8supgrade.model.version import KubeVersion, Target
from tests.builders import origin, skipped

CONTEXT = Context(table=load_table(), target=Target(KubeVersion(1, 28), {}))


class Source:
    """Yields what it is given, and counts as it does."""

    def __init__(self, *items: Resource | Skipped) -> None:
        self.items = items
        self.scanned = Scanned()

    def collect(self) -> Iterator[Resource | Skipped]:
        for item in self.items:
            self.scanned.resources += isinstance(item, Resource)
            self.scanned.files += 1
            yield item


class Says:
    """A check that says something of given severity about every object."""

    SUMMARY = "for tests"

    def __init__(self, name: str, severity: Severity = Severity.WARNING) -> None:
        self.ID = name
        self.severity = severity

    def interest(self, context: Context) -> Interest:
        return Interest(kinds=frozenset({("v1", self.ID)}))

    def check(self, resource: Resource, context: Context) -> Iterator[Finding]:
        judgement = Judgement(self.severity, f"{self.severity.label} {resource.index}", None, None, None)
        yield finding_of(self.ID, resource, judgement)


def resource(name: str | None, path: str = "a.yaml", line: int = 1, index: int = 0, kind: str = "Pod") -> Resource:
    ref = ObjectRef(api_version="v1", kind=kind, namespace="shop", name=name)
    return Resource(ref=ref, origin=FileOrigin(path=path, line=line), index=index)


def run(sources: Iterable[Source], *checks: Says) -> engine.Scan:
    return engine.run(list(sources), list(checks), CONTEXT)


def test_every_source_and_every_check() -> None:
    sources = Source(resource("a"), skipped("x")), Source(resource("b"))
    scan = run(sources, Says("one"), Says("two"))
    assert [(f.check, f.name) for f in scan.findings] == [("one", "a"), ("one", "b"), ("two", "a"), ("two", "b")]
    assert scan.skipped == (skipped("x"),)
    assert (scan.scanned.resources, scan.scanned.files) == (2, 3)


def test_the_same_object_in_two_places_is_one_finding() -> None:
    (found,) = run([Source(resource("a", "b.yaml", 7), resource("a", "a.yaml", 9))], Says("one")).findings
    assert found.origins == (origin("a.yaml", 9), origin("b.yaml", 7))


def test_objects_without_a_name_stay_apart() -> None:
    items = resource(None, index=0), resource(None, index=1), resource(None, "b.yaml", index=0)
    assert len(run([Source(*items)], Says("one")).findings) == 3


def test_the_order_in_which_things_come_does_not_matter() -> None:
    items: list[Resource | Skipped] = [
        resource(name, f"{name}.yaml", line, line, kind)
        for name in "abc"
        for line in (3, 1)
        for kind in ("Pod", "Node")
    ]
    items += [skipped(f"{number}.yaml") for number in range(5)]
    checks = Says("one", Severity.INFO), Says("two", Severity.BLOCKER)
    expected = run([Source(*items)], *checks)
    shuffled = items * 2
    for seed in range(20):
        random.Random(seed).shuffle(shuffled)
        scan = run([Source(*shuffled[:9]), Source(*shuffled[9:])], *checks)
        assert (scan.findings, scan.skipped) == (expected.findings, expected.skipped)
    assert [f.severity for f in expected.findings] == sorted((f.severity for f in expected.findings), reverse=True)


def test_the_worst_says_it() -> None:
    class Moody(Says):
        def check(self, resource: Resource, context: Context) -> Iterator[Finding]:
            self.severity = Severity.BLOCKER if resource.index else Severity.INFO
            yield from super().check(resource, context)

    (found,) = run([Source(resource("a", index=0), resource("a", "b.yaml", index=1))], Moody("one")).findings
    assert (found.severity, found.message, len(found.origins)) == (Severity.BLOCKER, "blocker 1", 2)


def test_what_the_checks_want_together() -> None:
    interest = engine.interest_of([Says("one"), Says("two")], CONTEXT)
    assert interest.kinds == {("v1", "one"), ("v1", "two")}
    assert not interest.everything
    assert engine.interest_of([Says("one")], CONTEXT, everything=True).everything


def test_the_checks_see_what_they_ask_for_and_say_nothing_of_the_rest() -> None:
    """Interest and check agree: an API outside the interest gets no finding, one inside it gets one."""
    for name in ("removed-api", "deprecated-api", "unavailable-api"):
        check = CHECKS[name]
        assert judges_objects(check)
        for minor in range(16, CONTEXT.table.newest.minor + 1):
            for current in (None, KubeVersion(1, 15), KubeVersion(1, minor - 1)):
                context = Context(table=CONTEXT.table, target=Target(KubeVersion(1, minor), {}), current=current)
                wanted = check.interest(context).kinds
                known = CONTEXT.table.apis() | {(row.api_version, row.kind) for row in CONTEXT.table.rows()}
                said = {api for api in known if list(check.check(_of(api), context))}
                assert said == wanted


def _of(api: tuple[str, str]) -> Resource:
    ref = ObjectRef(api_version=api[0], kind=api[1], namespace=None, name="x")
    return Resource(ref=ref, origin=FileOrigin(path="x", line=1), index=0)


# Live objects beside manifests

LIVE = ClusterOrigin(cluster="prod", evidence="managed-fields", manager="helm")
RELEASE = ReleaseOrigin(cluster="prod", namespace="shop", release="cart", revision=1, chart="cart-1", status="deployed")
WRITTEN = FileOrigin(path="pdb.yaml", line=1)


def pdb(namespace: str | None, at: Origin, kind: str = "PodDisruptionBudget", name: str | None = "cart") -> Resource:
    ref = ObjectRef(api_version="policy/v1beta1", kind=kind, namespace=namespace, name=name)
    return Resource(ref=ref, origin=at, index=0)


def settled(*items: Resource) -> list[tuple[str | None, tuple[Origin, ...]]]:
    """The same in whatever order they come."""
    found = run([Source(*items)], Says("one")).findings
    assert run([Source(*reversed(items))], Says("one")).findings == found
    return [(one.namespace, one.origins) for one in found]


def test_a_manifest_without_namespace_is_the_only_live_object_of_its_name() -> None:
    for live in (LIVE, RELEASE):
        assert settled(pdb(None, WRITTEN), pdb("shop", live)) == [("shop", (WRITTEN, live))]


def test_the_same_object_in_two_clusters_is_one() -> None:
    other = replace(LIVE, cluster="dev")
    assert settled(pdb(None, WRITTEN), pdb("shop", LIVE), pdb("shop", other)) == [("shop", (WRITTEN, other, LIVE))]


def test_of_two_live_objects_nobody_knows_which_one_is_meant() -> None:
    items = pdb(None, WRITTEN), pdb("shop", LIVE), pdb("pay", LIVE)
    assert [namespace for namespace, _ in settled(*items)] == [None, "pay", "shop"]


def test_only_live_objects_tell_a_namespace() -> None:
    other = replace(WRITTEN, path="other.yaml")
    assert len(settled(pdb(None, WRITTEN), pdb("shop", other))) == 2


def test_what_has_no_namespace_or_no_name_stays_what_it_is() -> None:
    assert len(settled(pdb(None, WRITTEN, "PodSecurityPolicy"), pdb("shop", LIVE, "PodSecurityPolicy"))) == 2
    assert len(settled(pdb(None, WRITTEN, name=None), pdb("shop", LIVE, name=None))) == 2
    assert len(settled(pdb(None, WRITTEN), pdb("shop", LIVE, name="other"))) == 2
    assert len(settled(pdb(None, WRITTEN), pdb("shop", LIVE, "Ingress"))) == 2


def test_overtaken_evidence_does_not_excuse_a_manifest() -> None:
    stale = pdb("shop", replace(LIVE, stale=True))
    (found,) = run([Source(stale, pdb(None, WRITTEN))], Says("one", Severity.BLOCKER)).findings
    assert (found.severity, found.namespace, len(found.origins)) == (Severity.BLOCKER, "shop", 2)
    (found,) = run([Source(stale)], Says("one", Severity.BLOCKER)).findings
    assert found.severity is Severity.INFO


def test_runs_combine_to_one_result() -> None:
    def scan(cluster: str, severity: Severity, *more: Resource | Skipped) -> engine.Scan:
        return run([Source(pdb("shop", replace(LIVE, cluster=cluster)), *more)], Says("one", severity))

    old = scan("old", Severity.WARNING, skipped("x"))
    new = scan("new", Severity.BLOCKER, skipped("x"), skipped("y"), resource("a"))
    both = engine.combine([old, new])
    assert both == engine.combine([new, old])
    assert [(one.name, one.severity, len(one.origins)) for one in both.findings] == [
        ("a", Severity.BLOCKER, 1),
        ("cart", Severity.BLOCKER, 2),
    ]
    assert both.skipped == (skipped("x"), skipped("y"))
    assert both.scanned.resources == 3
    assert engine.combine([old]) is old
    assert engine.combine([]) == engine.Scan((), (), Scanned())
